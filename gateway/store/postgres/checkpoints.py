"""Write-backs: what a step of work, a late report or a person changes, all of it or nothing.

Everything locks documents first, then jobs, then lanes, each in the order of their ids: two
write-backs can wait for each other one way only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from gateway.lifecycle import Change, NotAllowed, State
from gateway.store import terms
from gateway.store.parts import StoredPart
from gateway.store.port import (
    Again,
    Checkpoint,
    Contradiction,
    Dead,
    Direction,
    Done,
    Duplicate,
    Head,
    Job,
    Keep,
    LeaseLost,
    Leg,
    MovedOn,
    NewEvent,
    NewJob,
    Reply,
)
from gateway.store.postgres import (
    blobs,
    documents,
    events,
    inbox,
    jobs,
    lanes,
    messages,
    naming,
    overview,
    rows,
)
from gateway.store.postgres.jobs import Replacement
from gateway.store.postgres.rows import Row
from gateway.store.postgres.transactions import Operation, Transaction

if TYPE_CHECKING:
    from gateway.store.postgres.connections import Record

A = TypeVar("A")
R = TypeVar("R")

_HEAD_TYPES = ", ".join(f"{name} text" for name in rows.HEAD_COLUMNS.split(", "))
_NEW_HEAD = ", ".join(
    f"{name} = CASE WHEN asked.headed THEN asked.{name} ELSE document.{name} END"
    for name in rows.HEAD_COLUMNS.split(", ")
)


def _named(columns: str, types: str) -> str:
    pairs = zip(columns.split(", "), types.split(", "), strict=True)
    return ", ".join(f"{name} {type_}" for name, type_ in pairs)


# --- a step of work ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """A checkpoint whose parts are stored."""

    job: Job
    work: Checkpoint
    parts: tuple[StoredPart, ...]
    now: datetime


async def checkpoint(transaction: Transaction, units: Sequence[Step]) -> list[Exception | None]:
    """Writes steps back; LeaseLost, Duplicate or NotAllowed for those that may not."""
    if _meet(_touched(unit) for unit in units):  # the second one sees what the first did
        return await _one_by_one(checkpoint, transaction, units)
    locked = await documents.lock(
        transaction, {unit.job.document_id for unit in units if unit.job.document_id}
    )
    held = await jobs.lock(transaction, [unit.job.id for unit in units])
    twins = await _twins(transaction, units)
    answers: list[Exception | None] = []
    writes: list[_Write] = []
    gone_on: list[tuple[int, Done | Again | Keep | Dead, datetime]] = []
    calls: list[tuple[str, bool, datetime]] = []
    for unit in units:
        job = held.get(unit.job.id)
        if job is None or job["fence"] != unit.job.fence or job["state"] != "leased":
            answers.append(LeaseLost(f"job {unit.job.id} is no longer held by this worker"))
            continue
        document = locked.get(job["document_id"])
        write = _Write(
            document_id=job["document_id"],
            company_id=job["company_id"],
            state=document["state"] if document else None,
            work=unit.work,
            parts=unit.parts,
            at=rows.moment(unit.now),
        )
        refused = write.refused()
        if refused is None and unit.job.id in twins:
            refused = Duplicate(twins[unit.job.id])
        if refused is None:
            gone_on.append((unit.job.id, unit.work.next, unit.now))
            writes.append(write)
            if unit.work.answered is not None:
                calls.append((job["lane"], unit.work.answered, unit.now))
        answers.append(refused)
    jobs.go_on(transaction, gone_on)
    await _put_in_line(transaction, writes)
    if calls:
        await lanes.hear(transaction, calls)
    _save(transaction, [write for write in writes if write.state is not None])
    return answers


async def _one_by_one(
    operation: Operation[A, R], transaction: Transaction, units: Sequence[A]
) -> list[R | Exception]:
    """The units of a batch, each of which sees what those before it did."""
    answers: list[R | Exception] = []
    for unit in units:
        answers += await operation(transaction, [unit])
        await transaction.flush()
    return answers


def _meet(touched: Iterable[Iterable[Hashable]]) -> bool:
    """Whether two units touch the same thing."""
    count = Counter(thing for things in touched for thing in set(things))
    return any(n > 1 for n in count.values())


def _touched(unit: Step) -> Iterable[Hashable]:
    """What no two steps of one batch may have in common."""
    yield unit.job.id
    if unit.job.document_id:
        yield unit.job.document_id
    for key in {*unit.work.drops, *(job.key for job in unit.work.jobs)}:
        yield "key", key
    if unit.work.unique is not None:
        yield replace(unit.work.unique, since=unit.now), unit.job.company_id


# Documents in one of these do not keep their number from being used again.
_NOT_SENT = ", ".join(f"'{state}'" for state in (State.REJECTED, State.CANCELLED, State.FAILED))


async def _twins(transaction: Transaction, units: Sequence[Step]) -> dict[int, str]:
    """By job, the first other document with the same seller, number and kind.

    Of two that are checked at once neither may be overlooked: who asks holds a lock on the number
    until its head is written and committed.
    """
    asked = sorted(
        (
            *(unit.job.company_id, unique.direction.value),
            *(unique.seller, unique.number, unique.kind),
            *(unit.job.id, unit.job.document_id, rows.moment(unique.since)),
        )
        for unit in units
        if (unique := unit.work.unique) is not None
    )
    await transaction.each(
        """
        SELECT pg_advisory_xact_lock(lock) FROM (
            SELECT DISTINCT hashtextextended(
                concat_ws(chr(31), company_id, direction, seller, number, kind), 0) AS lock
            FROM {asked} ORDER BY lock) AS each
        """,
        "company_id text, direction text, seller text, number text, kind text",
        [row[:5] for row in asked],
    )
    found = await transaction.each(
        f"""
        SELECT job_id, (
            SELECT id FROM document
            WHERE document.company_id = asked.company_id
                AND document.direction = asked.direction
                AND document.sender = asked.seller AND document.number = asked.number
                AND document.kind = asked.kind AND created_at >= asked.since
                AND state NOT IN ({_NOT_SENT}) AND id <> asked.document_id
            ORDER BY created_at LIMIT 1)
        FROM {{asked}}
        """,
        "company_id text, direction text, seller text, number text, kind text, job_id bigint, "
        "document_id text, since timestamptz",
        asked,
    )
    return {job_id: document_id for job_id, document_id in found if document_id is not None}


async def _put_in_line(transaction: Transaction, writes: Sequence[_Write]) -> None:
    """The other jobs that steps take away and put in line."""
    if not any(write.work.drops or write.work.jobs for write in writes):
        return
    await transaction.flush()  # it may be a job that has just gone on
    await jobs.drop(transaction, [write.work.drops for write in writes])
    await jobs.put(transaction, [jobs.Put(write.work.jobs, write.at) for write in writes])


# --- a late result ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LateResult:
    """A report on a leg, whose parts are stored."""

    key: UUID
    report_id: str
    work: Checkpoint
    parts: tuple[StoredPart, ...]
    now: datetime
    version: int | None = None


async def report(transaction: Transaction, units: Sequence[LateResult]) -> list[bool | Exception]:
    """Writes reports; False for one that was written before."""
    found = await transaction.fetch(
        "SELECT key, document_id FROM route_leg WHERE key = ANY($1::uuid[])",
        [unit.key for unit in units],
    )
    document_of = {row["key"]: row["document_id"] for row in found}
    if _meet([document_of.get(unit.key, unit.key)] for unit in units):
        return await _one_by_one(report, transaction, units)
    locked = await documents.lock(transaction, document_of.values())
    seen = {
        (key, report_id)
        for key, report_id in await transaction.each(
            "SELECT key, report_id FROM {asked} JOIN report_seen USING (key, report_id)",
            "key uuid, report_id text",
            [(unit.key, unit.report_id) for unit in units],
        )
    }
    answers: list[bool | Exception] = []
    writes: list[_Write] = []
    replaced: list[Replacement] = []
    new = []
    for unit in units:
        document = locked.get(document_of.get(unit.key, ""))
        if document is None:
            answers.append(Contradiction(f"no leg has the key {unit.key}"))
            continue
        if (unit.key, unit.report_id) in seen:
            answers.append(False)
            continue
        if unit.version not in (None, document["version"]):
            text = f"the document has version {document['version']} and not {unit.version}"
            answers.append(MovedOn(text))
            continue
        write = _Write.of(document, unit.work, unit.parts, unit.now)
        refused = write.refused()
        if refused is None and _of_a_job(unit.work):
            refused = Contradiction(
                "a report has no job that could die, and no call that was answered"
            )
        if refused is not None:
            answers.append(refused)
            continue
        if unit.work.change is not None and not isinstance(unit.work.next, Keep):
            again = unit.work.next if isinstance(unit.work.next, Again) else None
            replaced.append(Replacement(write.company_id, write.document_id, again, unit.now))
        new.append((unit.key, unit.report_id, write.at))
        writes.append(write)
        answers.append(True)
    transaction.later(
        "INSERT INTO report_seen (key, report_id, at) SELECT key, report_id, at FROM {asked}",
        "key uuid, report_id text, at timestamptz",
        new,
    )
    await jobs.replace(transaction, replaced)
    await _put_in_line(transaction, writes)
    _save(transaction, writes)
    return answers


def _of_a_job(work: Checkpoint) -> bool:
    return isinstance(work.next, Dead) or work.unique is not None or work.answered is not None


# --- a person's verb --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Act:
    """What a person has decided; its parts are stored."""

    company_id: str
    document_id: str
    version: int
    change: Change
    job: Again | Keep | None
    events: Sequence[NewEvent]
    now: datetime
    parts: tuple[StoredPart, ...] = ()
    legs: tuple[Leg, ...] = ()
    jobs: tuple[NewJob, ...] = ()


async def act(transaction: Transaction, units: Sequence[Act]) -> list[bool | Exception]:
    """Carries out verbs; False when the document has moved on meanwhile."""
    if _meet([unit.document_id] for unit in units):
        return await _one_by_one(act, transaction, units)
    locked = await documents.lock(transaction, [unit.document_id for unit in units])
    answers: list[bool | Exception] = []
    writes: list[_Write] = []
    replaced: list[Replacement] = []
    for unit in units:
        document = locked.get(unit.document_id)
        if (
            document is None
            or document["company_id"] != unit.company_id
            or document["version"] != unit.version
        ):
            answers.append(False)
            continue
        work = Checkpoint(
            next=unit.job or Done(),
            change=unit.change,
            events=unit.events,
            legs=unit.legs,
            jobs=unit.jobs,
        )
        write = _Write.of(document, work, unit.parts, unit.now)
        refused = write.refused()
        if refused is None:
            if not isinstance(unit.job, Keep):
                replaced.append(Replacement(unit.company_id, unit.document_id, unit.job, unit.now))
            writes.append(write)
        answers.append(refused or True)
    await jobs.replace(transaction, replaced)
    await _put_in_line(transaction, writes)
    _save(transaction, writes)
    return answers


# --- an answer to what came in ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Replying:
    """A reply, and its response whose parts are stored."""

    reply: Reply
    response: documents.Accept

    def work(self) -> Checkpoint:
        """What is written to the document that it answers."""
        return Checkpoint(next=Done(), business=self.reply.business, events=self.reply.events)


async def reply(transaction: Transaction, units: Sequence[Replying]) -> list[bool | Exception]:
    """Accepts responses; False where the document that one answers has moved on meanwhile."""
    if _meet([unit.reply.document_id] for unit in units):
        return await _one_by_one(reply, transaction, units)
    locked = await documents.lock(transaction, [unit.reply.document_id for unit in units])
    answers: list[bool | Exception] = []
    said: list[Replying] = []
    for unit in units:
        document = locked.get(unit.reply.document_id)
        stands = (
            document is not None
            and document["company_id"] == unit.reply.response.company_id
            and document["version"] == unit.reply.version
            and document["direction"] == Direction.IN
        )
        answers.append(stands)
        if stands:
            said.append(unit)
    await documents.accept(transaction, [unit.response for unit in said])
    _save(
        transaction,
        [
            _Write.of(locked[unit.reply.document_id], unit.work(), (), unit.response.now)
            for unit in said
        ],
    )
    return answers


# --- what they have in common -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Write:
    document_id: str  # "": the job is about none
    company_id: str
    state: str | None  # as it is now; None: there is no document
    work: Checkpoint
    parts: tuple[StoredPart, ...]
    at: datetime

    @classmethod
    def of(
        cls,
        document: Record,
        work: Checkpoint,
        parts: tuple[StoredPart, ...],
        now: datetime,
    ) -> _Write:
        return cls(
            document["id"], document["company_id"], document["state"], work, parts, rows.moment(now)
        )

    def refused(self) -> Exception | None:
        work = self.work
        if self.state is None:
            about = (work.change, work.head, work.channel, work.attempt, work.unique)
            if any(about) or work.parts or work.legs or work.events:
                return Contradiction("a job without a document has nothing to say of one")
            return None
        if work.change is not None and work.change.before != self.state:
            return NotAllowed(State(self.state), work.change.after)
        attempt = () if work.attempt is None else (work.attempt,)
        if any(row.document_id != self.document_id for row in (*work.legs, *attempt)):
            return Contradiction("a leg or an attempt belongs to another document")
        return None

    def values(self) -> Row:
        """What becomes of the document's row."""
        work, change = self.work, self.work.change
        head = rows.head_values(work.head or Head())
        new: Row = (None, None, None, None)
        if change is not None:
            new = (change.after, change.code, change.text, change.next_at)
        where = (self.document_id, self.at, work.channel, work.business)
        return *where, *new, work.head is not None, *head

    def tokens(self) -> Sequence[str]:
        """What the document is found by from now on."""
        messages = () if self.work.message is None else (self.work.message,)
        return terms.tokens(self.work.head, messages, self.work.legs)


