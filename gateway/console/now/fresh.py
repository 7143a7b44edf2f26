"""What is made at most once in two seconds, for all who ask.

Many operators with a page open, which looks at itself whenever something happens, cost no more than
one of them: the store is read once, and the page is drawn once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from gateway.clock import Clock

AGE: Final = timedelta(seconds=2)

K = TypeVar("K")
V = TypeVar("V")


class Fresh(Generic[K, V]):
    """What `make` makes of a key and the time, kept for so long. Keys are few."""

    def __init__(self, clock: Clock, make: Callable[[K, datetime], Awaitable[V]]) -> None:
        self._clock = clock
        self._make = make
        self._made: dict[K, tuple[datetime, V]] = {}
        self._making: dict[K, asyncio.Lock] = {}

    async def get(self, key: K) -> V:
        """At most two seconds old; who asks while it is made waits for it."""
        async with self._making.setdefault(key, asyncio.Lock()):
            now = self._clock.now()
            made_at, made = self._made.get(key, (None, None))
            if made is None or made_at is None or abs(now - made_at) >= AGE:
                made = await self._make(key, now)
                self._made[key] = now, made
            return made
