"""The handler of `push` jobs: brings an endpoint the events it has not had, one after the other.

One job for each endpoint, so that its events come in order. The cursor moves only past what the
endpoint has taken; a crash between the endpoint's answer and the write brings the same event again,
under the same id.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import structlog

from gateway.clock import Clock
from gateway.fair_share import FairShare
from gateway.store.endpoints import Endpoint, Progress
from gateway.store.port import Again, Checkpoint, Done, Job, Store
from gateway.webhooks import line
from gateway.webhooks.courier import Courier
from gateway.webhooks.judging import delay
from gateway.webhooks.message import of_event

log = structlog.get_logger()

PAGE: Final = 50  # events read at once
TURN: Final = 50  # pushes after which others in the lane get their turn
TURN_S: Final = 30  # the same, for a slow endpoint
# A company whose endpoints are all slow holds no more than these of a process's pushes.
AT_ONCE_PER_COMPANY: Final = 4
_STEP_ASIDE = timedelta(seconds=1)


class Pushing:
    """The handler of a process."""

    def __init__(
        self,
        store: Store,
        courier: Courier,
        clock: Clock,
        *,
        at_once_per_company: int = AT_ONCE_PER_COMPANY,
    ) -> None:
        self._store = store
        self._courier = courier
        self._clock = clock
        self._share = FairShare(at_once_per_company)

    async def __call__(self, job: Job) -> None:
        """Works on one claimed job until it is written back."""
        if self._share.used_up(job.company_id):
            now = self._clock.now()
            return await self._store.checkpoint(job, Checkpoint(Again(now + _STEP_ASIDE)), now)
        with self._share.taken(job.company_id):
            if "only" in job.data:
                await self._once_more(job)
            else:
                await self._line(job)
        return None

    # --- the line ---

    async def _line(self, job: Job) -> None:
        ends_at = self._clock.now() + timedelta(seconds=TURN_S)
        left = TURN
        endpoint = await self._endpoint(job)
        while endpoint is not None and endpoint.active:
            if left <= 0 or self._clock.now() > ends_at:
                return await self._leave(job, endpoint, again=True)
            events = await self._store.feed(job.company_id, endpoint.cursor, PAGE)
            if not events:
                return await self._rest(job, endpoint)
            for event in events:
                if not line.wanted(endpoint, event):
                    endpoint = line.past(endpoint, event)
                    continue
                if not await self._store.holds(job, self._clock.now()):
                    return None
                push, found = await self._courier.bring(endpoint, of_event(event))
                left -= 1
                now = self._clock.now()
                after, then = line.went(endpoint, event, found, now)
                progress = Progress(after, (push,), then, line.switched_off(after))
                if not await self._store.pushed(job, progress, now):
                    endpoint = await self._endpoint(job)
                    break  # a person changed it: on from where that person wants it
                endpoint = after
                if not found.taken:
                    return _tell(endpoint)
                if now > ends_at:
                    break
        return await self._store.checkpoint(job, Checkpoint(Done()), self._clock.now())

    async def _endpoint(self, job: Job) -> Endpoint | None:
        return await self._store.endpoint(job.company_id, job.data["endpoint"])

    async def _rest(self, job: Job, endpoint: Endpoint) -> None:
        """Everything is delivered: the job goes away until there is an event again.

        One that came between the last look and the write found the job still there, and nobody to
        put a new one; so there is one look more.
        """
        await self._leave(job, endpoint, again=False)
        if await self._store.feed(job.company_id, endpoint.cursor, 1):
            now = self._clock.now()
            await self._store.put([line.job(job.company_id, endpoint.id, now)], now, replace=False)

    async def _leave(self, job: Job, endpoint: Endpoint, *, again: bool) -> None:
        """Gives the job back, or up. It comes again when a person changed the endpoint."""
        now = self._clock.now()
        then = Again(now) if again else Done()
        if not await self._store.pushed(job, Progress(endpoint, (), then), now):
            await self._store.checkpoint(job, Checkpoint(Again(now)), now)

    # --- one event once more ---

    async def _once_more(self, job: Job) -> None:
        endpoint = await self._endpoint(job)
        event = await self._store.event(job.company_id, job.data["only"])
        tries = int(job.data.get("tries", 0))
        now = self._clock.now()
        if endpoint is None or event is None or (tries and not endpoint.active):
            return await self._store.checkpoint(job, Checkpoint(Done()), now)
        if not await self._store.holds(job, now):
            return None
        push, found = await self._courier.bring(endpoint, of_event(event))
        now = self._clock.now()
        wait = None if found.taken or found.gone else delay(event.id, tries + 1, found.asked)
        await self._store.add_push(job.company_id, endpoint.id, push)
        then = Done() if wait is None else Again(now + wait, data={**job.data, "tries": tries + 1})
        return await self._store.checkpoint(job, Checkpoint(then), now)


def _tell(endpoint: Endpoint) -> None:
    if not endpoint.active:
        log.warning("webhook_disabled", endpoint_id=endpoint.id, code=endpoint.code)
