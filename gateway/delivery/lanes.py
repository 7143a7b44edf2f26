"""The lanes of one worker: how many of its places each may take, and who may change lanes.

In charge of no lane ever taking all of a worker's room, however slow its channel is: the documents
of other channels pass by. Not in charge of a channel's own limits, which hold for all workers
together and are kept by the store at the claim (`gateway.store.lanes`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from gateway.store.port import Again, Job, Keep


class Lanes:
    """The jobs under way, by lane.

    `places` is how many jobs the worker runs at once; `limited` are the lanes that have limits of
    their own, `aside` those of work beside documents.
    """

    def __init__(self, places: int, limited: Collection[str], aside: Collection[str] = ()) -> None:
        self._room = max(1, places * 3 // 4)  # one lane leaves room for the others
        self._room_of = dict.fromkeys(aside, max(1, places // 4))  # what is aside, most of it
        self._limited = frozenset(limited)
        self._paused: frozenset[str] = frozenset()
        self._lane_of: dict[int, str] = {}
        self._taken: Counter[str] = Counter()

    def room(self, lanes: Iterable[str]) -> Mapping[str, int]:
        """How many more jobs each lane has room for: these, and all that have jobs under way."""
        return {
            lane: max(self._room_of.get(lane, self._room) - self._taken[lane], 0)
            for lane in {*lanes, *self._taken}
        }

    def pause(self, lanes: Iterable[str]) -> None:
        """These lanes, and no others, are paused from now on."""
        self._paused = frozenset(lanes)

    def enter(self, job: Job) -> None:
        """A job was claimed, or has been given another lane by its holder."""
        self.leave(job)
        self._lane_of[job.id] = job.lane
        self._taken[job.lane] += 1

    def leave(self, job: Job) -> None:
        """A job is no longer under way."""
        lane = self._lane_of.pop(job.id, None)
        if lane is not None:
            self._taken[lane] -= 1
            if not self._taken[lane]:
                del self._taken[lane]

    def onward(self, keep: Keep, lane: str, now: datetime) -> Keep | Again:
        """How a job under way goes on in another lane: at once, as `keep` says, where there is
        room. Into a lane with limits only a claim lets it, which counts what the lane may do: for
        that it is given back. So it is for one that is paused."""
        shut = lane in self._limited or lane in self._paused
        if not shut and self._taken[lane] < self._room:
            return replace(keep, lane=lane)
        return Again(now, keep.kind, keep.data, lane)
