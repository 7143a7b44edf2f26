"""What stands in an invoice that its author did not state: found by comparing the two.

In charge of finding, so that nothing can be filled in and not be told. Not in charge of filling in
(`schemas.derived`, `schemas.totals`) or of the words.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from schemas.invoice import Identifier, Invoice


@dataclass(frozen=True, slots=True)
class Filled:
    """A term that was filled in.

    `where` is a JSON pointer into the model (`/lines/0/net_amount`), `term` its number (`BT-131`).
    """

    where: str
    term: str
    value: str


def filled(stated: Invoice, whole: Invoice) -> Iterator[Filled]:
    """Yields every term that `whole` has and `stated` has not, in the order of the model.

    `whole` is made from `stated`: nothing taken away or moved, rows added at the end only.
    """
    for path, term, value in _walk(stated, whole, (), ""):
        yield Filled("".join(f"/{step}" for step in path), term, _written(value))


_Path = tuple[str | int, ...]


def _walk(before: Any, after: Any, path: _Path, term: str) -> Iterator[tuple[_Path, str, Any]]:
    if before is after or after is None or after == "":
        return
    if isinstance(after, tuple):
        for place, item in enumerate(after):
            earlier = before[place] if before and place < len(before) else None
            yield from _walk(earlier, item, (*path, place), term)
    elif isinstance(after, Identifier) and before is None:
        yield path, term, after
    elif dataclasses.is_dataclass(after):
        model: Any = type(after)
        for name, number in _fields(model):
            earlier = None if before is None else getattr(before, name)
            yield from _walk(
                earlier, getattr(after, name), (*path, name), _number(term, name, number)
            )
    elif before is None or before == "":
        yield path, term, after


@cache
def _fields(model: type) -> tuple[tuple[str, str], ...]:
    return tuple((each.name, each.metadata["bt"]) for each in dataclasses.fields(model))


# The model holds a VAT category and rate once for all who have one, so the number is the holder's.
_VAT: Final = {
    ("BG-30", "category"): "BT-151",
    ("BG-30", "rate"): "BT-152",
    ("BT-95", "rate"): "BT-96",
    ("BT-102", "rate"): "BT-103",
}


def _number(holder: str, name: str, number: str) -> str:
    if number[:2] in ("BT", "BG"):
        return number
    # EN 16931-1, 6.3: the scheme of an identifier is numbered below its term.
    return _VAT.get((holder, name)) or (f"{holder}-1" if name == "scheme" else holder)


def _written(value: Any) -> str:
    if isinstance(value, Identifier):
        return f"{value.scheme}:{value.value}" if value.scheme else value.value
    return str(value)
