"""What channels remember, in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from gateway.store.entries import EntryRow
from gateway.store.sqlite.readers import Readers
from gateway.store.sqlite.rows import Row, maybe_micros, maybe_moment, micros
from gateway.store.sqlite.writer import Transaction, Writer

_PLACE = "channel, company_id, kind, name"
_COLUMNS = f"{_PLACE}, state, data, due_at, version"
_DUE = _COLUMNS.split(", ").index("due_at")


class EntryRows:
    """Implements `gateway.store.entries.Entries`; a part of `SqliteStore`."""

    _readers: Readers
    _writer: Writer

    async def register_entry(
        self, channel: str, company_id: str, kind: str, name: str
    ) -> EntryRow | None:
        """One entry."""
        place = (channel, company_id, kind, name)
        found = self._readers.read(lambda c: _read(c, f"({_PLACE}) = (?, ?, ?, ?)", place))
        return found[0] if found else None

    async def register_entries(
        self, channel: str, company_id: str, kind: str, after: str, limit: int
    ) -> Sequence[EntryRow]:
        """A company's entries of a kind by name past `after`."""
        return await self._readers.read_many(
            lambda c: _read(
                c,
                "channel = ? AND company_id = ? AND kind = ? AND name > ? ORDER BY name LIMIT ?",
                (channel, company_id, kind, after, limit),
            )
        )

    async def due_entries(
        self, channel: str, kind: str, at: datetime, limit: int
    ) -> Sequence[EntryRow]:
        """The entries of a kind that were due by `at`."""
        return await self._readers.read_many(
            lambda c: _read(
                c,
                f"channel = ? AND kind = ? AND due_at <= ? ORDER BY due_at, {_PLACE} LIMIT ?",
                (channel, kind, micros(at), limit),
            )
        )

    async def put_entries(self, rows: Sequence[EntryRow]) -> bool:
        """Writes all of them, or none."""
        return await self._writer.write(put, rows)

    async def drop_entries(self, rows: Sequence[EntryRow]) -> bool:
        """Deletes all of them, or none."""
        return await self._writer.write(drop, rows)


def put(transaction: Transaction, units: Sequence[Sequence[EntryRow]]) -> list[bool]:
    """Writes entries."""
    return [_put(transaction, rows) for rows in units]


def _put(transaction: Transaction, rows: Sequence[EntryRow]) -> bool:
    if not _as_read(transaction, rows):
        return False
    transaction.insert(
        f"register_entry ({_COLUMNS})",
        [
            (*_place(row), row.state, row.data, maybe_micros(row.due_at), row.version + 1)
            for row in rows
        ],
        f"ON CONFLICT ({_PLACE}) DO UPDATE SET state = excluded.state, data = excluded.data,"
        " due_at = excluded.due_at, version = excluded.version",
    )
    return True


def drop(transaction: Transaction, units: Sequence[Sequence[EntryRow]]) -> list[bool]:
    """Deletes entries."""
    return [_drop(transaction, rows) for rows in units]


def _drop(transaction: Transaction, rows: Sequence[EntryRow]) -> bool:
    if not _as_read(transaction, rows):
        return False
    transaction.asked(
        _PLACE,
        [_place(row) for row in rows],
        f"DELETE FROM register_entry WHERE ({_PLACE}) IN (SELECT {_PLACE} FROM asked)",
    )
    return True


def _as_read(transaction: Transaction, rows: Sequence[EntryRow]) -> bool:
    """Whether each has the version still that its writer read. The one writer: it stays so."""
    found = transaction.asked(
        _PLACE,
        [_place(row) for row in rows],
        f"SELECT {_PLACE}, version FROM register_entry"
        f" WHERE ({_PLACE}) IN (SELECT {_PLACE} FROM asked)",
    )
    stored = {row[:-1]: row[-1] for row in found}
    return all(stored.get(_place(row), 0) == row.version for row in rows)


def _place(row: EntryRow) -> Row:
    return (row.channel, row.company_id, row.kind, row.name)


def _read(connection: sqlite3.Connection, where: str, values: Row) -> list[EntryRow]:
    found = connection.execute(f"SELECT {_COLUMNS} FROM register_entry WHERE {where}", values)
    return [_row(row) for row in found]


def _row(row: Row) -> EntryRow:
    columns = [*row]
    columns[_DUE] = maybe_moment(row[_DUE])
    return EntryRow(*columns)
