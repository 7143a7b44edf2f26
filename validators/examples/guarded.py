"""What the guard refuses: for each of its ids a document of ours with too much of something.

In charge of documents that cannot be told as edits, for they are huge, hostile or no XML at all.
Each is our own invoice but for that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from validators import guard
from validators.document import MOST_HITS
from validators.examples.edits import source

_ROOT: Final = b"<Invoice "
_END: Final = b"</Invoice>"
_NOTE: Final = b"<cbc:Note>#AAI#Thank you for the order</cbc:Note>"
_DEEPEST: Final = 256  # of libxml2


def _with(old: bytes, new: bytes) -> bytes:
    data = source()
    if old not in data:
        raise ValueError(f"nothing reads {old!r}")
    return data.replace(old, new, 1)


def _behind(element: bytes) -> bytes:
    return _with(_END, element + _END)


MADE: Final[Mapping[str, Callable[[], bytes]]] = {
    "GUARD-EMPTY": lambda: b"\n",
    "GUARD-SIZE": lambda: _with(b"#AAI#Thank", b"#AAI#Thank" + b" " * guard.MOST_BYTES),
    "GUARD-TAGS": lambda: _behind(b"<a/>" * guard.MOST_TAGS),
    "GUARD-ATTRIBUTES": lambda: _behind(b"<a" + b" b=''" * guard.MOST_ATTRIBUTES + b"/>"),
    "GUARD-ENCODING": lambda: _with(b'encoding="UTF-8"', b'encoding="UTF-7"'),
    "GUARD-DOCTYPE": lambda: _with(_ROOT, b'<!DOCTYPE Invoice [<!ENTITY who "Anna">]>\n' + _ROOT),
    "GUARD-PROLOG": lambda: _with(_ROOT, b"<!--" + b" " * guard.LONGEST_PROLOG + b"-->\n" + _ROOT),
    "GUARD-DEPTH": lambda: _behind(b"<a>" * _DEEPEST + b"</a>" * _DEEPEST),
    "GUARD-FINDINGS": lambda: _with(_NOTE, b"<cbc:Note/>" * (MOST_HITS + 1)),
    "GUARD-PARTED": lambda: _with(b"<cbc:IssueDate>2026-", b"<cbc:IssueDate>2026<!-- AD -->-"),
    "GUARD-MALFORMED": lambda: _with(b"</cbc:BuyerReference>", b"</cbc:BuyerReferance>"),
}
"""What makes the document of an id."""
