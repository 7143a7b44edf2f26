"""Documents: taking them in, and reading them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge

from gateway.events import Type
from gateway.lifecycle import Business, State
from gateway.store.ids import new_id
from gateway.store.parts import StoredPart
from gateway.store.port import (
    Accepted,
    BadCursor,
    Direction,
    Document,
    KeyReused,
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

# A row of this view is a part of a document that is handed in; the first part brings the document
# along, and has an `event_id`. So all of a batch is one statement. Only the connection that writes
# has it.
_SUBMITTED = (
    "id, company_id, at, event_id, media_type, delivery, priority, idempotency_key, request_sha256,"
    " role, name, part_media_type, sha256, size_bytes, attempt_id, content, folder, key_id"
)
SUBMITTED = f"""
CREATE TEMP VIEW submitted ({_SUBMITTED})
    AS SELECT {", ".join("NULL" for _ in _SUBMITTED.split(","))};
CREATE TEMP TRIGGER submitted_inserted INSTEAD OF INSERT ON submitted
WHEN new.id IS NOT NULL BEGIN
    INSERT INTO document ({NEW_COLUMNS})
        SELECT new.id, new.company_id, '{Direction.OUT.value}', '{State.RECEIVED.value}',
            'document.received', 'It is stored, and will be checked.', '{Business.NONE.value}', 1,
            new.media_type, new.delivery, new.at, new.at
        WHERE new.event_id IS NOT NULL;
    INSERT INTO idempotency (company_id, key, request_sha256, document_id, created_at)
        SELECT new.company_id, new.idempotency_key, new.request_sha256, new.id, new.at
        WHERE new.idempotency_key IS NOT NULL;
    INSERT INTO blob ({blobs.COLUMNS})
        SELECT new.company_id, new.sha256, new.content, new.folder, new.key_id
        WHERE new.sha256 IS NOT NULL {blobs.MOVE};
    INSERT INTO part (document_id, company_id, {rows.PART_COLUMNS})
        SELECT new.id, new.company_id, new.role, new.name, new.part_media_type, new.sha256,
            new.size_bytes, new.at, new.attempt_id
        WHERE new.sha256 IS NOT NULL;
    INSERT INTO event ({events.COLUMNS})
        SELECT new.event_id, new.company_id, new.id, '{Type.RECEIVED.value}', new.at, '{{}}'
        WHERE new.event_id IS NOT NULL;
    INSERT INTO job ({jobs.COLUMNS})
        SELECT new.id, new.company_id, new.id, 'prepare', 'prepare', new.priority, '{{}}', 'ready',
            new.at
        WHERE new.event_id IS NOT NULL;
END;
"""


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
    companies = {unit.submission.company_id for unit in units}
    transaction.topics |= {"jobs", "events", *(f"events:{company}" for company in companies)}
    transaction.insert_at_once(  # last: where nothing was begun, it is on disk after that
        f"submitted ({_SUBMITTED})", [row for unit in units for row in _submitted(unit)]
    )


def _submitted(unit: Accept) -> Iterator[Row]:
    """Values of enums are given as they are: sqlite3 asks around for a way to bind anything else,
    also what is a string by its class."""
    submission, at = unit.submission, micros(unit.now)
    named = (submission.document_id, submission.company_id, at)
    key, request = submission.idempotency or (None, None)
    first: Row = (
        *(new_id("evt"), submission.media_type, rows.to_json(submission.delivery)),
        *(submission.priority, key, request),
    )
    for stored in unit.parts or (None,):
        yield (*named, *first, *(_NO_PART if stored is None else _values(stored)))
        first = _NOT_FIRST


_NOT_FIRST = (None,) * 6
_NO_PART = (None,) * 9


def _values(stored: StoredPart) -> Row:
    part, blob = stored.part, stored.blob
    return (
        *(part.role.value, part.name, part.media_type, blob.sha256, blob.size_bytes),
        *(part.attempt_id, blob.content, blob.folder, blob.key_id),
    )


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
