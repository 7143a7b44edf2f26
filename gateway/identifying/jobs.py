"""The jobs: a file of customers in pieces, each answered once, and what came of them.

A job is an entry in a register, and so is each piece of its file. A piece is written back together
with the job's counts, so that after a kill at any moment each row has been answered once or is
still to be. What was asked with (personal numbers) goes away with the answer. After seven days all
of it goes.

In charge of the steps and of what is kept. Not in charge of the file's form (`table`) nor of what a
customer is asked (`gateway.ways`).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

import structlog

from gateway.clock import Clock
from gateway.identifying.customer import CustomerFacts
from gateway.identifying.masking import masked
from gateway.identifying.table import Row
from gateway.intake.customer import recipient
from gateway.store.port import Again, Checkpoint, Company, Done, Job, NewJob, Store
from gateway.store.register import StoredRegister
from gateway.ways import DocumentKind, Proposal, Question, Ways, usual
from transports.base import Entry

log = structlog.get_logger()

KIND: Final = "identify"  # of the job in line: one for each company

KEPT: Final = timedelta(days=7)
# Of one company at a time; the next is answered when one has been deleted or is gone.
MOST_JOBS: Final = 20
_EVERY: Final = 10 * MOST_JOBS  # of one company, those whose time is over included
PIECE_ROWS: Final = 50
# The data of an entry has 64 KB. A row as a text in JSON is twice as long at most; an answer has
# less of it, a sentence, and some 200 bytes.
_PIECE_BYTES: Final = 24 * 1024
_TEXT_BYTES: Final = 400
_AT_ONCE: Final = 16  # rows of a piece
_IN_ONE_WRITE: Final = 20  # pieces
_GRACE: Final = timedelta(minutes=1)

_JOB: Final = "job"
_PIECE: Final = "piece"
_SPACE: Final = UUID("0b5a3c9e-6a0f-4f5b-9d0e-8e6a2f0c6d21")  # for ids: the same file, the same job


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is. `counts` are the rows answered by channel; `none` are those that no channel
    reaches, `uncertain` those of any channel where one before it could not say."""

    id: str
    running: bool
    rows: int
    done: int
    counts: Mapping[str, int]
    created_at: datetime
    ended_at: datetime | None
    gone_at: datetime


@dataclass(frozen=True, slots=True)
class Answered:
    """What is proposed for a customer; `participant` is the electronic address it was asked by."""

    row: int
    customer: str | None
    name: str
    participant: str | None
    channel: str | None
    step: str | None
    certain: bool
    text: str


class TooMany(Exception):
    """The company has MOST_JOBS jobs."""


