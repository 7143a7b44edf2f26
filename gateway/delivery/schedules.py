"""What the worker does beside documents: other kinds of jobs, and what comes round by the clock.

A part of the gateway with work of its own hands the worker (`gateway.app`) either of two things:

- a `Handler` for a kind of job. The part puts such jobs in line itself (`Store.put`,
  `Checkpoint.jobs`), and its handler ends each one by `Store.checkpoint`;
- a `Schedule`: something small that is done again and again, once in all the gateway, however many
  workers there are.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from gateway.clock import Clock
from gateway.store.port import Again, Checkpoint, Job, NewJob, Store

log = structlog.get_logger()

# Does one job, and writes back what comes of it. It may be run again from the start at any time.
# When it raises, the job comes again, later each time; one that goes on raising is dead, with the
# reason: `gateway.delivery.trouble`.
Handler = Callable[[Job], Awaitable[None]]

KIND: Final = "schedule"

_MIDNIGHT: Final = datetime(1970, 1, 1, tzinfo=UTC)

# A round that failed is tried again so soon, or at its next time if that comes first.
_AFTER_A_FAULT: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Schedule:
    """What comes round: `do(now)` each time another `every` has passed since midnight UTC plus
    `offset`. (`every=timedelta(days=1), offset=timedelta(hours=3)`: at three in the night.)

    `do` does one bounded piece, of seconds rather than minutes, and answers whether there is more:
    then it is called again at once. It may be cut off anywhere, and it may be done twice. A time
    that was missed is made up for once. What it raises is logged, and it is tried again.
    """

    name: str  # [a-z_]+, and never given to something else
    every: timedelta
    do: Callable[[datetime], Awaitable[bool]]
    offset: timedelta = timedelta()

    @property
    def key(self) -> str:
        """The key of its job."""
        return f"{KIND}:{self.name}"

    def after(self, now: datetime) -> datetime:
        """The first of its times that is later than `now`."""
        first = _MIDNIGHT + self.offset
        return first + ((now - first) // self.every + 1) * self.every


class Schedules:
    """Puts the schedules in line, and does what is due: the handler of the kind `schedule`."""

    def __init__(self, store: Store, clock: Clock, schedules: Sequence[Schedule]) -> None:
        self._store = store
        self._clock = clock
        self._of_key = {schedule.key: schedule for schedule in schedules}

    async def put(self) -> None:
        """Puts those in line that are not there yet. The first time of a new one is its next."""
        now = self._clock.now()
        jobs = [NewJob(key, KIND, schedule.after(now)) for key, schedule in self._of_key.items()]
        await self._store.put(jobs, now, replace=False)

    async def __call__(self, job: Job) -> None:
        """Does the job. Raises what the store raises at the end of it."""
        schedule = self._of_key.get(job.key)
        if schedule is None:  # a newer version has put it there: one of its workers shall do it
            log.warning("schedule_unknown", schedule=job.key)
            again = Again(self._clock.now() + _AFTER_A_FAULT)
        else:
            again = await self._round(schedule)
        await self._store.checkpoint(job, Checkpoint(next=again), self._clock.now())

    async def _round(self, schedule: Schedule) -> Again:
        """Does it once; answers when it comes again, and how it went."""
        try:
            more = await schedule.do(self._clock.now())
        except Exception:
            log.exception("schedule_failed", schedule=schedule.key)
            now = self._clock.now()
            due = min(now + _AFTER_A_FAULT, schedule.after(now))
            return Again(due, data={"last_at": now.isoformat(), "failed": True})
        now = self._clock.now()
        return Again(now if more else schedule.after(now), data={"last_at": now.isoformat()})
