"""Webhook endpoints and what was sent to them.

What a worker writes of one locks its job first, then the endpoint; so does a person's change.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.audit.chain import Told
from gateway.store.cursors import Cursors
from gateway.store.cursors import Place as At
from gateway.store.endpoints import MOST_PUSHES, Endpoint, Progress, Push, SealedSecret
from gateway.store.port import Event, Job, LeaseLost
from gateway.store.postgres import audit, events, jobs, rows
from gateway.store.postgres.connections import Connections
from gateway.store.postgres.events import SETTLED_TX
from gateway.store.postgres.rows import Row
from gateway.store.postgres.transactions import Transaction

_ENDPOINT = (
    "id, company_id, url, types, description, active, secrets, tx, seq, created_at, updated_at, "
    "version, tries, next_at, code, text"
)
_PUSH = "event_id, type, document_id, tx, seq, at, ms, status, code, text, n"
_NOWHERE = (None, None)


# --- writing ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Written:
    """An endpoint to be added or changed; `at` is what its cursor stands for."""

    endpoint: Endpoint
    at: At
    most: int = 0


async def add(transaction: Transaction, units: Sequence[Written]) -> list[bool]:
    """Adds endpoints where there is room."""
    return [await _add(transaction, unit) for unit in units]


async def _add(transaction: Transaction, unit: Written) -> bool:
    endpoint = unit.endpoint
    # Whoever adds one at the same time waits here, and counts this one too.
    await transaction.fetch(
        "SELECT FROM company WHERE id = $1 FOR NO KEY UPDATE", endpoint.company_id
    )
    ((there,),) = await transaction.fetch(
        "SELECT count(*) FROM endpoint WHERE company_id = $1", endpoint.company_id
    )
    if there >= unit.most:
        return False
    values = _values(endpoint, unit.at)
    marks = ", ".join(f"${n}" for n in range(1, len(values) + 1))
    await transaction.run(f"INSERT INTO endpoint ({_ENDPOINT}) VALUES ({marks})", *values)
    return True


async def change(transaction: Transaction, units: Sequence[Written]) -> list[bool]:
    """Changes endpoints that are as they were read."""
    return [await _change(transaction, unit) for unit in units]


async def _change(transaction: Transaction, unit: Written) -> bool:
    endpoint = unit.endpoint
    await jobs.lock(transaction, (), [_key(endpoint.id)])
    changed = await transaction.run(
        """
        UPDATE endpoint SET url = $4, types = $5, description = $6, active = $7, secrets = $8,
            tx = $9, seq = $10, updated_at = $11, version = version + 1, tries = $12,
            next_at = $13, code = $14, text = $15
        WHERE id = $1 AND company_id = $2 AND version = $3
        """,
        *(endpoint.id, endpoint.company_id, endpoint.version),
        endpoint.url,
        json.dumps(endpoint.types),
        endpoint.description,
        endpoint.active,
        _secrets(endpoint),
        *unit.at,
        rows.moment(endpoint.updated_at),
        *(endpoint.tries, endpoint.next_at, endpoint.code, endpoint.text),
    )
    if not changed:
        return False
    freed = await transaction.run(
        "UPDATE job SET state = 'ready', due_at = $2 WHERE key = $1 AND state = 'waiting'",
        _key(endpoint.id),
        endpoint.updated_at,
    )
    if freed:
        transaction.topics.add("jobs")
    return True


def _key(endpoint_id: str) -> str:
    return f"endpoint/{endpoint_id}"


@dataclass(frozen=True, slots=True)
class One:
    """An endpoint of a company."""

    company_id: str
    id: str


async def remove(transaction: Transaction, units: Sequence[One]) -> list[bool]:
    """Takes endpoints away, and their pushes by that."""
    return [
        await transaction.run(
            "DELETE FROM endpoint WHERE id = $1 AND company_id = $2", unit.id, unit.company_id
        )
        > 0
        for unit in units
    ]


@dataclass(frozen=True, slots=True)
class Pushed:
    """What came of work on an endpoint, with the places that the cursors in it stand for."""

    job: Job
    progress: Progress
    at: At
    pushes_at: tuple[At | None, ...]
    now: datetime


async def pushed(transaction: Transaction, units: Sequence[Pushed]) -> list[bool | Exception]:
    """Writes what came of work on endpoints."""
    held = await jobs.lock(transaction, [unit.job.id for unit in units])
    answers: list[bool | Exception] = []
    written: list[Row] = []
    for unit in units:
        job = held.get(unit.job.id)
        if job is None or job["fence"] != unit.job.fence or job["state"] != "leased":
            answers.append(LeaseLost(f"job {unit.job.id} is no longer held by this worker"))
        else:
            answers.append(await _pushed(transaction, unit, written))
    _write_down(transaction, written)
    return answers


async def _pushed(transaction: Transaction, unit: Pushed, written: list[Row]) -> bool:
    endpoint, pushes = unit.progress.endpoint, unit.progress.pushes
    moved = await transaction.fetch(
        """
        UPDATE endpoint SET tx = $4, seq = $5, tries = $6, next_at = $7, active = $8, code = $9,
            text = $10, pushes = pushes + $11
        WHERE id = $1 AND company_id = $2 AND version = $3 RETURNING pushes
        """,
        *(endpoint.id, endpoint.company_id, endpoint.version),
        *unit.at,
        *(endpoint.tries, endpoint.next_at, endpoint.active, endpoint.code, endpoint.text),
        len(pushes),
    )
    if moved:
        last: int | None = moved[0]["pushes"]
        jobs.go_on(transaction, [(unit.job.id, unit.progress.next, unit.now)])
        told = (endpoint.company_id, "", unit.now, unit.progress.events)
        events.append(transaction, [told])
    else:
        last = await _counted(transaction, endpoint.company_id, endpoint.id, len(pushes))
    if last is not None:
        first = last - len(pushes) + 1
        each = enumerate(zip(pushes, unit.pushes_at, strict=True), first)
        written += [_push_values(endpoint.id, n, push, at) for n, (push, at) in each]
    return bool(moved)


@dataclass(frozen=True, slots=True)
class AddPush:
    """A push to be written down."""

    company_id: str
    endpoint_id: str
    push: Push
    at: At | None


async def add_push(transaction: Transaction, units: Sequence[AddPush]) -> list[None]:
    """Writes pushes down."""
    written: list[Row] = []
    for unit in sorted(units, key=lambda unit: unit.endpoint_id):  # locks are taken in one order
        n = await _counted(transaction, unit.company_id, unit.endpoint_id, 1)
        if n is not None:
            written.append(_push_values(unit.endpoint_id, n, unit.push, unit.at))
    _write_down(transaction, written)
    return [None] * len(units)


async def _counted(
    transaction: Transaction, company_id: str, endpoint_id: str, more: int
) -> int | None:
    """Counts more pushes of an endpoint; the number of the last one. None: it is gone."""
    found = await transaction.fetch(
        """
        UPDATE endpoint SET pushes = pushes + $3 WHERE id = $1 AND company_id = $2
        RETURNING pushes
        """,
        *(endpoint_id, company_id, more),
    )
    return found[0]["pushes"] if found else None


def _push_values(endpoint_id: str, n: int, push: Push, at: At | None) -> Row:
    return (
        endpoint_id,
        *(push.event_id, push.type, push.document_id),
        *(at or _NOWHERE),
        rows.moment(push.at),
        *(push.ms, push.status, push.code, push.text, n),
    )


def _write_down(transaction: Transaction, written: Sequence[Row]) -> None:
    """Puts pushes down, and takes those away that are too old by that."""
    transaction.later(
        f"INSERT INTO push (endpoint_id, {_PUSH}) SELECT endpoint_id, {_PUSH} FROM {{asked}}",
        "endpoint_id text, event_id text, type text, document_id text, tx bigint, seq bigint, "
        "at timestamptz, ms integer, status integer, code text, text text, n bigint",
        written,
    )
    newest = {values[0]: values[-1] for values in sorted(written, key=lambda values: values[-1])}
    transaction.later(
        "DELETE FROM push USING {asked} WHERE push.endpoint_id = asked.endpoint_id AND n <= upto",
        "endpoint_id text, upto bigint",
        [(endpoint_id, n - MOST_PUSHES) for endpoint_id, n in newest.items()],
    )


# --- rows ---------------------------------------------------------------------------------------


def _values(endpoint: Endpoint, at: At) -> Row:
    return (
        endpoint.id,
        endpoint.company_id,
        endpoint.url,
        json.dumps(endpoint.types),
        endpoint.description,
        endpoint.active,
        _secrets(endpoint),
        *at,
        rows.moment(endpoint.created_at),
        rows.moment(endpoint.updated_at),
        *(endpoint.version, endpoint.tries, endpoint.next_at, endpoint.code, endpoint.text),
    )


def _secrets(endpoint: Endpoint) -> str:
    return json.dumps(
        [
            (
                base64.b64encode(secret.sealed).decode(),
                None if secret.until is None else secret.until.isoformat(),
            )
            for secret in endpoint.secrets
        ]
    )


def _endpoint(row: Row, cursors: Cursors) -> Endpoint:
    id_, company_id, url, types, description, active, secrets, tx, seq, made, changed, *goes = row
    version, tries, next_at, code, text = goes
    return Endpoint(
        id=id_,
        company_id=company_id,
        url=url,
        types=tuple(json.loads(types)),
        description=description,
        active=active,
        secrets=tuple(
            SealedSecret(
                base64.b64decode(sealed), None if until is None else datetime.fromisoformat(until)
            )
            for sealed, until in json.loads(secrets)
        ),
        cursor=_cursor(cursors, company_id, (tx, seq) if seq else None),
        created_at=made,
        updated_at=changed,
        version=version,
        tries=tries,
        next_at=next_at,
        code=code,
        text=text,
    )


def _push(row: Row, cursors: Cursors, company_id: str) -> Push:
    event_id, type_, document_id, tx, seq, *told = row
    at = None if seq is None else (tx, seq)
    return Push(event_id, type_, document_id, _cursor(cursors, company_id, at), *told)


def _cursor(cursors: Cursors, company_id: str, at: At | None) -> str | None:
    return None if at is None else cursors.sealed(company_id, [at])[0]


# --- the face -----------------------------------------------------------------------------------


class EndpointRows(audit.Telling):
    """The operations of `gateway.store.endpoints.Endpoints`: a part of `PostgresStore`."""

    _connections: Connections
    _cursors: Cursors

    async def add_endpoint(
        self, endpoint: Endpoint, most: int, *, told: Told | None = None
    ) -> bool:
        """Adds an endpoint; False when its company has `most` already."""
        at = self._cursors.opened(endpoint.company_id, endpoint.cursor)
        return await self._told(add, Written(endpoint, at, most), told)

    async def endpoint(self, company_id: str, endpoint_id: str) -> Endpoint | None:
        """One endpoint."""
        found = await self._connections.read(
            f"SELECT {_ENDPOINT} FROM endpoint WHERE id = $1 AND company_id = $2",
            endpoint_id,
            company_id,
        )
        return _endpoint(found[0], self._cursors) if found else None

    async def endpoints(self, company_id: str) -> Sequence[Endpoint]:
        """The company's endpoints, oldest first."""
        found = await self._connections.read(
            f"SELECT {_ENDPOINT} FROM endpoint WHERE company_id = $1 ORDER BY id", company_id
        )
        return [_endpoint(row, self._cursors) for row in found]

    async def change_endpoint(self, endpoint: Endpoint, *, told: Told | None = None) -> bool:
        """Writes all of an endpoint but its `created_at`; False when it is not the version that was
        read, or is gone."""
        at = self._cursors.opened(endpoint.company_id, endpoint.cursor)
        return await self._told(change, Written(endpoint, at), told)

    async def remove_endpoint(
        self, company_id: str, endpoint_id: str, *, told: Told | None = None
    ) -> bool:
        """Takes an endpoint away with its pushes; False when it was not there."""
        return await self._told(remove, One(company_id, endpoint_id), told)

    async def pushed(self, job: Job, progress: Progress, now: datetime) -> bool:
        """Writes what came of work on an endpoint; False when a person changed it meanwhile."""
        company_id = progress.endpoint.company_id
        at = self._cursors.opened(company_id, progress.endpoint.cursor)
        pushes_at = tuple(self._at(company_id, push.cursor) for push in progress.pushes)
        return await self._transactions.write(pushed, Pushed(job, progress, at, pushes_at, now))

    async def add_push(self, company_id: str, endpoint_id: str, push: Push) -> None:
        """Writes down a push beside the line."""
        at = self._at(company_id, push.cursor)
        await self._transactions.write(add_push, AddPush(company_id, endpoint_id, push, at))

    async def pushes(
        self, company_id: str, endpoint_id: str, before: int | None, limit: int
    ) -> Sequence[Push]:
        """The pushes of an endpoint, newest first, those with an `n` below `before`."""
        found = await self._connections.read(
            f"""
            SELECT {_PUSH} FROM push
            WHERE endpoint_id = (SELECT id FROM endpoint WHERE id = $1 AND company_id = $2)
                AND n < coalesce($3, {2**62})
            ORDER BY n DESC LIMIT $4
            """,
            *(endpoint_id, company_id, before, limit),
        )
        return [_push(row, self._cursors, company_id) for row in found]

    async def pushes_of(
        self, company_id: str, document_id: str, limit: int
    ) -> Sequence[tuple[str, Push]]:
        """The pushes that tell of a document, newest first."""
        found = await self._connections.read(
            f"""
            SELECT endpoint_id, {_PUSH} FROM push
            WHERE document_id = $1
                AND endpoint_id IN (SELECT id FROM endpoint WHERE company_id = $2)
            ORDER BY at DESC, endpoint_id, n DESC LIMIT $3
            """,
            *(document_id, company_id, limit),
        )
        return [(row[0], _push(row[1:], self._cursors, company_id)) for row in found]

    async def behind(self, limit: int) -> Sequence[tuple[str, str]]:
        """Active endpoints for which there are events, and which nobody works on.

        Events that are not settled yet count: they will be, by the time that somebody reads them.
        """
        found = await self._connections.read(
            """
            SELECT company_id, id FROM endpoint WHERE active
                AND NOT EXISTS (SELECT FROM job WHERE key = 'endpoint/' || endpoint.id)
                AND NOT EXISTS (SELECT FROM job_dead WHERE key = 'endpoint/' || endpoint.id)
                AND EXISTS (SELECT FROM event WHERE event.company_id = endpoint.company_id
                            AND (event.tx, event.seq) > (endpoint.tx, endpoint.seq))
            LIMIT $1
            """,
            limit,
        )
        return [(company_id, id_) for company_id, id_ in found]

    async def newest(self, company_id: str) -> str | None:
        """The cursor of the company's newest event."""
        found = await self._connections.read(
            f"""
            SELECT tx, seq FROM event WHERE company_id = $1 AND tx < {SETTLED_TX}
            ORDER BY tx DESC, seq DESC LIMIT 1
            """,
            company_id,
        )
        return _cursor(self._cursors, company_id, tuple(found[0])) if found else None

    async def event(self, company_id: str, cursor: str) -> Event | None:
        """The event at a place of the company's feed."""
        found = await self._connections.read(
            f"""
            SELECT {rows.EVENT_COLUMNS} FROM event
            WHERE company_id = $1 AND tx = $2 AND seq = $3 AND tx < {SETTLED_TX}
            """,
            company_id,
            *self._cursors.opened(company_id, cursor),
        )
        return rows.event(found[0], cursor) if found else None

    def _at(self, company_id: str, cursor: str | None) -> At | None:
        return None if cursor is None else self._cursors.opened(company_id, cursor)
