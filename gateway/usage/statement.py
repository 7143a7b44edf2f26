"""A month's statement: what was used, by company, channel and country, and what it comes to.

In charge of summing up and of its forms for programs, JSON and CSV. Not in charge of its form for
people (`paper`).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from gateway.spreadsheet import cell
from gateway.store.usage import Sum

if TYPE_CHECKING:
    from gateway.store.port import Company, Store

COLUMNS: Final = (
    *("month", "status", "account_id", "company_id", "company", "channel", "country"),
    *("direction", "kind", "currency", "price", "charged", "taken_back", "amount"),
)

_PAGE: Final = 500  # companies that the store is asked for at once


@dataclass(frozen=True, slots=True)
class Row:
    """What was charged alike: so many deliveries at one price, less those that came back. Without
    a price there is no amount either."""

    company_id: str
    company: str
    account_id: str
    channel: str
    country: str
    direction: str
    kind: str
    currency: str | None
    price: Decimal | None
    charged: int
    taken_back: int

    @property
    def units(self) -> int:
        """What is left of what was charged; below 0 where more came back than was charged."""
        return self.charged - self.taken_back

    @property
    def amount(self) -> Decimal | None:
        """What it comes to, to the last decimal: nothing is rounded."""
        return None if self.price is None else self.units * self.price


@dataclass(frozen=True, slots=True)
class Statement:
    """A month of one or several companies. `closed`: it changes no more."""

    month: str
    closed: bool
    rows: tuple[Row, ...]

    @property
    def totals(self) -> Mapping[str, Decimal]:
        """What all comes to, by currency."""
        return totals(self.rows)

    @property
    def unpriced(self) -> int:
        """How many deliveries are charged for which there was no price."""
        return sum(row.units for row in self.rows if row.price is None)

    def companies(self) -> Iterator[tuple[str, str, Sequence[Row]]]:
        """Yields (id, name, rows) of each company."""
        of_company: dict[str, list[Row]] = {}
        for row in self.rows:
            of_company.setdefault(row.company_id, []).append(row)
        for company_id, rows in of_company.items():
            yield company_id, rows[0].company, rows


def statement(
    month: str, closed: str | None, sums: Iterable[Sum], names: Mapping[str, str]
) -> Statement:
    """The statement of what was summed up; `closed` is the latest month that is, `names` are the
    companies' by their ids."""
    rows = [
        Row(
            company_id=one.company_id,
            company=names.get(one.company_id, ""),
            account_id=one.account_id,
            channel=one.channel,
            country=one.country,
            direction=one.direction,
            kind=one.kind,
            currency=one.currency,
            price=one.amount,
            charged=one.charged,
            taken_back=one.taken_back,
        )
        for one in sums
    ]
    order = sorted(rows, key=lambda row: (row.company, row.company_id))
    return Statement(month, closed is not None and month <= closed, tuple(order))


def totals(rows: Iterable[Row]) -> Mapping[str, Decimal]:
    """The amounts of rows, by currency."""
    found: dict[str, Decimal] = {}
    for row in rows:
        if row.currency is not None and row.amount is not None:
            found[row.currency] = found.get(row.currency, Decimal()) + row.amount
    return dict(sorted(found.items()))


def figure(amount: Decimal) -> str:
    """An amount with two decimals, or as many as it has beyond."""
    exact = amount.normalize()
    return f"{exact:.2f}" if -int(exact.as_tuple().exponent) <= 2 else f"{exact:f}"


async def of_companies(store: Store, month: str, companies: Sequence[Company]) -> Statement:
    """A month's statement of these companies."""
    names = {company.id: company.name for company in companies}
    ids = list(names)
    pages = [await store.sums(month, ids[n : n + _PAGE]) for n in range(0, len(ids), _PAGE)]
    sums = [one for page in pages for one in page]
    return statement(month, await store.closed_month(), sums, names)


async def of_account(store: Store, month: str, account_id: str) -> Statement:
    """A month's statement of an account: what was charged to it, whosever a company is now."""
    sums = await store.sums_of_account(month, account_id)
    ids = dict.fromkeys(one.company_id for one in sums)
    found = [company for id_ in ids if (company := await store.company(id_)) is not None]
    names = {company.id: company.name for company in found}
    return statement(month, await store.closed_month(), sums, names)


def data(shown: Statement) -> dict[str, Any]:
    """The statement as JSON data; amounts are texts."""
    return {
        "month": shown.month,
        "closed": shown.closed,
        "companies": [
            {
                "company_id": company_id,
                "name": name,
                "rows": [_row(row) for row in rows],
                "totals": _money(totals(rows)),
            }
            for company_id, name, rows in shown.companies()
        ],
        "totals": _money(shown.totals),
        "unpriced": shown.unpriced,
    }


def to_json(shown: Statement) -> bytes:
    """The statement as JSON."""
    return json.dumps(data(shown), ensure_ascii=False, indent=2).encode()


def _row(row: Row) -> dict[str, Any]:
    return {
        "channel": row.channel,
        "country": row.country,
        "direction": row.direction,
        "kind": row.kind,
        "charged": row.charged,
        "taken_back": row.taken_back,
        "currency": row.currency,
        "price": None if row.price is None else figure(row.price),
        "amount": None if row.amount is None else figure(row.amount),
    }


def _money(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    return {currency: figure(amount) for currency, amount in amounts.items()}


def to_csv(shown: Statement) -> bytes:
    """The rows as CSV (RFC 4180, UTF-8). The one text that is not ours, a company's name, is
    written so that no spreadsheet computes it."""
    file = io.StringIO(newline="")
    write = csv.writer(file, lineterminator="\r\n").writerow
    write(COLUMNS)
    status = "closed" if shown.closed else "open"
    for row in shown.rows:
        write(
            (
                *(shown.month, status, row.account_id, row.company_id, cell(row.company)),
                *(row.channel, row.country, row.direction, row.kind, row.currency or ""),
                "" if row.price is None else figure(row.price),
                *(row.charged, row.taken_back),
                "" if row.amount is None else figure(row.amount),
            )
        )
    return file.getvalue().encode()
