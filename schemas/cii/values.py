"""The values in the elements of a CII, where each belongs in the model, and which nobody took.

In charge of texts, numbers, dates and identifiers, and of remembering where each came from: a value
that is left over would be lost. Not in charge of what a value means (`read`).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Final

from lxml import etree

from schemas.forms import CROSS_INDUSTRY_NAMESPACE
from schemas.invoice import Identifier
from schemas.svefaktura.values import Left
from schemas.ubl.terms import path_of

_STANDARD: Final = "urn:un:unece:uncefact:data:standard:"
_NAMESPACES: Final = {
    "rsm": CROSS_INDUSTRY_NAMESPACE,
    "ram": f"{_STANDARD}ReusableAggregateBusinessInformationEntity:100",
    "udt": f"{_STANDARD}UnqualifiedDataType:100",
    "qdt": f"{_STANDARD}QualifiedDataType:100",
}

DIGITS: Final = 30  # more than any amount has

_DAY: Final = "102"  # UNTDID 2379: YYYYMMDD, the only form that EN 16931 allows
_DATE: Final = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)

_NOBODY: Final = date(1, 1, 1)


@dataclass(frozen=True, slots=True)
class Problem:
    """A value that is missing or not of its type: the element that is there, the path below it
    where that is missing, and what is wrong."""

    element: etree._Element
    below: str
    reason: str

    @property
    def path(self) -> str:
        """Where it is."""
        return "/".join(filter(None, (path_of(self.element), self.below)))


class Values:
    """What has been taken of one document, where the fields of the model are in it, and what is
    wrong with its values."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.places: dict[str, tuple[etree._Element, str]] = {}
        self._taken: set[etree._Element] = set()
        self._attributes: set[tuple[etree._Element, str]] = set()

    def take(self, element: etree._Element) -> str:
        """All text of an element, without white space around it; a comment parts it."""
        self._taken.add(element)
        text = (element.text or "") + "".join(child.tail or "" for child in element)
        return text.strip()

    def attribute(self, element: etree._Element, name: str) -> str | None:
        """The value of an attribute."""
        self._attributes.add((element, name))
        return (element.get(name) or "").strip() or None

    def left(self, root: etree._Element) -> Iterator[Left]:
        """The values below `root` that nobody has taken, those of attributes too."""
        for element in root.iter(etree.Element):
            value = (element.text or "").strip()
            if not len(element) and (not value or element not in self._taken):
                if value:
                    yield Left(element, value)
                continue
            for name, value in map(_as_text, element.items()):
                if (element, name) not in self._attributes and value and "{" not in name:
                    yield Left(element, f"@{name}={value}")


def _as_text(attribute: tuple[str | bytes, str | bytes]) -> tuple[str, str]:
    name, value = attribute  # the stubs have bytes for Python 2
    return str(name), str(value)


