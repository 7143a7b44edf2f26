"""Jobs: put in line, claimed with a lease and a fence, renewed, reaped, given back.

A job is waiting until it is due, ready from then on, and leased while somebody works on it. Each
claim raises its fence, and only who knows the newest fence may write back: a worker that slept
through its lease finds that it has lost it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Literal

from gateway.store.port import Again, Contradiction, Dead, Done, Job, Keep, NewJob
from gateway.store.postgres import dead, rows
from gateway.store.postgres.connections import Connections
from gateway.store.postgres.reads import each
from gateway.store.postgres.rows import Row
from gateway.store.postgres.transactions import Transaction

if TYPE_CHECKING:
    from gateway.store.postgres.connections import Record

_COLUMNS = "key, company_id, document_id, kind, lane, priority, data, state, due_at"
_TYPES = (
    "key text, company_id text, document_id text, kind text, lane text, priority integer, "
    "data text, state text, due_at timestamptz"
)
_INSERT = f"INSERT INTO job ({_COLUMNS}) SELECT {_COLUMNS} FROM {{asked}} ORDER BY nth"
# The row stays, and its fence grows: whoever holds the job has lost it.
_REPLACE = f"""
    {_INSERT} ON CONFLICT (key) DO UPDATE SET company_id = excluded.company_id,
        document_id = excluded.document_id, kind = excluded.kind, lane = excluded.lane,
        priority = excluded.priority, data = excluded.data, state = excluded.state,
        due_at = excluded.due_at, tries = 0, fence = job.fence + 1, owner = NULL,
        lease_until = NULL
"""


@dataclass(frozen=True, slots=True)
class Hold:
    """A worker holds what it claims, for a time."""

    owner: str
    now: datetime
    lease_s: float

    @property
    def until(self) -> datetime:
        """When the lease ends."""
        return rows.moment(self.now) + timedelta(seconds=self.lease_s)


@dataclass(frozen=True, slots=True)
class Renewal:
    """A worker asks for more time for what it has in hand."""

    jobs: Sequence[Job]
    now: datetime
    lease_s: float

    @property
    def until(self) -> datetime:
        """When the leases end."""
        return rows.moment(self.now) + timedelta(seconds=self.lease_s)


async def lease(transaction: Transaction, ids: Sequence[int], hold: Hold) -> list[Job]:
    """Leases these jobs, which are ready, and locked; in this order."""
    leased = await transaction.fetch(
        f"""
        UPDATE job SET state = 'leased', owner = $2, lease_until = $3, fence = fence + 1,
            tries = tries + 1
        WHERE id = ANY($1::bigint[]) RETURNING {rows.JOB_COLUMNS}
        """,
        ids,
        hold.owner,
        hold.until,
    )
    job_of = {job.id: job for job in map(rows.job, leased)}
    return [job_of[id_] for id_ in ids]


async def renew(transaction: Transaction, units: Sequence[Renewal]) -> list[None]:
    """Prolongs the leases of jobs that are still held."""
    for unit in units:
        await transaction.run(
            """
            WITH held AS MATERIALIZED (
                SELECT id FROM job JOIN unnest($1::bigint[], $2::bigint[]) AS named (id, fence)
                    USING (id, fence)
                WHERE state = 'leased' ORDER BY id FOR UPDATE OF job)
            UPDATE job SET lease_until = $3 FROM held WHERE job.id = held.id
            """,
            [job.id for job in unit.jobs],
            [job.fence for job in unit.jobs],
            unit.until,
        )
    return [None] * len(units)


async def reap(transaction: Transaction, units: Sequence[datetime]) -> list[int]:
    """Frees jobs whose lease ran out."""
    return [await _reap(transaction, now) for now in units]


async def _reap(transaction: Transaction, now: datetime) -> int:
    freed = await transaction.run(
        """
        WITH late AS MATERIALIZED (
            SELECT id FROM job WHERE state = 'leased' AND lease_until <= $1
            ORDER BY id FOR UPDATE SKIP LOCKED)
        UPDATE job SET state = 'ready', owner = NULL, lease_until = NULL
        FROM late WHERE job.id = late.id
        """,
        rows.moment(now),
    )
    if freed:
        transaction.topics.add("jobs")
    return freed


async def held(connections: Connections, asked: Sequence[tuple[int, int, datetime]]) -> list[bool]:
    """Whether nobody else has jobs, or could have them by now: (id, fence, time) of each."""
    found = await each(
        connections,
        """
        SELECT nth FROM {asked} JOIN job ON job.id = asked.id
        WHERE job.fence = asked.fence AND job.state = 'leased' AND job.lease_until > asked.at
        """,
        "id bigint, fence bigint, at timestamptz",
        asked,
    )
    return [bool(one) for one in found]


async def lock(
    transaction: Transaction, ids: Collection[int], keys: Collection[str] = ()
) -> dict[int, Record]:
    """The jobs' rows by id, held until the end of the transaction; taken in one order."""
    found = await transaction.fetch(
        f"""
        SELECT {rows.JOB_COLUMNS}, state, priority FROM job
        WHERE id = ANY($1::bigint[]) {"OR key = ANY($2::text[])" if keys else ""}
        ORDER BY id FOR UPDATE
        """,
        list(ids),
        *([list(keys)] if keys else []),
    )
    return {row["id"]: row for row in found}


