"""Documents: taking them in, and reading them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from gateway.events import Type
from gateway.lifecycle import Business, State, change
from gateway.store.ids import new_id
from gateway.store.messages import Message
from gateway.store.parts import StoredPart
from gateway.store.port import (
    Accepted,
    Arrival,
    BadCursor,
    Direction,
    Document,
    Head,
    KeyReused,
    NewEvent,
    NewJob,
    Page,
    Role,
    Submission,
)
from gateway.store.postgres import blobs, events, jobs, messages, rows
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

# What every inbound document has behind it when it is shown for the first time.
_INTO_INBOX = change(
    State.RECEIVED, State.DELIVERED, code="inbox.received", text="It is in the inbox."
)


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


def _insert(transaction: Transaction, new: Sequence[Row]) -> None:
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
    _insert(
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


# --- the inbox --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Arrive:
    """An arrival whose parts are stored."""

    arrival: Arrival
    parts: tuple[StoredPart, ...]
    now: datetime


async def arrive(transaction: Transaction, units: Sequence[Arrive]) -> list[str | None]:
    """Puts documents into inboxes; None for one that was there."""
    first: dict[tuple[str, str], Arrive] = {}
    for unit in units:
        first.setdefault((unit.arrival.company_id, unit.arrival.key), unit)
    written = await transaction.each(
        """
        INSERT INTO arrival (company_id, key, document_id)
        SELECT company_id, key, document_id FROM {asked} ORDER BY nth
        ON CONFLICT DO NOTHING RETURNING company_id, key, document_id
        """,
        "company_id text, key text, document_id text",
        [(*place, new_id("doc")) for place in sorted(first)],
    )
    id_of = {(company_id, key): document_id for company_id, key, document_id in written}
    answers: list[str | None] = []
    fresh: list[tuple[str, Arrive]] = []
    for unit in units:
        place = (unit.arrival.company_id, unit.arrival.key)
        answers.append(id_of[place] if unit is first[place] and place in id_of else None)
        if answers[-1] is not None:
            fresh.append((answers[-1], unit))
    _lay(transaction, fresh)
    messages.keep(transaction, _brought_by(units, answers))
    jobs.insert(
        transaction,
        [(job, unit.now) for id_, unit in fresh for job in unit.arrival.jobs_of(id_)],
    )
    return answers


def _brought_by(units: Sequence[Arrive], answers: Sequence[str | None]) -> list[Message]:
    """The messages that brought them, with the documents that they became."""
    return [
        replace(unit.arrival.message, document_id=answer)
        for unit, answer in zip(units, answers, strict=True)
        if unit.arrival.message is not None
    ]


def _lay(transaction: Transaction, units: Sequence[tuple[str, Arrive]]) -> None:
    each = [(id_, unit.arrival, rows.moment(unit.now), unit.parts) for id_, unit in units]
    _insert(
        transaction,
        [
            (
                *(id_, arrival.company_id, Direction.IN),
                *(_INTO_INBOX.after, _INTO_INBOX.code, _INTO_INBOX.text),
                *(Business.NONE, 1, _media_type(arrival), "{}"),
                *(arrival.channel, at, at, *rows.head_values(arrival.head)),
            )
            for id_, arrival, at, _ in each
        ],
    )
    blobs.insert_parts(transaction, [(id_, a.company_id, at, parts) for id_, a, at, parts in each])
    events.append(
        transaction,
        [
            (a.company_id, id_, at, (NewEvent(Type.ARRIVED, {"channel": a.channel}),))
            for id_, a, at, _ in each
        ],
    )
    transaction.topics.update(f"inbox:{a.company_id}" for _, a, _, _ in each)


def _media_type(arrival: Arrival) -> str:
    return next((p.media_type for p in arrival.parts if p.role is Role.DOCUMENT), "")


@dataclass(frozen=True, slots=True)
class Confirm:
    """A company takes over an inbound document."""

    company_id: str
    document_id: str
    now: datetime


async def confirm(transaction: Transaction, units: Sequence[Confirm]) -> list[bool | None]:
    """Takes documents out of the inbox."""
    found = await lock(transaction, {unit.document_id for unit in units})
    answers: list[bool | None] = []
    taken: list[tuple[str, str, datetime]] = []
    done: set[str] = set()
    for unit in units:
        row = found.get(unit.document_id)
        if row is None or row["company_id"] != unit.company_id or row["direction"] != "in":
            answers.append(None)
        elif row["confirmed_at"] is not None or unit.document_id in done:
            answers.append(False)
        else:
            done.add(unit.document_id)
            taken.append((unit.company_id, unit.document_id, rows.moment(unit.now)))
            answers.append(True)
    transaction.later(
        f"""
        UPDATE document SET confirmed_at = at, updated_at = at, version = version + 1,
            tx = {events.THIS_TX}
        FROM {{asked}} WHERE document.id = asked.id
        """,
        "id text, at timestamptz",
        [(document_id, at) for _, document_id, at in taken],
    )
    confirmed = (NewEvent(Type.CONFIRMED),)
    events.append(transaction, [(c, document_id, at, confirmed) for c, document_id, at in taken])
    return answers


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


async def inbox(
    connections: Connections, company_id: str, after: str | None, limit: int
) -> list[Document]:
    """Not confirmed, in the order they came; like events, when nothing can come before them."""
    place = (0, 0) if after is None else await _place(connections, company_id, after)
    return await events.settled(
        partial(
            connections.read,
            f"""
            SELECT born_tx < {events.SETTLED_TX}, {rows.DOCUMENT_COLUMNS} FROM document
            WHERE company_id = $1 AND direction = 'in' AND confirmed_at IS NULL
                AND (born_tx, seq) > ($2, $3)
            ORDER BY born_tx, seq LIMIT $4
            """,
            company_id,
            *place,
            limit,
        ),
        rows.document,
    )


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
