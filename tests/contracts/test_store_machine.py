"""Any order of operations, against a model: what a store says is what a few lines of Python say."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gateway.lifecycle import ALLOWED, Change, NotAllowed, State
from gateway.store import lanes
from gateway.store.ids import new_id
from gateway.store.lanes import Limits, Meter
from gateway.store.port import (
    Accepted,
    Again,
    Arrival,
    Checkpoint,
    Company,
    Dead,
    Done,
    Head,
    Job,
    Keep,
    KeyReused,
    LeaseLost,
    NewEvent,
    NewJob,
    NewPart,
    Role,
    Store,
    Submission,
)
from tests.contracts.stores import NOW, OPENERS, Opener

START = NOW
COMPANIES = ("a", "b")
LEASE_S = 30

OWNERS = ("w1", "w2")
PASSES_S = (0, 1, LEASE_S - 1, LEASE_S, LEASE_S + 1)
KEYS = ("s1", "s2", "s3")  # of jobs that are about no document
LANES = ("prepare", "email", "letter")
LIMITS = (
    Limits(at_once=2, trip_after=None),
    Limits(rate_per_s=0.1, burst=2, trip_after=None),
    Limits(trip_after=2, rest_s=20),
)


@dataclass
class Work:
    """The model of a job."""

    company: str
    document: str
    kind: str
    lane: str
    due_at: datetime
    priority: int = 0
    data: Mapping[str, Any] = field(default_factory=dict)
    tries: int = 0
    holder: Job | None = None
    until: datetime = START

    @classmethod
    def of(cls, job: NewJob) -> Work:
        lane = job.lane or job.kind
        what = (job.company_id, job.document_id, job.kind, lane, job.due_at, job.priority)
        return cls(*what, data=job.data)


@dataclass
class Paper:
    """The model of a document."""

    id: str
    company: str
    state: State
    version: int = 1
    events: list[str] = field(default_factory=list)
    confirmed: bool = False


class Walk:
    """A store and its model, side by side. Each step draws what it needs from its own `Random`."""

    def __init__(self, opener: Opener) -> None:
        self.opener = opener
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.now = START
        self.model: dict[str, Paper] = {}
        self.works: dict[str, Work] = {}
        self.dead: dict[int, tuple[str, Work]] = {}
        self.limits: dict[str, tuple[Limits, Meter]] = {}
        self.paused: set[str] = set()
        self.keys: dict[tuple[str, str], tuple[str, str]] = {}
        self.came: dict[tuple[str, str], str] = {}
        self.jobs: list[Job] = []  # the newest claims, zombies among them
        self.store = self.do(self.open())
        for company in COMPANIES:
            self.do(self.store.add_company(Company(company, company, "SE", (), {}), self.now))

    def do(self, operation: Any) -> Any:
        async def bounded() -> Any:
            async with asyncio.timeout(60):
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
        priority = pick.choice([0, 0, 1])
        asked = Submission(new_id("doc"), company, "t", [part], {}, idempotency, priority)
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
        )
        self.works[asked.document_id] = Work(
            company, asked.document_id, "prepare", "prepare", self.now, priority
        )

    # --- jobs ---

    def free(self) -> dict[str, list[tuple[str, Work]]]:
        """By lane, what is due and nobody's: what is to go first within its company, first."""
        found: dict[str, list[tuple[str, Work]]] = {}
        for key, work in self.works.items():
            if work.holder is None and work.due_at <= self.now:
                found.setdefault(work.lane, []).append((key, work))
        for line in found.values():
            line.sort(key=lambda one: (-one[1].priority, one[1].due_at))
        return found

    def leased(self, lane: str) -> int:
        return sum(work.holder is not None and work.lane == lane for work in self.works.values())

    def admitted(self, lane: str) -> int | None:
        """How many may be claimed from the lane; None: any number."""
        if lane in self.paused:
            return 0
        if lane not in self.limits:
            return None
        limits, meter = self.limits[lane]
        meter = lanes.refilled(meter, limits, self.now)
        return lanes.admitted(meter, limits, self.leased(lane), self.now)

    def claim(self, pick: Random) -> None:
        self.pass_time(pick)
        owner, limit = pick.choice(OWNERS), pick.randint(1, 6)
        room = {lane: pick.randint(0, 2) for lane in pick.sample(LANES, pick.choice([0, 0, 1]))}
        free = self.free()
        most = {}
        for lane, line in free.items():
            admitted = self.admitted(lane)
            bounds = [len(line), room.get(lane, limit), limit]
            most[lane] = min(bounds if admitted is None else [*bounds, admitted])
        claimed = self.do(self.store.claim(owner, self.now, LEASE_S, limit, room))
        assert len(claimed) == min(limit, sum(most.values()))
        self.fair({lane: line for lane, line in free.items() if most[lane]}, most, claimed)
        for job in claimed:
            work = self.works[job.key]
            assert work.holder is None
            assert work.due_at <= self.now
            work.tries += 1
            told = (job.company_id, job.document_id, job.kind, job.lane, job.tries, job.data)
            assert told == (
                *(work.company, work.document, work.kind, work.lane),
                *(work.tries, work.data),
            )
            work.holder = job
            work.until = self.now + timedelta(seconds=LEASE_S)
        for lane, n in Counter(job.lane for job in claimed).items():
            if lane in self.limits:
                limits, meter = self.limits[lane]
                meter = lanes.refilled(meter, limits, self.now)
                self.limits[lane] = (limits, lanes.claimed(meter, limits, n))
        self.jobs = [*self.jobs, *claimed][-8:]

    def fair(
        self,
        free: Mapping[str, Sequence[tuple[str, Work]]],
        most: Mapping[str, int],
        claimed: Sequence[Job],
    ) -> None:
        """Nobody has two more than another who had one left, and each has its first ones."""
        taken = Counter(job.lane for job in claimed)
        left = [taken[lane] for lane in free if taken[lane] < most[lane]]
        assert max(taken.values(), default=0) <= min(left, default=99) + 1
        for lane, line in free.items():
            companies: dict[str, list[tuple[str, Work]]] = {}
            for key, work in line:
                companies.setdefault(work.company, []).append((key, work))
            got = Counter(job.company_id for job in claimed if job.lane == lane)
            left = [got[company] for company in companies if got[company] < len(companies[company])]
            assert max(got.values(), default=0) <= min(left, default=99) + 1
            for company, queue in companies.items():
                mine = [j for j in claimed if (j.lane, j.company_id) == (lane, company)]
                # Which of two that are alike goes first is not said.
                order = [(-w.priority, w.due_at) for _, w in queue]
                works = [self.works[job.key] for job in mine]
                assert [(-w.priority, w.due_at) for w in works] == order[: len(mine)]

    def renew(self, pick: Random) -> None:
        self.pass_time(pick)
        jobs = pick.sample(self.jobs, pick.randint(0, len(self.jobs)))
        self.do(self.store.renew(jobs, self.now, LEASE_S))
        for work in self.works.values():
            if work.holder in jobs:
                work.until = self.now + timedelta(seconds=LEASE_S)

    def reap(self, pick: Random) -> None:
        self.pass_time(pick)
        late = [work for work in self.works.values() if work.holder and work.until <= self.now]
        assert self.do(self.store.reap(self.now)) == len(late)
        for work in late:
            work.holder = None

    def new_jobs(self, pick: Random) -> list[NewJob]:
        """Some jobs, of no document or beside the main job of one."""
        papers = list(self.model.values())
        jobs = {}
        for _ in range(pick.choice([0, 1, 1, 3])):
            due_at = self.now + timedelta(seconds=pick.choice(PASSES_S))
            more: dict[str, Any] = {
                "lane": pick.choice(["", *LANES]),
                "priority": pick.choice([0, 0, 0, 1]),
                "data": {"n": pick.randint(0, 9)},
            }
            if papers and pick.random() < 0.5:
                paper = pick.choice(papers)
                key, of = f"{paper.id}/t", (paper.company, paper.id)
            else:
                key, of = pick.choice(KEYS), (pick.choice(["", *COMPANIES]), "")
            jobs[key] = NewJob(key, "timer", due_at, *of, **more)
        return list(jobs.values())

    def put(self, pick: Random) -> None:
        jobs, replaces = self.new_jobs(pick), pick.random() < 0.6
        self.do(self.store.put(jobs, self.now, replace=replaces))
        for job in jobs:
            if replaces or job.key not in self.works:
                self.works[job.key] = Work.of(job)

    def some_keys(self, pick: Random) -> list[str]:
        keys = [*KEYS, *self.works]
        return pick.sample(keys, pick.choice([0, 0, 1, 2]))

    def drop(self, pick: Random) -> None:
        keys = self.some_keys(pick)
        self.do(self.store.drop(keys))
        for key in keys:
            self.works.pop(key, None)

    def revive(self, pick: Random) -> None:
        if not self.dead:
            assert self.do(self.store.revive(1, self.now)) is False
            return
        id_ = pick.choice(list(self.dead))
        key, work = self.dead[id_]
        revived = self.do(self.store.revive(id_, self.now))
        assert revived is (key not in self.works)
        if revived:
            del self.dead[id_]
            self.works[key] = replace(work, tries=0, holder=None, due_at=self.now)

    def set_lanes(self, pick: Random) -> None:
        names = pick.sample(LANES, pick.randint(0, 2))
        chosen = {name: pick.choice(LIMITS) for name in names}
        self.do(self.store.set_lanes(chosen, self.now))
        before = self.limits
        self.limits = {}
        for name, limits in chosen.items():
            _, meter = before.get(name, (limits, lanes.fresh(limits, self.now)))
            self.limits[name] = (limits, meter)

    def pause(self, pick: Random) -> None:
        lane, paused = pick.choice(LANES), pick.random() < 0.4
        self.do(self.store.pause(lane, paused))
        (self.paused.add if paused else self.paused.discard)(lane)

    # --- write-backs ---

    def checkpoint(self, pick: Random) -> None:
        if not self.jobs:
            return
        job = pick.choice(self.jobs)
        held = job.key in self.works and self.works[job.key].holder == job
        until = self.works[job.key].until if held else self.now
        assert self.do(self.store.holds(job, self.now)) == (held and until > self.now)
        step = self.step(pick)
        jobs, drops = self.new_jobs(pick), self.some_keys(pick)
        answered = pick.choice([None, None, True, False, False])
        work = Checkpoint(step, jobs=jobs, drops=drops, answered=answered)
        change, events = None, list[str]()
        if job.document_id:
            paper = self.model[job.document_id]
            events = pick.choices(["e1", "e2"], k=pick.randint(0, 3))
            change = pick.choice([None, self.change(pick, paper.state)])
            moved = None if change is None else Change(*change, "c", "t", None)
            work = replace(work, change=moved, events=[NewEvent(name) for name in events])
        asked = self.store.checkpoint(job, work, self.now)
        if not held:
            with pytest.raises(LeaseLost):
                self.do(asked)
            return
        if change is not None and change[0] is not self.model[job.document_id].state:
            with pytest.raises(NotAllowed):
                self.do(asked)
            return
        self.do(asked)
        if job.document_id:
            self._written(self.model[job.document_id], change, events)
        self.heard(self.works[job.key].lane, answered)
        self.go_on(job, step)
        for key in drops:
            self.works.pop(key, None)
        for new in jobs:
            self.works[new.key] = Work.of(new)

    def step(self, pick: Random) -> Done | Again | Keep | Dead:
        kind = pick.choice([None, "prepare", "deliver"])
        data = pick.choice([None, {"n": pick.randint(0, 9)}])
        lane = pick.choice([None, *LANES])
        due_at = self.now + timedelta(seconds=pick.choice(PASSES_S))
        again = Again(due_at, kind, data, lane)
        steps: list[Done | Again | Keep | Dead] = [Done(), again, again, Dead("code", "text")]
        return pick.choice([*steps, Keep(data, kind, lane)])

    def heard(self, lane: str, answered: bool | None) -> None:
        if answered is not None and lane in self.limits:
            limits, meter = self.limits[lane]
            self.limits[lane] = (limits, lanes.heard(meter, limits, answered, self.now))

    def go_on(self, job: Job, step: Done | Again | Keep | Dead) -> None:
        work = self.works[job.key]
        if isinstance(step, Dead):
            self.dead[job.id] = (job.key, work)
        if isinstance(step, Done | Dead):
            del self.works[job.key]
            return
        if isinstance(step, Again):
            work.holder, work.due_at = None, step.due_at
        if step.kind not in (None, work.kind):
            work.tries = 0 if isinstance(step, Again) else 1
        work.kind = step.kind or work.kind
        work.lane = step.lane or work.lane
        work.data = work.data if step.data is None else step.data

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
            # A person has decided: what had died of it is off the list.
            self.dead = {n: dead for n, dead in self.dead.items() if dead[0] != paper.id}
            before = self.works.pop(paper.id, None)
            if again:
                lane, priority = (before.lane, before.priority) if before else ("verb", 0)
                work = Work(paper.company, paper.id, "verb", lane, self.now, priority)
                self.works[paper.id] = replace(work, data={"by": "hand"})

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
        """After a crash or a stop, and as much time as a lease has: all held before are free."""
        self.compare()
        self.do(self.store.close())
        self.store = self.do(self.open())
        self.now += timedelta(seconds=LEASE_S)
        self.do(self.store.reap(self.now))
        for work in self.works.values():
            work.holder = None

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
        self.compare_jobs()

    def compare_jobs(self) -> None:
        counts = self.do(self.store.counts(self.now))
        due = [work.due_at for line in self.free().values() for _, work in line]
        assert counts["jobs"] == {
            "due": len(due),
            "leased": len([work for work in self.works.values() if work.holder]),
            "oldest_due_s": int((self.now - min(due, default=self.now)).total_seconds()),
        }
        free = {lane: len(line) for lane, line in self.free().items()}
        names = {
            *free,
            *self.limits,
            *self.paused,
            *(n for n in self.all_lanes() if self.leased(n)),
        }
        shown = self.do(self.store.lanes(self.now))
        assert [lane.name for lane in shown] == sorted(names)
        for lane in shown:
            limits, meter = self.limits.get(lane.name, (Limits(trip_after=None), None))
            refilled = meter and lanes.refilled(meter, limits, self.now)
            assert (lane.limits, lane.meter) == (limits, refilled)
            assert (lane.paused, lane.waiting, lane.leased) == (
                *(lane.name in self.paused, free.get(lane.name, 0), self.leased(lane.name)),
            )
        assert [
            (one.id, one.key, one.kind, one.lane) for one in self.do(self.store.dead(0, 999))
        ] == [(id_, key, work.kind, work.lane) for id_, (key, work) in sorted(self.dead.items())]

    def all_lanes(self) -> set[str]:
        return {work.lane for work in self.works.values()}


STEPS = [
    *(Walk.accept, Walk.accept, Walk.claim, Walk.claim, Walk.renew, Walk.reap),
    *(Walk.checkpoint, Walk.checkpoint, Walk.checkpoint, Walk.act, Walk.arrive, Walk.confirm),
    *(Walk.put, Walk.drop, Walk.revive, Walk.set_lanes, Walk.pause, Walk.restart),
    *(Walk.accept, Walk.claim, Walk.claim, Walk.checkpoint, Walk.checkpoint),
]


@pytest.mark.timeout(600)  # some 3,000 operations: minutes, when others use the machine too
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