# --- putting in line --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Put:
    """Jobs to be put in line."""

    jobs: Sequence[NewJob]
    now: datetime
    replace: bool = True


async def put(transaction: Transaction, units: Sequence[Put]) -> list[None]:
    """Puts jobs in line. Raises Contradiction for one of a document that its company has not."""
    new = [job for unit in units for job in unit.jobs]
    strangers = await transaction.each(
        """
        SELECT asked.document_id FROM {asked} WHERE NOT EXISTS (
            SELECT FROM document
            WHERE id = asked.document_id AND document.company_id = asked.company_id)
        """,
        "document_id text, company_id text",
        [(job.document_id, job.company_id) for job in new if job.document_id],
    )
    if strangers:
        raise Contradiction(f"the company of the job has no document {strangers[0][0]}")
    if len({job.key for job in new}) < len(new):  # one statement may not write a row twice
        for unit in units:
            for job in unit.jobs:
                await _write(transaction, [(job, unit.now)], unit.replace)
        return [None] * len(units)
    for replace in (True, False):
        each = [(job, unit.now) for unit in units if unit.replace is replace for job in unit.jobs]
        await _write(transaction, each, replace)
    return [None] * len(units)


def insert(transaction: Transaction, new: Sequence[tuple[NewJob, datetime]]) -> None:
    """Puts the jobs of new documents in line: there can be no others with their keys."""
    values = [_values(job, now) for job, now in new]
    transaction.later(_INSERT, _TYPES, values)
    _tell(transaction, values)


async def _write(
    transaction: Transaction, new: Sequence[tuple[NewJob, datetime]], replace: bool
) -> None:
    # In one order: two writers of the same jobs wait for each other one way only.
    values = sorted((_values(job, now) for job, now in new), key=itemgetter(0))
    if replace:
        await lock(transaction, (), [row[0] for row in values])
        await transaction.each(_REPLACE, _TYPES, values)
    else:
        await transaction.each(f"{_INSERT} ON CONFLICT (key) DO NOTHING", _TYPES, values)
    _tell(transaction, values)


def _tell(transaction: Transaction, values: Sequence[Row]) -> None:
    if any(row[-2] == "ready" for row in values):
        transaction.topics.add("jobs")


def _values(job: NewJob, now: datetime) -> Row:
    return (
        job.key,
        job.company_id,
        job.document_id,
        job.kind,
        job.lane or job.kind,
        job.priority,
        rows.to_json(job.data),
        state_of(job.due_at, now),
        job.due_at,
    )


def state_of(due_at: datetime, now: datetime) -> Literal["ready", "waiting"]:
    """The state of a job that nobody holds."""
    return "ready" if due_at <= now else "waiting"