def _save(transaction: Transaction, writes: Sequence[_Write]) -> None:
    """Everything but the jobs, of all units with one statement a table.

    No document is among them twice. Every write-back is a new version of it.
    """
    transaction.later(
        f"""
        UPDATE document SET version = version + 1, updated_at = asked.at, tx = {events.THIS_TX},
            channel = coalesce(asked.channel, document.channel),
            business = coalesce(asked.business, document.business),
            next_at = CASE WHEN asked.state IS NULL THEN document.next_at ELSE asked.next_at END,
            state = coalesce(asked.state, document.state),
            code = coalesce(asked.code, document.code),
            text = coalesce(asked.text, document.text),
            {_NEW_HEAD}
        FROM {{asked}} WHERE document.id = asked.id
        """,
        "id text, at timestamptz, channel text, business text, state text, code text, text text, "
        f"next_at timestamptz, headed boolean, {_HEAD_TYPES}",
        [write.values() for write in writes],
    )
    attempts = [write.work.attempt for write in writes if write.work.attempt is not None]
    transaction.later(
        f"""
        INSERT INTO attempt ({rows.ATTEMPT_COLUMNS}) SELECT {rows.ATTEMPT_COLUMNS} FROM {{asked}}
        ON CONFLICT (document_id, id) DO UPDATE SET
            ended_at = excluded.ended_at, outcome = excluded.outcome, code = excluded.code,
            text = excluded.text, public_text = excluded.public_text, remote = excluded.remote
        """,
        _named(rows.ATTEMPT_COLUMNS, rows.ATTEMPT_TYPES),
        [rows.attempt_values(attempt) for attempt in attempts],
    )
    overview.add(transaction, attempts)
    transaction.later(
        f"""
        INSERT INTO route_leg ({rows.LEG_COLUMNS}) SELECT {rows.LEG_COLUMNS} FROM {{asked}}
        ON CONFLICT (document_id, n) DO UPDATE SET channel = excluded.channel, key = excluded.key,
            state = excluded.state, address = excluded.address, reference = excluded.reference,
            expects = excluded.expects, until = excluded.until
        """,
        _named(rows.LEG_COLUMNS, rows.LEG_TYPES),
        [rows.leg_values(leg) for write in writes for leg in write.work.legs],
    )
    blobs.insert_parts(
        transaction,
        [(w.document_id, w.company_id, w.at, w.parts) for w in writes],
        {(w.document_id, w.work.attempt.id) for w in writes if w.work.attempt is not None},
    )
    messages.keep(transaction, [w.work.message for w in writes if w.work.message is not None])
    naming.name(transaction, [(w.document_id, w.tokens()) for w in writes])
    naming.blame(transaction, [(w.document_id, w.company_id, w.at, w.work.broken) for w in writes])
    inbox.change(
        transaction,
        [
            (w.company_id, w.document_id, w.work.inbox, w.work.found)
            for w in writes
            if w.work.inbox is not None
        ],
    )
    events.append(transaction, [(w.company_id, w.document_id, w.at, w.work.events) for w in writes])
