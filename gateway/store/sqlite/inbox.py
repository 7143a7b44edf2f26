"""The inbox, in SQLite. `place` grows with each document that comes, or is let out again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.audit.chain import Told
from gateway.blobs.blobs import Blobs
from gateway.events import Type
from gateway.lifecycle import LYING, InboxChange, InboxState
from gateway.store.inbox import Handling, Item, Lent, Line, Lot, NotGiven, Turn
from gateway.store.parts import StoredPart, stored
from gateway.store.port import BadCursor, Contradiction, Document, NewEvent
from gateway.store.sqlite import blobs, events, jobs, rows
from gateway.store.sqlite.audit import Telling
from gateway.store.sqlite.readers import Readers
from gateway.store.sqlite.rows import Row, maybe_micros, maybe_moment, micros, moment
from gateway.store.sqlite.writer import Transaction

_NEW_COLUMNS = "document_id, company_id, place, state, code, text, found, sha256"
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
# What leaves these comes behind all that was given out meanwhile: a reader is past its old place.
_ASIDE = (InboxState.BLOCKED, InboxState.ATTACHMENT_ERROR)
_NEXT_PLACE = "(SELECT coalesce(max(place), 0) + 1 FROM inbox)"
_BARRIER = (
    "coalesce((SELECT min(place) FROM inbox WHERE company_id = ? AND state = 'reading'),"
    " 9223372036854775807)"
)


class InboxRows(Telling):
    """Implements `gateway.store.inbox.Inbox`; a part of `SqliteStore`."""

    _readers: Readers
    blobs: Blobs

    async def inbox(self, company_id: str, after: str | None, limit: int) -> Sequence[Document]:
        """Documents not confirmed yet, oldest first, past the id `after`."""
        return await self._readers.read_many(lambda c: lying(c, company_id, after, limit))

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
        free = maybe_micros(free_at)
        return await self._readers.read_many(lambda c: of(c, company_id, state, after, limit, free))

    async def inbox_item(self, company_id: str, document_id: str) -> Item | None:
        """One of them."""
        found = self._readers.read(lambda c: _one(c, company_id, document_id))
        return found[0] if found else None

    async def inbox_waits(self, company_id: str) -> bool:
        """Whether something is being read."""
        return self._readers.read(lambda c: waits(c, company_id))

    async def inbox_lots(self, company_id: str | None = None) -> Sequence[Lot]:
        """What lies in inboxes, by company and state."""
        return await self._readers.read_many(lambda c: lots(c, company_id))

    async def inbox_line(
        self,
        company_id: str | None,
        states: Collection[InboxState],
        after: str | None = None,
        limit: int = 50,
        *,
        besides: str = "",
    ) -> Line:
        """What lies there in these states, the first in line first."""
        return await self._readers.read_many(
            lambda c: line(c, company_id, states, after, limit, besides)
        )

    async def lend(
        self, company_id: str, lease: str, now: datetime, until: datetime, limit: int
    ) -> Sequence[Item]:
        """Lends the first new documents that nobody has."""
        return await self._writer.write(lend, Loan(company_id, lease, now, until, limit))

    async def confirm(
        self, company_id: str, document_id: str, now: datetime, *, lease: str | None = None
    ) -> bool | None:
        """Takes a document out of the inbox."""
        return await self._writer.write(confirm, Confirm(company_id, document_id, now, lease))

    async def turn(self, turn: Turn, now: datetime, *, told: Told | None = None) -> bool:
        """A person's or the ERP's verb."""
        held = await stored(self.blobs, turn.company_id, turn.parts, now)
        return await self._told(take_turns, Turning(turn, held, now), told)

    async def arrived(self, company_id: str, key: str) -> str | None:
        """The document that an arrival with this key has become."""
        row = self._readers.read(
            lambda c: c.execute(
                "SELECT id FROM document WHERE company_id = ? AND arrival_key = ?",
                (company_id, key),
            ).fetchone()
        )
        return None if row is None else str(row[0])

    async def same_bytes(self, company_id: str, document_id: str) -> str | None:
        """The first document before this one that is the same byte for byte."""
        row = self._readers.read(lambda c: twin(c, company_id, document_id))
        return None if row is None else str(row[0])


# --- reading ------------------------------------------------------------------------------------


def lying(
    connection: sqlite3.Connection, company_id: str, after: str | None, limit: int
) -> list[Document]:
    """Not confirmed, in the order they came."""
    found = connection.execute(
        f"""
        SELECT {_COLUMNS} FROM inbox INDEXED BY inbox_lying
        CROSS JOIN document ON document.id = inbox.document_id
        WHERE inbox.company_id = ? AND inbox.state IN ({_LYING}) AND place > ?
        ORDER BY place LIMIT ?
        """,
        (company_id, _place(connection, company_id, after), limit),
    )
    return [rows.document(row) for row in found]


def of(
    connection: sqlite3.Connection,
    company_id: str,
    state: InboxState,
    after: str | None,
    limit: int,
    free_at: int | None,
) -> list[Item]:
    """Those in a state."""
    place = _place(connection, company_id, after)
    where = "inbox.company_id = ? AND inbox.state = ? AND place > ?"
    values: list[Any] = [company_id, state.value, place]
    if state is InboxState.NEW:
        where += f" AND place < {_BARRIER}"
        values.append(company_id)
    if free_at is not None:
        where += " AND (lease IS NULL OR lease_until <= ?)"
        values.append(free_at)
    return _items(connection, f"{where} ORDER BY place LIMIT ?", (*values, limit))


def _one(connection: sqlite3.Connection, company_id: str, document_id: str) -> list[Item]:
    return _items(
        connection, "inbox.document_id = ? AND inbox.company_id = ?", (document_id, company_id)
    )


def waits(connection: sqlite3.Connection, company_id: str) -> bool:
    """Whether something is being read."""
    row = connection.execute(
        "SELECT 1 FROM inbox WHERE company_id = ? AND state = 'reading' LIMIT 1", (company_id,)
    ).fetchone()
    return row is not None


def twin(connection: sqlite3.Connection, company_id: str, document_id: str) -> Row | None:
    """The first one before it of the same bytes."""
    row: Row | None = connection.execute(
        """
        SELECT other.document_id FROM inbox CROSS JOIN inbox AS other
            ON other.company_id = inbox.company_id AND other.sha256 = inbox.sha256
            AND other.place < inbox.place
        WHERE inbox.document_id = ? AND inbox.company_id = ? ORDER BY other.place LIMIT 1
        """,
        (document_id, company_id),
    ).fetchone()
    return row


def _items(connection: sqlite3.Connection, where: str, values: Sequence[Any]) -> list[Item]:
    found = connection.execute(
        f"SELECT {_COLUMNS}, {_OWN} FROM inbox CROSS JOIN document"
        f" ON document.id = inbox.document_id WHERE {where}",
        values,
    )
    return [_item(row) for row in found]


def _item(row: Row) -> Item:
    state, code, text, found, lease, until, handled_at, *by = row[_WIDTH:]
    return Item(
        *(rows.document(row[:_WIDTH]), InboxState(state), code, text, json.loads(found)),
        *(lease, maybe_moment(until), maybe_moment(handled_at), *by),
    )


def lots(connection: sqlite3.Connection, company_id: str | None) -> list[Lot]:
    """How many lie in each state; counted in the index, company by company."""
    found = connection.execute(
        f"""
        WITH lot AS MATERIALIZED (
            SELECT company.id, state, count(*) AS count, min(place) AS first
            FROM company CROSS JOIN inbox INDEXED BY inbox_by_state
                ON inbox.company_id = company.id AND state IN ({_LYING})
            WHERE company.id = coalesce(?, company.id)
            GROUP BY company.id, state
        )
        SELECT lot.id, lot.state, lot.count, document.created_at
        FROM lot JOIN inbox ON place = lot.first JOIN document ON document.id = document_id
        ORDER BY lot.id, lot.state
        """,
        (company_id,),
    )
    return [Lot(id_, InboxState(state), count, moment(at)) for id_, state, count, at in found]


def line(
    connection: sqlite3.Connection,
    company_id: str | None,
    states: Collection[InboxState],
    after: str | None,
    limit: int,
    besides: str,
) -> Line:
    """A page. Of each company and state only so many are looked at as may be on it."""
    if after is not None and not (after.isascii() and after.isdigit() and len(after) < 19):
        raise BadCursor("this list has not given out this cursor")
    values = {
        "company": company_id,
        "states": json.dumps([state.value for state in states]),
        "after": int(after or 0),
        "limit": limit + 1,
        "besides": besides,
    }
    found = connection.execute(
        f"""
        WITH line AS MATERIALIZED (
            SELECT inbox.place FROM company CROSS JOIN json_each(:states) AS wanted
            CROSS JOIN inbox ON inbox.place IN (
                SELECT place FROM inbox AS first INDEXED BY inbox_by_state
                WHERE first.company_id = company.id AND first.state = wanted.value
                    AND place > :after
                ORDER BY place LIMIT :limit
            )
            WHERE company.id = coalesce(:company, company.id) AND company.id <> :besides
            ORDER BY inbox.place LIMIT :limit
        )
        SELECT inbox.place, {_COLUMNS}, {_OWN} FROM line CROSS JOIN inbox USING (place)
        CROSS JOIN document ON document.id = inbox.document_id ORDER BY inbox.place
        """,
        values,
    ).fetchall()
    items = tuple(_item(row[1:]) for row in found[:limit])
    return Line(items, str(found[limit - 1][0]) if len(found) > limit else None)


def _place(connection: sqlite3.Connection, company_id: str, after: str | None) -> int:
    if after is None:
        return 0
    row = connection.execute(
        "SELECT place FROM inbox WHERE document_id = ? AND company_id = ?", (after, company_id)
    ).fetchone()
    if row is None:
        raise BadCursor("this list has not given out this cursor")
    return int(row[0])


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
    if not came:
        return
    (place,) = transaction.run("SELECT coalesce(max(place), 0) FROM inbox").fetchone()
    transaction.insert(
        f"inbox ({_NEW_COLUMNS})",
        [
            (
                *(one.document_id, one.company_id, place + n, one.state.value),
                *(*_FIRST[one.state], rows.to_json(one.found), one.sha256),
            )
            for n, one in enumerate(came, 1)
        ],
    )
    tell(transaction, (one.company_id for one in came))


def tell(transaction: Transaction, companies: Any) -> None:
    """Wakes those who poll."""
    transaction.topics.update(f"inbox:{company_id}" for company_id in companies)


# --- changes ------------------------------------------------------------------------------------


def change(
    transaction: Transaction,
    company_id: str,
    document_id: str,
    wanted: InboxChange,
    found: Mapping[str, Any] | None,
) -> None:
    """Changes one row. Raises Contradiction where it is not as the change begins with."""
    places = f", place = {_NEXT_PLACE}" if wanted.before in _ASIDE else ""
    done = transaction.run(
        f"""
        UPDATE inbox SET state = ?, code = ?, text = ?, found = coalesce(?, found),
            lease = NULL, lease_until = NULL{places}
        WHERE document_id = ? AND company_id = ? AND state = ?
        """,
        (
            *(wanted.after.value, wanted.code, wanted.text),
            *(None if found is None else rows.to_json(found), document_id, company_id),
            wanted.before.value,
        ),
    )
    if done.rowcount != 1:
        raise Contradiction(f"{document_id} is not {wanted.before} in the inbox")
    tell(transaction, [company_id])


@dataclass(frozen=True, slots=True)
class Loan:
    """A poller asks for documents."""

    company_id: str
    lease: str
    now: datetime
    until: datetime
    limit: int


def lend(transaction: Transaction, units: Sequence[Loan]) -> list[list[Item]]:
    """Lends documents; the one writer gives each to one."""
    return [_lend(transaction, unit) for unit in units]


def _lend(transaction: Transaction, unit: Loan) -> list[Item]:
    found = of(
        *(transaction.connection, unit.company_id, InboxState.NEW, None, unit.limit),
        micros(unit.now),
    )
    transaction.asked(
        "id, lease, until",
        [(item.document.id, unit.lease, micros(unit.until)) for item in found],
        "UPDATE inbox SET lease = asked.lease, lease_until = asked.until FROM asked"
        " WHERE inbox.document_id = asked.id",
    )
    return [_lent(item, unit) for item in found]


def _lent(item: Item, unit: Loan) -> Item:
    return Item(
        *(item.document, item.state, item.code, item.text, item.found, unit.lease, unit.until)
    )


@dataclass(frozen=True, slots=True)
class Confirm:
    """A company takes over an inbound document."""

    company_id: str
    document_id: str
    now: datetime
    lease: str | None = None


def confirm(transaction: Transaction, units: Sequence[Confirm]) -> list[bool | Exception | None]:
    """Takes documents out of the inbox."""
    return [_confirm(transaction, unit) for unit in units]


def _confirm(transaction: Transaction, unit: Confirm) -> bool | Exception | None:
    at = micros(unit.now)
    found = transaction.run(
        "SELECT state, text, lease, lease_until FROM inbox"
        " WHERE document_id = ? AND company_id = ?",
        (unit.document_id, unit.company_id),
    ).fetchone()
    if found is None:
        return None
    held, text, lease, until = found
    state = InboxState(held)
    if state not in LYING:
        return Lent(None) if unit.lease is not None and unit.lease != lease else False
    if state is not InboxState.NEW:
        return NotGiven(state, text)
    mine = unit.lease == lease
    if not mine and (unit.lease is not None or until > at):
        # A lease that never was, or was of before a change, is told as one that was lost.
        return Lent(maybe_moment(until) or unit.now)
    transaction.run(
        "UPDATE inbox SET state = 'confirmed', code = 'inbox.confirmed',"
        " text = 'The ERP has taken it over.', lease = ? WHERE document_id = ?",
        (unit.lease, unit.document_id),
    )
    transaction.run(
        "UPDATE document SET confirmed_at = ?, updated_at = ?, version = version + 1 WHERE id = ?",
        (at, at, unit.document_id),
    )
    confirmed = (NewEvent(Type.CONFIRMED),)
    events.append(transaction, [(unit.company_id, unit.document_id, at, confirmed)])
    return True


@dataclass(frozen=True, slots=True)
class Turning:
    """A turn whose parts are stored."""

    turn: Turn
    parts: tuple[StoredPart, ...]
    now: datetime


def take_turns(transaction: Transaction, units: Sequence[Turning]) -> list[bool]:
    """Carries out verbs; False where the document is not as it was."""
    return [_turn(transaction, unit) for unit in units]


def _turn(transaction: Transaction, unit: Turning) -> bool:
    turn, at = unit.turn, micros(unit.now)
    where = (turn.document_id, turn.company_id)
    found = transaction.run(
        "SELECT 1 FROM document JOIN inbox ON inbox.document_id = document.id WHERE id = ?"
        " AND document.company_id = ? AND version = ? AND inbox.state = ?",
        (*where, turn.version, turn.change.before.value),
    ).fetchone()
    if found is None:
        return False
    change(transaction, turn.company_id, turn.document_id, turn.change, turn.found)
    if turn.handling is not None:
        _handled(transaction, turn.document_id, turn.handling, at)
    transaction.run(
        "UPDATE document SET updated_at = ?, version = version + 1 WHERE id = ?",
        (at, turn.document_id),
    )
    blobs.insert_parts(transaction, [(*where, at, unit.parts)])
    jobs.put(transaction, [jobs.Put(turn.jobs, unit.now)])
    events.append(transaction, [(turn.company_id, turn.document_id, at, turn.events)])
    return True


def _handled(transaction: Transaction, document_id: str, handling: Handling, at: int) -> None:
    transaction.run(
        "UPDATE inbox SET handled_at = ?, handled_by = ?, reference = ? WHERE document_id = ?",
        (at, handling.by, handling.reference, document_id),
    )
    transaction.run(
        "UPDATE document SET confirmed_at = coalesce(confirmed_at, ?) WHERE id = ?",
        (at, document_id),
    )