async def drop(transaction: Transaction, units: Sequence[Collection[str]]) -> list[None]:
    """Takes jobs away by their keys."""
    keys = {key for unit in units for key in unit}
    if keys:
        found = await lock(transaction, (), keys)
        await transaction.run("DELETE FROM job WHERE id = ANY($1::bigint[])", list(found))
    return [None] * len(units)


@dataclass(frozen=True, slots=True)
class Replacement:
    """What is put in the place of a document's job; None: nothing."""

    company_id: str
    document_id: str
    again: Again | None
    now: datetime


async def replace(transaction: Transaction, units: Sequence[Replacement]) -> None:
    """Takes documents' jobs away from whoever has them, or from the dead list, and puts others in
    their place.

    What `again` does not say stays as it was. Raises Contradiction when it names no kind and there
    was no job. No document is among them twice.
    """
    was = await lock(transaction, (), [unit.document_id for unit in units])
    job_of = {row["key"]: row for row in was.values()}
    new: list[tuple[NewJob, datetime]] = []
    gone: list[str] = []
    for unit in units:
        old, again = job_of.get(unit.document_id), unit.again
        if again is None:
            gone.append(unit.document_id)
            continue
        kind: str | None = again.kind or (old["kind"] if old else None)
        if kind is None:
            raise Contradiction(f"{unit.document_id} has no job, and the new one has no kind")
        new.append((_replacing(unit, again, kind, old), unit.now))
    await transaction.run(
        "DELETE FROM job WHERE id = ANY($1::bigint[])",
        [job_of[key]["id"] for key in gone if key in job_of],
    )
    await dead.forget(transaction, [unit.document_id for unit in units])
    await _write(transaction, new, True)


def _replacing(unit: Replacement, again: Again, kind: str, old: Record | None) -> NewJob:
    lane = again.lane or (old["lane"] if old else "")
    data = again.data if again.data is not None else rows.from_json(old["data"] if old else "{}")
    return NewJob(
        key=unit.document_id,
        kind=kind,
        due_at=again.due_at,
        company_id=unit.company_id,
        document_id=unit.document_id,
        lane=lane,
        priority=old["priority"] if old else 0,
        data=data,
    )


# --- what becomes of jobs that were held --------------------------------------------------------


def go_on(
    transaction: Transaction,
    units: Sequence[tuple[int, Done | Again | Keep | Dead, datetime]],
) -> None:
    """Does what the holders say of their jobs: (job id, what, when) of each."""
    done: list[tuple[int]] = []
    again: list[Row] = []
    kept: list[Row] = []
    buried: list[tuple[int, Dead, datetime]] = []
    for id_, how, now in units:
        match how:
            case Done():
                done.append((id_,))
            case Again():
                state = state_of(rows.moment(how.due_at), now)
                again.append((id_, state, how.due_at, *_changes(how)))
                if state == "ready":
                    transaction.topics.add("jobs")
            case Keep():
                if how != Keep():
                    kept.append((id_, *_changes(how)))
            case Dead():
                buried.append((id_, how, now))
    transaction.later("DELETE FROM job USING {asked} WHERE job.id = asked.id", "id bigint", done)
    transaction.later(
        f"""
        UPDATE job SET state = asked.state, owner = NULL, lease_until = NULL,
            due_at = asked.due_at, {_CHANGED.format(tries=0)}
        FROM {{asked}} WHERE job.id = asked.id
        """,
        f"id bigint, state text, due_at timestamptz, {_CHANGES}",
        again,
    )
    transaction.later(
        f"UPDATE job SET {_CHANGED.format(tries=1)} FROM {{asked}} WHERE job.id = asked.id",
        f"id bigint, {_CHANGES}",
        kept,
    )
    dead.bury(transaction, buried)


_CHANGES = "kind text, data text, lane text"
_CHANGED = """
    data = coalesce(asked.data, job.data), lane = coalesce(asked.lane, job.lane),
    tries = CASE WHEN asked.kind <> job.kind THEN {tries} ELSE job.tries END,
    kind = coalesce(asked.kind, job.kind)
"""


def _changes(how: Again | Keep) -> Row:
    return how.kind, None if how.data is None else rows.to_json(how.data), how.lane
