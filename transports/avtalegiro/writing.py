"""AvtaleGiro's files as bytes.

In charge of which lines follow each other, of their counts and sums. Not in charge of single lines
(`records`). Source: AvtaleGiro, system specification 3.3, sections 2 and 3; OCR giro, section 2.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from transports.avtalegiro import lettering, records
from transports.avtalegiro.files import (
    CENTRAL,
    LINE,
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
    Transmission,
)
from transports.avtalegiro.records import Layout, Value

HALF: Final = LINE // 2


def write(transmission: Transmission) -> bytes:
    """The bytes of a file. ValueError where a value does not fit its field."""
    written = [_Written(each) for each in transmission.assignments]
    dates = [day for each in written for day in each.dates]
    start = records.write(
        "00",
        "00",
        "10",
        records.TRANSMISSION_START,
        {
            "sender": transmission.sender,
            "number": transmission.number,
            "recipient": transmission.recipient,
        },
    )
    goes_there = transmission.recipient == CENTRAL
    end = records.write(
        "00",
        "00",
        "89",
        records.TRANSMISSION_END,
        {
            "transactions": sum(each.transactions for each in written),
            "records": 2 + sum(len(each.lines) for each in written),
            "sum": sum(each.sum for each in written),
            "date": min(dates, default=None) if goes_there else transmission.made,
        },
    )
    lines = [start, *(line for each in written for line in each.lines), end]
    return b"".join(line.encode(lettering.CODEC) + b"\r\n" for line in lines)


class _Written:
    """The lines of an assignment, and what the end of the file sums up."""

    def __init__(self, assignment: Assignment) -> None:
        self._inner: list[str] = []
        self.dates: list[date] = []
        self.sum = 0
        for number, item in enumerate(assignment.items, 1):
            match item:
                case Claim():
                    self._claim(number, item)
                case Cancellation():
                    self._amount("93", number, item)
                case Agreement():
                    self._agreement(number, item)
                case Payment():
                    self._payment(number, item)
        self.transactions = len(assignment.items)
        self.lines = [self._start(assignment), *self._inner, self._end(assignment)]

    def _line(
        self, kind: str, record: str, layout: Layout, values: dict[str, Value], service: str = "21"
    ) -> None:
        self._inner.append(records.write(service, kind, record, layout, values))

    def _amount(self, kind: str, number: int, item: Claim | Cancellation) -> None:
        values: dict[str, Value] = {
            "transaction": number,
            "date": item.due,
            "amount": item.amount,
            "kid": item.kid,
        }
        self._line(kind, "30", records.AMOUNT_1, values)
        self.dates.append(item.due)
        self.sum += item.amount

    def _claim(self, number: int, claim: Claim) -> None:
        if len(claim.specification) > MOST_LINES:
            raise ValueError(f"a specification has at most {MOST_LINES} lines")
        kind = "21" if claim.notified else "02"
        self._amount(kind, number, claim)
        named: dict[str, Value] = {
            "transaction": number,
            "short_name": claim.short_name,
            "reference": claim.reference,
        }
        self._line(kind, "31", records.AMOUNT_2, named)
        for line, text in enumerate(claim.specification, 1):
            if len(text) > LINE:
                raise ValueError(f"a line of a specification has at most {LINE} characters")
            for column, half in enumerate((text[:HALF], text[HALF:]), 1):
                if not half.strip():
                    continue  # 2.2.4: empty ones shall not go
                values: dict[str, Value] = {
                    "transaction": number,
                    "notice": 4,
                    "line": line,
                    "column": column,
                    "text": half,
                }
                self._line("21", "49", records.SPECIFICATION, values)

    def _agreement(self, number: int, item: Agreement) -> None:
        values: dict[str, Value] = {
            "transaction": number,
            "registration": item.registration,
            "kid": item.kid,
            "notice": "J" if item.notice else "N",
        }
        self._line("94", "70", records.AGREEMENT, values)

    def _payment(self, number: int, item: Payment) -> None:
        values: dict[str, Value] = {
            "transaction": number,
            "date": item.paid,
            "sign": "-" if item.amount < 0 else "0",
            "amount": abs(item.amount),
            "kid": item.kid,
        }
        self._line(item.kind, "30", records.PAID_1, values, "09")
        second: dict[str, Value] = {"transaction": number, "bank_date": item.paid}
        self._line(item.kind, "31", records.PAID_2, second, "09")
        self.dates.append(item.paid)
        self.sum += abs(item.amount)  # OCR giro 2.5: what goes back is added, not deducted

    def _start(self, assignment: Assignment) -> str:
        service, kind, _ = _NAMES[type(assignment)]
        values: dict[str, Value] = {"number": assignment.number, "account": assignment.account}
        if isinstance(assignment, Payments):
            values["agreement"] = assignment.agreement
        return records.write(service, kind, "20", records.ASSIGNMENT_START, values)

    def _end(self, assignment: Assignment) -> str:
        service, kind, layout = _NAMES[type(assignment)]
        values: dict[str, Value] = {
            "transactions": self.transactions,
            "records": len(self._inner) + 2,
            "sum": self.sum,
            "first": min(self.dates, default=None),
            "last": max(self.dates, default=None),
        }
        if isinstance(assignment, Payments):
            values["made"] = assignment.made
        return records.write(service, kind, "88", layout, values)


# By kind of assignment: service, assignment type, and how its last line looks.
_NAMES: Final[dict[type[Assignment], tuple[str, str, Layout]]] = {
    Claims: ("21", "00", records.ASSIGNMENT_END),
    Cancellations: ("21", "36", records.ASSIGNMENT_END),
    Agreements: ("21", "24", records.AGREEMENTS_END),
    Payments: ("09", "00", records.PAID_END),
}
