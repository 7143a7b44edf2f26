"""Events: appended with what they tell of, read in order."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from gateway.store.cursors import Cursors
from gateway.store.ids import new_id
from gateway.store.port import Event, NewEvent
from gateway.store.sqlite import rows
from gateway.store.sqlite.writer import Transaction

COLUMNS = "id, company_id, document_id, type, at, data"


def append(
    transaction: Transaction, happened: Sequence[tuple[str, str, int, Sequence[NewEvent]]]
) -> None:
    """Appends (company id, document id, time, events) of each, in this order."""
    transaction.insert(
        f"event ({COLUMNS})",
        [
            (new_id("evt"), company_id, document_id, event.type, at, rows.to_json(event.data))
            for company_id, document_id, at, events in happened
            for event in events
        ],
    )
    told = {f"events:{company_id}" for company_id, _, _, e in happened if e}
    transaction.topics |= told | ({"events"} if told else set())


def feed(
    connection: sqlite3.Connection,
    cursors: Cursors,
    company_id: str,
    after: str | None,
    limit: int,
    document_id: str | None,
) -> list[Event]:
    """Events past `after`. One writer commits in `seq` order: nothing appears behind a reader."""
    _, seq = cursors.opened(company_id, after)
    if document_id is None:
        where, whose = "company_id = ?", [company_id]
    else:
        # The plus keeps SQLite from the company's index, which is the longer way.
        where = "document_id = ? AND +company_id = ?"
        whose = [document_id, company_id]
    found = connection.execute(
        f"SELECT {rows.EVENT_COLUMNS} FROM event WHERE {where} AND seq > ? ORDER BY seq LIMIT ?",
        (*whose, seq, limit),
    ).fetchall()
    places = cursors.sealed(company_id, [(0, row[0]) for row in found])
    return [rows.event(row, place) for row, place in zip(found, places, strict=True)]


def kept(connection: sqlite3.Connection, cursors: Cursors, company_id: str, cursor: str) -> bool:
    """Whether the event with this cursor is there."""
    _, seq = cursors.opened(company_id, cursor)
    found = connection.execute(
        "SELECT 1 FROM event WHERE seq = ? AND company_id = ?", (seq, company_id)
    )
    return found.fetchone() is not None
