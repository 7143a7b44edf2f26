"""The time, as a thing that is handed in, so that tests and the sandbox can move it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time; aware UTC."""

    def now(self) -> datetime:
        """The time now."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The time now."""
        return datetime.now(UTC)


class MovableClock:
    """A clock that can be put forward. It runs with the machine's clock, or stands still."""

    def __init__(self, start: datetime | None = None, *, running: bool = False) -> None:
        self._origin = datetime.now(UTC)
        self._start = start or self._origin
        self._running = running
        self._moved = timedelta()

    def now(self) -> datetime:
        """The time now."""
        ran = datetime.now(UTC) - self._origin if self._running else timedelta()
        return self._start + ran + self._moved

    def move(self, by: timedelta) -> None:
        """Puts the clock forward."""
        self._moved += by
