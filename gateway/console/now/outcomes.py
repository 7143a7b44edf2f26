"""How attempts ended over time, channel by channel, as bars and as the numbers behind them.

In charge of which outcomes count together, and of the geometry of the bars. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from gateway.delivery.outcome import Result
from gateway.store.overview import Outcomes

HEIGHT: Final = 36  # of the drawing, in units of its own
_STEP: Final = 8  # the width of a bar and the gap behind it
_GAP: Final = 2


class Period(StrEnum):
    """Over how long."""

    DAY = "24h"  # by the hour
    MONTH = "30d"  # by the day

    @property
    def step(self) -> timedelta:
        """What one bar stands for."""
        return timedelta(hours=1) if self is Period.DAY else timedelta(days=1)

    def begins(self, now: datetime) -> datetime:
        """The beginning of the first bar; the last one is not over yet."""
        bars = 24 if self is Period.DAY else 30
        hour = now.replace(minute=0, second=0, microsecond=0)
        return (hour if self is Period.DAY else hour.replace(hour=0)) - (bars - 1) * self.step


class Way(StrEnum):
    """How attempts went, as far as it can be told in four words; the order of a bar from below."""

    WENT = "went"
    LATER = "later"  # it is tried again, or waits for something
    REFUSED = "refused"
    ABSENT = "absent"  # the channel does not reach this recipient, and the next one is asked


_WAY: Final[Mapping[str, Way]] = {
    Result.DELIVERED: Way.WENT,
    Result.SENT: Way.WENT,
    Result.TRY_LATER: Way.LATER,
    Result.WAITING: Way.LATER,
    Result.UNKNOWN: Way.LATER,
    Result.REFUSED: Way.REFUSED,
    Result.RECALLED: Way.REFUSED,
    Result.UNREACHABLE: Way.ABSENT,
    Result.SEVERAL: Way.ABSENT,
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a bar."""

    way: Way
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """What ended in one step; `pieces` lie one on the other at `x`."""

    at: datetime
    went: int
    later: int
    refused: int
    absent: int
    x: int
    width: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Course:
    """A channel's bars, as high as `most` attempts, and their sums."""

    channel: str
    went: int
    later: int
    refused: int
    absent: int
    most: int
    width: int
    height: int
    bars: tuple[Bar, ...]


def courses(
    found: Sequence[Outcomes], channels: Iterable[str], period: Period, now: datetime
) -> tuple[Course, ...]:
    """The bars of each channel, by name."""
    steps = round((now - period.begins(now)) // period.step) + 1
    times = [period.begins(now) + n * period.step for n in range(steps)]
    counted: dict[str, Counter[tuple[datetime, Way]]] = {name: Counter() for name in channels}
    for one in found:
        way = _WAY.get(one.outcome, Way.LATER)
        counted.setdefault(one.channel, Counter())[one.at, way] += one.n
    return tuple(_course(name, counted[name], times) for name in sorted(counted))


def _course(name: str, counted: Counter[tuple[datetime, Way]], times: Sequence[datetime]) -> Course:
    most = max((sum(counted[at, way] for way in Way) for at in times), default=0)
    bars = tuple(
        Bar(
            at,
            went=counted[at, Way.WENT],
            later=counted[at, Way.LATER],
            refused=counted[at, Way.REFUSED],
            absent=counted[at, Way.ABSENT],
            x=n * _STEP,
            width=_STEP - _GAP,
            pieces=_pieces([(way, counted[at, way]) for way in Way], most),
        )
        for n, at in enumerate(times)
    )
    return Course(
        channel=name,
        went=sum(bar.went for bar in bars),
        later=sum(bar.later for bar in bars),
        refused=sum(bar.refused for bar in bars),
        absent=sum(bar.absent for bar in bars),
        most=most,
        width=len(times) * _STEP - _GAP,
        height=HEIGHT,
        bars=bars,
    )


_LEAST: Final = 1.5  # so high that it is seen, however few they are


def _pieces(counts: Sequence[tuple[Way, int]], most: int) -> tuple[Piece, ...]:
    pieces, floor = [], float(HEIGHT)
    for way, n in counts:
        if n:
            height = max(_LEAST, n / most * (HEIGHT - (len(Way) - 1) * _LEAST))
            floor -= height
            pieces.append(Piece(way, round(floor, 2), round(height, 2)))
    return tuple(pieces)
