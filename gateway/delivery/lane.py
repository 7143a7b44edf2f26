"""The calls under way on one channel, so that a channel that hangs does not take all the room.

In charge of how many there may be and of noticing that none comes back. Not in charge of what is
done with a document for which there is no place (`deliver`).
"""

from __future__ import annotations

import asyncio


class Lane:
    """A number of places. `stall_s`: a full lane that nobody leaves for so long is stalled."""

    def __init__(self, places: int, stall_s: float) -> None:
        self._free = places
        self._stall_s = stall_s
        self._stalled = False
        self._left = asyncio.Condition()

    async def enter(self) -> bool:
        """Takes a place, waiting for one as long as calls come back; False when the lane is
        stalled."""
        async with self._left:
            if self._stalled:
                return False
            try:
                async with asyncio.timeout(self._stall_s):
                    await self._left.wait_for(lambda: self._free > 0)
            except TimeoutError:
                self._stalled = True
                return False
            self._free -= 1
            return True

    async def leave(self) -> None:
        """Gives the place back."""
        async with self._left:
            self._free += 1
            self._stalled = False
            self._left.notify()
