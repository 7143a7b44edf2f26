"""Documents: taking them in, and reading them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge

from gateway.events import Type
from gateway.lifecycle import Business, State
from gateway.store.parts import StoredPart
from gateway.store.port import (
    Accepted,
    BadCursor,
    Direction,
    Document,
    KeyReused,
    NewEvent,
    Page,
    Submission,
)
from gateway.store.sqlite import blobs, events, jobs, rows
from gateway.store.sqlite.rows import Row, micros
from gateway.store.sqlite.writer import Transaction

NEW_COLUMNS = (
    "id, company_id, direction, state, code, text, business, version, media_type, delivery, "
    "created_at, updated_at"
)

# What every document that was handed in begins with. Values of enums are bound as they are: sqlite3
# asks around for a way to bind anything else, also what is a string by its class.
_OUT = (
    *(Direction.OUT.value, State.RECEIVED.value),
    *("document.received", "It is stored, and will be checked.", Business.NONE.value, 1),
)
_RECEIVED = (NewEvent(Type.RECEIVED.value),)


# --- accept -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Accept:
    """A submission whose parts are stored."""

    submission: Submission
    parts: tuple[StoredPart, ...]
    now: datetime


def accept(transaction: Transaction, units: Sequence[Accept]) -> list[Accepted | KeyReused]:
    """Writes document, parts, idempotency key, first event and `prepare` job."""
    answers: list[Accepted | KeyReused] = []
    fresh: list[Accept] = []
    keys: dict[tuple[str, str], tuple[str, str]] = {}  # those of this transaction
    for unit in units:
        submission = unit.submission
        before = None
        if submission.idempotency is not None:
            key, request = submission.idempotency
            place = (submission.company_id, key)
            before = keys.get(place) or _used(transaction, *place)
            keys.setdefault(place, before or (submission.document_id, request))
        if before is None:
            fresh.append(unit)
            answers.append(Accepted(submission.document_id))
        elif before[1] == request:
            answers.append(Accepted(before[0], replayed=True))
        else:
            answers.append(KeyReused(before[0]))
    _add(transaction, fresh)
    return answers


def _used(transaction: Transaction, company_id: str, key: str) -> tuple[str, str] | None:
    """The document that the key made, and the hash of its request."""
    row: tuple[str, str] | None = transaction.run(
        "SELECT document_id, request_sha256 FROM idempotency WHERE company_id = ? AND key = ?",
        (company_id, key),
    ).fetchone()
    return row


def _add(transaction: Transaction, units: Sequence[Accept]) -> None:
    if not units:
        return
    each = [(unit.submission, micros(unit.now)) for unit in units]
    transaction.insert(
        f"document ({NEW_COLUMNS})",
        [
            (s.document_id, s.company_id, *_OUT, s.media_type, rows.to_json(s.delivery), at, at)
            for s, at in each
        ],
    )
    transaction.insert(
        "idempotency (company_id, key, request_sha256, document_id, created_at)",
        [
            (s.company_id, *s.idempotency, s.document_id, at)
            for s, at in each
            if s.idempotency is not None
        ],
    )
    blobs.insert_parts(
        transaction,
        [
            (s.document_id, s.company_id, at, unit.parts)
            for unit, (s, at) in zip(units, each, strict=True)
        ],
    )
    events.append(transaction, [(s.company_id, s.document_id, at, _RECEIVED) for s, at in each])
    jobs.put_first(transaction, [(s.company_id, s.document_id, s.priority, at) for s, at in each])


# --- reading ----------------------------------------------------------------------------------


def one(connection: sqlite3.Connection, company_id: str, document_id: str) -> Document | None:
    """One document."""
    row = connection.execute(
        f"SELECT {rows.DOCUMENT_COLUMNS} FROM document WHERE id = ? AND company_id = ?",
        (document_id, company_id),
    ).fetchone()
    return None if row is None else rows.document(row)


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list shall show."""

    company_id: str
    direction: Direction | None
    state: State | None
    number: str | None
    code: str | None = None  # what it begins with


def page(connection: sqlite3.Connection, wanted: Filter, after: str | None, limit: int) -> Page:
    """Newest first. The cursor is the id of the last document shown."""
    before = None if after is None else _place(connection, wanted.company_id, after)
    directions = list(Direction) if wanted.direction is None else [wanted.direction]
    # Every index begins with company and direction: two short lists are merged rather than one
    # more index kept for each filter.
    found = [_newest(connection, wanted, d, before, limit + 1) for d in directions]
    newest = list(merge(*found, key=lambda row: -row[0]))
    shown = tuple(rows.document(row[1:]) for row in newest[:limit])
    return Page(shown, shown[-1].id if shown and len(newest) > limit else None)


def _newest(
    connection: sqlite3.Connection,
    wanted: Filter,
    direction: Direction,
    before: int | None,
    limit: int,
) -> list[Row]:
    where, values = ["company_id = ?", "direction = ?"], [wanted.company_id, direction.value]
    if wanted.number is not None:
        where.append("number = ?")
        values.append(wanted.number)
    if wanted.state is not None:
        where.append("state = ?")
        values.append(wanted.state)
    if wanted.code is not None:
        where.append("substr(code, 1, length(?)) = ?")
        values += [wanted.code, wanted.code]
    return connection.execute(
        f"""
        SELECT seq, {rows.DOCUMENT_COLUMNS} FROM document
        WHERE {" AND ".join(where)} AND seq < ? ORDER BY seq DESC LIMIT ?
        """,
        (*values, before or 2**62, limit),
    ).fetchall()


def _place(connection: sqlite3.Connection, company_id: str, document_id: str) -> int:
    row = connection.execute(
        "SELECT seq FROM document WHERE id = ? AND company_id = ?", (document_id, company_id)
    ).fetchone()
    if row is None:
        raise BadCursor("this list has not given out this cursor")
    return int(row[0])
