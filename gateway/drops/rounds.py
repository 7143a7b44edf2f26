"""Going round the drop folders: one job for each company, which does a bounded piece and goes back
into the line.

In charge of whose turn it is: companies take turns as with any job, so that one with ten thousand
files gets a piece of its work done, and then everybody else. In charge too of what is remembered
between two looks, and of a place that can not be reached: nothing is lost by that, it waits there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from prometheus_client import CollectorRegistry, Gauge

from gateway.clock import Clock
from gateway.delivery.schedules import Schedule
from gateway.drops.giving import Giving
from gateway.drops.pick_up import PickUp
from gateway.drops.picking import Bundle, look
from gateway.drops.place import Folder, Place, Trouble, Visit
from gateway.drops.statuses import Statuses
from gateway.store.port import (
    Again,
    Checkpoint,
    Company,
    Done,
    Job,
    NewJob,
    StorageUnavailable,
    Store,
)

log = structlog.get_logger()

KIND: Final = "drop"  # of the jobs, and their lane

# Of one turn of a company.
DOCUMENTS: Final = 20
EVENTS: Final = 100
GIVEN: Final = 20

# How long a place that can not be reached is left alone, at most.
_LONGEST_REST: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Times:
    """How often a folder is looked into, and how long a file has to look the same."""

    every: timedelta
    settle: timedelta


@dataclass(slots=True)
class _Memory:
    """What a company's job remembers."""

    since: str  # when the folder was first looked into: events of before are not told
    known: Mapping[str, str] = field(default_factory=dict)
    cursor: str | None = None
    troubles: int = 0  # in a row

    def data(self) -> dict[str, Any]:
        return {
            "since": self.since,
            "known": dict(self.known),
            "cursor": self.cursor,
            "troubles": self.troubles,
        }


class Gauges:
    """What `/metrics` tells of folders, by company."""

    def __init__(self, registry: CollectorRegistry) -> None:
        label = ("company",)
        self.waiting = Gauge(
            "budkavle_drop_waiting", "Files in the folder `in`", label, registry=registry
        )
        self.oldest = Gauge(
            "budkavle_drop_oldest_seconds",
            "How long the oldest of them has been there",
            label,
            registry=registry,
        )
        self.trouble = Gauge(
            "budkavle_drop_trouble", "1 while the folder can not be used", label, registry=registry
        )


class Rounds:
    """The handler of the kind `drop`. `places` are the companies' folders, by company."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        places: Mapping[str, Place],
        *,
        pick_up: PickUp,
        giving: Giving,
        statuses: Statuses,
        times: Times,
        registry: CollectorRegistry | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._places = places
        self._pick_up = pick_up
        self._giving = giving
        self._statuses = statuses
        self._times = times
        self._gauges = Gauges(registry or CollectorRegistry())

    @property
    def schedule(self) -> Schedule:
        """Sees to it that every company has its job."""
        return Schedule("drops", timedelta(seconds=10), self.put)

    async def put(self, now: datetime) -> bool:
        """Puts the jobs in line that are not there."""
        jobs = [
            NewJob(f"{KIND}:{company_id}", KIND, now, company_id, data={"since": now.isoformat()})
            for company_id in self._places
        ]
        await self._store.put(jobs, now, replace=False)
        return False

    async def __call__(self, job: Job) -> None:
        """One turn of a company."""
        place = self._places.get(job.company_id)
        company = await self._store.company(job.company_id)
        if place is None or company is None:
            return await self._store.checkpoint(job, Checkpoint(next=Done()), self._clock.now())
        memory = _Memory(**job.data)
        try:
            async with place.visit() as visit:
                more = await self._turn(visit, company, memory)
        except Trouble as trouble:
            memory.troubles += 1
            rest = min(self._times.every * 2 ** min(memory.troubles - 1, 10), _LONGEST_REST)
            log.warning(
                "drop_trouble",
                company=company.id,
                place=place.name,
                trouble=trouble.name,
                reason=str(trouble),
            )
        else:
            memory.troubles = 0
            rest = timedelta() if more else self._times.every
        self._gauges.trouble.labels(company.id).set(int(memory.troubles > 0))
        now = self._clock.now()
        again = Again(now + rest, data=memory.data())
        return await self._store.checkpoint(job, Checkpoint(next=again), now)

    async def _take(self, visit: Visit, company: Company, bundle: Bundle) -> None:
        try:
            await self._pick_up.take(visit, company, bundle)
        except (Trouble, StorageUnavailable):
            raise
        except Exception:  # it stays where it is, and the others must not wait for it
            log.exception("drop_failed", company=company.id)

    async def _turn(self, visit: Visit, company: Company, memory: _Memory) -> bool:
        """Does a piece of what there is to do; whether there is more."""
        now = self._clock.now()
        there = await visit.look(Folder.IN)
        seen = look(there, memory.known, now, self._times.settle)
        memory.known = seen.known
        self._gauges.waiting.labels(company.id).set(seen.waiting)
        oldest = (now - seen.oldest).total_seconds() if seen.oldest else 0
        self._gauges.oldest.labels(company.id).set(oldest)
        for bundle in seen.ready[:DOCUMENTS]:
            await self._take(visit, company, bundle)
        since = datetime.fromisoformat(memory.since)
        memory.cursor, untold = await self._statuses.tell(
            visit, company, memory.cursor, since, EVENTS
        )
        given = 0
        if await visit.has(Folder.INBOX):
            given = await self._giving.give(visit, company, GIVEN)
        return len(seen.ready) > DOCUMENTS or given == GIVEN or untold
