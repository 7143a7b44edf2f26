"""Webhook endpoints and what was sent to them."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from gateway.audit.chain import Told
from gateway.store.cursors import Cursors
from gateway.store.endpoints import MOST_PUSHES, Endpoint, Progress, Push, SealedSecret
from gateway.store.port import Checkpoint, Event, Job, Keep
from gateway.store.sqlite import audit, checkpoints, events, rows
from gateway.store.sqlite.checkpoints import Step
from gateway.store.sqlite.rows import Row, maybe_micros, micros, moment
from gateway.store.sqlite.writer import Transaction

if TYPE_CHECKING:
    from gateway.store.sqlite.readers import Readers

_ENDPOINT = (
    "id, company_id, url, types, description, active, secrets, seq, created_at, updated_at, "
    "version, tries, next_at, code, text"
)
_PUSH = "event_id, type, document_id, seq, at, ms, status, code, text, n"


# --- writing ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Add:
    """An endpoint to be added."""

    endpoint: Endpoint
    seq: int
    most: int


def add(transaction: Transaction, units: Sequence[Add]) -> list[bool]:
    """Adds endpoints where there is room."""
    return [_add(transaction, unit) for unit in units]


def _add(transaction: Transaction, unit: Add) -> bool:
    endpoint = unit.endpoint
    (there,) = transaction.run(
        "SELECT count(*) FROM endpoint WHERE company_id = ?", (endpoint.company_id,)
    ).fetchone()
    if there >= unit.most:
        return False
    transaction.insert(f"endpoint ({_ENDPOINT})", [_values(endpoint, unit.seq)])
    return True


@dataclass(frozen=True, slots=True)
class Change:
    """An endpoint to be changed by a person."""

    endpoint: Endpoint
    seq: int


def change(transaction: Transaction, units: Sequence[Change]) -> list[bool]:
    """Changes endpoints that are as they were read."""
    return [_change(transaction, unit) for unit in units]


def _change(transaction: Transaction, unit: Change) -> bool:
    endpoint = unit.endpoint
    changed = transaction.run(
        """
        UPDATE endpoint SET url = ?, types = ?, description = ?, active = ?, secrets = ?, seq = ?,
            updated_at = ?, version = version + 1, tries = ?, next_at = ?, code = ?, text = ?
        WHERE id = ? AND company_id = ? AND version = ?
        """,
        (
            endpoint.url,
            json.dumps(endpoint.types),
            endpoint.description,
            endpoint.active,
            _secrets(endpoint),
            unit.seq,
            micros(endpoint.updated_at),
            endpoint.tries,
            maybe_micros(endpoint.next_at),
            endpoint.code,
            endpoint.text,
            *(endpoint.id, endpoint.company_id, endpoint.version),
        ),
    ).rowcount
    if not changed:
        return False
    freed = transaction.run(
        """
        UPDATE job SET state = 'ready', due_at = ?
        WHERE key = 'endpoint/' || ? AND state = 'waiting'
        """,
        (micros(endpoint.updated_at), endpoint.id),
    ).rowcount
    if freed:
        transaction.topics.add("jobs")
    return True


@dataclass(frozen=True, slots=True)
class One:
    """An endpoint of a company."""

    company_id: str
    id: str


def remove(transaction: Transaction, units: Sequence[One]) -> list[bool]:
    """Takes endpoints away, and their pushes by that."""
    return [
        transaction.run(
            "DELETE FROM endpoint WHERE id = ? AND company_id = ?", (unit.id, unit.company_id)
        ).rowcount
        > 0
        for unit in units
    ]


@dataclass(frozen=True, slots=True)
class Pushed:
    """What came of work on an endpoint, with the places of the cursors in it."""

    job: Job
    progress: Progress
    seq: int
    push_seqs: tuple[int | None, ...]
    now: datetime


def pushed(transaction: Transaction, units: Sequence[Pushed]) -> list[bool | Exception]:
    """Writes what came of work on endpoints."""
    return [_pushed(transaction, unit) for unit in units]


def _pushed(transaction: Transaction, unit: Pushed) -> bool | Exception:
    endpoint = unit.progress.endpoint
    moved = transaction.run(
        """
        UPDATE endpoint SET seq = ?, tries = ?, next_at = ?, active = ?, code = ?, text = ?
        WHERE id = ? AND company_id = ? AND version = ? AND EXISTS (
            SELECT 1 FROM job WHERE id = ? AND fence = ? AND state = 'leased')
        """,
        (
            unit.seq,
            endpoint.tries,
            maybe_micros(endpoint.next_at),
            endpoint.active,
            endpoint.code,
            endpoint.text,
            *(endpoint.id, endpoint.company_id, endpoint.version),
            *(unit.job.id, unit.job.fence),
        ),
    ).rowcount
    # When the job is held, `Keep` writes nothing: it finds out whether it is.
    work = Checkpoint(unit.progress.next if moved else Keep())
    (refused,) = checkpoints.checkpoint(transaction, [Step(unit.job, work, (), unit.now)])
    if refused is not None:
        return refused
    for push, seq in zip(unit.progress.pushes, unit.push_seqs, strict=True):
        _add_push(transaction, AddPush(endpoint.company_id, endpoint.id, push, seq))
    if moved:
        told = (endpoint.company_id, "", micros(unit.now), unit.progress.events)
        events.append(transaction, [told])
    return moved > 0


@dataclass(frozen=True, slots=True)
class AddPush:
    """A push to be written down."""

    company_id: str
    endpoint_id: str
    push: Push
    seq: int | None


def add_push(transaction: Transaction, units: Sequence[AddPush]) -> list[None]:
    """Writes pushes down."""
    for unit in units:
        _add_push(transaction, unit)
    return [None] * len(units)


def _add_push(transaction: Transaction, unit: AddPush) -> None:
    numbered = transaction.run(
        "UPDATE endpoint SET pushes = pushes + 1 WHERE id = ? AND company_id = ? RETURNING pushes",
        (unit.endpoint_id, unit.company_id),
    ).fetchall()
    if not numbered:
        return
    ((n,),) = numbered
    push = unit.push
    transaction.insert(
        f"push (endpoint_id, {_PUSH})",
        [
            (
                unit.endpoint_id,
                push.event_id,
                push.type,
                push.document_id,
                unit.seq,
                micros(push.at),
                *(push.ms, push.status, push.code, push.text, n),
            )
        ],
    )
    transaction.run(
        "DELETE FROM push WHERE endpoint_id = ? AND n <= ?", (unit.endpoint_id, n - MOST_PUSHES)
    )


# --- reading ------------------------------------------------------------------------------------


def find(
    connection: sqlite3.Connection, cursors: Cursors, company_id: str, endpoint_id: str | None
) -> list[Endpoint]:
    """One endpoint of a company, or all of them in the order of their ids."""
    where, values = ("", ()) if endpoint_id is None else ("AND id = ?", (endpoint_id,))
    found = connection.execute(
        f"SELECT {_ENDPOINT} FROM endpoint WHERE company_id = ? {where} ORDER BY id",
        (company_id, *values),
    )
    return [_endpoint(row, cursors) for row in found]


def pushes(
    connection: sqlite3.Connection, cursors: Cursors, one: One, before: int | None, limit: int
) -> list[Push]:
    """Pushes of an endpoint, newest first."""
    found = connection.execute(
        f"""
        SELECT {_PUSH} FROM push
        WHERE endpoint_id = (SELECT id FROM endpoint WHERE id = ? AND company_id = ?)
            AND n < coalesce(?, {2**62})
        ORDER BY n DESC LIMIT ?
        """,
        (one.id, one.company_id, before, limit),
    )
    return [_push(row, cursors, one.company_id) for row in found]


def pushes_of(
    connection: sqlite3.Connection, cursors: Cursors, company_id: str, document_id: str, limit: int
) -> list[tuple[str, Push]]:
    """Pushes that tell of a document, newest first, each with the id of its endpoint."""
    found = connection.execute(
        f"""
        SELECT endpoint_id, {_PUSH} FROM push
        WHERE document_id = ? AND endpoint_id IN (SELECT id FROM endpoint WHERE company_id = ?)
        ORDER BY at DESC, endpoint_id, n DESC LIMIT ?
        """,
        (document_id, company_id, limit),
    )
    return [(row[0], _push(row[1:], cursors, company_id)) for row in found]


def behind(connection: sqlite3.Connection, limit: int) -> list[tuple[str, str]]:
    """Active endpoints with events after their place, that no job is about."""
    return connection.execute(
        """
        SELECT company_id, id FROM endpoint WHERE active
            AND NOT EXISTS (SELECT 1 FROM job WHERE key = 'endpoint/' || endpoint.id)
            AND NOT EXISTS (SELECT 1 FROM job_dead WHERE key = 'endpoint/' || endpoint.id)
            AND EXISTS (SELECT 1 FROM event
                        WHERE event.company_id = endpoint.company_id AND event.seq > endpoint.seq)
        LIMIT ?
        """,
        (limit,),
    ).fetchall()


def newest(connection: sqlite3.Connection, cursors: Cursors, company_id: str) -> str | None:
    """The cursor of a company's newest event."""
    (seq,) = connection.execute(
        "SELECT max(seq) FROM event WHERE company_id = ?", (company_id,)
    ).fetchone()
    return None if seq is None else cursors.sealed(company_id, [(0, seq)])[0]