class Jobs:
    """Begins jobs, tells how they are, and does them: the handler of the kind `identify`.

    `rows_per_s` is what one company may have asked in a second, by all its jobs together.
    """

    def __init__(self, store: Store, ways: Ways, clock: Clock, *, rows_per_s: float = 50) -> None:
        self._store = store
        self._ways = ways
        self._clock = clock
        self._register = StoredRegister(store, clock, "lookup")
        self._rows_per_s = rows_per_s

    # --- for the company ---

    async def begin(self, company_id: str, content: bytes, rows: Sequence[Row]) -> Progress:
        """Begins a job; when it returns, it goes on by itself. The same file again leads to the
        same job. Raises TooMany."""
        now = self._clock.now()
        id_ = f"lkp_{uuid5(_SPACE, f'{company_id} {hashlib.sha256(content).hexdigest()}')}"
        jobs = await self.all(company_id)
        there = next((job for job in jobs if job.id == id_), None)
        if there is not None:
            return there
        if len(jobs) >= MOST_JOBS:
            raise TooMany
        await self.remove(company_id, id_)  # one whose time is over, and is not swept away yet
        await self._drop_pieces(company_id, id_)  # what a crash has left of the same file
        gone_at = now + KEPT
        pieces = [
            Entry(company_id, _PIECE, _place(id_, n), "waiting", {"rows": lines}, gone_at)
            for n, lines in enumerate(_pieces(rows))
        ]
        for start in range(0, len(pieces), _IN_ONE_WRITE):
            await self._register.put(pieces[start : start + _IN_ONE_WRITE])
        data = {
            "rows": len(rows),
            "done": 0,
            "pieces": len(pieces),
            "next": 0,
            "counts": {},
            "created_at": now.isoformat(),
            "ended_at": None,
        }
        job = Entry(company_id, _JOB, id_, "running", data, gone_at)
        # In line before the job is there, and once more after: a kill in between loses neither.
        await self._store.put([_in_line(company_id, now + _GRACE)], now, replace=False)
        if not await self._register.put([job]):
            job = await self._register.get(company_id, _JOB, id_) or job
        await self._store.put([_in_line(company_id, now)], now)
        return _progress(job)

    async def all(self, company_id: str) -> Sequence[Progress]:
        """The company's jobs, the newest first; none whose time is over."""
        found = map(_progress, await self._register.entries(company_id, _JOB, limit=_EVERY))
        there = [job for job in found if job.gone_at > self._clock.now()]
        return sorted(there, key=lambda job: job.created_at, reverse=True)

    async def newest(self, limit: int) -> Sequence[tuple[str, Progress]]:
        """Everybody's jobs with whose they are, the newest first, of the oldest so many (operators
        only)."""
        now = self._clock.now()
        found = await self._register.due(_JOB, now + KEPT, limit)
        jobs = [(entry.company_id, _progress(entry)) for entry in found]
        there = [(whose, job) for whose, job in jobs if job.gone_at > now]
        return sorted(there, key=lambda one: one[1].created_at, reverse=True)

    async def one(self, company_id: str, job_id: str) -> Progress | None:
        """How far a job is; None when it is not there, or its time is over."""
        found = await self._register.get(company_id, _JOB, job_id)
        job = None if found is None else _progress(found)
        return job if job is not None and job.gone_at > self._clock.now() else None

    async def answers(self, company_id: str, job_id: str) -> AsyncIterator[Sequence[Answered]]:
        """What is proposed so far, in the order of the file."""
        async for piece in self._pieces_of(company_id, job_id):
            if piece.state == "waiting":
                return
            yield [Answered(**answer) for answer in piece.data["answers"]]

    async def remove(self, company_id: str, job_id: str) -> bool:
        """Ends a job where it runs, and deletes all of it; False when it is not there."""
        while found := await self._register.get(company_id, _JOB, job_id):
            if await self._register.drop([found]):
                await self._drop_pieces(company_id, job_id)
                return True
        return False

    # --- for the worker ---

    async def __call__(self, job: Job) -> None:
        """Answers one piece of the company's oldest job, and goes on later. May be run again from
        the start, or by two at once."""
        begun = self._clock.now()
        company = await self._store.company(job.company_id)
        running = await self._oldest(job.company_id)
        if company is None or running is None:
            return await self._store.checkpoint(job, Checkpoint(next=Done()), begun)
        rows = await self._piece(company, running)
        due_at = begun + timedelta(seconds=rows / self._rows_per_s)
        return await self._store.checkpoint(job, Checkpoint(next=Again(due_at)), self._clock.now())

    async def sweep(self, now: datetime) -> bool:
        """Deletes what has been kept for long enough; answers whether there may be more."""
        swept = False
        for kind in (_JOB, _PIECE):
            due = await self._register.due(kind, now)
            if due:
                await self._register.drop(due)
                swept = True
        return swept

    async def _oldest(self, company_id: str) -> Entry | None:
        found = await self._register.entries(company_id, _JOB, limit=_EVERY)
        running = [entry for entry in found if entry.state == "running"]
        return min(running, key=lambda entry: str(entry.data["created_at"]), default=None)

    async def _piece(self, company: Company, job: Entry) -> int:
        n = int(job.data["next"])
        piece = await self._register.get(company.id, _PIECE, _place(job.name, n))
        if piece is None or piece.state != "waiting":  # removed, or another worker was quicker
            return 0
        rows = [json.loads(line) for line in piece.data["rows"]]
        room = asyncio.Semaphore(_AT_ONCE)

        async def answered(n: int, facts: Mapping[str, Any]) -> Answered:
            async with room:
                return await self._answer(company, n, facts)

        answers = await asyncio.gather(*(answered(n, facts) for n, facts in rows))
        done = replace(piece, state="answered", data={"answers": [_data(one) for one in answers]})
        if await self._register.put([done, _counted(job, answers, self._clock.now())]):
            log.info("customers_identified", job_id=job.name, rows=len(answers))
        return len(answers)

    async def _answer(self, company: Company, n: int, facts: Mapping[str, Any]) -> Answered:
        given = CustomerFacts.model_validate(facts)
        today = self._clock.now().date()
        whom = recipient(given, today)
        if isinstance(whom, Mapping):  # right when it came; a code list has changed since
            text = " ".join(f"`{name}` {text}." for name, text in whom.items())
            return _answered(n, given, None, Proposal(None, None, None, True, text))
        summary = usual(DocumentKind.INVOICE, whom.country, today)
        question = Question(whom, summary, supposed=True)
        participant = str(whom.participant) if whom.participant else None
        return _answered(n, given, participant, await self._ways.propose(company, question))

    async def _drop_pieces(self, company_id: str, job_id: str) -> None:
        while True:
            pieces = [piece async for piece in self._pieces_of(company_id, job_id, most=100)]
            if not pieces:
                return
            await self._register.drop(pieces)

    async def _pieces_of(
        self, company_id: str, job_id: str, most: int | None = None
    ) -> AsyncIterator[Entry]:
        after, told = f"{job_id}/", 0
        while page := await self._register.entries(company_id, _PIECE, after=after, limit=20):
            for piece in page:
                if not piece.name.startswith(f"{job_id}/") or told == most:
                    return
                told += 1
                yield piece
            after = page[-1].name


