"""What a company has used: a year by month, and one month by channel and price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gateway.console.companies.chart import Chart, bars
from gateway.console.companies.desk import USAGE, Desk
from gateway.console.companies.tab import Verb
from gateway.trust.scopes import Scope
from gateway.usage.months import before, is_month, month_of
from gateway.usage.statement import Row, Statement, figure, of_companies

_MONTHS: Final = 12


@dataclass(frozen=True, slots=True)
class UsageRowView:
    """So many deliveries at one price. Amounts are texts; empty: there is no price."""

    channel: str
    country: str
    direction: str
    kind: str
    charged: int
    taken_back: int
    currency: str
    price: str
    amount: str


@dataclass(frozen=True, slots=True)
class MonthView:
    """A month: how many deliveries are charged, and what they come to by currency."""

    month: str
    closed: bool
    units: int
    totals: tuple[tuple[str, str], ...]
    unpriced: int
    href: str
    here: bool


@dataclass(frozen=True, slots=True)
class UsageView:
    """The month that is looked at, and the year up to now."""

    month: str
    closed: bool
    rows: tuple[UsageRowView, ...]
    totals: tuple[tuple[str, str], ...]
    unpriced: int
    months: tuple[MonthView, ...]
    chart: Chart


class UsageTab:
    """The tab."""

    name = USAGE
    scope = Scope.READ
    of_operators: frozenset[str] = frozenset()

    @property
    def verbs(self) -> Mapping[str, Verb]:
        """Nothing can be done here."""
        return {}

    async def view(self, desk: Desk) -> UsageView:
        """What is to be seen."""
        this = month_of(desk.now)
        asked = desk.visit.request.query.get("month", "")
        month = asked if is_month(asked) else this
        year = [this]
        while len(year) < _MONTHS:
            year.insert(0, before(year[0]))
        found = [await of_companies(desk.store, one, [desk.company]) for one in year]
        chosen = next((one for one in found if one.month == month), None)
        if chosen is None:
            chosen = await of_companies(desk.store, month, [desk.company])
        return UsageView(
            month=month,
            closed=chosen.closed,
            rows=tuple(map(_row, chosen.rows)),
            totals=_totals(chosen),
            unpriced=chosen.unpriced,
            months=tuple(_month(desk, one, month) for one in found),
            chart=bars([(one.month, _units(one)) for one in found]),
        )


def _units(statement: Statement) -> int:
    return sum(row.units for row in statement.rows)


def _totals(statement: Statement) -> tuple[tuple[str, str], ...]:
    return tuple((currency, figure(sum_)) for currency, sum_ in statement.totals.items())


def _month(desk: Desk, statement: Statement, here: str) -> MonthView:
    return MonthView(
        month=statement.month,
        closed=statement.closed,
        units=_units(statement),
        totals=_totals(statement),
        unpriced=statement.unpriced,
        href=desk.href(USAGE, month=statement.month),
        here=statement.month == here,
    )


def _row(row: Row) -> UsageRowView:
    return UsageRowView(
        channel=row.channel,
        country=row.country,
        direction=row.direction,
        kind=row.kind,
        charged=row.charged,
        taken_back=row.taken_back,
        currency=row.currency or "",
        price="" if row.price is None else figure(row.price),
        amount="" if row.amount is None else figure(row.amount),
    )
