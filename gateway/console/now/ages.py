"""How long something has been there, in steps that people act on. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

# The columns of the heat table: younger than this, then what is older than all of them.
STEPS: Final = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(days=1),
    timedelta(days=3),
)


@dataclass(frozen=True, slots=True)
class Ago:
    """A length of time in the one unit that says enough: `unit` is s, min, h or d."""

    n: int
    unit: str


def ago(since: datetime, now: datetime) -> Ago:
    """How long ago; nothing is ahead of its time."""
    return lasting(now - since)


def lasting(length: timedelta) -> Ago:
    """A length of time; a negative one is none."""
    seconds = max(0, int(length.total_seconds()))
    for unit, size, most in (("s", 1, 60), ("min", 60, 3600), ("h", 3600, 48 * 3600)):
        if seconds < most:
            return Ago(seconds // size, unit)
    return Ago(seconds // 86400, "d")


def edges(now: datetime) -> Sequence[datetime]:
    """The times between the columns, ascending."""
    return [now - step for step in reversed(STEPS)]
