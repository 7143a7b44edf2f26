"""Write-backs: what a step of work, a late report or a person changes, all of it or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gateway.lifecycle import Change, NotAllowed, State
from gateway.store.port import (
    Again,
    Checkpoint,
    Contradiction,
    Done,
    Job,
    Keep,
    LeaseLost,
    NewEvent,
)
from gateway.store.sqlite import blobs, events, jobs, rows
from gateway.store.sqlite.blobs import StoredPart
from gateway.store.sqlite.rows import Row, maybe_micros, micros
from gateway.store.sqlite.writer import Transaction

_ASKED_HEAD = ", ".join(f"asked.{name}" for name in rows.HEAD_COLUMNS.split(", "))
_REPLACE_LEG = (
    "ON CONFLICT (document_id, n) DO UPDATE SET channel = excluded.channel, key = excluded.key, "
    "state = excluded.state, address = excluded.address, reference = excluded.reference, "
    "expects = excluded.expects, until = excluded.until"
)
_CLOSE_ATTEMPT = (
    "ON CONFLICT (document_id, id) DO UPDATE SET "
    "ended_at = excluded.ended_at, outcome = excluded.outcome, code = excluded.code, "
    "text = excluded.text, public_text = excluded.public_text, "
    "remote = excluded.remote"
)


# --- a step of work ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """A checkpoint whose parts are stored."""

    job: Job
    work: Checkpoint
    parts: tuple[StoredPart, ...]
    now: datetime


def checkpoint(transaction: Transaction, units: Sequence[Step]) -> list[Exception | None]:
    """Writes steps back; LeaseLost or NotAllowed for those that may not."""
    if len({unit.job.id for unit in units}) < len(units):  # the second one sees what the first did
        return [answer for unit in units for answer in checkpoint(transaction, [unit])]
    held = {
        id_: row
        for id_, *row in transaction.asked(
            "id, fence",
            [(unit.job.id, unit.job.fence) for unit in units],
            """
            SELECT job.id, document.id, document.company_id, document.state
            FROM asked CROSS JOIN job ON job.id = asked.id AND job.fence = asked.fence
            CROSS JOIN document ON document.id = job.document_id
            WHERE job.owner IS NOT NULL
            """,
        )
    }
    answers: list[Exception | None] = []
    writes = []
    for unit in units:
        if unit.job.id not in held:
            answers.append(LeaseLost(f"job {unit.job.id} is no longer held by this worker"))
            continue
        write = _Write.of(tuple(held[unit.job.id]), unit.work, unit.parts, unit.now)
        refused = write.refused()
        if refused is None:
            _go_on(transaction, unit.job.id, unit.work.next)
            writes.append(write)
        answers.append(refused)
    _save(transaction, writes)
    return answers


def _go_on(transaction: Transaction, job_id: int, how: Done | Again | Keep) -> None:
    if isinstance(how, Done):
        transaction.run("DELETE FROM job WHERE id = ?", (job_id,))
    elif isinstance(how, Again):
        data = None if how.data is None else rows.to_json(how.data)
        transaction.run(
            """
            UPDATE job SET owner = NULL, lease_until = NULL, due_at = ?, data = coalesce(?, data),
                tries = iif(coalesce(?, kind) = kind, tries, 0), kind = coalesce(?, kind)
            WHERE id = ?
            """,
            (micros(how.due_at), data, how.kind, how.kind, job_id),
        )
        transaction.topics.add("jobs")
    elif how.data is not None or how.kind is not None:
        transaction.run(
            """
            UPDATE job SET data = coalesce(?, data),
                tries = iif(coalesce(?, kind) = kind, tries, 1), kind = coalesce(?, kind)
            WHERE id = ?
            """,
            (None if how.data is None else rows.to_json(how.data), how.kind, how.kind, job_id),
        )


# --- a late result ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LateResult:
    """A report on a leg, whose parts are stored."""

    key: UUID
    report_id: str
    work: Checkpoint
    parts: tuple[StoredPart, ...]
    now: datetime


def report(transaction: Transaction, units: Sequence[LateResult]) -> list[bool | Exception]:
    """Writes reports; False for one that was written before."""
    return [_report(transaction, unit) for unit in units]


def _report(transaction: Transaction, unit: LateResult) -> bool | Exception:
    found = transaction.run(
        """
        SELECT document.id, document.company_id, document.state
        FROM route_leg JOIN document ON document.id = route_leg.document_id
        WHERE route_leg.key = ?
        """,
        (str(unit.key),),
    ).fetchone()
    if found is None:
        return Contradiction(f"no leg has the key {unit.key}")
    report_seen = (str(unit.key), unit.report_id)
    if transaction.run(
        "SELECT 1 FROM report_seen WHERE key = ? AND report_id = ?", report_seen
    ).fetchone():
        return False
    write = _Write.of(found, unit.work, unit.parts, unit.now)
    refused = write.refused()
    if refused is not None:
        return refused
    transaction.insert("report_seen (key, report_id, at)", [(*report_seen, write.at)])
    if unit.work.change is not None and not isinstance(unit.work.next, Keep):
        again = unit.work.next if isinstance(unit.work.next, Again) else None
        jobs.replace(transaction, write.company_id, write.document_id, again)
    _save(transaction, [write])
    return True


# --- a person's verb --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Act:
    """What a person has decided."""

    company_id: str
    document_id: str
    version: int
    change: Change
    job: Again | None
    events: Sequence[NewEvent]
    now: datetime


def act(transaction: Transaction, units: Sequence[Act]) -> list[bool | Exception]:
    """Carries out verbs; False when the document has moved on meanwhile."""
    return [_act(transaction, unit) for unit in units]


def _act(transaction: Transaction, unit: Act) -> bool | Exception:
    found = transaction.run(
        """
        SELECT id, company_id, state FROM document
        WHERE id = ? AND company_id = ? AND version = ?
        """,
        (unit.document_id, unit.company_id, unit.version),
    ).fetchone()
    if found is None:
        return False
    work = Checkpoint(next=unit.job or Done(), change=unit.change, events=unit.events)
    write = _Write.of(found, work, (), unit.now)
    refused = write.refused()
    if refused is not None:
        return refused
    jobs.replace(transaction, unit.company_id, unit.document_id, unit.job)
    _save(transaction, [write])
    return True


# --- what they have in common -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Write:
    document_id: str
    company_id: str
    state: str  # as it is now
    work: Checkpoint
    parts: tuple[StoredPart, ...]
    at: int

    @classmethod
    def of(cls, row: Row, work: Checkpoint, parts: tuple[StoredPart, ...], now: datetime) -> _Write:
        document_id, company_id, state = row
        return cls(document_id, company_id, state, work, parts, micros(now))

    def refused(self) -> Exception | None:
        change = self.work.change
        if change is not None and change.before != self.state:
            return NotAllowed(State(self.state), change.after)
        attempt = () if self.work.attempt is None else (self.work.attempt,)
        if any(row.document_id != self.document_id for row in (*self.work.legs, *attempt)):
            return Contradiction("a leg or an attempt belongs to another document")
        return None


def _save(transaction: Transaction, writes: Sequence[_Write]) -> None:
    """Everything but the jobs, of all units with one statement a table.

    No document is among them twice. Every write-back is a new version of it.
    """
    changes = [(write, write.work.change) for write in writes]
    transaction.asked(
        "id, at, channel, state, code, text, next_at",
        [
            (write.document_id, write.at, write.work.channel, None, None, None, None)
            if change is None
            else (
                *(write.document_id, write.at, write.work.channel),
                *(change.after, change.code, change.text, maybe_micros(change.next_at)),
            )
            for write, change in changes
        ],
        """
        UPDATE document SET version = version + 1, updated_at = asked.at,
            channel = coalesce(asked.channel, document.channel),
            next_at = iif(asked.state IS NULL, document.next_at, asked.next_at),
            state = coalesce(asked.state, document.state),
            code = coalesce(asked.code, document.code),
            text = coalesce(asked.text, document.text)
        FROM asked WHERE document.id = asked.id
        """,
    )
    transaction.asked(
        f"id, {rows.HEAD_COLUMNS}",
        [
            (write.document_id, *rows.head_values(write.work.head))
            for write in writes
            if write.work.head is not None
        ],
        f"UPDATE document SET ({rows.HEAD_COLUMNS}) = ({_ASKED_HEAD}) FROM asked"
        " WHERE document.id = asked.id",
    )
    attempts = [write.work.attempt for write in writes if write.work.attempt is not None]
    transaction.insert(
        f"attempt ({rows.ATTEMPT_COLUMNS})",
        [rows.attempt_values(attempt) for attempt in attempts],
        _CLOSE_ATTEMPT,
    )
    transaction.insert(
        f"route_leg ({rows.LEG_COLUMNS})",
        [rows.leg_values(leg) for write in writes for leg in write.work.legs],
        _REPLACE_LEG,
    )
    blobs.insert_parts(transaction, [(w.document_id, w.company_id, w.at, w.parts) for w in writes])
    events.append(transaction, [(w.company_id, w.document_id, w.at, w.work.events) for w in writes])
