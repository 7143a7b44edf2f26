"""What channels remember, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gateway.store.entries import EntryRow
from gateway.store.port import Overtaken
from gateway.store.postgres.connections import Connections
from gateway.store.postgres.rows import Row, moment
from gateway.store.postgres.transactions import Transaction, Transactions

_PLACE = "channel, company_id, kind, name"
_COLUMNS = f"{_PLACE}, state, data, due_at, version"
_TYPES = (
    "channel text, company_id text, kind text, name text, state text, data bytea, "
    "due_at timestamptz, version integer"
)
_SAME = " AND ".join(f"entry.{name} = asked.{name}" for name in [*_PLACE.split(", "), "version"])


class EntryRows:
    """Implements `gateway.store.entries.Entries`; a part of `PostgresStore`."""

    _connections: Connections
    _transactions: Transactions

    async def register_entry(
        self, channel: str, company_id: str, kind: str, name: str
    ) -> EntryRow | None:
        """One entry."""
        found = await self._connections.read(
            f"SELECT {_COLUMNS} FROM register_entry WHERE ({_PLACE}) = ($1, $2, $3, $4)",
            *(channel, company_id, kind, name),
        )
        return EntryRow(*found[0]) if found else None

    async def register_entries(
        self, channel: str, company_id: str, kind: str, after: str, limit: int
    ) -> Sequence[EntryRow]:
        """A company's entries of a kind by name past `after`."""
        found = await self._connections.read(
            f"""
            SELECT {_COLUMNS} FROM register_entry
            WHERE channel = $1 AND company_id = $2 AND kind = $3 AND name > $4
            ORDER BY name LIMIT $5
            """,
            *(channel, company_id, kind, after, limit),
        )
        return [EntryRow(*row) for row in found]

    async def due_entries(
        self, channel: str, kind: str, at: datetime, limit: int
    ) -> Sequence[EntryRow]:
        """The entries of a kind that were due by `at`."""
        found = await self._connections.read(
            f"""
            SELECT {_COLUMNS} FROM register_entry
            WHERE channel = $1 AND kind = $2 AND due_at <= $3
            ORDER BY due_at, {_PLACE} LIMIT $4
            """,
            *(channel, kind, moment(at), limit),
        )
        return [EntryRow(*row) for row in found]

    async def put_entries(self, rows: Sequence[EntryRow]) -> bool:
        """Writes all of them, or none."""
        try:
            await self._transactions.write(put, rows)
        except Overtaken:
            return False
        return True

    async def drop_entries(self, rows: Sequence[EntryRow]) -> bool:
        """Deletes all of them, or none."""
        try:
            await self._transactions.write(drop, rows)
        except Overtaken:
            return False
        return True


# Raised, not answered: what the transaction has written of the unit must not stay.
_MOVED_ON = "the entry is not of the version that was read"


async def put(transaction: Transaction, units: Sequence[Sequence[EntryRow]]) -> list[None]:
    """Writes entries. In the order of their key, so that two writers do not lock each other out."""
    for rows in units:
        values = [_values(row) for row in sorted(rows, key=_place)]
        new = [row for row in values if not row[-1]]
        old = [row for row in values if row[-1]]
        written = await transaction.each(
            f"""
            INSERT INTO register_entry ({_COLUMNS})
            SELECT {_PLACE}, state, data, due_at, 1 FROM {{asked}} ORDER BY nth
            ON CONFLICT DO NOTHING RETURNING 1
            """,
            *(_TYPES, new),
        )
        written += await transaction.each(
            f"""
            UPDATE register_entry AS entry SET state = asked.state, data = asked.data,
                due_at = asked.due_at, version = asked.version + 1
            FROM {{asked}} WHERE {_SAME} RETURNING 1
            """,
            *(_TYPES, old),
        )
        if len(written) < len(rows):
            raise Overtaken(_MOVED_ON)
    return [None] * len(units)


async def drop(transaction: Transaction, units: Sequence[Sequence[EntryRow]]) -> list[None]:
    """Deletes entries; one that was never stored (version 0) is gone when there is none."""
    for rows in units:
        values = [_values(row) for row in sorted(rows, key=_place)]
        gone = await transaction.each(
            f"DELETE FROM register_entry AS entry USING {{asked}} WHERE {_SAME} RETURNING 1",
            *(_TYPES, [row for row in values if row[-1]]),
        )
        there = await transaction.each(
            f"SELECT FROM register_entry JOIN {{asked}} USING ({_PLACE})",
            *(_TYPES, [row for row in values if not row[-1]]),
        )
        if there or len(gone) < sum(row.version > 0 for row in rows):
            raise Overtaken(_MOVED_ON)
    return [None] * len(units)


def _place(row: EntryRow) -> Row:
    return (row.channel, row.company_id, row.kind, row.name)


def _values(row: EntryRow) -> Row:
    due_at = None if row.due_at is None else moment(row.due_at)
    return (*_place(row), row.state, row.data, due_at, row.version)
