"""Jobs: put in line, claimed with a lease and a fence, renewed, reaped, given back.

A job is waiting until it is due, ready from then on, and leased while somebody works on it. Each
claim raises its fence, and only who knows the newest fence may write back: a worker that slept
through its lease finds that it has lost it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from gateway.store.port import Again, Contradiction, Dead, Done, Job, Keep, NewJob
from gateway.store.sqlite import dead, rows
from gateway.store.sqlite.rows import Row, micros
from gateway.store.sqlite.writer import Transaction

COLUMNS = "key, company_id, document_id, kind, lane, priority, data, state, due_at"


@dataclass(frozen=True, slots=True)
class Hold:
    """A worker holds what it claims, for a time."""

    owner: str
    now: datetime
    lease_s: float

    @property
    def until(self) -> int:
        """When the lease ends."""
        return micros(self.now + timedelta(seconds=self.lease_s))


@dataclass(frozen=True, slots=True)
class Renewal:
    """A worker asks for more time for what it has in hand."""

    jobs: Sequence[Job]
    now: datetime
    lease_s: float

    @property
    def until(self) -> int:
        """When the leases end."""
        return micros(self.now + timedelta(seconds=self.lease_s))


def lease(transaction: Transaction, ids: Sequence[int], hold: Hold) -> list[Job]:
    """Leases these jobs, which are ready; in this order."""
    leased = transaction.run(
        f"""
        UPDATE job SET state = 'leased', owner = ?, lease_until = ?, fence = fence + 1,
            tries = tries + 1
        WHERE id IN (SELECT value FROM json_each(?))
        RETURNING {rows.JOB_COLUMNS}
        """,
        (hold.owner, hold.until, json.dumps(ids)),
    )
    job_of = {job.id: job for job in map(rows.job, leased)}
    return [job_of[id_] for id_ in ids]


def renew(transaction: Transaction, units: Sequence[Renewal]) -> list[None]:
    """Prolongs the leases of jobs that are still held."""
    for unit in units:
        transaction.run(
            """
            UPDATE job SET lease_until = ? WHERE state = 'leased' AND (id, fence) IN (
                SELECT value ->> 0, value ->> 1 FROM json_each(?))
            """,
            (unit.until, json.dumps([(job.id, job.fence) for job in unit.jobs])),
        )
    return [None] * len(units)


def reap(transaction: Transaction, units: Sequence[datetime]) -> list[int]:
    """Frees jobs whose lease ran out."""
    return [_reap(transaction, now) for now in units]


def _reap(transaction: Transaction, now: datetime) -> int:
    freed = transaction.run(
        """
        UPDATE job SET state = 'ready', owner = NULL, lease_until = NULL
        WHERE state = 'leased' AND lease_until <= ?
        """,
        (micros(now),),
    ).rowcount
    if freed:
        transaction.topics.add("jobs")
    return freed


def free_all(connection: sqlite3.Connection) -> None:
    """Clears every lease: at the start of the only process, nobody can hold one."""
    connection.execute(
        "UPDATE job SET state = 'ready', owner = NULL, lease_until = NULL WHERE state = 'leased'"
    )


def holds(connection: sqlite3.Connection, job: Job, now: datetime) -> bool:
    """Whether nobody else has the job, or could have it by now."""
    row = connection.execute(
        "SELECT 1 FROM job WHERE id = ? AND fence = ? AND state = 'leased' AND lease_until > ?",
        (job.id, job.fence, micros(now)),
    ).fetchone()
    return row is not None


# --- putting in line --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Put:
    """Jobs to be put in line."""

    jobs: Sequence[NewJob]
    now: datetime
    replace: bool = True


def put(transaction: Transaction, units: Sequence[Put]) -> list[None]:
    """Puts jobs in line. Raises Contradiction for one of a document that its company has not."""
    new = [job for unit in units for job in unit.jobs]
    strangers = transaction.asked(
        "document_id, company_id",
        [(job.document_id, job.company_id) for job in new if job.document_id],
        """
        SELECT asked.document_id FROM asked WHERE NOT EXISTS (
            SELECT 1 FROM document
            WHERE id = asked.document_id AND document.company_id = asked.company_id)
        """,
    )
    if strangers:
        raise Contradiction(f"the company of the job has no document {strangers[0][0]}")
    for unit in units:
        at = micros(unit.now)
        values = [
            _values(
                job.key,
                job.company_id,
                job.document_id,
                job.kind,
                job.lane or job.kind,
                job.priority,
                rows.to_json(job.data),
                micros(job.due_at),
                at,
            )
            for job in unit.jobs
        ]
        if unit.replace:
            transaction.each(f"REPLACE INTO job ({COLUMNS})", values, "")
        else:
            transaction.insert(f"job ({COLUMNS})", values, "ON CONFLICT (key) DO NOTHING")
        _tell(transaction, values)
    return [None] * len(units)


def _values(
    key: str,
    company_id: str,
    document_id: str,
    kind: str,
    lane: str,
    priority: int,
    data: str,
    due_at: int,
    at: int,
) -> Row:
    return key, company_id, document_id, kind, lane, priority, data, state_of(due_at, at), due_at


def state_of(due_at: int, at: int) -> Literal["ready", "waiting"]:
    """The state of a job that nobody holds."""
    return "ready" if due_at <= at else "waiting"


def _tell(transaction: Transaction, values: Sequence[Row]) -> None:
    if any("ready" in row[-2:] for row in values):
        transaction.topics.add("jobs")


def drop(transaction: Transaction, units: Sequence[Sequence[str]]) -> list[None]:
    """Takes jobs away by their keys."""
    keys = [key for unit in units for key in unit]
    if keys:
        transaction.run(
            "DELETE FROM job WHERE key IN (SELECT value FROM json_each(?))", (json.dumps(keys),)
        )
    return [None] * len(units)


def replace(
    transaction: Transaction, company_id: str, document_id: str, again: Again | None, at: int
) -> None:
    """Takes the document's job away from whoever has it, or from the dead list, and puts `again` in
    its place.

    What `again` does not say stays as it was. Raises Contradiction when it names no kind and there
    was no job.
    """
    was = transaction.run(
        "DELETE FROM job WHERE key = ? RETURNING kind, lane, priority, data", (document_id,)
    ).fetchall()
    dead.forget(transaction, [document_id])
    if again is None:
        return
    kind, lane, priority, data = was[0] if was else (again.kind, again.kind, 0, "{}")
    if kind is None:
        raise Contradiction(f"{document_id} has no job, and the new one has no kind")
    new = _values(
        document_id,
        company_id,
        document_id,
        again.kind or kind,
        again.lane or lane or kind,
        priority,
        data if again.data is None else rows.to_json(again.data),
        micros(again.due_at),
        at,
    )
    transaction.insert(f"job ({COLUMNS})", [new])
    _tell(transaction, [new])


# --- what becomes of a job that was held --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Given:
    """What the holder of a job says of it."""

    job_id: int
    how: Done | Again | Keep | Dead
    at: int


def go_on(transaction: Transaction, given: Sequence[Given]) -> None:
    """Does what the holders say of their jobs, with one statement for each way to go on."""
    done, changed, again = list[int](), list[Row](), list[Row]()
    for one in given:
        match one.how:
            case Done():
                done.append(one.job_id)
            case Dead():
                dead.bury(transaction, one.job_id, one.how, one.at)
                done.append(one.job_id)
            case Keep() if one.how != Keep():
                changed.append((one.job_id, *_changes(one.how), 1))
            case Again():
                due_at = micros(one.how.due_at)
                changes = _changes(one.how)
                again.append((one.job_id, *changes, 0, state_of(due_at, one.at), due_at))
    if done:
        transaction.run(
            "DELETE FROM job WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(done),)
        )
    transaction.asked("id, data, lane, kind, tries", changed, f"UPDATE job SET {_CHANGE}")
    transaction.asked(
        "id, data, lane, kind, tries, state, due_at",
        again,
        "UPDATE job SET state = asked.state, due_at = asked.due_at, owner = NULL,"
        f" lease_until = NULL, {_CHANGE}",
    )
    _tell(transaction, again)


# With another kind the tries are counted anew.
_CHANGE = """
    data = coalesce(asked.data, job.data), lane = coalesce(asked.lane, job.lane),
    tries = iif(coalesce(asked.kind, job.kind) = job.kind, job.tries, asked.tries),
    kind = coalesce(asked.kind, job.kind)
    FROM asked WHERE job.id = asked.id
"""


def _changes(how: Again | Keep) -> Row:
    return None if how.data is None else rows.to_json(how.data), how.lane, how.kind
