"""The rows that the page Now is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.console.now import ages, deadlines
from gateway.console.now.outcomes import Period
from gateway.inbound.aside import SET_ASIDE
from gateway.store.lanes import LaneState
from gateway.store.overview import (
    Deadline,
    LastOutcome,
    OpenDocuments,
    Outcomes,
    Pile,
    Scheduled,
)
from gateway.store.port import Store

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
    schedules: Sequence[Scheduled]
    deadlines: Sequence[Deadline]
    timers: Sequence[int]  # by deadlines.HORIZONS
    outcomes: Sequence[Outcomes]


async def look(store: Store, period: Period, now: datetime) -> Glance:
    """Reads them, one after the other: a page may wait, documents may not."""
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
