"""Documents: taking them in, and reading them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gateway.events import Type
from gateway.lifecycle import Business, State
from gateway.store.parts import StoredPart
from gateway.store.port import (
    Accepted,
    BadCursor,
    Direction,
    Document,
    Head,
    KeyReused,
    NewEvent,
    NewJob,
    Page,
    Submission,
)
from gateway.store.postgres import blobs, events, jobs, rows
from gateway.store.postgres.connections import Connections
from gateway.store.postgres.reads import each
from gateway.store.postgres.rows import Row
from gateway.store.postgres.transactions import Transaction

if TYPE_CHECKING:
    from gateway.store.postgres.connections import Record

_NEW_COLUMNS = (
    "id, company_id, direction, state, code, text, business, version, media_type, delivery, "
    f"channel, created_at, updated_at, {rows.HEAD_COLUMNS}"
)
_NEW_TYPES = ", ".join(
    f"{name} {'integer' if name == 'version' else 'timestamptz' if name[-3:] == '_at' else 'text'}"
    for name in _NEW_COLUMNS.split(", ")
)
_ASKED = ", ".join(f"asked.{name}" for name in _NEW_COLUMNS.split(", "))

_DOCUMENT_COLUMNS = ", ".join(f"document.{name}" for name in rows.DOCUMENT_COLUMNS.split(", "))


# --- accept -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Accept:
    """A submission whose parts are stored."""

    submission: Submission
    parts: tuple[StoredPart, ...]
    now: datetime


async def accept(transaction: Transaction, units: Sequence[Accept]) -> list[Accepted | KeyReused]:
    """Writes document, parts, idempotency key, first event and `prepare` job."""
    used = await _use_keys(transaction, units)
    answers: list[Accepted | KeyReused] = []
    fresh: list[Accept] = []
    for unit in units:
        submission = unit.submission
        document_id = submission.document_id
        if submission.idempotency is not None:
            key, request = submission.idempotency
            document_id, first = used[submission.company_id, key]
            if first != request:
                answers.append(KeyReused(document_id))
                continue
        if document_id == submission.document_id:
            fresh.append(unit)
            answers.append(Accepted(document_id))
        else:
            answers.append(Accepted(document_id, replayed=True))
    _add(transaction, fresh)
    return answers


async def _use_keys(
    transaction: Transaction, units: Sequence[Accept]
) -> dict[tuple[str, str], tuple[str, str]]:
    """By company and key: the document that the key made, and the hash of its request. Keys that
    have made none yet are written."""
    wanted: dict[tuple[str, str], Row] = {}
    for unit in units:
        submission = unit.submission
        if submission.idempotency is not None:
            key, request = submission.idempotency
            place = (submission.company_id, key)
            wanted.setdefault(place, (*place, request, submission.document_id, unit.now))
    written = await transaction.each(
        """
        INSERT INTO idempotency (company_id, key, request_sha256, document_id, created_at)
        SELECT company_id, key, request_sha256, document_id, created_at FROM {asked} ORDER BY nth
        ON CONFLICT DO NOTHING RETURNING company_id, key
        """,
        "company_id text, key text, request_sha256 text, document_id text, created_at timestamptz",
        [wanted[place] for place in sorted(wanted)],
    )
    ours = {(company_id, key) for company_id, key in written}
    used = {place: (wanted[place][3], wanted[place][2]) for place in ours}
    for company_id, key, document_id, request in await transaction.each(
        """
        SELECT company_id, key, document_id, request_sha256
        FROM {asked} JOIN idempotency USING (company_id, key)
        """,
        "company_id text, key text",
        [place for place in wanted if place not in ours],
    ):
        used[company_id, key] = (document_id, request)
    return used


def insert(transaction: Transaction, new: Sequence[Row]) -> None:
    """Writes document rows. It is a Contradiction when one's company is not there, or its id is
    in use."""
    transaction.later(
        f"""
        INSERT INTO document (born_tx, tx, {_NEW_COLUMNS})
        SELECT {events.THIS_TX}, {events.THIS_TX}, {_ASKED}
        FROM {{asked}} JOIN company ON company.id = asked.company_id ORDER BY nth
        ON CONFLICT (id) DO NOTHING RETURNING id
        """,
        _NEW_TYPES,
        new,
        else_="there is no such company, or the document's id is in use",
    )


def _add(transaction: Transaction, units: Sequence[Accept]) -> None:
    if not units:
        return
    each = [(unit.submission, rows.moment(unit.now)) for unit in units]
    insert(
        transaction,
        [
            (
                *(s.document_id, s.company_id, Direction.OUT),
                *(State.RECEIVED, "document.received", "It is stored, and will be checked."),
                *(Business.NONE, 1, s.media_type, rows.to_json(s.delivery)),
                *(None, at, at, *rows.head_values(Head())),
            )
            for s, at in each
        ],
    )
    jobs.insert(
        transaction,
        [
            (
                NewJob(
                    s.document_id,
                    "prepare",
                    at,
                    s.company_id,
                    s.document_id,
                    priority=s.priority,
                ),
                at,
            )
            for s, at in each
        ],
    )
    blobs.insert_parts(
        transaction,
        [
            (s.document_id, s.company_id, at, unit.parts)
            for unit, (s, at) in zip(units, each, strict=True)
        ],
    )
    received = (NewEvent(Type.RECEIVED),)
    events.append(transaction, [(s.company_id, s.document_id, at, received) for s, at in each])


async def lock(transaction: Transaction, ids: Collection[str]) -> dict[str, Record]:
    """The documents' rows, held until the end of the transaction. Everything that writes to a
    document comes here first, and in one order: nobody waits in a circle.

    When one was written last by a transaction that began after this one, its `flush` raises
    TooEarly.
    """
    found = await transaction.fetch(
        """
        SELECT id, company_id, state, version, direction, confirmed_at, tx FROM document
        WHERE id = ANY($1::text[]) ORDER BY id FOR NO KEY UPDATE
        """,
        list(ids),
    )
    transaction.after_tx = max([transaction.after_tx, *(row["tx"] for row in found)])
    return {row["id"]: row for row in found}


# --- reading ----------------------------------------------------------------------------------


async def by_id(
    connections: Connections, asked: Sequence[tuple[str, str]]
) -> list[Document | None]:
    """Documents by (company id, id)."""
    found = await each(
        connections,
        f"""
        SELECT {_DOCUMENT_COLUMNS}, nth FROM {{asked}} JOIN document
            ON document.id = asked.id AND document.company_id = asked.company_id
        """,
        "company_id text, id text",
        asked,
    )
    return [rows.document(tuple(one[0])[:-1]) if one else None for one in found]


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list shall show."""

    company_id: str
    direction: Direction | None
    state: State | None
    number: str | None
    code: str | None = None  # what it begins with


