"""AvtaleGiro's files back from bytes.

In charge of which lines may follow each other, and of the counts and sums that tell a file that
was cut off from a whole one. Not in charge of single lines (`records`), nor of what becomes of what
was read. Sources as for `writing`.

A file is anybody's bytes: its size is bounded by whoever fetched it, and no error repeats what is
in it. Fillers are not looked at; kinds of assignments that are none of ours are an error, since a
file that was half read would count as read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, Final

from transports.avtalegiro import lettering, records
from transports.avtalegiro.files import (
    CENTRAL,
    MOST_LINES,
    Agreement,
    Agreements,
    Assignment,
    Cancellation,
    Cancellations,
    Claim,
    Claims,
    Payment,
    Payments,
    Registration,
    Transmission,
)
from transports.avtalegiro.records import WIDTH, Layout, Malformed
from transports.avtalegiro.writing import HALF

# Money that goes back: OCR giro 2.4, transaction types "reversing".
_BACK: Final = frozenset({"18", "20"})


def read(content: bytes) -> Transmission:
    """The transmission that a file holds. Raises Malformed, with the number of the line."""
    lines = _Lines(content)
    start = lines.take("00", "00", "10", records.TRANSMISSION_START)
    assignments: list[Assignment] = []
    totals = _Totals()
    while not lines.next_is("00", "00", "89"):
        assignments.append(_assignment(lines, totals))
    end = lines.take("00", "00", "89", records.TRANSMISSION_END)
    totals.compare(end, lines.taken - totals.records, lines.taken)
    lines.end()
    goes_there = start["recipient"] == CENTRAL
    return Transmission(
        sender=start["sender"],
        number=start["number"],
        recipient=start["recipient"],
        assignments=tuple(assignments),
        made=None if goes_there else end["date"],
    )


class _Lines:
    """The lines of a file, taken one by one."""

    def __init__(self, content: bytes) -> None:
        text = content.decode(lettering.CODEC)
        # Not splitlines: to it NEL (0x85) and form feeds end lines too.
        self._lines = [line.removesuffix("\r") for line in text.split("\n")]
        while self._lines and not self._lines[-1].strip("\x1a\x00 "):
            self._lines.pop()
        self.taken = 0

    def _next(self) -> str:
        if self.taken == len(self._lines):
            raise Malformed(f"the file ends after line {self.taken}, before its last record (89)")
        line = self._lines[self.taken]
        if len(line) != WIDTH:
            raise Malformed(f"line {self.taken + 1} has {len(line)} characters, not {WIDTH}")
        return line

    def next_is(self, service: str, kind: str, record: str) -> bool:
        """Whether the next line is of that service, type and record."""
        return self._next()[:8] == f"NY{service}{kind}{record}"

    def next_kind(self, service: str, record: str) -> str | None:
        """The type of the next line, where it is of that service and record."""
        line = self._next()
        fits = line[:4] == f"NY{service}" and line[6:8] == record
        return line[4:6] if fits else None

    def take(self, service: str, kind: str, record: str, layout: Layout) -> dict[str, Any]:
        """The values of the next line, which has to be this one."""
        if not self.next_is(service, kind, record):
            expected = f"NY{service}{kind}{record}"
            raise Malformed(f"line {self.taken + 1} does not begin with {expected}")
        self.taken += 1
        return dict(records.read(layout, self._lines[self.taken - 1], self.taken))

    def end(self) -> None:
        """Nothing may follow."""
        if self.taken != len(self._lines):
            raise Malformed(f"line {self.taken + 1} follows the file's last record")


class _Totals:
    """What has been counted, against what is stated."""

    def __init__(self) -> None:
        self.transactions = 0
        self.records = 0
        self.sum = 0

    def compare(self, stated: dict[str, Any], before: int, line: int) -> None:
        """Raises Malformed where the numbers that are stated in `line` differ from the counted."""
        counted = {"transactions": self.transactions, "records": self.records + before}
        if "sum" in stated:
            counted["sum"] = self.sum
        for name, number in counted.items():
            if stated[name] != number:
                raise Malformed(
                    f"line {line}: {name} should be {number} by the lines before it, and is "
                    f"{stated[name]}"
                )

    def add(self, other: _Totals) -> None:
        """Adds an assignment's to the file's."""
        self.transactions += other.transactions
        self.records += other.records
        self.sum += other.sum


def _assignment(lines: _Lines, totals: _Totals) -> Assignment:
    for (service, kind), read_one in _READERS.items():
        if lines.next_is(service, kind, "20"):
            start = lines.take(service, kind, "20", records.ASSIGNMENT_START)
            before = lines.taken
            own = _Totals()
            made, end = read_one(lines, start, own)
            own.records = lines.taken - before + 1
            own.compare(end, 0, lines.taken)
            totals.add(own)
            return made
    raise Malformed(f"line {lines.taken + 1} begins no assignment that is known here")


_Read = tuple[Assignment, dict[str, Any]]


def _items(
    lines: _Lines, service: str, record: str, totals: _Totals, kinds: frozenset[str]
) -> Iterator[str]:
    """The types of the transactions, each before it is taken."""
    while (kind := lines.next_kind(service, record)) is not None:
        if kind not in kinds:
            raise Malformed(f"line {lines.taken + 1}: there is no transaction of type {kind} here")
        totals.transactions += 1
        yield kind


def _claims(lines: _Lines, start: dict[str, Any], totals: _Totals) -> _Read:
    items = []
    for kind in _items(lines, "21", "30", totals, frozenset({"02", "21"})):
        first = _amount(lines, "21", kind, records.AMOUNT_1, totals)
        second = lines.take("21", kind, "31", records.AMOUNT_2)
        _same(first, second, lines)
        items.append(
            Claim(
                due=first["date"],
                amount=first["amount"],
                kid=first["kid"],
                short_name=second["short_name"],
                reference=second["reference"],
                notified=kind == "21",
                specification=_specification(lines, first),
            )
        )
    end = lines.take("21", "00", "88", records.ASSIGNMENT_END)
    return Claims(start["number"], start["account"], tuple(items)), end


def _specification(lines: _Lines, first: dict[str, Any]) -> tuple[str, ...]:
    halves: dict[tuple[int, int], str] = {}
    while lines.next_kind("21", "49") == "21":
        one = lines.take("21", "21", "49", records.SPECIFICATION)
        _same(first, one, lines)
        if not 1 <= one["line"] <= MOST_LINES or one["column"] not in (1, 2):
            raise Malformed(
                f"line {lines.taken}: lines 1 to {MOST_LINES} and columns 1 and 2 are expected"
            )
        halves[one["line"], one["column"]] = one["text"]
    last = max((line for line, _ in halves), default=0)
    blank = " " * HALF
    return tuple(
        (halves.get((n, 1), blank) + halves.get((n, 2), blank)).rstrip() for n in range(1, last + 1)
    )


def _cancellations(lines: _Lines, start: dict[str, Any], totals: _Totals) -> _Read:
    items = []
    for kind in _items(lines, "21", "30", totals, frozenset({"93"})):
        first = _amount(lines, "21", kind, records.AMOUNT_1, totals)
        if lines.next_is("21", "93", "31"):  # may be there, and is not looked at (2.3.2)
            lines.take("21", "93", "31", records.AMOUNT_2)
        items.append(Cancellation(first["date"], first["amount"], first["kid"]))
    end = lines.take("21", "36", "88", records.ASSIGNMENT_END)
    return Cancellations(start["number"], start["account"], tuple(items)), end


def _agreements(lines: _Lines, start: dict[str, Any], totals: _Totals) -> _Read:
    items = []
    for kind in _items(lines, "21", "70", totals, frozenset({"94"})):
        one = lines.take("21", kind, "70", records.AGREEMENT)
        try:
            registration = Registration(one["registration"])
            notice = {"J": True, "N": False}[one["notice"]]
        except (ValueError, KeyError):
            raise Malformed(
                f"line {lines.taken}: a registration of 0, 1 or 2 and a notice of J or N are "
                "expected (places 16 and 42)"
            ) from None
        items.append(Agreement(one["kid"], registration, notice))
    end = lines.take("21", "24", "88", records.AGREEMENTS_END)
    return Agreements(start["number"], start["account"], tuple(items)), end


def _payments(lines: _Lines, start: dict[str, Any], totals: _Totals) -> _Read:
    items = []
    for kind in _items(lines, "09", "30", totals, frozenset(f"{n}" for n in range(10, 22))):
        first = _amount(lines, "09", kind, records.PAID_1, totals)
        _same(first, lines.take("09", kind, "31", records.PAID_2), lines)
        if lines.next_is("09", kind, "32"):
            lines.take("09", kind, "32", records.PAID_3)
        back = first["sign"] == "-" or kind in _BACK
        amount = -first["amount"] if back else first["amount"]
        items.append(Payment(kind, first["date"], amount, first["kid"]))
    end = lines.take("09", "00", "88", records.PAID_END)
    made: date | None = end["made"]
    account, agreement = start["account"], start["agreement"]
    return Payments(start["number"], account, tuple(items), agreement, made), end


def _amount(
    lines: _Lines, service: str, kind: str, layout: Layout, totals: _Totals
) -> dict[str, Any]:
    first = lines.take(service, kind, "30", layout)
    if first["date"] is None:
        raise Malformed(f"line {lines.taken}, place 16 (date): there is none")
    totals.sum += first["amount"]
    return first


def _same(first: dict[str, Any], other: dict[str, Any], lines: _Lines) -> None:
    if other["transaction"] != first["transaction"]:
        raise Malformed(f"line {lines.taken} has another transaction's number (place 9)")


# By service and type of the assignment.
_READERS: Final[dict[tuple[str, str], Callable[[_Lines, dict[str, Any], _Totals], _Read]]] = {
    ("21", "00"): _claims,
    ("21", "36"): _cancellations,
    ("21", "24"): _agreements,
    ("09", "00"): _payments,
}
