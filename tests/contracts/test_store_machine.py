"""Any order of operations, against a model: what a store says is what a few lines of Python say."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gateway.lifecycle import ALLOWED, Change, NotAllowed, State
from gateway.store.ids import new_id
from gateway.store.port import (
    Accepted,
    Again,
    Arrival,
    Checkpoint,
    Company,
    Done,
    Head,
    Job,
    Keep,
    KeyReused,
    LeaseLost,
    NewEvent,
    NewPart,
    Role,
    Store,
    Submission,
)
from gateway.store.sqlite import SqliteStore

OPENERS = {"sqlite": SqliteStore.open}
START = datetime(2026, 11, 2, 8, tzinfo=UTC)
COMPANIES = ("a", "b")
LEASE_S = 30

OWNERS = ("w1", "w2")
PASSES_S = (0, 1, LEASE_S - 1, LEASE_S, LEASE_S + 1)


@dataclass
class Work:
    """The model of a job."""

    kind: str
    due_at: datetime
    data: dict[str, Any] = field(default_factory=dict)
    tries: int = 0
    holder: Job | None = None
    owner: str = ""
    until: datetime = START


@dataclass
class Paper:
    """The model of a document."""

    id: str
    company: str
    state: State
    version: int = 1
    events: list[str] = field(default_factory=list)
    work: Work | None = None
    confirmed: bool = False


class Walk:
    """A store and its model, side by side. Each step draws what it needs from its own `Random`."""

    def __init__(self, opener: Callable[[Path], Awaitable[Store]]) -> None:
        self.opener = opener
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.now = START
        self.model: dict[str, Paper] = {}
        self.keys: dict[tuple[str, str], tuple[str, str]] = {}
        self.came: dict[tuple[str, str], str] = {}
        self.jobs: list[Job] = []  # the newest claims, zombies among them
        self.store = self.do(self.open())
        for company in COMPANIES:
            self.do(self.store.add_company(Company(company, company, "SE", (), {}), self.now))

    def do(self, operation: Any) -> Any:
        async def bounded() -> Any:
            async with asyncio.timeout(20):
                return await operation

        return self.runner.run(bounded())

    async def open(self) -> Store:
        return await self.opener(Path(self.folder.name) / "data")

    def close(self) -> None:
        self.do(self.store.close())
        self.runner.close()
        self.folder.cleanup()

    def pass_time(self, pick: Random) -> None:
        self.now += timedelta(seconds=pick.choice(PASSES_S))

    def change(self, pick: Random, before: State) -> tuple[State, State]:
        """A change that the table allows, mostly from the state that the document is in."""
        mine = [change for change in ALLOWED if change[0] is before]
        return pick.choice(mine if mine and pick.random() < 0.8 else list(ALLOWED))

    # --- steps ---

    def accept(self, pick: Random) -> None:
        company, body = pick.choice(COMPANIES), pick.choice("xy")
        key, size = pick.choice([None, None, "k1", "k2"]), pick.choice([1, 70_000])
        part = NewPart(Role.ORIGINAL, "i", "t", body.encode() * size)
        idempotency = None if key is None else (key, body)
        asked = Submission(new_id("doc"), company, "t", [part], {}, idempotency)
        answer = self.do(self.store.accept(asked, self.now))
        before = None if key is None else self.keys.get((company, key))
        if before is not None:
            document_id, first = before
            same = first == body
            assert answer == (Accepted(document_id, True) if same else KeyReused(document_id))
            return
        assert answer == Accepted(asked.document_id)
        if key is not None:
            self.keys[company, key] = (asked.document_id, body)
        self.model[asked.document_id] = Paper(
            asked.document_id,
            company,
            State.RECEIVED,
            events=["document.received"],
            work=Work("prepare", self.now),
        )

    def claim(self, pick: Random) -> None:
        self.pass_time(pick)
        owner, limit = pick.choice(OWNERS), pick.randint(1, 4)
        claimed = self.do(self.store.claim(owner, self.now, LEASE_S, limit))
        free = [
            paper.work
            for paper in self.model.values()
            if paper.work and paper.work.holder is None and paper.work.due_at <= self.now
        ]
        assert len(claimed) == min(limit, len(free))
        for job in claimed:
            paper = self.model[job.document_id]
            work = paper.work
            assert work is not None
            assert work.holder is None
            assert work.due_at <= self.now
            work.tries += 1
            assert (job.company_id, job.kind, job.tries, job.data) == (
                paper.company,
                work.kind,
                work.tries,
                work.data,
            )
            work.holder, work.owner = job, owner
            work.until = self.now + timedelta(seconds=LEASE_S)
        self.jobs = [*self.jobs, *claimed][-6:]

    def renew(self, pick: Random) -> None:
        self.pass_time(pick)
        owner = pick.choice(OWNERS)
        self.do(self.store.renew(owner, self.now, LEASE_S))
        for paper in self.model.values():
            if paper.work and paper.work.holder and paper.work.owner == owner:
                paper.work.until = self.now + timedelta(seconds=LEASE_S)

    def reap(self, pick: Random) -> None:
        self.pass_time(pick)
        late = [
            paper.work
            for paper in self.model.values()
            if paper.work and paper.work.holder and paper.work.until <= self.now
        ]
        assert self.do(self.store.reap(self.now)) == len(late)
        for work in late:
            work.holder = None

    def checkpoint(self, pick: Random) -> None:
        if not self.jobs:
            return
        job = pick.choice(self.jobs)
        how = pick.choice(["done", "again", "again", "keep"])
        kind = pick.choice([None, "prepare", "deliver"])
        data = pick.choice([None, {"n": pick.randint(0, 9)}])
        events = pick.choices(["e1", "e2"], k=pick.randint(0, 3))
        paper = self.model[job.document_id]
        change = pick.choice([None, self.change(pick, paper.state)])
        held = paper.work is not None and paper.work.holder == job
        assert self.do(self.store.holds(job, self.now)) == bool(
            held and paper.work and paper.work.until > self.now
        )
        due_at = self.now + timedelta(seconds=pick.choice(PASSES_S))
        step: Done | Again | Keep = Done()
        if how == "again":
            step = Again(due_at, kind, data)
        elif how == "keep":
            step = Keep(data, kind)
        moved = None if change is None else Change(*change, "c", "t", None)
        work = Checkpoint(step, moved, events=[NewEvent(name) for name in events])
        asked = self.store.checkpoint(job, work, self.now)
        if not held:
            with pytest.raises(LeaseLost):
                self.do(asked)
            return
        if change is not None and change[0] is not paper.state:
            with pytest.raises(NotAllowed):
                self.do(asked)
            return
        self.do(asked)
        self._written(paper, change, events)
        assert paper.work is not None
        if how == "done":
            paper.work = None
        elif data is not None:
            paper.work.data = data
        if how == "again" and paper.work is not None:
            paper.work.holder, paper.work.due_at = None, due_at
        if how != "done" and paper.work is not None and kind not in (None, paper.work.kind):
            paper.work.tries = 0 if how == "again" else 1
            paper.work.kind = str(kind)

    def act(self, pick: Random) -> None:
        if not self.model:
            return
        paper = pick.choice(list(self.model.values()))
        company, older = pick.choice(COMPANIES), pick.choice([0, 0, 1])
        change, again = self.change(pick, paper.state), pick.random() < 0.5
        asked = self.store.act(
            company,
            paper.id,
            Change(*change, "c", "t", None),
            self.now,
            version=paper.version - older,
            job=Again(self.now, "verb", {"by": "hand"}) if again else None,
            events=[NewEvent("acted")],
        )
        if company != paper.company or older:
            assert self.do(asked) is False
        elif change[0] is not paper.state:
            with pytest.raises(NotAllowed):
                self.do(asked)
        else:
            assert self.do(asked) is True
            self._written(paper, change, ["acted"])
            paper.work = Work("verb", self.now, {"by": "hand"}) if again else None

    def _written(self, paper: Paper, change: tuple[State, State] | None, events: list[str]) -> None:
        paper.version += 1
        paper.events += events
        if change is not None:
            paper.state = change[1]

    def arrive(self, pick: Random) -> None:
        company, key = pick.choice(COMPANIES), pick.choice(["i1", "i2", "i3"])
        part = NewPart(Role.DOCUMENT, "i", "t", b"x")
        arrival = Arrival(key, company, Head(), [part], "internal")
        document_id = self.do(self.store.arrive(arrival, self.now))
        if (company, key) in self.came:
            assert document_id is None
            return
        self.came[company, key] = document_id
        self.model[document_id] = Paper(
            document_id, company, State.DELIVERED, events=["inbox.received"]
        )

    def confirm(self, pick: Random) -> None:
        if not self.came:
            return
        company, document_id = pick.choice(COMPANIES), pick.choice(list(self.came.values()))
        paper = self.model[document_id]
        answer = self.do(self.store.confirm(company, paper.id, self.now))
        if company != paper.company:
            assert answer is None
            return
        assert answer is not paper.confirmed
        if not paper.confirmed:
            paper.confirmed = True
            self._written(paper, None, ["inbox.confirmed"])

    def restart(self, pick: Random) -> None:
        self.compare()
        self.do(self.store.close())
        self.store = self.do(self.open())
        for paper in self.model.values():
            if paper.work:
                paper.work.holder = None

    # --- what always holds: a difference stays until somebody looks ---

    def compare(self) -> None:
        for company in COMPANIES:
            page = self.do(self.store.documents(company, limit=1000))
            mine = [paper for paper in self.model.values() if paper.company == company]
            assert [(d.id, d.state, d.version) for d in page.documents] == [
                (paper.id, paper.state, paper.version) for paper in reversed(mine)
            ]
            told = self.do(self.store.feed(company, None, 10_000))
            places = [None, *(event.cursor for event in told)]
            half = len(told) // 2
            assert self.do(self.store.feed(company, places[half], 10_000)) == told[half:]
            by_document: dict[str, list[str]] = {}
            for event in told:
                by_document.setdefault(event.document_id, []).append(event.type)
            assert by_document == {paper.id: paper.events for paper in mine}
            lying = [p.id for p in mine if p.id in self.came.values() and not p.confirmed]
            assert [d.id for d in self.do(self.store.inbox(company, None, 1000))] == lying

        counts = self.do(self.store.counts(self.now))
        states = [paper.state for paper in self.model.values()]
        assert {state: n for state, n in counts["documents"].items() if n} == {
            state: states.count(state) for state in set(states)
        }
        works = [paper.work for paper in self.model.values() if paper.work]
        due = [w.due_at for w in works if w.holder is None and w.due_at <= self.now]
        assert counts["jobs"] == {
            "due": len(due),
            "leased": len([w for w in works if w.holder]),
            "oldest_due_s": int((self.now - min(due, default=self.now)).total_seconds()),
        }


STEPS = [
    *(Walk.accept, Walk.accept, Walk.claim, Walk.claim, Walk.renew, Walk.reap),
    *(Walk.checkpoint, Walk.checkpoint, Walk.checkpoint, Walk.act, Walk.arrive, Walk.confirm),
    Walk.restart,
]


@pytest.mark.parametrize("name", OPENERS)
@settings(
    max_examples=40,
    deadline=None,
    # Making a failure smaller takes minutes here; the steps are printed as they are.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(STEPS), st.integers(0, 2**32)), min_size=40, max_size=80
    )
)
def test_any_order_of_operations_agrees_with_the_model(
    name: str, steps: list[tuple[Callable[[Walk, Random], None], int]]
) -> None:
    walk = Walk(OPENERS[name])
    try:
        for step, seed in steps:
            step(walk, Random(seed))
        walk.compare()
    finally:
        walk.close()
