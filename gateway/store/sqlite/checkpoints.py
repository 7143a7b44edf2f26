"""Write-backs: what a step of work, a late report or a person changes, all of it or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
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
    Job,
    Keep,
    LeaseLost,
    Leg,
    MovedOn,
    NewEvent,
    NewJob,
    Reply,
)
from gateway.store.sqlite import (
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
    """Writes steps back; LeaseLost, Duplicate or NotAllowed for those that may not."""
    touched = Counter(thing for unit in units for thing in _touched(unit))
    if (
        len(units) > 1 and touched.most_common(1)[0][1] > 1
    ):  # the second one sees what the first did
        return [answer for unit in units for answer in checkpoint(transaction, [unit])]
    held = {
        id_: (lane, tuple(row))
        for id_, lane, *row in transaction.asked(
            "id, fence",
            [(unit.job.id, unit.job.fence) for unit in units],
            """
            SELECT job.id, job.lane, job.document_id, job.company_id, document.state
            FROM asked CROSS JOIN job ON job.id = asked.id AND job.fence = asked.fence
            LEFT JOIN document ON document.id = job.document_id
            WHERE job.state = 'leased'
            """,
        )
    }
    twins = _twins(transaction, [unit for unit in units if unit.job.id in held])
    answers: list[Exception | None] = []
    given: list[jobs.Given] = []
    calls: list[lanes.Call] = []
    writes: list[_Write] = []
    for unit in units:
        if unit.job.id not in held:
            answers.append(LeaseLost(f"job {unit.job.id} is no longer held by this worker"))
            continue
        write = _Write.of(held[unit.job.id][1], unit.work, unit.parts, unit.now)
        refused = write.refused()
        if refused is None and unit.job.id in twins:
            refused = Duplicate(twins[unit.job.id])
        if refused is None:
            given.append(jobs.Given(unit.job.id, unit.work.next, write.at))
            writes.append(write)
            if unit.work.answered is not None:
                calls.append(lanes.Call(held[unit.job.id][0], unit.work.answered, unit.now))
        answers.append(refused)
    lanes.hear(transaction, calls)
    jobs.go_on(transaction, given)
    _save(transaction, [write for write in writes if write.state is not None])
    _put_in_line(transaction, [(unit.work, unit.now) for unit in units], answers)
    return answers


def _touched(unit: Step) -> Iterable[Hashable]:
    """What no two steps of one transaction may have in common."""
    yield unit.job.id
    if unit.job.document_id:
        yield unit.job.document_id
    for key in {*unit.work.drops, *(job.key for job in unit.work.jobs)}:
        yield "key", key
    if unit.work.unique is not None:
        yield replace(unit.work.unique, since=unit.now), unit.job.company_id


# Documents in one of these do not keep their number from being used again.
_NOT_SENT = ", ".join(f"'{state}'" for state in (State.REJECTED, State.CANCELLED, State.FAILED))


def _twins(transaction: Transaction, units: Sequence[Step]) -> dict[int, str]:
    """By job, the first other document with the same seller, number and kind."""
    found = [
        row
        for direction, index in _NUMBERS.items()
        for row in _twins_of(transaction, units, direction, index)
    ]
    return {job_id: document_id for job_id, document_id in found if document_id is not None}


# Where numbers are found again, by the way that documents go.
_NUMBERS = {Direction.OUT: "document_unique", Direction.IN: "document_again"}


def _twins_of(
    transaction: Transaction, units: Sequence[Step], direction: Direction, index: str
) -> list[Row]:
    return transaction.asked(
        "job_id, company_id, document_id, sender, number, kind, since",
        [
            (
                *(unit.job.id, unit.job.company_id, unit.job.document_id),
                *(unique.seller, unique.number, unique.kind, micros(unique.since)),
            )
            for unit in units
            if (unique := unit.work.unique) is not None and unique.direction is direction
        ],
        f"""
        SELECT job_id, (
            SELECT id FROM document INDEXED BY {index}
            WHERE document.company_id = asked.company_id AND direction = '{direction}'
                AND document.sender = asked.sender AND document.number = asked.number
                AND document.kind = asked.kind AND created_at >= asked.since
                AND state NOT IN ({_NOT_SENT}) AND id <> asked.document_id
            ORDER BY created_at LIMIT 1)
        FROM asked
        """,
    )


def _put_in_line(
    transaction: Transaction,
    works: Sequence[tuple[Checkpoint, datetime]],
    answers: Sequence[Exception | None],
) -> None:
    """The other jobs that steps put in line and take away."""
    written = [work for work, answer in zip(works, answers, strict=True) if answer is None]
    jobs.drop(transaction, [work.drops for work, _ in written])
    jobs.put(transaction, [jobs.Put(work.jobs, now) for work, now in written if work.jobs])


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


def report(transaction: Transaction, units: Sequence[LateResult]) -> list[bool | Exception]:
    """Writes reports; False for one that was written before."""
    return [_report(transaction, unit) for unit in units]


def _report(transaction: Transaction, unit: LateResult) -> bool | Exception:
    found = transaction.run(
        """
        SELECT document.id, document.company_id, document.state, document.version
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
    *found, version = found
    if unit.version not in (None, version):
        return MovedOn(f"the document has version {version} and not {unit.version}")
    write = _Write.of(tuple(found), unit.work, unit.parts, unit.now)
    refused = write.refused()
    if refused is not None:
        return refused
    if isinstance(unit.work.next, Dead) or unit.work.unique or unit.work.answered is not None:
        return Contradiction("a report has no job that could die, and no call that was answered")
    transaction.insert("report_seen (key, report_id, at)", [(*report_seen, write.at)])
    if unit.work.change is not None and not isinstance(unit.work.next, Keep):
        again = unit.work.next if isinstance(unit.work.next, Again) else None
        jobs.replace(transaction, write.company_id, write.document_id, again, write.at)
    _save(transaction, [write])
    _put_in_line(transaction, [(unit.work, unit.now)], [None])
    return True


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
    work = Checkpoint(
        next=unit.job or Done(),
        change=unit.change,
        events=unit.events,
        legs=unit.legs,
        jobs=unit.jobs,
    )
    write = _Write.of(found, work, unit.parts, unit.now)
    refused = write.refused()
    if refused is not None:
        return refused
    if not isinstance(unit.job, Keep):
        jobs.replace(transaction, unit.company_id, unit.document_id, unit.job, write.at)
    _put_in_line(transaction, [(work, unit.now)], [None])
    _save(transaction, [write])
    return True


