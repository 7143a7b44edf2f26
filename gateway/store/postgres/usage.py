"""Prices, charges and how far events have been counted, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from gateway.audit.chain import Told
from gateway.store.cursors import Cursors, Place
from gateway.store.port import Overtaken
from gateway.store.postgres import audit
from gateway.store.postgres.connections import Connections
from gateway.store.postgres.rows import Row, moment
from gateway.store.postgres.transactions import Transaction
from gateway.store.usage import Charge, Price, Sum
from gateway.usage import months

_PRICE = "channel, country, direction, kind, valid_from, valid_to, currency, amount"
_PRICE_TYPES = (
    "channel text, country text, direction text, kind text, valid_from text, valid_to text, "
    "currency text, amount text"
)
_PLACE = "channel, country, direction, kind, valid_from"
_CHARGE = (
    "id, company_id, account_id, document_id, channel, country, direction, kind, at, day, "
    "month, units, currency, amount"
)
_CHARGE_TYPES = (
    "id text, company_id text, account_id text, document_id text, channel text, country text, "
    "direction text, kind text, at timestamptz, day text, month text, units integer, "
    "currency text, amount text"
)
_ALIKE = "company_id, account_id, channel, country, direction, kind, currency, amount"
_CLOSED = "SELECT max(month) FROM closed_month"


class UsageRows(audit.Telling):
    """Implements `gateway.store.usage.Usage`; a part of `PostgresStore`."""

    _connections: Connections
    _cursors: Cursors

    async def prices(self) -> Sequence[Price]:
        """Every price there is or was."""
        found = await self._connections.read(f"SELECT {_PRICE} FROM price ORDER BY {_PLACE}")
        return [_price(row) for row in found]

    async def add_prices(self, prices: Sequence[Price], *, told: Told | None = None) -> bool:
        """Adds prices, all or none."""
        try:
            await self._told(add_prices, prices, told)
        except Overtaken:
            return False
        return True

    async def uncounted(self, limit: int) -> Sequence[str]:
        """Companies with events that were not counted yet, those that are not settled included."""
        found = await self._connections.read(
            """
            SELECT company.id FROM company LEFT JOIN counted ON counted.company_id = company.id
            WHERE EXISTS (SELECT FROM event WHERE event.company_id = company.id
                          AND (event.tx, event.seq)
                              > (coalesce(counted.tx, 0), coalesce(counted.seq, 0)))
            ORDER BY company.id LIMIT $1
            """,
            limit,
        )
        return [id_ for (id_,) in found]

    async def counted(self, company_id: str) -> str | None:
        """The last event that was counted."""
        found = await self._connections.read(
            "SELECT tx, seq FROM counted WHERE company_id = $1", company_id
        )
        return self._cursors.sealed(company_id, [tuple(found[0])])[0] if found else None

    async def count(
        self, company_id: str, charges: Sequence[Charge], cursor: str | None = None
    ) -> None:
        """Writes charges, and how far events are counted."""
        place = None if cursor is None else self._cursors.opened(company_id, cursor)
        await self._transactions.write(count, Count(company_id, charges, place))

    async def charges(self, company_id: str, document_id: str) -> Sequence[Charge]:
        """What was charged for a document."""
        return await self._charges(
            "document_id = $1 AND company_id = $2 ORDER BY id", document_id, company_id
        )

    async def unpriced(
        self, month: str, company_ids: Sequence[str], limit: int
    ) -> Sequence[Charge]:
        """Charges without a price."""
        return await self._charges(
            "amount IS NULL AND month = $1 AND company_id = ANY($2::text[])"
            " ORDER BY company_id, id LIMIT $3",
            *(month, list(company_ids), limit),
        )

    async def price(self, charges: Sequence[Charge]) -> None:
        """Gives charges a price that had none."""
        await self._transactions.write(price, charges)

    async def sums(self, month: str, company_ids: Sequence[str]) -> Sequence[Sum]:
        """The charges of companies in a month."""
        where = "month = $1 AND company_id = ANY($2::text[])"
        return await self._sums(where, month, list(company_ids))

    async def sums_of_account(self, month: str, account_id: str) -> Sequence[Sum]:
        """The charges of an account in a month."""
        return await self._sums("account_id = $1 AND month = $2", account_id, month)

    async def closed_month(self) -> str | None:
        """The latest month that is closed."""
        ((month,),) = await self._connections.read(_CLOSED)
        return None if month is None else str(month)

    async def close_month(self, month: str, now: datetime) -> None:
        """Closes a month."""
        await self._transactions.write(close, (month, moment(now)))

    async def _charges(self, where: str, *values: object) -> list[Charge]:
        found = await self._connections.read(f"SELECT {_CHARGE} FROM charge WHERE {where}", *values)
        return [_charge(row) for row in found]

    async def _sums(self, where: str, *values: object) -> list[Sum]:
        found = await self._connections.read(
            f"""
            SELECT {_ALIKE}, count(*) FILTER (WHERE units > 0), count(*) FILTER (WHERE units < 0)
            FROM charge WHERE {where} GROUP BY {_ALIKE}
            ORDER BY company_id, account_id, channel COLLATE "C", country COLLATE "C",
                direction COLLATE "C", kind COLLATE "C", currency COLLATE "C" NULLS FIRST,
                amount COLLATE "C" NULLS FIRST
            """,
            *values,
        )
        return [_sum(row) for row in found]


async def add_prices(transaction: Transaction, units: Sequence[Sequence[Price]]) -> list[None]:
    """Adds prices. Raised, not answered, when one is there: nothing of the unit must stay."""
    for prices in units:
        rows = [
            (
                *(*price.place, price.valid_from.isoformat()),
                price.valid_to.isoformat() if price.valid_to else "",
                *(price.currency, str(price.amount)),
            )
            for price in sorted(prices, key=lambda price: (price.place, price.valid_from))
        ]
        written = await transaction.each(
            f"INSERT INTO price ({_PRICE}) SELECT {_PRICE} FROM {{asked}} ORDER BY nth"
            " ON CONFLICT DO NOTHING RETURNING 1",
            *(_PRICE_TYPES, rows),
        )
        if len(written) < len(rows):
            raise Overtaken("there is a price of this place and day")
    return [None] * len(units)


@dataclass(frozen=True, slots=True)
class Count:
    """Charges of a company, and the place of the last event that was counted."""

    company_id: str
    charges: Sequence[Charge]
    place: Place | None


async def count(transaction: Transaction, units: Sequence[Count]) -> list[None]:
    """Writes charges."""
    closed = await _closed(transaction)
    rows = [_values(unit.company_id, charge, closed) for unit in units for charge in unit.charges]
    await transaction.each(
        f"INSERT INTO charge ({_CHARGE}) SELECT {_CHARGE} FROM {{asked}}"
        " ORDER BY company_id, id ON CONFLICT DO NOTHING",
        *(_CHARGE_TYPES, rows),
    )
    # In one order: two that count the same companies wait for each other, and never both.
    places = sorted((one.company_id, *one.place) for one in units if one.place is not None)
    for company_id, tx, seq in places:
        await transaction.run(
            """
            INSERT INTO counted (company_id, tx, seq) VALUES ($1, $2, $3)
            ON CONFLICT (company_id) DO UPDATE SET tx = excluded.tx, seq = excluded.seq
            WHERE (counted.tx, counted.seq) < (excluded.tx, excluded.seq)
            """,
            *(company_id, tx, seq),
        )
    return [None] * len(units)


async def price(transaction: Transaction, units: Sequence[Sequence[Charge]]) -> list[None]:
    """Gives charges a price."""
    closed = await _closed(transaction) or ""
    priced = sorted(
        (charge.company_id, charge.id, charge.currency, str(charge.amount))
        for unit in units
        for charge in unit
    )
    for values in priced:
        await transaction.run(
            "UPDATE charge SET currency = $3, amount = $4"
            " WHERE company_id = $1 AND id = $2 AND amount IS NULL AND month > $5",
            *(*values, closed),
        )
    return [None] * len(units)


async def close(transaction: Transaction, units: Sequence[tuple[str, datetime]]) -> list[None]:
    """Closes months, once nobody writes charges who has not seen it."""
    await transaction.fetch("LOCK TABLE closed_month IN EXCLUSIVE MODE")
    for unit in units:
        await transaction.run(
            "INSERT INTO closed_month (month, closed_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            *unit,
        )
    return [None] * len(units)


async def _closed(transaction: Transaction) -> str | None:
    """The latest closed month; none is closed before the transaction ends."""
    await transaction.fetch("LOCK TABLE closed_month IN ROW SHARE MODE")
    ((month,),) = await transaction.fetch(_CLOSED)
    return None if month is None else str(month)


def _values(company_id: str, charge: Charge, closed: str | None) -> Row:
    late = closed is not None and charge.month <= closed
    return (
        *(charge.id, company_id, charge.account_id, charge.document_id),
        *(charge.channel, charge.country, charge.direction, charge.kind),
        *(moment(charge.at), charge.day.isoformat()),
        months.after(closed) if closed is not None and late else charge.month,
        *(charge.units, charge.currency),
        None if charge.amount is None else str(charge.amount),
    )


def _money(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


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
            "at": columns["at"],
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
