"""Messages of networks, in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from gateway.store import terms
from gateway.store.messages import Message, Noted, Old
from gateway.store.port import NewJob
from gateway.store.sqlite import jobs, naming
from gateway.store.sqlite.readers import Readers
from gateway.store.sqlite.rows import Row, micros, moment
from gateway.store.sqlite.writer import Transaction, Writer

_COLUMNS = (
    "channel, direction, id, reference, company_id, document_id, provider, document_type, process, "
    "country, at, digests, receipt"
)
_AT = _COLUMNS.split(", ").index("at")


class MessageRows:
    """Implements `gateway.store.messages.Messages`; a part of `SqliteStore`."""

    _readers: Readers
    _writer: Writer

    async def message(self, channel: str, direction: str, message_id: str) -> Message | None:
        """The message with this id."""
        return self._readers.read(lambda c: _one(c, channel, direction, message_id))

    async def note(self, message: Message, jobs: Sequence[NewJob] = ()) -> None:
        """Keeps a message that brings no document, and puts jobs in line with it."""
        await self._writer.write(note, Noted(message, jobs))

    async def messages(
        self, channel: str, since: datetime, until: datetime, after: str, limit: int
    ) -> Sequence[Message]:
        """The messages of a time."""
        return await self._readers.read_many(
            lambda c: _page(c, channel, since, until, after, limit)
        )

    async def messages_of(self, company_id: str, document_id: str, limit: int) -> Sequence[Message]:
        """The messages of a document, oldest first."""
        return self._readers.read(lambda c: _of(c, company_id, document_id, limit))

    async def expire_messages(self, before: datetime, limit: int, *, dry_run: bool = False) -> int:
        """Takes away messages older than `before`."""
        if dry_run:
            return await self._readers.read_many(lambda c: _count(c, before))
        return await self._writer.write(expire, Old(before, limit))


def expire(transaction: Transaction, units: Sequence[Old]) -> list[int]:
    """Takes messages away."""
    return [
        transaction.run(
            """
            DELETE FROM message WHERE rowid IN
                (SELECT rowid FROM message INDEXED BY message_by_age
                 WHERE at < ? ORDER BY at LIMIT ?)
            """,
            (micros(unit.before), unit.limit),
        ).rowcount
        for unit in units
    ]


def _count(connection: sqlite3.Connection, before: datetime) -> int:
    (count,) = connection.execute(
        "SELECT count(*) FROM message WHERE at < ?", (micros(before),)
    ).fetchone()
    return int(count)


def note(transaction: Transaction, units: Sequence[Noted]) -> list[None]:
    """Keeps messages, and puts the jobs of those in line that were not there."""
    there = set(
        transaction.asked(
            "channel, direction, id",
            [(one.message.channel, one.message.direction, one.message.id) for one in units],
            "SELECT channel, direction, id FROM message"
            " WHERE (channel, direction, id) IN (SELECT channel, direction, id FROM asked)",
        )
    )
    for unit in units:
        place = (unit.message.channel, unit.message.direction, unit.message.id)
        if place not in there:
            there.add(place)
            keep(transaction, [unit.message])
            jobs.put(transaction, [jobs.Put(unit.jobs, unit.message.at)])
    naming.name(transaction, terms.of_messages([unit.message for unit in units]))
    return [None] * len(units)


def keep(transaction: Transaction, messages: Sequence[Message]) -> None:
    """Keeps messages; one that is there stays as it is."""
    transaction.insert(
        f"message ({_COLUMNS})", [_values(one) for one in messages], "ON CONFLICT DO NOTHING"
    )


def _values(message: Message) -> Row:
    return (
        *(message.channel, message.direction, message.id, message.reference, message.company_id),
        *(message.document_id, message.provider, message.document_type, message.process),
        *(message.country, micros(message.at), message.digests, message.receipt),
    )


def _message(row: Row) -> Message:
    columns = [*row]
    columns[_AT] = moment(row[_AT])
    return Message(*columns)


def _of(
    connection: sqlite3.Connection, company_id: str, document_id: str, limit: int
) -> list[Message]:
    found = connection.execute(
        f"""
        SELECT {_COLUMNS} FROM message WHERE document_id = ? AND company_id = ?
        ORDER BY at, channel, direction, id LIMIT ?
        """,
        (document_id, company_id, limit),
    )
    return [_message(row) for row in found]


def _one(
    connection: sqlite3.Connection, channel: str, direction: str, message_id: str
) -> Message | None:
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM message WHERE channel = ? AND direction = ? AND id = ?",
        (channel, direction, message_id),
    ).fetchone()
    return None if row is None else _message(row)


def _page(
    connection: sqlite3.Connection,
    channel: str,
    since: datetime,
    until: datetime,
    after: str,
    limit: int,
) -> list[Message]:
    direction, _, id_ = after.partition(" ")
    found = connection.execute(
        f"""
        SELECT {_COLUMNS} FROM message
        WHERE channel = ? AND (direction, id) > (?, ?) AND at >= ? AND at < ?
        ORDER BY direction, id LIMIT ?
        """,
        (channel, direction, id_, micros(since), micros(until), limit),
    )
    return [replace(_message(row), digests=b"", receipt=b"") for row in found]
