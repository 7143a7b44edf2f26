"""Batches: invoices that are handed over at the same time go in one file.

In charge of which go together, of how long the first waits for others, and of telling each what
became of its batch. Not in charge of files or of the server (`send`).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

Result = TypeVar("Result")
Sleep = Callable[[float], Awaitable[None]]


class Closed(Exception):
    """The channel was closed before the batch went."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Most entries and bytes of a batch (one entry alone may be larger), how long the first waits
    for company, and how many batches go at once."""

    entries: int = 200
    size_bytes: int = 20 * 1024 * 1024
    wait_s: float = 0.5
    at_once: int = 2


class _Gathering(Generic[Result]):
    """A batch that is being put together or is on its way, and how many wait for each entry."""

    def __init__(self) -> None:
        self.entries: dict[UUID, bytes] = {}
        self.waiting: Counter[UUID] = Counter()
        self.full = asyncio.Event()
        self.task: asyncio.Task[Result]

    def takes(self, key: UUID, entry: bytes, bounds: Bounds) -> bool:
        if key in self.entries:
            return self.entries[key] == entry
        size = sum(map(len, self.entries.values())) + len(entry)
        return len(self.entries) < bounds.entries and size <= bounds.size_bytes

    @property
    def wanted(self) -> list[bytes]:
        """The entries that somebody still waits for."""
        return [entry for key, entry in self.entries.items() if self.waiting[key]]


class Batches(Generic[Result]):
    """`send` gets the entries of a batch and answers for all of them. `sleep` is the timer."""

    def __init__(
        self,
        send: Callable[[Sequence[bytes]], Awaitable[Result]],
        bounds: Bounds,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._send = send
        self._bounds = bounds
        self._sleep = sleep
        self._open: _Gathering[Result] | None = None
        self._under_way: set[_Gathering[Result]] = set()
        self._places = asyncio.Semaphore(bounds.at_once)

    async def carry(self, key: UUID, entry: bytes) -> Result:
        """Hands an entry over in a batch with others, and answers what became of that. Raises
        Closed. When everybody who waits for a batch is cancelled, so is the batch."""
        batch = self._open
        if batch is None or not batch.takes(key, entry, self._bounds):
            if batch is not None:
                self._shut(batch)
            batch = self._begin()
        batch.entries[key] = entry
        batch.waiting[key] += 1
        if len(batch.entries) >= self._bounds.entries:
            self._shut(batch)
        try:
            return await asyncio.shield(batch.task)
        except asyncio.CancelledError:
            if batch.task.cancelled() and not _is_cancelled():
                raise Closed("the channel was closed before an answer came") from None
            raise
        finally:
            batch.waiting[key] -= 1
            if batch.waiting.total() == 0:
                self._shut(batch)
                batch.task.cancel()

    async def close(self) -> None:
        """Gives up what is under way: whoever waits is told Closed."""
        tasks = [batch.task for batch in self._under_way]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self) -> _Gathering[Result]:
        batch: _Gathering[Result] = _Gathering()
        self._open = batch
        self._under_way.add(batch)
        batch.task = asyncio.create_task(self._go(batch))
        return batch

    def _shut(self, batch: _Gathering[Result]) -> None:
        """Nobody comes in any more, and nobody is waited for."""
        batch.full.set()
        if self._open is batch:
            self._open = None

    async def _go(self, batch: _Gathering[Result]) -> Result:
        try:
            await self._until_full(batch)
            async with self._places:
                self._shut(batch)
                return await self._send(batch.wanted)
        finally:
            self._shut(batch)
            self._under_way.discard(batch)

    async def _until_full(self, batch: _Gathering[Result]) -> None:
        ends = [
            asyncio.ensure_future(self._sleep(self._bounds.wait_s)),
            asyncio.ensure_future(batch.full.wait()),
        ]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()


def _is_cancelled() -> bool:
    """Whether it is this task that somebody wants to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
