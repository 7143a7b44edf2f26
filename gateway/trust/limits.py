"""How often somebody may fail to be recognised, and how often they may ask. Pure but for the clock
that is handed in; each process counts for itself.

In charge of counting within bounded memory. Not in charge of who somebody is, nor of the answer
(`gateway.api.callers`).
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gateway.clock import Clock

# Of so many names the state is kept; those that were looked at least lately are forgotten. An
# attacker with more addresses than that is not held up, and fills no memory either: what he guesses
# at has 256 bits.
MOST_NAMES: Final = 10_000


class Failures:
    """Who failed how often: after `most` failures within `window`, no more until it is over."""

    def __init__(self, clock: Clock, most: int, window: timedelta) -> None:
        self._clock = clock
        self._most = most
        self._window = window
        self._seen: OrderedDict[str, tuple[datetime, int]] = OrderedDict()

    def wait_s(self, name: str) -> int:
        """For how many seconds they are not listened to; 0: they are."""
        since, count = self._state(name)
        if count < self._most:
            return 0
        return max(1, math.ceil((since + self._window - self._clock.now()).total_seconds()))

    def add(self, name: str) -> None:
        """They have failed."""
        since, count = self._state(name)
        self._seen[name] = (since, count + 1)
        self._seen.move_to_end(name)
        if len(self._seen) > MOST_NAMES:
            self._seen.popitem(last=False)

    def _state(self, name: str) -> tuple[datetime, int]:
        now = self._clock.now()
        since, count = self._seen.get(name, (now, 0))
        return (since, count) if since <= now < since + self._window else (now, 0)


@dataclass(frozen=True, slots=True)
class Left:
    """What somebody may still ask for. `wait_s` is 0 when they may ask now; `reset_s`: seconds
    until they have everything again."""

    limit: int
    remaining: int
    reset_s: int
    wait_s: int


class Buckets:
    """How often somebody may ask: `per_minute`, evenly, and as many at once after a pause."""

    def __init__(self, clock: Clock, per_minute: int) -> None:
        self._clock = clock
        self._most = per_minute
        self._seen: OrderedDict[str, tuple[float, datetime]] = OrderedDict()

    def take(self, name: str) -> Left:
        """Takes one, where there is one."""
        now = self._clock.now()
        had, at = self._seen.get(name, (float(self._most), now))
        passed = max(0.0, (now - at).total_seconds())
        has = min(float(self._most), had + passed * self._most / 60)
        wait_s = 0
        if has < 1:
            wait_s = max(1, math.ceil((1 - has) * 60 / self._most))
        else:
            has -= 1
        self._seen[name] = (has, now)
        self._seen.move_to_end(name)
        if len(self._seen) > MOST_NAMES:
            self._seen.popitem(last=False)
        reset_s = math.ceil((self._most - has) * 60 / self._most)
        return Left(self._most, int(has), reset_s, wait_s)
