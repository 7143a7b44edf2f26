"""Batches: what is asked for in one turn of the event loop goes somewhere together.

In charge of gathering. Not in charge of what is done with a batch, nor of its answers. Waking a
thread costs as much processor time as several pieces of small work, and so does hearing from it:
so many callers go there and come back together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Batching(Generic[T]):
    """Hands over, on the event loop, what was added; `most` in a batch."""

    def __init__(self, hand_over: Callable[[list[T]], None], most: int) -> None:
        self._hand_over = hand_over
        self._most = most
        self._added: list[T] = []

    def add(self, one: T) -> None:
        """Goes with the next batch: when it is full, or when a turn of the loop adds no more."""
        self._added.append(one)
        if len(self._added) == 1:
            asyncio.get_running_loop().call_soon(self._flush_unless_more_come, 0)
        elif len(self._added) == self._most:
            self.flush()

    def flush(self) -> None:
        """Hands over now what there is."""
        if self._added:
            batch, self._added = self._added, []
            self._hand_over(batch)

    def _flush_unless_more_come(self, before: int) -> None:
        """Lets the loop turn as long as each turn brings more."""
        added = len(self._added)
        if added > before:
            asyncio.get_running_loop().call_soon(self._flush_unless_more_come, added)
        else:
            self.flush()
