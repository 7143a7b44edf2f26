"""The rows that the page Now is made of, read once for all who look.

In charge of how often they are read: many operators with the page open, which looks at itself
whenever something happens, cost the store no more than one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gateway.clock import Clock
from gateway.console.now import ages, deadlines
from gateway.console.now.outcomes import Period
from gateway.inbound.aside import SET_ASIDE
from gateway.store.lanes import LaneState
from gateway.store.overview import Deadline, LastOutcome, OpenDocuments, Outcomes, Pile
from gateway.store.port import Store

# So old may be what somebody is shown.
_FRESH: Final = timedelta(seconds=2)

_MOST_OPEN: Final = 100_000  # of a state: what is beyond is told of as more
_MOST_IN_PILE: Final = 10_000


@dataclass(frozen=True, slots=True)
class Glance:
    """The rows, as they were at `at`."""

    at: datetime
    open: OpenDocuments
    piles: Sequence[Pile]
    lanes: Sequence[LaneState]
    last: Sequence[LastOutcome]
    schedules: Sequence[tuple[str, datetime]]
    deadlines: Sequence[Deadline]
    timers: Sequence[int]  # by deadlines.HORIZONS
    outcomes: Sequence[Outcomes]


class Glances:
    """Looks, and shows the same to who asks soon after."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._seen: dict[Period, Glance] = {}
        self._looking: dict[Period, asyncio.Lock] = {period: asyncio.Lock() for period in Period}

    async def look(self, period: Period) -> Glance:
        """The rows, at most two seconds old."""
        async with self._looking[period]:
            now = self._clock.now()
            seen = self._seen.get(period)
            if seen is None or abs(now - seen.at) >= _FRESH:
                seen = self._seen[period] = await self._read(period, now)
            return seen

    async def _read(self, period: Period, now: datetime) -> Glance:
        """One after the other: a page may wait, documents may not."""
        store = self._store
        return Glance(
            at=now,
            open=await store.open_documents(ages.edges(now), _MOST_OPEN),
            piles=await store.piles(SET_ASIDE, _MOST_IN_PILE),
            lanes=await store.lanes(now),
            last=await store.last_outcomes(),
            schedules=await store.schedules(),
            deadlines=await store.deadlines(deadlines.SHOWN),
            timers=await store.timers_until(
                [now + horizon for horizon in deadlines.HORIZONS], deadlines.COUNTED
            ),
            outcomes=await store.outcomes(period.begins(now), period.step),
        )
