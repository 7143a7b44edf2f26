"""The inbox, in PostgreSQL. What is given out is ordered as events are: see `events.py`.

Who lends or lets out documents of a company holds a lock on its inbox until the end of the
transaction: two pollers at once would else each see the other's as free, or as taken when the other
then fails.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from gateway.audit.chain import Told
from gateway.blobs.blobs import Blobs
from gateway.events import Type
from gateway.lifecycle import LYING, InboxChange, InboxState
from gateway.store.inbox import Item, Lent, Line, Lot, NotGiven, Turn
from gateway.store.parts import StoredPart, stored
from gateway.store.port import BadCursor, Document, NewEvent
from gateway.store.postgres import blobs, documents, events, jobs, rows
from gateway.store.postgres.audit import Telling
from gateway.store.postgres.connections import Connections
from gateway.store.postgres.reads import Reads, each
from gateway.store.postgres.rows import Row
from gateway.store.postgres.transactions import Transaction

_OWN = ", ".join(
    f"inbox.{name}"
    for name in (
        *("state", "code", "text", "found", "lease", "lease_until"),
        *("handled_at", "handled_by", "reference"),
    )
)
_COLUMNS = ", ".join(f"document.{name}" for name in rows.DOCUMENT_COLUMNS.split(", "))
_WIDTH = len(rows.DOCUMENT_COLUMNS.split(", "))
_LYING = ", ".join(f"'{state}'" for state in LYING)
_FROM = "FROM inbox JOIN document ON document.id = inbox.document_id"
# None that is new is shown before one that came earlier and is still read.
_BARRIER = """
    NOT EXISTS (
        SELECT FROM inbox AS earlier
        WHERE earlier.company_id = $1 AND earlier.state = 'reading'
            AND (earlier.tx, earlier.seq) < (inbox.tx, inbox.seq))"""


class InboxRows(Telling):
    """Implements `gateway.store.inbox.Inbox`; a part of `PostgresStore`."""

    _connections: Connections
    _reads: Reads
    blobs: Blobs

    async def inbox(self, company_id: str, after: str | None, limit: int) -> Sequence[Document]:
        """Documents not confirmed yet, oldest first, past the id `after`."""
        return await events.settled(
            partial(
                self._connections.read,
                f"""
                SELECT inbox.tx < {events.SETTLED_TX}, {_COLUMNS} {_FROM}
                WHERE inbox.company_id = $1 AND inbox.state IN ({_LYING})
                    AND (inbox.tx, inbox.seq) > ($2, $3)
                ORDER BY inbox.tx, inbox.seq LIMIT $4
                """,
                company_id,
                *await self._place(company_id, after),
                limit,
            ),
            rows.document,
        )

    async def inbox_items(
        self,
        company_id: str,
        state: InboxState,
        after: str | None,
        limit: int,
        *,
        free_at: datetime | None = None,
    ) -> Sequence[Item]:
        """Those in this state, in the order they are given out."""
        where = f"AND {_BARRIER}" if state is InboxState.NEW else ""
        values: list[Any] = [*await self._place(company_id, after), limit, state.value]
        if free_at is not None:
            where += " AND (lease IS NULL OR lease_until <= $6)"
            values.append(rows.moment(free_at))
        return await events.settled(
            partial(
                self._connections.read,
                f"""
                SELECT inbox.tx < {events.SETTLED_TX}, {_COLUMNS}, {_OWN} {_FROM}
                WHERE inbox.company_id = $1 AND inbox.state = $5
                    AND (inbox.tx, inbox.seq) > ($2, $3) {where}
                ORDER BY inbox.tx, inbox.seq LIMIT $4
                """,
                company_id,
                *values,
            ),
            _item,
        )

    async def inbox_item(self, company_id: str, document_id: str) -> Item | None:
        """One of them."""
        return await self._reads.read(items, (company_id, document_id))

    async def inbox_waits(self, company_id: str) -> bool:
        """Whether something is being read."""
        found = await self._connections.read(
            "SELECT FROM inbox WHERE company_id = $1 AND state = 'reading' LIMIT 1", company_id
        )
        return bool(found)

    async def inbox_lots(self, company_id: str | None = None) -> Sequence[Lot]:
        """What lies in inboxes, by company and state; counted in the index."""
        found = await self._connections.read(
            f"""
            SELECT company.id, lot.state, lot.count, document.created_at
            FROM company CROSS JOIN LATERAL (
                SELECT state, count(*) FROM inbox
                WHERE inbox.company_id = company.id AND state IN ({_LYING}) GROUP BY state
            ) AS lot
            CROSS JOIN LATERAL (
                SELECT document_id FROM inbox WHERE inbox.company_id = company.id
                    AND inbox.state = lot.state ORDER BY tx, seq LIMIT 1
            ) AS head
            JOIN document ON document.id = head.document_id
            WHERE company.id = coalesce($1, company.id) ORDER BY company.id, lot.state
            """,
            company_id,
        )
        return [Lot(id_, InboxState(state), count, at) for id_, state, count, at in found]

    async def inbox_line(
        self,
        company_id: str | None,
        states: Collection[InboxState],
        after: str | None = None,
        limit: int = 50,
        *,
        besides: str = "",
    ) -> Line:
        """What lies there in these states. Of each company and state only so many are looked at as
        may be on the page."""
        tx, seq = _opened(after)
        found = await events.settled(
            partial(
                self._connections.read,
                f"""
                SELECT inbox.tx < {events.SETTLED_TX}, inbox.tx, inbox.seq, {_COLUMNS}, {_OWN}
                FROM company CROSS JOIN unnest($2::text[]) AS wanted (state)
                CROSS JOIN LATERAL (
                    SELECT * FROM inbox AS first
                    WHERE first.company_id = company.id AND first.state = wanted.state
                        AND (first.tx, first.seq) > ($3, $4)
                    ORDER BY first.tx, first.seq LIMIT $5
                ) AS inbox
                JOIN document ON document.id = inbox.document_id
                WHERE company.id = coalesce($1, company.id) AND company.id <> $6
                ORDER BY inbox.tx, inbox.seq LIMIT $5
                """,
                *(company_id, [state.value for state in states], tx, seq, limit + 1, besides),
            ),
            lambda row: (f"{row[0]}-{row[1]}", _item(row[2:])),
        )
        items = tuple(item for _, item in found[:limit])
        return Line(items, found[limit - 1][0] if len(found) > limit else None)

    async def lend(
        self, company_id: str, lease: str, now: datetime, until: datetime, limit: int
    ) -> Sequence[Item]:
        """Lends the first new documents that nobody has."""
        return await self._transactions.write(lend, Loan(company_id, lease, now, until, limit))

    async def confirm(
        self, company_id: str, document_id: str, now: datetime, *, lease: str | None = None
    ) -> bool | None:
        """Takes a document out of the inbox."""
        return await self._transactions.write(confirm, Confirm(company_id, document_id, now, lease))

    async def turn(self, turn: Turn, now: datetime, *, told: Told | None = None) -> bool:
        """A person's or the ERP's verb."""
        held = await stored(self.blobs, turn.company_id, turn.parts, now)
        return await self._told(take_turns, Turning(turn, held, now), told)

    async def arrived(self, company_id: str, key: str) -> str | None:
        """The document that an arrival with this key has become."""
        found = await self._connections.read(
            "SELECT document_id FROM arrival WHERE company_id = $1 AND key = $2", company_id, key
        )
        return str(found[0][0]) if found else None

    async def same_bytes(self, company_id: str, document_id: str) -> str | None:
        """The first document before this one that is the same byte for byte."""
        return await self._reads.read(twins, (company_id, document_id))

    async def _place(self, company_id: str, after: str | None) -> tuple[int, int]:
        if after is None:
            return 0, 0
        found = await self._connections.read(
            "SELECT tx, seq FROM inbox WHERE document_id = $1 AND company_id = $2",
            after,
            company_id,
        )
        if not found:
            raise BadCursor("this list has not given out this cursor")
        return found[0][0], found[0][1]


def _opened(after: str | None) -> tuple[int, int]:
    """The place that the cursor of a line stands for."""
    if after is None:
        return 0, 0
    tx, dash, seq = after.partition("-")
    if not (after.isascii() and dash and all(n.isdigit() and len(n) < 19 for n in (tx, seq))):
        raise BadCursor("this list has not given out this cursor")
    return int(tx), int(seq)


def _item(row: Row) -> Item:
    row = tuple(row)
    state, code, text, found, *rest = row[_WIDTH:]
    return Item(
        rows.document(row[:_WIDTH]), InboxState(state), code, text, json.loads(found), *rest
    )


async def items(connections: Connections, asked: Sequence[tuple[str, str]]) -> list[Item | None]:
    """What lies in inboxes by (company id, document id)."""
    found = await each(
        connections,
        f"""
        SELECT {_COLUMNS}, {_OWN}, nth FROM {{asked}} JOIN inbox
            ON inbox.document_id = asked.id AND inbox.company_id = asked.company_id
        JOIN document ON document.id = inbox.document_id
        """,
        "company_id text, id text",
        asked,
    )
    return [_item(tuple(one[0])[:-1]) if one else None for one in found]


async def twins(connections: Connections, asked: Sequence[tuple[str, str]]) -> list[str | None]:
    """The first document before each, by (company id, document id), that has the same bytes."""
    found = await each(
        connections,
        """
        SELECT twin.document_id, nth FROM {asked} JOIN inbox
            ON inbox.document_id = asked.id AND inbox.company_id = asked.company_id
        CROSS JOIN LATERAL (
            SELECT document_id FROM inbox AS other
            WHERE other.company_id = inbox.company_id AND other.sha256 = inbox.sha256
                AND (other.tx, other.seq) < (inbox.tx, inbox.seq)
            ORDER BY other.tx, other.seq LIMIT 1) AS twin
        """,
        "company_id text, id text",
        asked,
    )
    return [one[0]["document_id"] if one else None for one in found]


# --- coming in ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lying:
    """A document that has just come."""

    document_id: str
    company_id: str
    state: InboxState
    found: Mapping[str, Any]
    sha256: str | None


_FIRST = {
    InboxState.NEW: ("inbox.received", "It may be taken over."),
    InboxState.READING: ("inbox.reading", "It is being read and checked."),
}


def lay(transaction: Transaction, came: Sequence[Lying]) -> None:
    """Lays documents into their inboxes, in this order."""
    transaction.later(
        f"""
        INSERT INTO inbox (tx, document_id, company_id, state, code, text, found, sha256)
        SELECT {events.THIS_TX}, document_id, company_id, state, code, text, found, sha256
        FROM {{asked}} ORDER BY nth
        """,
        "document_id text, company_id text, state text, code text, text text, found text,"
        " sha256 text",
        [
            (
                *(one.document_id, one.company_id, one.state.value),
                *(*_FIRST[one.state], rows.to_json(one.found), one.sha256),
            )
            for one in came
        ],
    )
    tell(transaction, (one.company_id for one in came))


def tell(transaction: Transaction, companies: Iterable[str]) -> None:
    """Wakes those who poll."""
    transaction.topics.update(f"inbox:{company_id}" for company_id in companies)


# --- changes ------------------------------------------------------------------------------------


def change(
    transaction: Transaction,
    wanted: Sequence[tuple[str, str, InboxChange, Mapping[str, Any] | None]],
) -> None:
    """Changes the rows of documents that are locked: (company id, document id, change, found) of
    each. It is a Contradiction where one is not as its change begins with."""
    transaction.later(
        f"""
        UPDATE inbox SET state = asked.state, code = asked.code, text = asked.text,
            found = coalesce(asked.found, inbox.found), lease = NULL, lease_until = NULL,
            tx = CASE WHEN asked.behind THEN {events.THIS_TX} ELSE inbox.tx END,
            seq = CASE WHEN asked.behind THEN nextval('inbox_seq') ELSE inbox.seq END
        FROM {{asked}} WHERE inbox.document_id = asked.document_id
            AND inbox.company_id = asked.company_id AND inbox.state = asked.before
        RETURNING 1
        """,
        "document_id text, company_id text, state text, code text, text text, found text,"
        " before text, behind boolean",
        [
            (
                *(document_id, company_id, one.after.value, one.code, one.text),
                None if found is None else rows.to_json(found),
                *(one.before.value, one.before in _ASIDE),
            )
            for company_id, document_id, one, found in wanted
        ],
        else_="a document is not in the inbox as the change begins with",
    )
    tell(transaction, (company_id for company_id, *_ in wanted))


# What leaves these comes behind all that was given out meanwhile: a reader is past its old place.
_ASIDE = (InboxState.BLOCKED, InboxState.ATTACHMENT_ERROR)


@dataclass(frozen=True, slots=True)
class Loan:
    """A poller asks for documents."""

    company_id: str
    lease: str
    now: datetime
    until: datetime
    limit: int


async def lend(transaction: Transaction, units: Sequence[Loan]) -> list[list[Item]]:
    """Lends documents, in the order of the companies, so that nobody waits in a circle."""
    answers: dict[int, list[Item]] = {}
    for n in sorted(range(len(units)), key=lambda n: units[n].company_id):
        answers[n] = await _lend(transaction, units[n])
    return [answers[n] for n in range(len(units))]


async def _lend(transaction: Transaction, unit: Loan) -> list[Item]:
    await transaction.fetch(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 14))", f"inbox:{unit.company_id}"
    )
    found = await transaction.fetch(
        f"""
        SELECT {_COLUMNS}, {_OWN} {_FROM}
        WHERE inbox.company_id = $1 AND inbox.state = 'new' AND {_BARRIER}
            AND (lease IS NULL OR lease_until <= $2) AND inbox.tx < {events.SETTLED_TX}
        ORDER BY inbox.tx, inbox.seq LIMIT $3
        """,
        unit.company_id,
        rows.moment(unit.now),
        unit.limit,
    )
    items = [_item(row) for row in found]
    taken = await transaction.fetch(
        """
        UPDATE inbox SET lease = $2, lease_until = $3
        WHERE document_id = ANY($1) AND state = 'new' RETURNING document_id
        """,
        [item.document.id for item in items],
        unit.lease,
        rows.moment(unit.until),
    )
    ours = {row[0] for row in taken}  # but for what was confirmed without a lease just now
    return [
        replace(item, lease=unit.lease, lease_until=unit.until)
        for item in items
        if item.document.id in ours
    ]


@dataclass(frozen=True, slots=True)
class Confirm:
    """A company takes over an inbound document."""

    company_id: str
    document_id: str
    now: datetime
    lease: str | None = None


async def confirm(
    transaction: Transaction, units: Sequence[Confirm]
) -> list[bool | Exception | None]:
    """Takes documents out of the inbox."""
    locked = await documents.lock(transaction, {unit.document_id for unit in units})
    found = await transaction.fetch(
        """
        SELECT document_id, company_id, state, text, lease, lease_until FROM inbox
        WHERE document_id = ANY($1) ORDER BY document_id FOR UPDATE
        """,
        list(locked),
    )
    row_of = {(row[0], row[1]): tuple(row)[2:] for row in found}
    answers: list[bool | Exception | None] = []
    taken: list[tuple[Confirm, datetime]] = []
    for unit in units:
        place = (unit.document_id, unit.company_id)
        answer = _judged(unit, row_of.get(place))
        if answer is True:
            row_of[place] = (InboxState.CONFIRMED.value, "", unit.lease, None)
            taken.append((unit, rows.moment(unit.now)))
        answers.append(answer)
    transaction.later(
        """
        UPDATE inbox SET state = 'confirmed', code = 'inbox.confirmed',
            text = 'The ERP has taken it over.', lease = asked.lease
        FROM {asked} WHERE inbox.document_id = asked.id
        """,
        "id text, lease text",
        [(unit.document_id, unit.lease) for unit, _ in taken],
    )
    transaction.later(
        f"""
        UPDATE document SET confirmed_at = at, updated_at = at, version = version + 1,
            tx = {events.THIS_TX}
        FROM {{asked}} WHERE document.id = asked.id
        """,
        "id text, at timestamptz",
        [(unit.document_id, at) for unit, at in taken],
    )
    told = (NewEvent(Type.CONFIRMED),)
    events.append(transaction, [(u.company_id, u.document_id, at, told) for u, at in taken])
    return answers


def _judged(unit: Confirm, row: Row | None) -> bool | Exception | None:
    if row is None:
        return None
    held, text, lease, until = row
    state = InboxState(held)
    if state not in LYING:
        return Lent(None) if unit.lease is not None and unit.lease != lease else False
    if state is not InboxState.NEW:
        return NotGiven(state, text)
    if unit.lease != lease and (unit.lease is not None or until > unit.now):
        # A lease that never was, or was of before a change, is told as one that was lost.
        return Lent(until or unit.now)
    return True


@dataclass(frozen=True, slots=True)
class Turning:
    """A turn whose parts are stored."""

    turn: Turn
    parts: tuple[StoredPart, ...]
    now: datetime


async def take_turns(transaction: Transaction, units: Sequence[Turning]) -> list[bool]:
    """Carries out verbs; False where the document is not as it was."""
    answers = []
    for unit in units:
        answers.append(await _turn(transaction, unit))
        await transaction.flush()
    return answers


async def _turn(transaction: Transaction, unit: Turning) -> bool:
    turn, at = unit.turn, rows.moment(unit.now)
    document = (await documents.lock(transaction, [turn.document_id])).get(turn.document_id)
    if document is None or (document["company_id"], document["version"]) != (
        turn.company_id,
        turn.version,
    ):
        return False
    found = await transaction.fetch(
        "SELECT state FROM inbox WHERE document_id = $1 FOR UPDATE", turn.document_id
    )
    if not found or found[0][0] != turn.change.before:
        return False
    change(transaction, [(turn.company_id, turn.document_id, turn.change, turn.found)])
    await transaction.flush()
    if turn.handling is not None:
        await transaction.run(
            "UPDATE inbox SET handled_at = $2, handled_by = $3, reference = $4"
            " WHERE document_id = $1",
            *(turn.document_id, at, turn.handling.by, turn.handling.reference),
        )
    await transaction.run(
        f"""
        UPDATE document SET updated_at = $2, version = version + 1, tx = {events.THIS_TX},
            confirmed_at = CASE WHEN $3 THEN coalesce(confirmed_at, $2) ELSE confirmed_at END
        WHERE id = $1
        """,
        *(turn.document_id, at, turn.handling is not None),
    )
    blobs.insert_parts(transaction, [(turn.document_id, turn.company_id, at, unit.parts)])
    events.append(transaction, [(turn.company_id, turn.document_id, at, turn.events)])
    await transaction.flush()
    await jobs.put(transaction, [jobs.Put(turn.jobs, unit.now)])
    return True
