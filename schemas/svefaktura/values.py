"""The values in the elements of a Svefaktura, and which of them have been taken.

In charge of texts, numbers and dates, and of what nobody asked for: a value that is left over would
be lost. Not in charge of what a value means (`read`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from lxml import etree

from schemas.forms import OBJECT_ENVELOPE_NAMESPACE, SVEFAKTURA_NAMESPACE
from schemas.ubl.read import Unreadable
from schemas.ubl.terms import path_of

NAMESPACES: Final = {
    "s": SVEFAKTURA_NAMESPACE,
    "cac": "urn:sfti:CommonAggregateComponents:1:0",
    "cbc": "urn:oasis:names:tc:ubl:CommonBasicComponents:1:0",
    "oe": OBJECT_ENVELOPE_NAMESPACE,
}

DIGITS: Final = 30  # more than any amount has

_DATE: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T([\d:.]+))?(Z|[+-]\d{2}:\d{2})?", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)

# What follows from the rest, or is the same in every Svefaktura: the number of lines, the only
# code of means of payment, of a reason, and of a tax on goods.
_IMPLIED: Final = frozenset(
    {
        f"{{{NAMESPACES['s']}}}LineItemCountNumeric",
        f"{{{NAMESPACES['cac']}}}PaymentMeansTypeCode",
        f"{{{NAMESPACES['cac']}}}ReasonCode",
    }
)
_TAX_SCHEME: Final = f"{{{NAMESPACES['cac']}}}TaxScheme"


@dataclass(frozen=True, slots=True)
class Left:
    """A value that nobody took, and the element that it stands in."""

    element: etree._Element
    value: str


class Values:
    """Reads values, and remembers the elements that they came from.

    Paths are those of ElementPath with the prefixes of `NAMESPACES`, below a parent that may be
    None. Raises Unreadable for a value that is not of its type.
    """

    def __init__(self) -> None:
        self._taken: set[etree._Element] = set()

    def of(self, element: etree._Element) -> str:
        """All text of an element; a comment parts it."""
        self._taken.add(element)
        return (element.text or "") + "".join(child.tail or "" for child in element)

    def text(self, parent: etree._Element | None, path: str) -> str | None:
        """The text there, without white space around it; None where there is none."""
        element = None if parent is None else parent.find(path, NAMESPACES)
        return None if element is None else self.of(element).strip() or None

    def texts(self, parent: etree._Element | None, path: str) -> list[str]:
        """All texts there that are not empty."""
        found = [] if parent is None else parent.iterfind(path, NAMESPACES)
        return [text for element in found if (text := self.of(element).strip())]

    def required(self, parent: etree._Element, path: str, term: str) -> str:
        """The text there, which the model demands as this term."""
        found = self.text(parent, path)
        if found is None:
            raise Unreadable(_place(parent, path), f"{term} is missing")
        return found

    def number(self, parent: etree._Element, path: str) -> Decimal | None:
        """The number there."""
        text = self.text(parent, path)
        if text is None:
            return None
        if _NUMBER.fullmatch(text) is None or len(text) > DIGITS:
            reason = f"{text[:40]!r} is not a decimal number of at most {DIGITS} digits"
            raise Unreadable(_place(parent, path), reason)
        return Decimal(text)

    def amount(self, parent: etree._Element, path: str, term: str) -> Decimal:
        """The number there, which the model demands as this term."""
        self.required(parent, path, term)
        return self.number(parent, path) or Decimal(0)

    def moment(self, parent: etree._Element | None, path: str) -> tuple[date | None, str | None]:
        """The day there, and all of it unless the time is midnight."""
        text = self.text(parent, path)
        if text is None or parent is None:
            return None, None
        try:
            found = _DATE.fullmatch(text)
            if found is None:
                raise ValueError(f"{text[:40]!r} is not a date, expected YYYY-MM-DD")
            day = date.fromisoformat(found[1])
        except ValueError as error:
            raise Unreadable(_place(parent, path), str(error)) from error
        time = found[2] or ""
        return day, None if not time.strip("0:.") else text

    def left(self, root: etree._Element) -> Iterator[Left]:
        """The values below `root` that have not been read, and do not follow from others."""
        for element in root.iter(etree.Element):
            if len(element) or element in self._taken or element.tag in _IMPLIED:
                continue
            parent = element.getparent()
            if parent is not None and parent.tag == _TAX_SCHEME:
                continue
            if value := (element.text or "").strip():
                yield Left(element, value)


def _place(parent: etree._Element, path: str) -> str:
    steps = [step.partition(":")[2] for step in path.split("/") if step != "."]
    return "/".join([path_of(parent), *steps])