def event(
    connection: sqlite3.Connection, cursors: Cursors, company_id: str, cursor: str
) -> Event | None:
    """The event at a place."""
    _, seq = cursors.opened(company_id, cursor)
    found = connection.execute(
        f"SELECT {rows.EVENT_COLUMNS} FROM event WHERE seq = ? AND company_id = ?",
        (seq, company_id),
    ).fetchone()
    return None if found is None else rows.event(found, cursor)


# --- rows ---------------------------------------------------------------------------------------


def _values(endpoint: Endpoint, seq: int) -> Row:
    return (
        endpoint.id,
        endpoint.company_id,
        endpoint.url,
        json.dumps(endpoint.types),
        endpoint.description,
        endpoint.active,
        _secrets(endpoint),
        seq,
        micros(endpoint.created_at),
        micros(endpoint.updated_at),
        endpoint.version,
        endpoint.tries,
        maybe_micros(endpoint.next_at),
        endpoint.code,
        endpoint.text,
    )


def _secrets(endpoint: Endpoint) -> str:
    return json.dumps(
        [
            (base64.b64encode(secret.sealed).decode(), maybe_micros(secret.until))
            for secret in endpoint.secrets
        ]
    )


def _endpoint(row: Row, cursors: Cursors) -> Endpoint:
    id_, company_id, url, types, description, active, secrets, seq, made, changed, *goes = row
    version, tries, next_at, code, text = goes
    return Endpoint(
        id=id_,
        company_id=company_id,
        url=url,
        types=tuple(json.loads(types)),
        description=description,
        active=bool(active),
        secrets=tuple(
            SealedSecret(base64.b64decode(sealed), None if until is None else moment(until))
            for sealed, until in json.loads(secrets)
        ),
        cursor=_cursor(cursors, company_id, seq or None),
        created_at=moment(made),
        updated_at=moment(changed),
        version=version,
        tries=tries,
        next_at=None if next_at is None else moment(next_at),
        code=code,
        text=text,
    )


