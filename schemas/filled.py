"""What stands in an invoice that its author did not state: found by comparing the two.

In charge of finding, so that nothing can be filled in and not be told. Not in charge of filling in
(`schemas.derived`, `schemas.totals`) or of the words.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any, Final

from schemas.invoice import Identifier, Invoice

_Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Filled:
    """A term that was filled in: the path of its field in the model, its number, its value."""

    path: _Path
    term: str
    value: Any

    @property
    def where(self) -> str:
        """A JSON pointer into the model: `/lines/0/net_amount`."""
        return "".join(f"/{step}" for step in self.path)

    def __str__(self) -> str:
        if isinstance(self.value, Identifier):
            scheme, value = self.value.scheme, self.value.value
            return f"{scheme}:{value}" if scheme else value
        return str(self.value)


def filled(stated: Invoice, whole: Invoice) -> Iterator[Filled]:
    """Yields every term that `whole` has and `stated` has not, in the order of the model.

    `whole` is made from `stated`: nothing taken away or moved, rows added at the end only.
    """
    yield from _walk(stated, whole, (), "")


def _walk(before: Any, after: Any, path: _Path, term: str) -> Iterator[Filled]:
    if after is None or after == "":
        return
    if isinstance(after, tuple):
        for place, item in enumerate(after):
            earlier = before[place] if before and place < len(before) else None
            if earlier is not item:
                yield from _walk(earlier, item, (*path, place), term)
    elif isinstance(after, Identifier) and before is None:
        yield Filled(path, term, after)
    elif dataclasses.is_dataclass(after):
        model: Any = type(after)
        fields, values = _fields(model)
        were = (None,) * len(fields) if before is None else values(before)
        for (name, number), earlier, later in zip(fields, were, values(after), strict=True):
            if earlier is not later:
                yield from _walk(earlier, later, (*path, name), _number(term, name, number))
    elif before is None or before == "":
        yield Filled(path, term, after)


@cache
def _fields(model: type) -> tuple[tuple[tuple[str, str], ...], Callable[[Any], tuple[Any, ...]]]:
    """Names and numbers of a model's fields, and what gets their values."""
    fields = tuple((each.name, each.metadata["bt"]) for each in dataclasses.fields(model))
    return fields, attrgetter(*(name for name, _ in fields))


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
