"""The guard: what a document may weigh before a parser is let near it.

In charge of refusing what would cost memory or time out of proportion, by looking at the bytes.
Not in charge of whether the XML is right. Without a DOCTYPE there are no entities to expand and
nothing to fetch; with a bound on "<" and "=" the tree cannot grow far beyond the bytes (an element
of four bytes costs libxml2 some 120, an attribute of five some 200). The parser's own limits do
the rest: 256 levels of depth, 10 MB of text in a node; 2,048 and 1 GB in documents over 10 MB.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

MOST_BYTES: Final = 64 * 1024 * 1024  # a 20 MB file embedded as base64 is 27 MB
MOST_TAGS: Final = 2_000_000  # 20,000 lines of 33 elements have 1.3 million
MOST_ATTRIBUTES: Final = 2_000_000
LONGEST_PROLOG: Final = 65_536  # declaration and comments before the root element

# Byte-wise encodings, by the names Python gives them; UTF-16 comes as UTF-8 from `as_bytewise`.
_ENCODINGS: Final = frozenset({"utf-8", "ascii", "iso8859-1", "iso8859-15", "cp1252"})
_LONGEST_DECLARATION: Final = 512

_DECLARATION = re.compile(rb"""<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["'][^>]*?\?>""")
# UTF-8, and the root element next. A NUL among the first four bytes would be another encoding.
_PLAIN = re.compile(
    rb"""(?![^\x00]{0,3}\x00)(?:\xef\xbb\xbf)?(?:<\?xml\s+version=["']1\.0["'](?:\s+encoding=["'][Uu][Tt][Ff]-8["'])?"""
    rb"""\s*\?>)?[ \t\r\n]*<[A-Za-z_]"""
)
_BEFORE_ROOT = re.compile(rb"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_CONTENT = re.compile(rb"[^ \t\r\n]")
_UTF16_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")

Refusal = tuple[str, dict[str, object]]  # rule id, values for the message


def refusals(data: bytes) -> Iterator[Refusal]:
    """Every reason not to parse `data` (UTF-8 or another byte-wise encoding; see `as_bytewise`)."""
    if plain_root(data) is not None:
        return  # as nearly every document is: nothing below could have anything to say
    if not _CONTENT.search(data):
        yield "GUARD-EMPTY", {}
        return
    if len(data) > MOST_BYTES:
        yield "GUARD-SIZE", {"stated": len(data), "computed": MOST_BYTES}
        return
    yield from _encoding(data)
    yield from _prolog(data)
    # An element has three bytes or more, an attribute five.
    if len(data) > 3 * MOST_TAGS and (tags := data.count(b"<")) > MOST_TAGS:
        yield "GUARD-TAGS", {"stated": tags, "computed": MOST_TAGS}
    if len(data) > 5 * MOST_ATTRIBUTES and (attributes := data.count(b"=")) > MOST_ATTRIBUTES:
        yield "GUARD-ATTRIBUTES", {"stated": attributes, "computed": MOST_ATTRIBUTES}


def plain_root(data: bytes) -> int | None:
    """Where the root element begins in UTF-8 of a usual size with no more than a declaration before
    it; None in anything else, which takes a closer look."""
    found = _PLAIN.match(data) if len(data) <= 3 * MOST_TAGS else None
    return found.end() - len("<a") if found else None


def as_bytewise(data: bytes) -> bytes:
    """UTF-16 with its byte order mark as UTF-8, so that one search finds what it looks for."""
    if not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or len(data) > MOST_BYTES:
        return data
    try:
        text = data.decode("utf-16")
        return _UTF16_DECLARATION.sub("", text).encode()
    except UnicodeError:
        return data


def has_sections(data: bytes) -> bool:
    """Whether comments, CDATA sections or instructions stand anywhere (a declaration may)."""
    declared = data[:8].removeprefix(codecs.BOM_UTF8).startswith(b"<?xml")
    after = data.find(b"?>") + 2 if declared else 0
    return _written(data, b"!", b"<!", 0) or _written(data, b"?", b"<?", after)


def _written(data: bytes, sign: bytes, words: bytes, start: int) -> bool:
    """Whether the words stand in the data; their rare sign is sought first, which is quick."""
    return data.find(sign, start) >= 0 and data.find(words, start) >= 0


def _encoding(data: bytes) -> Iterator[Refusal]:
    """The declared encoding must be one that the searches here can read."""
    declared = _DECLARATION.match(data.removeprefix(codecs.BOM_UTF8), 0, _LONGEST_DECLARATION)
    name = declared[1].decode() if declared else "utf-8"
    if not _is_bytewise(name) or b"\x00" in data[:4]:
        yield "GUARD-ENCODING", {"stated": name, "computed": "UTF-8"}


@lru_cache(maxsize=64)
def _is_bytewise(name: str) -> bool:
    try:
        return codecs.lookup(name).name in _ENCODINGS
    except LookupError:
        return False


def _prolog(data: bytes) -> Iterator[Refusal]:
    """Before the root element: a declaration, comments, instructions, but no DOCTYPE."""
    data = data.removeprefix(codecs.BOM_UTF8)
    found = _BEFORE_ROOT.match(data, 0, LONGEST_PROLOG)
    end = found.end() if found else 0
    rest = data[end : end + len("<!DOCTYPE")].upper()
    if rest.startswith(b"<!DOCTYPE"):
        yield "GUARD-DOCTYPE", {}
    elif rest.startswith((b"<!", b"<?")):
        yield "GUARD-PROLOG", {"computed": LONGEST_PROLOG}
