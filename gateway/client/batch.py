"""Many documents in one request, and again what has no answer when it breaks off.

In charge of keys, of numbering and of going on. Each line has a key before it is sent for the first
time, so that sending it again makes no second document.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, TypedDict
from uuid import uuid4

import aiohttp

from gateway.client.request import Request, Unreachable

NDJSON: Final = "application/x-ndjson"
MOST_LINES: Final = 100_000  # in one request; what is more goes with the next


class BatchResult(TypedDict):
    """What became of one line."""

    line: int  # its number among all that were given, from 1
    id: str | None
    document_id: str | None
    replayed: bool
    problem: dict[str, Any] | None


Open = Callable[[Request], AbstractAsyncContextManager[aiohttp.ClientResponse]]
Sleep = Callable[[float], Awaitable[None]]


class Batch:
    """The lines of one call, over as many requests as it takes."""

    def __init__(
        self,
        lines: Iterable[Mapping[str, Any]] | AsyncIterable[Mapping[str, Any]],
        opened: Open,
        sleep: Sleep,
        tries: int,
    ) -> None:
        self._source = lines if isinstance(lines, AsyncIterable) else _each(lines)
        self._opened = opened
        self._sleep = sleep
        self._tries = tries
        self._unanswered: deque[bytes] = deque()
        self._next: asyncio.Task[bytes | None] | None = None  # None comes at the end
        self._at_end = False

    async def results(self) -> AsyncIterator[BatchResult]:
        """What became of each line, in order. Raises what `lines` does too."""
        answered, attempt = 0, 1
        lines = aiter(self._source)
        while self._unanswered or not self._at_end:
            request = Request(
                "POST",
                "/v1/batches",
                headers={"Content-Type": NDJSON},
                body=lambda: self._body(lines),
            )
            try:
                async with self._opened(request) as response:
                    async for line in response.content:
                        result: BatchResult = json.loads(line)
                        self._unanswered.popleft()
                        answered, attempt = answered + 1, 1
                        yield {**result, "line": answered}
            except Unreachable:
                self._raise_what_lines_raised()
                if attempt >= self._tries:
                    raise
                await self._sleep(0.2 * 4 ** (attempt - 1))
                attempt += 1

    async def _body(self, lines: AsyncIterator[Mapping[str, Any]]) -> AsyncIterator[bytes]:
        """What has no answer yet, and then what is new."""
        for sent in [*self._unanswered]:
            yield sent
        for _ in range(MOST_LINES - len(self._unanswered)):
            if self._next is None:
                self._next = asyncio.ensure_future(_next(lines))
            # Shielded: a request that breaks off must not take the line along that is being made.
            line = await asyncio.shield(self._next)
            self._next = None
            if line is None:
                self._at_end = True
                return
            self._unanswered.append(line)
            yield line

    def _raise_what_lines_raised(self) -> None:
        if self._next is not None and self._next.done():
            self._next.result()


async def _next(lines: AsyncIterator[Mapping[str, Any]]) -> bytes | None:
    line = await anext(lines, None)
    if line is None:
        return None
    keyed = {"idempotency_key": f"client-{uuid4()}", **line}
    return json.dumps(keyed, separators=(",", ":"), default=str).encode() + b"\n"


async def _each(lines: Iterable[Mapping[str, Any]]) -> AsyncIterator[Mapping[str, Any]]:
    for line in lines:
        yield line