async def page(connections: Connections, wanted: Filter, after: str | None, limit: int) -> Page:
    """Newest first. The cursor is the id of the last document shown."""
    before = 2**62
    if after is not None:
        _, before = await _place(connections, wanted.company_id, after)
    directions = list(Direction) if wanted.direction is None else [wanted.direction]
    # Every index begins with company and direction: two short lists are merged rather than one
    # more index kept for each filter.
    where = ""
    values: list[Any] = [wanted.company_id, before, limit + 1]
    if wanted.number is not None:
        values.append(wanted.number)
        where += f" AND number = ${len(values)}"
    if wanted.state is not None:
        values.append(wanted.state.value)
        where += f" AND state = ${len(values)}"
    if wanted.code is not None:
        values.append(wanted.code)
        where += f" AND starts_with(code, ${len(values)})"
    each = [
        f"""
        (SELECT seq, {rows.DOCUMENT_COLUMNS} FROM document
        WHERE company_id = $1 AND direction = '{direction.value}' AND seq < $2 {where}
        ORDER BY seq DESC LIMIT $3)
        """
        for direction in directions
    ]
    newest = await connections.read(
        f"SELECT * FROM ({' UNION ALL '.join(each)}) AS newest ORDER BY seq DESC LIMIT $3",
        *values,
    )
    shown = tuple(rows.document(tuple(row)[1:]) for row in newest[:limit])
    return Page(shown, shown[-1].id if shown and len(newest) > limit else None)


async def _place(connections: Connections, company_id: str, document_id: str) -> tuple[int, int]:
    found = await connections.read(
        "SELECT born_tx, seq FROM document WHERE id = $1 AND company_id = $2",
        document_id,
        company_id,
    )
    if not found:
        raise BadCursor("this list has not given out this cursor")
    return found[0][0], found[0][1]
