"""Whose turn it is to ask a channel what came later, where several workers run: one asks at a time.

In charge of the turn. Not in charge of the asking (`collect`). It spares partners, and no more
hangs on it: two who ask at once, because one was slow, take everything in once all the same.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from gateway.clock import Clock
from gateway.store.port import Store
from gateway.store.register import StoredRegister
from transports.base import Entry

KIND: Final = "turn"
_NAME: Final = "collecting"


class Turn:
    """One worker's (`owner`) view of the turn at a channel: an entry of the channel's register,
    which is somebody's until it is due, `for_s` after it was last taken."""

    def __init__(self, store: Store, clock: Clock, channel: str, owner: str, for_s: float) -> None:
        self._register = StoredRegister(store, clock, channel)
        self._clock = clock
        self._owner = owner
        self._for = timedelta(seconds=for_s)

    async def mine(self) -> bool:
        """Whether it is this worker's; taken, or kept, by asking."""
        now = self._clock.now()
        entry = await self._register.get("", KIND, _NAME) or Entry("", KIND, _NAME)
        # What ends later than any turn can was taken before the clock was set back.
        left = entry.due_at - now if entry.due_at else timedelta()
        runs = timedelta() < left <= self._for
        if runs and entry.data["owner"] != self._owner:
            return False
        if runs and left > self._for / 2:
            return True
        taken = replace(entry, data={"owner": self._owner}, due_at=now + self._for)
        return await self._register.put([taken])
