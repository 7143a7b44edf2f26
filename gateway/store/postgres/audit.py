"""The audit chain: appended in the transaction of what it tells, and never touched again.

Triggers refuse to change an entry, or to take one away that no later entry seals. Who appends holds
a lock until the end of the transaction, so that the chain has one end; every other lock is taken
before it, so that nobody waits in a circle.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from gateway.audit.chain import EMPTY, Entry, Head, NewEntry, Told, follow
from gateway.store.keeping import Sought
from gateway.store.postgres import rows
from gateway.store.postgres.connections import Connections
from gateway.store.postgres.transactions import Operation, Transaction, Transactions

A = TypeVar("A")
R = TypeVar("R")

_COLUMNS = "seq, at, actor, action, subject, company_id, data, previous, hash"


async def append(transaction: Transaction, units: Sequence[Told]) -> list[Entry]:
    """Appends entries: the last thing a transaction does."""
    if not units:
        return []
    # The number of the table, as other schemas of the database may have chains of their own.
    await transaction.fetch("SELECT pg_advisory_xact_lock('audit_entry'::regclass::oid::bigint)")
    newest = await transaction.fetch("SELECT seq, hash FROM audit_entry ORDER BY seq DESC LIMIT 1")
    head = Head(*newest[0]) if newest else EMPTY
    entries: list[Entry] = []
    for unit in units:
        entries.append(follow(head, unit.entry, rows.moment(unit.at)))
        head = Head(entries[-1].seq, entries[-1].hash)
    await transaction.each(
        f"INSERT INTO audit_entry ({_COLUMNS}) SELECT {_COLUMNS} FROM {{asked}} ORDER BY nth",
        "seq bigint, at timestamptz, actor text, action text, subject text, company_id text, "
        "data text, previous text, hash text",
        [
            (
                *(entry.seq, entry.at, entry.actor, entry.action, entry.subject),
                *(entry.company_id, entry.data, entry.previous, entry.hash),
            )
            for entry in entries
        ],
    )
    return entries


@dataclass(frozen=True, slots=True)
class Along:
    """A unit of another operation, and the entry that tells of it."""

    operation: Operation[Any, Any]
    argument: Any
    told: Told


async def along(transaction: Transaction, units: Sequence[Along]) -> list[Any]:
    """Does the units, and appends the entries of those that were done: whose result is neither
    False nor an exception."""
    results: list[Any] = []
    for unit in units:
        results += await unit.operation(transaction, [unit.argument])
    done = [
        unit.told
        for unit, result in zip(units, results, strict=True)
        if result is not False and not isinstance(result, Exception)
    ]
    await append(transaction, done)
    return results


class Telling:
    """A part of the store whose operations may be told of in the audit."""

    _transactions: Transactions

    def _told(
        self, operation: Operation[A, R], argument: A, told: Told | None
    ) -> asyncio.Future[R]:
        """Writes a unit, and the entry that tells of it with it."""
        if told is None:
            return self._transactions.write(operation, argument)
        return self._transactions.write(along, Along(operation, argument, told))


@dataclass(frozen=True, slots=True)
class Cut:
    """Entries up to `through` go; `entry` seals them."""

    through: int
    entry: NewEntry
    now: datetime


async def cut(transaction: Transaction, units: Sequence[Cut]) -> list[None]:
    """Appends the seal and takes the entries away."""
    for unit in units:
        await append(transaction, [Told(unit.entry, unit.now)])
        await transaction.run("DELETE FROM audit_entry WHERE seq <= $1", unit.through)
    return [None] * len(units)


async def head(connections: Connections) -> Head:
    """The newest entry."""
    found = await connections.read("SELECT seq, hash FROM audit_entry ORDER BY seq DESC LIMIT 1")
    return Head(*found[0]) if found else EMPTY


async def before(connections: Connections, at: datetime) -> Head | None:
    """The newest entry older than `at`."""
    found = await connections.read(
        "SELECT seq, hash FROM audit_entry WHERE at < $1 ORDER BY seq DESC LIMIT 1",
        rows.moment(at),
    )
    return Head(*found[0]) if found else None


async def entries(connections: Connections, after: int, limit: int) -> list[Entry]:
    """Entries past `after`."""
    found = await connections.read(
        f"SELECT {_COLUMNS} FROM audit_entry WHERE seq > $1 ORDER BY seq LIMIT $2", after, limit
    )
    return [Entry(*row) for row in found]


async def found(
    connections: Connections, sought: Sought, before: int | None, limit: int
) -> list[Entry]:
    """Entries that fit, newest first."""
    asked = {
        "seq <": before,
        "subject =": sought.about or None,
        "company_id =": sought.company_id or None,
        "actor =": sought.actor or None,
        "action =": sought.action or None,
        "at >=": sought.since and rows.moment(sought.since),
        "at <": sought.until and rows.moment(sought.until),
    }
    said = {where: value for where, value in asked.items() if value is not None}
    wheres = [f"{where} ${n}" for n, where in enumerate(said, 2)]
    found = await connections.read(
        f"SELECT {_COLUMNS} FROM audit_entry WHERE {' AND '.join(wheres) or 'true'}"
        " ORDER BY seq DESC LIMIT $1",
        *(limit, *said.values()),
    )
    return [Entry(*row) for row in found]


async def names(connections: Connections, limit: int) -> tuple[list[str], list[str]]:
    """The actors and the actions that there are: a step of the index for each."""
    actors = await _names(connections, "actor", limit)
    return actors, await _names(connections, "action", limit)


async def _names(connections: Connections, column: str, limit: int) -> list[str]:
    found = await connections.read(
        f"""
        WITH RECURSIVE name (is_) AS (
            SELECT min({column}) FROM audit_entry
            UNION ALL
            SELECT (SELECT min({column}) FROM audit_entry WHERE {column} > is_) FROM name
            WHERE is_ IS NOT NULL
        )
        SELECT is_ FROM name WHERE is_ IS NOT NULL LIMIT $1
        """,
        limit,
    )
    return sorted(name for (name,) in found)
