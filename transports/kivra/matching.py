"""Asks Kivra who of several can be reached: what is asked at the same time goes in one call.

In charge of gathering. Not in charge of the call itself, which the driver makes.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field

from transports.kivra import wire
from transports.kivra.wire import Who

# Asks about these numbers of a tenant's recipients; answers those that can be reached.
Ask = Callable[[str, Who, Collection[str]], Awaitable[frozenset[str]]]

_Line = tuple[str, Who]  # a tenant's calls of a kind, one after the other


@dataclass(eq=False, slots=True)
class _Batch:
    numbers: set[str] = field(default_factory=set)
    waiting: int = 0
    task: asyncio.Task[frozenset[str]] | None = None


class Matching:
    """Gathers what is asked while a call is under way into the next one."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._locks: dict[_Line, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._open: dict[_Line, _Batch] = {}
        self._running: set[asyncio.Task[frozenset[str]]] = set()

    async def reachable(self, tenant: str, who: Who, number: str) -> bool:
        """Whether the tenant may send to it. Raises what asking raises, to all in the call."""
        line = (tenant, who)
        batch = self._open.get(line)
        if batch is None or len(batch.numbers) >= wire.MATCH_NUMBERS:
            batch = self._open[line] = _Batch()
            batch.task = asyncio.create_task(self._asked(line, batch))
            self._running.add(batch.task)
            batch.task.add_done_callback(self._running.discard)
        batch.numbers.add(number)
        batch.waiting += 1
        assert batch.task is not None
        try:
            # One who gives up must not end it for the others.
            return number in await asyncio.shield(batch.task)
        finally:
            batch.waiting -= 1
            if batch.waiting == 0:  # nobody is left who wants to know
                if self._open.get(line) is batch:
                    del self._open[line]
                batch.task.cancel()

    async def close(self) -> None:
        """Ends what is under way."""
        tasks = tuple(self._running)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _asked(self, line: _Line, batch: _Batch) -> frozenset[str]:
        async with self._locks[line]:
            if self._open.get(line) is batch:
                del self._open[line]
            return await self._ask(*line, batch.numbers)
