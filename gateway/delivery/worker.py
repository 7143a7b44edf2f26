"""The worker: takes due jobs, runs their handlers, and sees to it that nothing is lost or stuck.

In charge of leases, of how much runs at once, of stopping, and of errors nobody foresaw. Not in
charge of what a job does (`prepare`, `deliver`, `late`, `schedules`, and what other parts bring).
It may die at any time: the lease of what it had runs out, and the job is taken up again where its
last checkpoint left it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog
from prometheus_client import CollectorRegistry

from gateway.clock import Clock
from gateway.delivery import recall, standing
from gateway.delivery import schedules as rounds
from gateway.delivery.backoff import Backoff
from gateway.delivery.bindery import Bindery
from gateway.delivery.collect import Collecting
from gateway.delivery.deliver import CALL_LIMIT_S, Delivering, Metrics
from gateway.delivery.lanes import Lanes
from gateway.delivery.late import overdue
from gateway.delivery.legs import LegState
from gateway.delivery.links import Linking
from gateway.delivery.prepare import Preparing
from gateway.delivery.scanning import Scanning
from gateway.delivery.schedules import Handler, Schedule, Schedules
from gateway.delivery.trouble import kills, not_stored, went_wrong
from gateway.delivery.turn import Turn
from gateway.delivery.workshop import HERE, Workshop
from gateway.inbound.gated import Gated
from gateway.inbound.jobs import GATE, READ
from gateway.inbound.reading import Reading
from gateway.lifecycle import NotAllowed, State
from gateway.routing.orders import Orders
from gateway.store.ids import new_id
from gateway.store.lanes import Limits
from gateway.store.port import Checkpoint, Done, Job, LeaseLost, StorageUnavailable, Store
from gateway.trust.gate import OPEN, Gate
from transports.base import Transport

log = structlog.get_logger()

# A job that storage kept from going on rests so long where that can be written down at once: it is
# not the database, and a bucket may still be away.
_STORAGE_REST = timedelta(seconds=2)


class Worker:
    """Works on the documents of a store.

    `limits` are those of lanes, by channel; a channel that is not named has its own `at_once`.
    `handlers` and `schedules` are the work of other parts; of their lanes those `aside` have a
    quarter of the places at most. `workshop` is where heavy work is done,
    `bindery` where PDFs that others made are worked on.

    `gate` is asked before anything goes out.

    `concurrency` is how many jobs run at once; `lease_s` how long a dead worker's jobs rest;
    `poll_s` how late, at most, a job that becomes due is noticed; `collect_every_s` how often
    channels are asked for late results; `call_limit_s` how long a call is waited for. `alone`: no
    other worker works on this store.
    """

    def __init__(
        self,
        store: Store,
        transports: Mapping[str, Transport],
        clock: Clock,
        *,
        orders: Orders | None = None,
        backoff: Backoff | None = None,
        registry: CollectorRegistry | None = None,
        workshop: Workshop = HERE,
        bindery: Bindery | None = None,
        linking: Linking | None = None,
        scanning: Scanning | None = None,
        limits: Mapping[str, Limits] | None = None,
        handlers: Mapping[str, Handler] | None = None,
        schedules: Sequence[Schedule] = (),
        aside: Collection[str] = (),
        concurrency: int = 64,
        lease_s: float = 30.0,
        poll_s: float = 1.0,
        collect_every_s: float = 10.0,
        call_limit_s: float = CALL_LIMIT_S,
        gate: Gate = OPEN,
        alone: bool = True,
    ) -> None:
        self._store = store
        self._clock = clock
        self._owner = new_id("wrk")
        self._backoff = backoff or Backoff()
        self._concurrency = concurrency
        self._lease_s = lease_s
        self._poll_s = poll_s
        self._collect_every_s = collect_every_s
        self._renew_at = clock.now()
        self._stopping = False
        self._wake = asyncio.Event()  # a job has ended, or `stop` was called
        self._running: dict[asyncio.Task[None], Job] = {}
        turn_s = lease_s + collect_every_s
        self.collecting = [
            Collecting(
                *(store, channel, clock),
                None if alone else Turn(store, clock, channel.name, self._owner, turn_s),
            )
            for channel in transports.values()
        ]
        self._limits = {
            name: Limits(at_once=channel.at_once)
            for name, channel in transports.items()
            if channel.at_once is not None
        } | dict(limits or {})
        self._lanes = Lanes(concurrency, self._limits, aside)
        self._schedules = Schedules(store, clock, schedules)
        delivering = Delivering(
            store,
            transports,
            clock,
            backoff=self._backoff,
            metrics=Metrics(registry or CollectorRegistry()),
            workshop=workshop,
            bindery=bindery or Bindery(workshop),
            lanes=self._lanes,
            linking=linking,
            orders=orders,
            call_limit_s=call_limit_s,
            gate=gate,
        )
        bindery = bindery or Bindery(workshop)
        reading = Reading(
            store,
            clock,
            workshop=workshop,
            bindery=bindery,
            gate=gate,
            scanning=scanning,
            backoff=self._backoff,
        )
        preparing = Preparing(
            store,
            clock,
            configured=transports,
            orders=orders,
            workshop=workshop,
            deliver=delivering.begin,
            scanning=scanning,
        )
        self._handlers: Mapping[str, Handler] = {
            "prepare": preparing,
            "deliver": delivering,
            "expect": self._expect,
            READ: reading,
            GATE: Gated(store, clock, gate),
            recall.KIND: recall.Recalls(store, transports, clock, self._backoff, call_limit_s),
            rounds.KIND: self._schedules,
            standing.KIND: standing.LettingGo(store, clock, gate),
            **(handlers or {}),
        }
        self._named = frozenset({*self._handlers, *transports})

    async def run(self) -> None:
        """Works until `stop`, and finishes then what it has begun. Cancelled, it breaks that off as
        a crash would: it is taken up again at the next start."""
        beside = [
            asyncio.create_task(
                self._every(min(self._poll_s, self._lease_s / 3), self._keep_leases)
            ),
            asyncio.create_task(self._every(self._poll_s, self._look_at_pauses)),
            *(
                asyncio.create_task(self._every(self._collect_every_s, collecting.in_turn))
                for collecting in self.collecting
            ),
        ]
        try:
            while not self._stopping and not await self._ready():
                await self._first_of(self._news())
            while not self._stopping:
                self._wake.clear()
                if len(self._running) >= self._concurrency:
                    await self._wake.wait()
                    continue
                news, free = self._news(), self._concurrency - len(self._running)
                # No more is there, its lane is full, or another worker claims from that just now.
                if await self._take() < free:
                    await self._first_of(news)
                news.cancel()
            if self._running:
                await asyncio.wait(self._running)
        finally:
            await _broken_off({*beside, *self._running})

    def stop(self) -> None:
        """Takes no new job; `run` returns when those under way have ended."""
        self._stopping = True
        self._wake.set()

    async def run_due(self) -> None:
        """Does all that is due now and what becomes due by that, with one round of collecting.

        For a gateway that is not running.
        """
        await self._set_up()
        await self._store.reap(self._clock.now())
        while True:
            while await self._take():
                await asyncio.gather(*self._running)
            for collecting in self.collecting:
                await collecting.once()
            if not await self._take():
                return
            await asyncio.gather(*self._running)

    # --- taking jobs ---

    async def _set_up(self) -> None:
        await self._store.set_lanes(self._limits, self._clock.now())
        await self._schedules.put()
        await self._look_at_pauses()

    async def _ready(self) -> bool:
        """Whether the store knows the limits and the schedules."""
        try:
            await self._set_up()
        except StorageUnavailable as error:
            log.error("storage_unavailable", error=str(error))
            return False
        return True

    async def _take(self) -> int:
        """Starts as many due jobs as there is room for; answers how many."""
        free = self._concurrency - len(self._running)
        try:
            with self._lanes.promised(self._named) as room:
                jobs = await self._store.claim(
                    self._owner, self._clock.now(), self._lease_s, free, room
                )
                for job in jobs:
                    self._lanes.enter(job)
        except StorageUnavailable as error:
            log.error("storage_unavailable", error=str(error))
            return 0
        for job in jobs:
            task = asyncio.create_task(self._work(job))
            self._running[task] = job
            task.add_done_callback(self._ended)
        return len(jobs)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        self._wake.set()

    def _news(self) -> asyncio.Future[None]:
        """Done when there may be new work."""
        return asyncio.ensure_future(self._store.wait("jobs", self._poll_s))

    async def _first_of(self, news: asyncio.Future[None]) -> None:
        """Waits for news, or for a job to end or `stop`."""
        woken = asyncio.create_task(self._wake.wait())
        first: tuple[asyncio.Future[Any], ...] = (news, woken)
        await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        woken.cancel()

    async def _look_at_pauses(self) -> None:
        self._lanes.pause(await self._store.paused())

    async def _keep_leases(self) -> None:
        """Prolongs the leases of what is in hand, then frees those of the dead: who slept keeps
        what nobody has taken. Looked at with each poll, a dead worker's job rests for its lease and
        no more; so does one that was claimed for us while the database died, unheard of here."""
        now = self._clock.now()
        third = timedelta(seconds=self._lease_s / 3)
        if not now < self._renew_at <= now + third:  # also when the clock was set back
            await self._store.renew(list(self._running.values()), now, self._lease_s)
            self._renew_at = now + third
        freed = await self._store.reap(now)
        if freed:
            log.info("leases_reaped", jobs=freed)

    async def _every(self, seconds: float, what: Callable[[], Awaitable[None]]) -> None:
        """Does something again and again. An error is logged; the next time may do better."""
        while True:
            try:
                await what()
            except StorageUnavailable as error:
                log.error("storage_unavailable", error=str(error))
            except Exception:
                log.exception("round_failed")
            await asyncio.sleep(seconds)

    # --- one job ---

    async def _work(self, job: Job) -> None:
        """Runs a job's handler. Whatever is raised there, the job is given back: nobody else would,
        since the leases of a worker that lives are prolonged."""
        with structlog.contextvars.bound_contextvars(
            company_id=job.company_id, document_id=job.document_id, job=job.kind
        ):
            try:
                if kills(job):
                    raise RuntimeError(f"claimed {job.tries} times and never written back")
                await self._handlers[job.kind](job)
            except LeaseLost:
                log.info("lease_lost")  # a person acted, or another worker has it
            except StorageUnavailable as error:
                log.error("storage_unavailable", error=str(error))
                await self._give_back(job, None)
            except Exception as error:
                log.exception("job_failed", tries=job.tries)
                await self._give_back(job, error)
            finally:
                self._lanes.leave(job)

    async def _give_back(self, job: Job, fault: Exception | None) -> None:
        """Writes that the job comes again; a fault of ours is counted. Goes on trying as long as
        the store can not write."""
        rest = _STORAGE_REST
        while not self._stopping:
            now = self._clock.now()
            try:
                work = not_stored(job, now + rest)
                if fault is not None:
                    document = None
                    if job.document_id == job.key:  # not of a timer beside it
                        document = await self._store.document(job.company_id, job.document_id)
                    work = went_wrong(document, job, fault, self._backoff, now)
                return await self._store.checkpoint(job, work, now)
            except LeaseLost:
                return None
            except StorageUnavailable:
                rest = timedelta()  # it is the database: when this can be written, it is back
                await asyncio.sleep(self._poll_s)
            except NotAllowed:
                await asyncio.sleep(self._poll_s)
        return None

    async def _expect(self, job: Job) -> None:
        """The time for an expected report is over."""
        document = await self._store.document(job.company_id, job.document_id)
        legs = await self._store.legs(job.company_id, job.document_id)
        leg = next((leg for leg in reversed(legs) if leg.state == LegState.SENT), None)
        work = Checkpoint(next=Done())
        if document is not None and document.state is State.SENT and leg is not None:
            work = overdue(document, leg)
        await self._store.checkpoint(job, work, self._clock.now())


async def _broken_off(tasks: set[asyncio.Task[None]]) -> None:
    """Cancels tasks until they have ended. Once is not enough: `asyncio.wait_for` of Python 3.11
    loses a cancellation that comes together with the result it waits for."""
    while tasks:
        for task in tasks:
            task.cancel()
        ended, tasks = await asyncio.wait(tasks, timeout=1)
        await asyncio.gather(*ended, return_exceptions=True)
