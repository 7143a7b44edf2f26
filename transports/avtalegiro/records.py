"""The lines of AvtaleGiro's and OCR giro's files: 80 characters, each field at its places.

In charge of one line as named values and back. Not in charge of which lines follow each other
(`files`). Sources: AvtaleGiro, system specification 3.3 (November 2016), sections 2 and 3; OCR
giro, system specification, section 2. Places count from 1, as there.

Numbers are right-adjusted and filled with noughts, text is left-adjusted and filled with spaces; a
KID is right-adjusted and filled with spaces. No error repeats a value: it may be a personal one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Final

from transports.avtalegiro import lettering

WIDTH: Final = 80

Value = int | str | date | None


class Kind(Enum):
    """How a field is filled."""

    NUMBER = "number"  # digits that count: noughts in front
    DIGITS = "digits"  # digits that name: as they are, of the whole width
    TEXT = "text"
    PART = "part"  # a part of a line of text: the spaces in it count
    KID = "kid"
    DATE = "date"  # DDMMYY; six noughts are none
    BLANK = "blank"  # a filler of spaces; any other place that no field has is a nought


@dataclass(frozen=True, slots=True)
class Field:
    """A field by its first and last place."""

    name: str
    first: int
    last: int
    kind: Kind

    @property
    def width(self) -> int:
        """How many places it has."""
        return self.last - self.first + 1


Layout = tuple[Field, ...]


class Malformed(ValueError):
    """It is not in the format: says where, by line and place, and what was expected."""


def _layout(*fields: tuple[str, int, int, Kind]) -> Layout:
    return tuple(Field(*each) for each in fields)


_TRANSACTION = ("transaction", 9, 15, Kind.NUMBER)
_AMOUNT = ("amount", 33, 49, Kind.NUMBER)

TRANSMISSION_START: Final = _layout(  # 2.1
    ("sender", 9, 16, Kind.DIGITS),
    ("number", 17, 23, Kind.DIGITS),
    ("recipient", 24, 31, Kind.DIGITS),
)
ASSIGNMENT_START: Final = _layout(  # 2.2.1; OCR giro 2.3, which alone has an agreement
    ("agreement", 9, 17, Kind.DIGITS),
    ("number", 18, 24, Kind.DIGITS),
    ("account", 25, 35, Kind.DIGITS),
)
AMOUNT_1: Final = _layout(  # 2.2.2, and 2.3.3 of a cancellation
    _TRANSACTION,
    ("date", 16, 21, Kind.DATE),
    ("", 22, 32, Kind.BLANK),
    _AMOUNT,
    ("kid", 50, 74, Kind.KID),
)
AMOUNT_2: Final = _layout(  # 2.2.3, and 2.3.4 of a cancellation
    _TRANSACTION,
    ("short_name", 16, 25, Kind.TEXT),
    ("", 26, 50, Kind.BLANK),
    ("reference", 51, 75, Kind.TEXT),
)
SPECIFICATION: Final = _layout(  # 2.2.4
    _TRANSACTION,
    ("notice", 16, 16, Kind.NUMBER),  # always 4
    ("line", 17, 19, Kind.NUMBER),
    ("column", 20, 20, Kind.NUMBER),
    ("text", 21, 60, Kind.PART),
)
AGREEMENT: Final = _layout(  # 3.3.2
    _TRANSACTION,
    ("registration", 16, 16, Kind.NUMBER),
    ("kid", 17, 41, Kind.KID),
    ("notice", 42, 42, Kind.TEXT),
)
PAID_1: Final = _layout(  # OCR giro 2.4 A
    _TRANSACTION,
    ("date", 16, 21, Kind.DATE),
    ("centre", 22, 23, Kind.DIGITS),
    ("day", 24, 25, Kind.DIGITS),
    ("part", 26, 26, Kind.DIGITS),
    ("serial", 27, 31, Kind.DIGITS),
    ("sign", 32, 32, Kind.TEXT),
    _AMOUNT,
    ("kid", 50, 74, Kind.KID),
)
PAID_2: Final = _layout(  # OCR giro 2.4 B; whose account it was is nobody's business here
    _TRANSACTION,
    ("form", 16, 25, Kind.DIGITS),
    ("archive", 26, 34, Kind.DIGITS),
    ("bank_date", 42, 47, Kind.DATE),
)
PAID_3: Final = _layout(_TRANSACTION, ("text", 16, 55, Kind.TEXT))  # OCR giro 2.4 C
_COUNTS = (("transactions", 9, 16, Kind.NUMBER), ("records", 17, 24, Kind.NUMBER))
_SUMS = (*_COUNTS, ("sum", 25, 41, Kind.NUMBER))
ASSIGNMENT_END: Final = _layout(  # 2.2.5 and 2.3.5
    *_SUMS, ("first", 42, 47, Kind.DATE), ("last", 48, 53, Kind.DATE)
)
AGREEMENTS_END: Final = _layout(*_COUNTS)  # 3.3.3
PAID_END: Final = _layout(  # OCR giro 2.5
    *_SUMS,
    ("made", 42, 47, Kind.DATE),
    ("first", 48, 53, Kind.DATE),
    ("last", 54, 59, Kind.DATE),
)
TRANSMISSION_END: Final = _layout(*_SUMS, ("date", 42, 47, Kind.DATE))  # 2.4 and 3.4


def write(service: str, kind: str, record: str, layout: Layout, values: Mapping[str, Value]) -> str:
    """A line without its end. `service`, `kind` and `record` are two digits each.

    Raises ValueError where a value does not fit its field: that is for the maker to see to.
    """
    line = ["0"] * WIDTH
    line[:8] = f"NY{service}{kind}{record}"
    for field in layout:
        value = values.get(field.name)
        if isinstance(value, int) and value < 0:
            raise ValueError(f"{field.name} is below zero")
        text = _text(field, value)
        if len(text) != field.width:
            raise ValueError(f"{field.name} has {len(text)} characters, not {field.width}")
        line[field.first - 1 : field.last] = text
    if any(lettering.is_control(letter) for letter in line):
        raise ValueError("a line has no control characters")
    return "".join(line)


def read(layout: Layout, line: str, number: int) -> dict[str, Value]:
    """The values of a line of 80 characters; `number` is the line's, for errors. Raises Malformed.

    Fillers are not looked at: banks are known to fill them.
    """
    return {
        field.name: _value(field, line[field.first - 1 : field.last], number)
        for field in layout
        if field.kind is not Kind.BLANK
    }


def _text(field: Field, value: Value) -> str:
    match field.kind:
        case Kind.BLANK:
            return " " * field.width
        case Kind.NUMBER:
            return f"{value or 0:0{field.width}d}"
        case Kind.DATE:
            return f"{value:%d%m%y}" if isinstance(value, date) else "0" * field.width
        case Kind.KID:
            return str(value or "").rjust(field.width)
        case Kind.DIGITS:
            return str(value) if value else "0" * field.width
        case Kind.PART:
            return str(value or "").ljust(field.width)
        case Kind.TEXT:
            return lettering.field(str(value or ""), field.width)


def _value(field: Field, text: str, number: int) -> Value:
    where = f"line {number}, place {field.first} ({field.name})"
    match field.kind:
        case Kind.TEXT:
            return text.rstrip()
        case Kind.KID:
            return text.strip()
        case Kind.PART:
            return text
    if not (text.isascii() and text.isdigit()):
        raise Malformed(f"{where}: {field.width} digits are expected")
    if field.kind is Kind.DATE:
        if set(text) == {"0"}:
            return None
        try:
            return date(2000 + int(text[4:]), int(text[2:4]), int(text[:2]))
        except ValueError:
            raise Malformed(f"{where}: a date is expected, as DDMMYY") from None
    return int(text) if field.kind is Kind.NUMBER else text
