"""Sees to it that an endpoint is worked on when there are events for it.

Whoever writes an event writes nothing about endpoints: two documents of a company would wait for
each other there. Instead somebody looks, as soon as it is heard that there are events, and every
now and then anyway: what one look misses, the next one finds.
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from gateway.clock import Clock
from gateway.store.port import StorageUnavailable, Store
from gateway.webhooks import line

log = structlog.get_logger()

LOOK_EVERY_S: Final = 5.0
# Many events come together; one look is for all of them.
_AT_LEAST_S: Final = 0.05
_PAGE: Final = 500


class Waking:
    """Puts jobs in line for endpoints that are behind and that nobody works on."""

    def __init__(self, store: Store, clock: Clock, *, every_s: float = LOOK_EVERY_S) -> None:
        self._store = store
        self._clock = clock
        self._every_s = every_s

    async def run(self) -> None:
        """Looks again and again, until it is cancelled."""
        while True:
            news = asyncio.ensure_future(self._store.wait("events", self._every_s))
            try:
                await self.once()
                await asyncio.sleep(_AT_LEAST_S)
                await news
            except StorageUnavailable as error:
                log.error("storage_unavailable", error=str(error))
                await asyncio.sleep(self._every_s)
            except Exception:  # a bug must not end it: the next look may do better
                log.exception("round_failed")
                await asyncio.sleep(self._every_s)
            finally:
                news.cancel()

    async def once(self) -> int:
        """Looks once; answers how many jobs were put in line."""
        put = 0
        while True:
            behind = await self._store.behind(_PAGE)
            now = self._clock.now()
            jobs = [line.job(company_id, endpoint_id, now) for company_id, endpoint_id in behind]
            if jobs:
                await self._store.put(jobs, now, replace=False)
            put += len(jobs)
            if len(jobs) < _PAGE:
                return put