def _answered(n: int, given: CustomerFacts, participant: str | None, found: Proposal) -> Answered:
    return Answered(
        row=n,
        customer=masked(given.customer) if given.customer else None,
        name=masked(given.name),
        participant=masked(participant) if participant else None,
        channel=found.channel,
        step=found.step,
        certain=found.certain,
        text=_short(masked(found.text)),
    )


def _short(text: str) -> str:
    while len(json.dumps(text)) > _TEXT_BYTES:
        text = text[: len(text) * 3 // 4]
    return text


def _data(answer: Answered) -> dict[str, Any]:
    return {name: getattr(answer, name) for name in Answered.__slots__}


def _counted(job: Entry, answers: Sequence[Answered], now: datetime) -> Entry:
    """The job with one piece more, and at its end when that was the last."""
    counts = Counter(job.data["counts"])
    counts.update(answer.channel or "none" for answer in answers)
    counts.update("uncertain" for answer in answers if not answer.certain)
    n = int(job.data["next"]) + 1
    over = n == job.data["pieces"]
    data = {
        **job.data,
        "done": job.data["done"] + len(answers),
        "next": n,
        "counts": dict(counts),
        "ended_at": now.isoformat() if over else None,
    }
    return replace(job, state="done" if over else "running", data=data)


def _pieces(rows: Sequence[Row]) -> list[list[str]]:
    """The rows as lines of JSON, divided so that a piece and its answers fit into an entry."""
    pieces: list[list[str]] = []
    size = 0
    for row in rows:
        line = json.dumps([row.n, dict(row.facts)])
        if not pieces or len(pieces[-1]) == PIECE_ROWS or size + len(line) > _PIECE_BYTES:
            pieces.append([])
            size = 0
        pieces[-1].append(line)
        size += len(line)
    return pieces


def _place(job_id: str, n: int) -> str:
    return f"{job_id}/{n:06d}"


def _in_line(company_id: str, due_at: datetime) -> NewJob:
    return NewJob(f"{KIND}:{company_id}", KIND, due_at, company_id)


def _progress(entry: Entry) -> Progress:
    data = entry.data
    ended_at = data["ended_at"]
    assert entry.due_at is not None
    return Progress(
        id=entry.name,
        running=entry.state == "running",
        rows=data["rows"],
        done=data["done"],
        counts=data["counts"],
        created_at=datetime.fromisoformat(data["created_at"]),
        ended_at=None if ended_at is None else datetime.fromisoformat(ended_at),
        gone_at=entry.due_at,
    )
