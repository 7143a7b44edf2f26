"""The way into one channel: so many calls at once, some more in line, and all others come back.

In charge of a channel never taking all the worker's room, however slow it is: the documents of
other channels pass by. Not in charge of what a call is (`deliver`).
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from types import TracebackType

# Those who come back do so one after the other, 200 in a second: enough to keep a fast channel
# busy, and little work for nothing when it is slow and thousands wait for it.
SOON = timedelta(seconds=1)
SPACING = timedelta(milliseconds=5)


class Lane:
    """`async with lane:` is a call. `places` is how many calls there may be at once, `room` how
    many documents may be called for or wait in line for it."""

    def __init__(self, places: int, room: int) -> None:
        self._places = asyncio.Semaphore(places)
        self._room = room
        self._last = datetime.min.replace(tzinfo=UTC)  # when the last one comes back

    def come_back_at(self, now: datetime) -> datetime | None:
        """When a document for which there is no room now shall come back; None: there is room."""
        if self._room > 0:
            return None
        self._last = max(self._last, now + SOON) + SPACING
        return self._last

    async def __aenter__(self) -> None:
        self._room -= 1
        try:
            await self._places.acquire()
        except BaseException:
            self._room += 1
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._places.release()
        self._room += 1