def _push(row: Row, cursors: Cursors, company_id: str) -> Push:
    event_id, type_, document_id, seq, at, *told = row
    return Push(event_id, type_, document_id, _cursor(cursors, company_id, seq), moment(at), *told)


def _cursor(cursors: Cursors, company_id: str, seq: int | None) -> str | None:
    return None if seq is None else cursors.sealed(company_id, [(0, seq)])[0]


# --- the face -----------------------------------------------------------------------------------


class EndpointRows(audit.Telling):
    """The operations of `gateway.store.endpoints.Endpoints`: a part of `SqliteStore`."""

    _readers: Readers
    _cursors: Cursors

    def _seq(self, company_id: str, cursor: str | None) -> int:
        return self._cursors.opened(company_id, cursor)[1]

    async def add_endpoint(
        self, endpoint: Endpoint, most: int, *, told: Told | None = None
    ) -> bool:
        """Adds an endpoint; False when its company has `most` already."""
        seq = self._seq(endpoint.company_id, endpoint.cursor)
        return await self._told(add, Add(endpoint, seq, most), told)

    async def endpoint(self, company_id: str, endpoint_id: str) -> Endpoint | None:
        """One endpoint."""
        found = self._readers.read(lambda c: find(c, self._cursors, company_id, endpoint_id))
        return found[0] if found else None

    async def endpoints(self, company_id: str) -> Sequence[Endpoint]:
        """The company's endpoints, oldest first."""
        return self._readers.read(lambda c: find(c, self._cursors, company_id, None))

    async def change_endpoint(self, endpoint: Endpoint, *, told: Told | None = None) -> bool:
        """Writes all of an endpoint but its `created_at`; False when it is not the version that was
        read, or is gone."""
        seq = self._seq(endpoint.company_id, endpoint.cursor)
        return await self._told(change, Change(endpoint, seq), told)

    async def remove_endpoint(
        self, company_id: str, endpoint_id: str, *, told: Told | None = None
    ) -> bool:
        """Takes an endpoint away with its pushes; False when it was not there."""
        return await self._told(remove, One(company_id, endpoint_id), told)

    async def pushed(self, job: Job, progress: Progress, now: datetime) -> bool:
        """Writes what came of work on an endpoint; False when a person changed it meanwhile."""
        company_id = progress.endpoint.company_id
        seq = self._seq(company_id, progress.endpoint.cursor)
        seqs = tuple(self._maybe_seq(company_id, push.cursor) for push in progress.pushes)
        return await self._writer.write(pushed, Pushed(job, progress, seq, seqs, now))

    async def add_push(self, company_id: str, endpoint_id: str, push: Push) -> None:
        """Writes down a push beside the line."""
        seq = self._maybe_seq(company_id, push.cursor)
        await self._writer.write(add_push, AddPush(company_id, endpoint_id, push, seq))

    async def pushes(
        self, company_id: str, endpoint_id: str, before: int | None, limit: int
    ) -> Sequence[Push]:
        """The pushes of an endpoint, newest first, those with an `n` below `before`."""
        one = One(company_id, endpoint_id)
        return await self._readers.read_many(lambda c: pushes(c, self._cursors, one, before, limit))

    async def pushes_of(
        self, company_id: str, document_id: str, limit: int
    ) -> Sequence[tuple[str, Push]]:
        """The pushes that tell of a document, newest first."""
        return await self._readers.read_many(
            lambda c: pushes_of(c, self._cursors, company_id, document_id, limit)
        )

    async def behind(self, limit: int) -> Sequence[tuple[str, str]]:
        """Active endpoints for which there are events, and which nobody works on."""
        return await self._readers.read_many(lambda c: behind(c, limit))

    async def newest(self, company_id: str) -> str | None:
        """The cursor of the company's newest event."""
        return self._readers.read(lambda c: newest(c, self._cursors, company_id))

    async def event(self, company_id: str, cursor: str) -> Event | None:
        """The event at a place of the company's feed."""
        return self._readers.read(lambda c: event(c, self._cursors, company_id, cursor))

    def _maybe_seq(self, company_id: str, cursor: str | None) -> int | None:
        return None if cursor is None else self._seq(company_id, cursor)