class Scope:
    """An element, and the place in the model that what is below it belongs to.

    Paths are of elements below it, `ram:` where they say no prefix. `field` is the name of the
    field below the place; where a path leads nowhere, it is remembered where it would have.
    """

    def __init__(self, values: Values, element: etree._Element | None, pointer: str) -> None:
        self._values = values
        self.element = element
        self._pointer = pointer

    def __bool__(self) -> bool:
        return self.element is not None

    def find(self, path: str) -> etree._Element | None:
        """The first element there."""
        return None if self.element is None else self.element.find(_clark(path))

    def within(self, path: str, field: str | None = None) -> Scope:
        """What is there; of the same place in the model unless it has a `field` of its own."""
        element = self.find(path)
        pointer = self._pointer if field is None else f"{self._pointer}/{field}"
        if field is not None:
            self._place(pointer, element, path)
        return Scope(self._values, element, pointer)

    def inside(self, element: etree._Element) -> Scope:
        """One of the elements below, for the same place in the model."""
        return Scope(self._values, element, self._pointer)

    def place(self, field: str, found: Scope) -> Scope:
        """What was found, as a field of this place."""
        pointer = f"{self._pointer}/{field}"
        self._place(pointer, found.element, "")
        return Scope(self._values, found.element, pointer)

    def said(self, path: str) -> str:
        """The text there, without taking it."""
        element = self.find(path)
        return "" if element is None else (element.text or "").strip()

    def all(self, path: str) -> list[etree._Element]:
        """All elements there."""
        return [] if self.element is None else self.element.findall(_clark(path))

    def each(self, path: str, field: str) -> list[Scope]:
        """All that are there, as the items of a field."""
        found = self.all(path)
        self._place(f"{self._pointer}/{field}", found[0] if found else None, path)
        return [self.item(element, field, n) for n, element in enumerate(found)]

    def item(self, element: etree._Element, field: str, number: int) -> Scope:
        """An element as the item of a field, counted from 0."""
        pointer = f"{self._pointer}/{field}/{number}"
        self._place(pointer, element, "")
        return Scope(self._values, element, pointer)

    def text(self, path: str, field: str) -> str | None:
        """The text there; None where there is none."""
        element = self.find(path)
        self._place(f"{self._pointer}/{field}", element, path)
        return None if element is None else self._values.take(element) or None

    def required(self, path: str, field: str, term: str) -> str:
        """The text there, which the model demands as this term."""
        found = self.text(path, field)
        if found is None:
            self.wrong(path, f"{term} is missing")
        return found or ""

    def implied(self, path: str, *texts: str) -> None:
        """Passes over what is there, where it is one of these texts: it says nothing more."""
        element = self.find(path)
        if element is not None and (element.text or "").strip() in texts:
            self._values.take(element)

    def same(self, path: str) -> None:
        """Passes over what repeats the first that is there, word for word."""
        found = self.all(path)
        for element in found[1:]:
            if (element.text, element.items()) == (found[0].text, found[0].items()):
                self._values.take(element)
                self._values.attribute(element, "format")

    def number(self, path: str, field: str) -> Decimal | None:
        """The number there."""
        text = self.text(path, field)
        if text is None:
            return None
        if _NUMBER.fullmatch(text) is None or len(text) > DIGITS:
            self.wrong(path, f"{text[:40]!r} is not a number of at most {DIGITS} digits")
            return Decimal(0)
        return Decimal(text)

    def amount(self, path: str, field: str, currency: str) -> Decimal | None:
        """The amount there, which must be in the currency of the invoice where it says one."""
        element = self.find(path)
        stated = None if element is None else self._values.attribute(element, "currencyID")
        if stated not in (None, currency):
            self.wrong(path, f"the amount is in {stated}, and the invoice in {currency}")
        return self.number(path, field)

    def day(self, path: str, field: str) -> date | None:
        """The date there."""
        text = self.text(path, field)
        element = self.find(path)
        if text is None or element is None:
            return None
        form, found = self._values.attribute(element, "format"), _DATE.fullmatch(text)
        try:
            if form not in (None, _DAY) or found is None:
                raise ValueError
            return date(*map(int, found.groups()))
        except ValueError:
            self.wrong(path, f"{text[:40]!r} is not a date, expected YYYYMMDD and format 102")
            return _NOBODY

    def required_day(self, path: str, field: str, term: str) -> date:
        """The date there, which the model demands as this term."""
        found = self.day(path, field)
        if found is None:
            self.wrong(path, f"{term} is missing")
        return found or _NOBODY

    def required_number(self, path: str, field: str, term: str) -> Decimal:
        """The number there, which the model demands as this term."""
        self.required(path, field, term)
        return self.number(path, field) or Decimal(0)

    def indicator(self, path: str) -> bool:
        """Whether true stands there."""
        element = self.find(path)
        return element is not None and self._values.take(element).lower() in ("true", "1")

    def identifier(self, path: str, field: str, scheme: str = "schemeID") -> Identifier | None:
        """The identifier there, with the scheme that its attribute says."""
        element = self.find(path)
        text = self.text(path, field)
        if text is None or element is None:
            return None
        version = self._values.attribute(element, "listVersionID") if scheme == "listID" else None
        return Identifier(text, self._values.attribute(element, scheme), version)

    def attribute(self, path: str, name: str, field: str) -> str | None:
        """An attribute of the element there."""
        element = self.find(path)
        self._place(f"{self._pointer}/{field}", element, path)
        return None if element is None else self._values.attribute(element, name)

    def binary(self, path: str, field: str) -> bytes:
        """The file there."""
        element = self.find(path)
        self._place(f"{self._pointer}/{field}", element, path)
        if element is None:
            return b""
        try:
            text = "".join(self._values.take(element).split())
            return base64.b64decode(text.encode(), validate=True)
        except (binascii.Error, UnicodeEncodeError, ValueError):
            self.wrong(path, "the file is not base64")
            return b""

    def wrong(self, path: str, reason: str) -> None:
        """Tells what is wrong with the value there."""
        element = self.find(path)
        if element is not None:
            self._values.problems.append(Problem(element, "", reason))
        elif self.element is not None:
            self._values.problems.append(Problem(self.element, _plain(path), reason))

    def _place(self, pointer: str, element: etree._Element | None, path: str) -> None:
        places = self._values.places
        if element is not None:
            places[pointer] = (element, "")
        elif self.element is not None:
            places.setdefault(pointer, (self.element, _plain(path)))


@cache
def _clark(path: str) -> str:
    if path == ".":
        return path
    steps = (step if ":" in step else f"ram:{step}" for step in path.split("/"))
    parts = (step.partition(":") for step in steps)
    return "/".join(f"{{{_NAMESPACES[prefix]}}}{name}" for prefix, _, name in parts)


@cache
def _plain(path: str) -> str:
    return "/".join(step.rpartition(":")[2] for step in path.split("/"))
