"""The audit chain: appended in the transaction of what it tells, and never touched again.

Triggers refuse to change an entry, or to take one away that no later entry seals.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from gateway.audit.chain import EMPTY, Entry, Head, NewEntry, Told, follow
from gateway.store.keeping import Sought
from gateway.store.sqlite.rows import Row, maybe_micros, micros, moment
from gateway.store.sqlite.writer import Operation, Transaction, Writer

A = TypeVar("A")
R = TypeVar("R")

_COLUMNS = "seq, at, actor, action, subject, company_id, data, previous, hash"


def append(transaction: Transaction, units: Sequence[Told]) -> list[Entry]:
    """Appends entries."""
    return [add(transaction, unit.entry, unit.at) for unit in units]


@dataclass(frozen=True, slots=True)
class Along:
    """A unit of another operation, and the entry that tells of it."""

    operation: Operation[Any, Any]
    argument: Any
    told: Told


def along(transaction: Transaction, units: Sequence[Along]) -> list[Any]:
    """Does the units, and appends the entries of those that were done: whose result is neither
    False nor an exception."""
    return [_along(transaction, unit) for unit in units]


def _along(transaction: Transaction, unit: Along) -> Any:
    (result,) = unit.operation(transaction, [unit.argument])
    if result is not False and not isinstance(result, Exception):
        add(transaction, unit.told.entry, unit.told.at)
    return result


def add(transaction: Transaction, new: NewEntry, now: datetime) -> Entry:
    """Appends an entry to what the transaction does. Raises ValueError for data without a form."""
    entry = follow(head(transaction.connection), new, now)
    transaction.insert(
        f"audit_entry ({_COLUMNS})",
        [
            (
                *(entry.seq, micros(entry.at), entry.actor, entry.action, entry.subject),
                *(entry.company_id, entry.data, entry.previous, entry.hash),
            )
        ],
    )
    return entry


class Telling:
    """A part of the store whose operations may be told of in the audit."""

    _writer: Writer

    def _told(
        self, operation: Operation[A, R], argument: A, told: Told | None
    ) -> asyncio.Future[R]:
        """Writes a unit, and the entry that tells of it with it."""
        if told is None:
            return self._writer.write(operation, argument)
        return self._writer.write(along, Along(operation, argument, told))


@dataclass(frozen=True, slots=True)
class Cut:
    """Entries up to `through` go; `entry` seals them."""

    through: int
    entry: NewEntry
    now: datetime


def cut(transaction: Transaction, units: Sequence[Cut]) -> list[None]:
    """Appends the seal and takes the entries away."""
    for unit in units:
        add(transaction, unit.entry, unit.now)
        transaction.run("DELETE FROM audit_entry WHERE seq <= ?", (unit.through,))
    return [None] * len(units)


def head(connection: sqlite3.Connection) -> Head:
    """The newest entry."""
    return _head(connection, "") or EMPTY


def before(connection: sqlite3.Connection, at: datetime) -> Head | None:
    """The newest entry older than `at`."""
    return _head(connection, "WHERE at < ?", micros(at))


def _head(connection: sqlite3.Connection, where: str, *values: int) -> Head | None:
    row = connection.execute(
        f"SELECT seq, hash FROM audit_entry {where} ORDER BY seq DESC LIMIT 1", values
    ).fetchone()
    return None if row is None else Head(*row)


def entries(connection: sqlite3.Connection, after: int, limit: int) -> list[Entry]:
    """Entries past `after`."""
    found = connection.execute(
        f"SELECT {_COLUMNS} FROM audit_entry WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit)
    )
    return [_entry(row) for row in found]


def found(
    connection: sqlite3.Connection, sought: Sought, before: int | None, limit: int
) -> list[Entry]:
    """Entries that fit, newest first."""
    asked = {
        "seq < ?": before,
        "subject = ?": sought.about or None,
        "company_id = ?": sought.company_id or None,
        "actor = ?": sought.actor or None,
        "action = ?": sought.action or None,
        "at >= ?": maybe_micros(sought.since),
        "at < ?": maybe_micros(sought.until),
    }
    said = {where: value for where, value in asked.items() if value is not None}
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM audit_entry WHERE {' AND '.join(said) or 'true'}"
        " ORDER BY seq DESC LIMIT ?",
        (*said.values(), limit),
    )
    return [_entry(row) for row in rows]


def names(connection: sqlite3.Connection, limit: int) -> tuple[list[str], list[str]]:
    """The actors and the actions that there are: a step of the index for each."""
    return _names(connection, "actor", limit), _names(connection, "action", limit)


def _names(connection: sqlite3.Connection, column: str, limit: int) -> list[str]:
    rows = connection.execute(
        f"""
        WITH RECURSIVE name (is_) AS (
            SELECT min({column}) FROM audit_entry
            UNION ALL
            SELECT (SELECT min({column}) FROM audit_entry WHERE {column} > is_) FROM name
            WHERE is_ IS NOT NULL
        )
        SELECT is_ FROM name WHERE is_ IS NOT NULL LIMIT ?
        """,
        (limit,),
    )
    return [name for (name,) in rows]


def _entry(row: Row) -> Entry:
    seq, at, *rest = row
    return Entry(seq, moment(at), *rest)
