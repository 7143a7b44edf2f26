"""Messages of networks, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from gateway.store import terms
from gateway.store.messages import Message, Noted, Old
from gateway.store.port import NewJob
from gateway.store.postgres import jobs, naming
from gateway.store.postgres.connections import Connections
from gateway.store.postgres.rows import Row, moment
from gateway.store.postgres.transactions import Transaction, Transactions

_COLUMNS = (
    "channel, direction, id, reference, company_id, document_id, provider, document_type, process, "
    "country, at, digests, receipt"
)


class MessageRows:
    """Implements `gateway.store.messages.Messages`; a part of `PostgresStore`."""

    _connections: Connections
    _transactions: Transactions

    async def message(self, channel: str, direction: str, message_id: str) -> Message | None:
        """The message with this id."""
        found = await self._connections.read(
            f"SELECT {_COLUMNS} FROM message WHERE channel = $1 AND direction = $2 AND id = $3",
            channel,
            direction,
            message_id,
        )
        return _message(found[0]) if found else None

    async def note(self, message: Message, jobs: Sequence[NewJob] = ()) -> None:
        """Keeps a message that brings no document, and puts jobs in line with it."""
        await self._transactions.write(note, Noted(message, jobs))

    async def messages(
        self, channel: str, since: datetime, until: datetime, after: str, limit: int
    ) -> Sequence[Message]:
        """The messages of a time."""
        direction, _, id_ = after.partition(" ")
        found = await self._connections.read(
            f"""
            SELECT {_COLUMNS} FROM message
            WHERE channel = $1 AND (direction, id) > ($2, $3) AND at >= $4 AND at < $5
            ORDER BY direction, id LIMIT $6
            """,
            channel,
            direction,
            id_,
            moment(since),
            moment(until),
            limit,
        )
        return [replace(_message(row), digests=b"", receipt=b"") for row in found]

    async def messages_of(self, company_id: str, document_id: str, limit: int) -> Sequence[Message]:
        """The messages of a document, oldest first."""
        found = await self._connections.read(
            f"""
            SELECT {_COLUMNS} FROM message WHERE document_id = $1 AND company_id = $2
            ORDER BY at, channel, direction, id LIMIT $3
            """,
            *(document_id, company_id, limit),
        )
        return [_message(row) for row in found]

    async def expire_messages(self, before: datetime, limit: int, *, dry_run: bool = False) -> int:
        """Takes away messages older than `before`."""
        if dry_run:
            ((count,),) = await self._connections.read(
                "SELECT count(*) FROM message WHERE at < $1", moment(before)
            )
            return int(count)
        return await self._transactions.write(expire, Old(before, limit))


async def expire(transaction: Transaction, units: Sequence[Old]) -> list[int]:
    """Takes messages away."""
    return [
        await transaction.run(
            """
            DELETE FROM message WHERE (channel, direction, id) IN
                (SELECT channel, direction, id FROM message WHERE at < $1 ORDER BY at LIMIT $2)
            """,
            moment(unit.before),
            unit.limit,
        )
        for unit in units
    ]


async def note(transaction: Transaction, units: Sequence[Noted]) -> list[None]:
    """Keeps messages, and puts the jobs of those in line that were not there."""
    first = {_place(unit.message): unit for unit in reversed(units)}
    written = await transaction.each(
        f"{_INSERT} RETURNING channel, direction, id",
        _TYPES,
        [_values(unit.message) for unit in first.values()],
    )
    fresh = [first[tuple(row)] for row in written]
    await jobs.put(transaction, [jobs.Put(unit.jobs, unit.message.at) for unit in fresh])
    naming.name(transaction, terms.of_messages([unit.message for unit in units]))
    return [None] * len(units)


def keep(transaction: Transaction, messages: Sequence[Message]) -> None:
    """Keeps messages; one that is there stays as it is."""
    first = {_place(one): one for one in reversed(messages)}
    transaction.later(_INSERT, _TYPES, [_values(one) for one in first.values()])


_INSERT = (
    f"INSERT INTO message ({_COLUMNS}) SELECT {_COLUMNS} FROM {{asked}}"
    " ORDER BY channel, direction, id ON CONFLICT DO NOTHING"
)
_TYPES = (
    "channel text, direction text, id text, reference text, company_id text, document_id text,"
    " provider text, document_type text, process text, country text, at timestamptz,"
    " digests bytea, receipt bytea"
)


def _place(message: Message) -> tuple[str, str, str]:
    return message.channel, message.direction, message.id


def _values(one: Message) -> Row:
    return (
        *(one.channel, one.direction, one.id, one.reference, one.company_id),
        *(one.document_id, one.provider, one.document_type, one.process, one.country),
        *(moment(one.at), one.digests, one.receipt),
    )


def _message(row: Any) -> Message:
    return Message(*row)
