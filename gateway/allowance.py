"""How much a company may ask in a time, so that none takes what the others need.

Each process of the gateway counts by itself, in memory. Not in charge of what is asked.
"""

from __future__ import annotations

from typing import Final

from gateway.clock import Clock
from gateway.store import lanes

# After so many companies the meters are begun anew.
_MOST_METERS: Final = 10_000


class Allowance:
    """Each company may have `per_minute` things, as many of them at once. One request may be for
    more than that: it is let through when nothing has been used."""

    def __init__(self, clock: Clock, per_minute: int) -> None:
        self._clock = clock
        self._limits = lanes.Limits(rate_per_s=per_minute / 60, burst=per_minute)
        self._meters: dict[str, lanes.Meter] = {}

    def spend(self, company_id: str, number: int = 1) -> float:
        """Counts so many; answers how many seconds to wait when that is too much, else 0. What was
        too much is not counted."""
        now, limits = self._clock.now(), self._limits
        if len(self._meters) >= _MOST_METERS:
            self._meters.clear()
        meter = self._meters.get(company_id) or lanes.fresh(limits, now)
        meter = lanes.refilled(meter, limits, now)
        assert limits.rate_per_s is not None
        short = min(number, limits.burst) - meter.tokens
        if short > 0:
            self._meters[company_id] = meter
            return short / limits.rate_per_s
        self._meters[company_id] = lanes.claimed(meter, limits, number)
        return 0.0
