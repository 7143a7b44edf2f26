"""Prices, charges and how far events have been counted, in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from gateway.audit.chain import Told
from gateway.store.cursors import Cursors
from gateway.store.sqlite import audit
from gateway.store.sqlite.readers import Readers
from gateway.store.sqlite.rows import Row, micros, moment
from gateway.store.sqlite.writer import Transaction
from gateway.store.usage import Charge, Price, Sum
from gateway.usage import months

_PRICE = "channel, country, direction, kind, valid_from, valid_to, currency, amount"
_PLACE = "channel, country, direction, kind, valid_from"
_CHARGE = (
    "id, company_id, account_id, document_id, channel, country, direction, kind, at, day, "
    "month, units, currency, amount"
)
_ALIKE = "company_id, account_id, channel, country, direction, kind, currency, amount"


class UsageRows(audit.Telling):
    """Implements `gateway.store.usage.Usage`; a part of `SqliteStore`."""

    _readers: Readers
    _cursors: Cursors

    async def prices(self) -> Sequence[Price]:
        """Every price there is or was."""
        return await self._readers.read_many(_prices)

    async def add_prices(self, prices: Sequence[Price], *, told: Told | None = None) -> bool:
        """Adds prices, all or none."""
        return await self._told(add_prices, prices, told)

    async def uncounted(self, limit: int) -> Sequence[str]:
        """Companies with events that were not counted yet."""
        return await self._readers.read_many(lambda c: _uncounted(c, limit))

    async def counted(self, company_id: str) -> str | None:
        """The last event that was counted."""
        found = self._readers.read(
            lambda c: c.execute(
                "SELECT seq FROM counted WHERE company_id = ?", (company_id,)
            ).fetchone()
        )
        return self._cursors.sealed(company_id, [(0, found[0])])[0] if found else None

    async def count(
        self, company_id: str, charges: Sequence[Charge], cursor: str | None = None
    ) -> None:
        """Writes charges, and how far events are counted."""
        seq = None if cursor is None else self._cursors.opened(company_id, cursor)[1]
        await self._writer.write(count, Count(company_id, charges, seq))

    async def charges(self, company_id: str, document_id: str) -> Sequence[Charge]:
        """What was charged for a document."""
        return await self._readers.read_many(
            lambda c: _charges(
                c, "document_id = ? AND company_id = ? ORDER BY id", (document_id, company_id)
            )
        )

    async def unpriced(
        self, month: str, company_ids: Sequence[str], limit: int
    ) -> Sequence[Charge]:
        """Charges without a price."""
        return await self._readers.read_many(
            lambda c: _charges(
                c,
                f"amount IS NULL AND month = ? AND company_id IN ({_marks(company_ids)})"
                " ORDER BY company_id, id LIMIT ?",
                (month, *company_ids, limit),
            )
        )

    async def price(self, charges: Sequence[Charge]) -> None:
        """Gives charges a price that had none."""
        await self._writer.write(price, charges)

    async def sums(self, month: str, company_ids: Sequence[str]) -> Sequence[Sum]:
        """The charges of companies in a month."""
        return await self._readers.read_many(
            lambda c: _sums(
                c, f"month = ? AND company_id IN ({_marks(company_ids)})", (month, *company_ids)
            )
        )

    async def sums_of_account(self, month: str, account_id: str) -> Sequence[Sum]:
        """The charges of an account in a month."""
        return await self._readers.read_many(
            lambda c: _sums(c, "account_id = ? AND month = ?", (account_id, month))
        )

    async def closed_month(self) -> str | None:
        """The latest month that is closed."""
        return self._readers.read(_closed)

    async def close_month(self, month: str, now: datetime) -> None:
        """Closes a month."""
        await self._writer.write(close, (month, micros(now)))


def add_prices(transaction: Transaction, units: Sequence[Sequence[Price]]) -> list[bool]:
    """Adds prices."""
    return [_add(transaction, prices) for prices in units]


def _add(transaction: Transaction, prices: Sequence[Price]) -> bool:
    places = [(*price.place, price.valid_from.isoformat()) for price in prices]
    there = transaction.asked(
        _PLACE, places, f"SELECT 1 FROM price WHERE ({_PLACE}) IN (SELECT {_PLACE} FROM asked)"
    )
    if there or len(set(places)) < len(places):
        return False
    rows = [
        (
            *place,
            price.valid_to.isoformat() if price.valid_to else "",
            price.currency,
            str(price.amount),
        )
        for place, price in zip(places, prices, strict=True)
    ]
    transaction.insert(f"price ({_PRICE})", rows)
    return True


@dataclass(frozen=True, slots=True)
class Count:
    """Charges of a company, and the number of the last event that was counted."""

    company_id: str
    charges: Sequence[Charge]
    seq: int | None


def count(transaction: Transaction, units: Sequence[Count]) -> list[None]:
    """Writes charges. The one writer: no month is closed meanwhile."""
    closed = _closed(transaction.connection)
    for unit in units:
        rows = [_values(unit.company_id, charge, closed) for charge in unit.charges]
        transaction.insert(f"charge ({_CHARGE})", rows, "ON CONFLICT DO NOTHING")
        if unit.seq is not None:
            transaction.run(
                "INSERT INTO counted (company_id, seq) VALUES (?, ?) ON CONFLICT (company_id)"
                " DO UPDATE SET seq = max(seq, excluded.seq)",
                (unit.company_id, unit.seq),
            )
    return [None] * len(units)


def price(transaction: Transaction, units: Sequence[Sequence[Charge]]) -> list[None]:
    """Gives charges a price."""
    closed = _closed(transaction.connection) or ""
    for charge in (charge for unit in units for charge in unit):
        transaction.run(
            "UPDATE charge SET currency = ?, amount = ?"
            " WHERE company_id = ? AND id = ? AND amount IS NULL AND month > ?",
            (charge.currency, str(charge.amount), charge.company_id, charge.id, closed),
        )
    return [None] * len(units)


def close(transaction: Transaction, units: Sequence[tuple[str, int]]) -> list[None]:
    """Closes months."""
    transaction.insert("closed_month (month, closed_at)", units, "ON CONFLICT DO NOTHING")
    return [None] * len(units)


def _uncounted(connection: sqlite3.Connection, limit: int) -> list[str]:
    found = connection.execute(
        """
        SELECT company.id FROM company LEFT JOIN counted ON counted.company_id = company.id
        WHERE EXISTS (SELECT 1 FROM event
                      WHERE event.company_id = company.id AND event.seq > coalesce(counted.seq, 0))
        ORDER BY company.id LIMIT ?
        """,
        (limit,),
    )
    return [id_ for (id_,) in found]


def _closed(connection: sqlite3.Connection) -> str | None:
    (month,) = connection.execute("SELECT max(month) FROM closed_month").fetchone()
    return None if month is None else str(month)


def _values(company_id: str, charge: Charge, closed: str | None) -> Row:
    late = closed is not None and charge.month <= closed
    return (
        *(charge.id, company_id, charge.account_id, charge.document_id),
        *(charge.channel, charge.country, charge.direction, charge.kind),
        *(micros(charge.at), charge.day.isoformat()),
        months.after(closed) if closed is not None and late else charge.month,
        *(charge.units, charge.currency),
        None if charge.amount is None else str(charge.amount),
    )


def _charges(connection: sqlite3.Connection, where: str, values: Row) -> list[Charge]:
    found = connection.execute(f"SELECT {_CHARGE} FROM charge WHERE {where}", values)
    return [_charge(row) for row in found]


def _prices(connection: sqlite3.Connection) -> list[Price]:
    found = connection.execute(f"SELECT {_PRICE} FROM price ORDER BY {_PLACE}")
    return [_price(row) for row in found]


def _sums(connection: sqlite3.Connection, where: str, values: Row) -> list[Sum]:
    found = connection.execute(
        f"SELECT {_ALIKE}, sum(units > 0), sum(units < 0) FROM charge WHERE {where}"
        f" GROUP BY {_ALIKE} ORDER BY {_ALIKE}",
        values,
    )
    return [_sum(row) for row in found]


def _money(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))


def _price(row: Row) -> Price:
    channel, country, direction, kind, valid_from, valid_to, currency, amount = row
    return Price(
        *(channel, country, direction, kind),
        valid_from=date.fromisoformat(valid_from),
        valid_to=date.fromisoformat(valid_to) if valid_to else None,
        currency=currency,
        amount=Decimal(amount),
    )


def _charge(row: Row) -> Charge:
    columns = dict(zip(_CHARGE.split(", "), row, strict=True))
    return Charge(
        **{
            **columns,
            "at": moment(columns["at"]),
            "day": date.fromisoformat(columns["day"]),
            "amount": _money(columns["amount"]),
        }
    )


def _sum(row: Row) -> Sum:
    *alike, amount, charged, taken_back = row
    company_id, account_id, channel, country, direction, kind, currency = alike
    return Sum(
        *(company_id, account_id, channel, country, direction, kind),
        *(currency, _money(amount), charged, taken_back),
    )
