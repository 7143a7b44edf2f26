"""The limits of a lane: how fast, how many at once, and when to leave a channel in peace.

In charge of the arithmetic of the token bucket and of the circuit breaker; both stores keep the
figures in a row and ask here. Pure; the time is handed in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

# So much may the clocks of two workers differ, and no time is counted twice. A clock that is set
# back further counts anew from there.
CLOCKS_DIFFER_S = 60.0

# A breaker that trips again and again rests longer each time, at most so long.
LONGEST_REST_S = 900.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a lane may do.

    `rate_per_s` with `burst` is a token bucket; `at_once` counts the leased jobs of all workers.
    After `trip_after` calls in a row that the channel did not answer, nothing is claimed for
    `rest_s`; then one job tries whether it answers again. None: no such limit.
    """

    rate_per_s: float | None = None
    burst: int = 1
    at_once: int | None = None
    trip_after: int | None = 5
    rest_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Meter:
    """What a lane has used up. `open_until` is set while the breaker keeps it closed to claims, and
    after that until a call was answered."""

    tokens: float
    refilled_at: datetime
    fails: int = 0
    open_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class LaneState:
    """A lane as operators see it."""

    name: str
    limits: Limits
    paused: bool
    meter: Meter | None  # None: it has no limits
    waiting: int  # jobs that are due
    leased: int
    oldest_due_at: datetime | None


def fresh(limits: Limits, now: datetime) -> Meter:
    """The meter of a lane that has not been used."""
    return Meter(tokens=float(limits.burst), refilled_at=now)


def refilled(meter: Meter, limits: Limits, now: datetime) -> Meter:
    """The meter with the tokens that time has brought. A clock that was set back brings one at
    most: the claim of it writes down from when on time counts again."""
    if limits.rate_per_s is None:
        return meter
    passed_s = (now - meter.refilled_at).total_seconds()
    if -CLOCKS_DIFFER_S <= passed_s <= 0:
        return meter
    tokens = max(meter.tokens, 1.0)
    if passed_s > 0:
        tokens = min(meter.tokens + passed_s * limits.rate_per_s, float(limits.burst))
    return replace(meter, tokens=tokens, refilled_at=now)


def admitted(meter: Meter, limits: Limits, leased: int, now: datetime) -> int | None:
    """How many jobs may be claimed now, of a refilled meter; None: any number."""
    allowed: list[int] = []
    if limits.rate_per_s is not None:
        allowed.append(int(meter.tokens))
    if limits.at_once is not None:
        allowed.append(limits.at_once - leased)
    if meter.open_until is not None:
        allowed.append(0 if rests(meter, limits, now) else 1 - leased)
    return max(min(allowed), 0) if allowed else None


def rests(meter: Meter, limits: Limits, now: datetime) -> bool:
    """Whether the breaker keeps the lane closed. An end further away than the longest rest is of a
    clock that was set back since: it keeps nothing closed."""
    if meter.open_until is None:
        return False
    left_s = (meter.open_until - now).total_seconds()
    return 0 < left_s <= _longest_s(limits) + CLOCKS_DIFFER_S


def tried(meter: Meter, limits: Limits, now: datetime) -> Meter | None:
    """The meter of a lane that need not rest any longer: one job tries whether the channel answers.
    None: it does not rest."""
    return replace(meter, open_until=now) if rests(meter, limits, now) else None


def _longest_s(limits: Limits) -> float:
    return max(LONGEST_REST_S, limits.rest_s)


def claimed(meter: Meter, limits: Limits, jobs: int) -> Meter:
    """The meter after a claim."""
    return meter if limits.rate_per_s is None else replace(meter, tokens=meter.tokens - jobs)


def heard(meter: Meter, limits: Limits, answered: bool, now: datetime) -> Meter:
    """The meter after a call that was answered, or was not."""
    if answered:
        return replace(meter, fails=0, open_until=None)
    if rests(meter, limits, now):
        return meter  # a call from before it tripped
    fails = meter.fails + 1
    if limits.trip_after is None or fails < limits.trip_after:
        return replace(meter, fails=fails)
    trips = min(fails - limits.trip_after, 16)  # far past the longest rest, and no huge number
    rest_s = min(limits.rest_s * 2**trips, _longest_s(limits))
    return replace(meter, fails=fails, open_until=now + timedelta(seconds=rest_s))
