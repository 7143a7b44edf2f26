"""Bars over months, as the numbers that an SVG is drawn with. Pure.

In charge of the geometry. The picture has a table beside it that says the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 480
HEIGHT: Final = 150
_FOOT: Final = 22  # for the names of the months
_HEAD: Final = 16  # for the numbers
_GAP: Final = 8


@dataclass(frozen=True, slots=True)
class Bar:
    """A month's bar; `middle` is where its words stand."""

    month: str
    value: int
    x: float
    y: float
    width: float
    height: float
    middle: float


@dataclass(frozen=True, slots=True)
class Chart:
    """All of it, in the units of its own view box."""

    width: int
    height: int
    floor: int
    bars: tuple[Bar, ...]


def bars(values: Sequence[tuple[str, int]]) -> Chart:
    """The chart of months and their values; what is below 0 has no bar."""
    floor = HEIGHT - _FOOT
    most = max((value for _, value in values), default=0) or 1
    step = WIDTH / max(1, len(values))
    drawn = []
    for n, (month, value) in enumerate(values):
        height = round(max(0, value) / most * (floor - _HEAD), 1)
        x, width = round(n * step + _GAP / 2, 1), round(step - _GAP, 1)
        middle = round(n * step + step / 2, 1)
        drawn.append(Bar(month, value, x, round(floor - height, 1), width, height, middle))
    return Chart(WIDTH, HEIGHT, floor, tuple(drawn))