# --- an answer to what came in ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Replying:
    """A reply, and its response whose parts are stored."""

    reply: Reply
    response: documents.Accept

    def work(self) -> Checkpoint:
        """What is written to the document that it answers."""
        return Checkpoint(next=Done(), business=self.reply.business, events=self.reply.events)


def reply(transaction: Transaction, units: Sequence[Replying]) -> list[bool | Exception]:
    """Accepts responses; False where the document that one answers has moved on meanwhile."""
    return [_reply(transaction, unit) for unit in units]


def _reply(transaction: Transaction, unit: Replying) -> bool | Exception:
    found = transaction.run(
        """
        SELECT id, company_id, state FROM document
        WHERE id = ? AND company_id = ? AND version = ? AND direction = 'in'
        """,
        (unit.reply.document_id, unit.reply.response.company_id, unit.reply.version),
    ).fetchone()
    if found is None:
        return False
    documents.accept(transaction, [unit.response])
    _save(transaction, [_Write.of(found, unit.work(), (), unit.response.now)])
    return True


# --- what they have in common -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Write:
    document_id: str  # "": the job is about none
    company_id: str
    state: str | None  # as it is now; None: there is no document
    work: Checkpoint
    parts: tuple[StoredPart, ...]
    at: int

    @classmethod
    def of(cls, row: Row, work: Checkpoint, parts: tuple[StoredPart, ...], now: datetime) -> _Write:
        document_id, company_id, state = row
        return cls(document_id, company_id, state, work, parts, micros(now))

    def refused(self) -> Exception | None:
        change = self.work.change
        if self.state is None:
            about = (change, self.work.head, self.work.channel, self.work.attempt)
            if (
                any(about)
                or self.work.parts
                or self.work.legs
                or self.work.events
                or self.work.unique
            ):
                return Contradiction("a job without a document has nothing to say of one")
            return None
        if change is not None and change.before != self.state:
            return NotAllowed(State(self.state), change.after)
        attempt = () if self.work.attempt is None else (self.work.attempt,)
        if any(row.document_id != self.document_id for row in (*self.work.legs, *attempt)):
            return Contradiction("a leg or an attempt belongs to another document")
        return None

    def tokens(self) -> Sequence[str]:
        """What the document is found by from now on."""
        messages = () if self.work.message is None else (self.work.message,)
        return terms.tokens(self.work.head, messages, self.work.legs)


def _save(transaction: Transaction, writes: Sequence[_Write]) -> None:
    """Everything but the jobs, of all units with one statement a table.

    No document is among them twice. Every write-back is a new version of it.
    """
    changes = [(write, write.work.change) for write in writes]
    transaction.asked(
        "id, at, channel, business, state, code, text, next_at",
        [
            (
                *(write.document_id, write.at, write.work.channel, write.work.business),
                *(
                    (None, None, None, None)
                    if change is None
                    else (change.after, change.code, change.text, maybe_micros(change.next_at))
                ),
            )
            for write, change in changes
        ],
        """
        UPDATE document SET version = version + 1, updated_at = asked.at,
            channel = coalesce(asked.channel, document.channel),
            business = coalesce(asked.business, document.business),
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
    overview.add(transaction, attempts)
    transaction.insert(
        f"route_leg ({rows.LEG_COLUMNS})",
        [rows.leg_values(leg) for write in writes for leg in write.work.legs],
        _REPLACE_LEG,
    )
    blobs.insert_parts(transaction, [(w.document_id, w.company_id, w.at, w.parts) for w in writes])
    messages.keep(transaction, [w.work.message for w in writes if w.work.message is not None])
    naming.name(transaction, [(w.document_id, w.tokens()) for w in writes])
    naming.blame(transaction, [(w.document_id, w.company_id, w.at, w.work.broken) for w in writes])
    for each in writes:
        if each.work.inbox is not None:
            place = (each.company_id, each.document_id)
            inbox.change(transaction, *place, each.work.inbox, each.work.found)
    events.append(transaction, [(w.company_id, w.document_id, w.at, w.work.events) for w in writes])
