"""The lanes of one worker: how many of its places each may take, and who may change lanes.

In charge of no lane ever taking all of a worker's room, however slow its channel is: the documents
of other channels pass by. Not in charge of a channel's own limits, which hold for all workers
together and are kept by the store at the claim (`gateway.store.lanes`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from gateway.store.port import Again, Job, Keep


class Lanes:
    """The jobs under way, by lane.

    `places` is how many jobs the worker runs at once; `limited` are the lanes that have limits of
    their own, `aside` those of work beside documents.
    """

    def __init__(self, places: int, limited: Collection[str], aside: Collection[str] = ()) -> None:
        self._places = places
        self._room = max(1, places * 3 // 4)  # one lane leaves room for the others
        self._room_of = dict.fromkeys(aside, max(1, places // 4))  # what is aside, most of it
        self._limited = frozenset(limited)
        self._paused: frozenset[str] = frozenset()
        self._lane_of: dict[tuple[int, int], str] = {}  # by job and fence
        self._taken: Counter[str] = Counter()
        self._promised: Mapping[str, int] = {}

    @contextmanager
    def promised(self, lanes: Iterable[str]) -> Iterator[Mapping[str, int]]:
        """How many jobs a claim may bring of each lane, of these and of all that have jobs under
        way: kept free for it meanwhile.

        Jobs under way in other lanes may change over before it is answered. Each finds a place, but
        for them all no more than half of those left is kept.
        """
        under_way = len(self._lane_of)
        free, promised = self._places - under_way, {}
        for lane in {*lanes, *self._taken}:
            taken = self._taken[lane]
            left = max(self._room_of.get(lane, self._room) - taken, 0)
            kept = min(under_way - taken, left // 2)
            promised[lane] = min(left - kept, free)
        self._promised = promised
        try:
            yield promised
        finally:
            self._promised = {}

    def pause(self, lanes: Iterable[str]) -> None:
        """These lanes, and no others, are paused from now on."""
        self._paused = frozenset(lanes)

    def enter(self, job: Job) -> None:
        """A job was claimed."""
        self._take(job, job.lane)

    def leave(self, job: Job) -> None:
        """A job is no longer under way; given back, it may have been claimed anew already."""
        lane = self._lane_of.pop((job.id, job.fence), None)
        if lane is not None:
            self._taken[lane] -= 1
            if not self._taken[lane]:
                del self._taken[lane]

    def onward(self, job: Job, keep: Keep, lane: str, now: datetime) -> Keep | Again:
        """How a job under way goes on in another lane: at once, as `keep` says, where there is
        room, which it takes now. Into a lane with limits only a claim lets it, which counts what
        the lane may do: for that it is given back. So it is for one that is paused."""
        shut = lane in self._limited or lane in self._paused
        there = self._taken[lane] + self._promised.get(lane, 0)
        if not shut and there < self._room:
            self.leave(job)
            self._take(job, lane)
            return Keep(keep.data, keep.kind, lane)
        return Again(now, keep.kind, keep.data, lane)

    def _take(self, job: Job, lane: str) -> None:
        self._lane_of[job.id, job.fence] = lane
        self._taken[lane] += 1
