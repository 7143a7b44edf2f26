"""The thread in which the client without asyncio does its work: an event loop of its own.

In charge of bringing calls there and answers back. Nothing else runs in it, so that what the client
does is the same in both: the twin adds waiting and nothing else.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from gateway.client.connection import Streamed

if TYPE_CHECKING:
    from gateway.client.client import Client

T = TypeVar("T")


class Loop:
    """Runs what a `Client` does in a thread of its own. Use as `with`; threads may share it."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="budkavle-client", daemon=True
        )
        self._thread.start()
        self.run(self.client.__aenter__())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.run(self.client.__aexit__(kind, error, trace))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What comes of it; when the caller is interrupted, so is the work."""
        assert hasattr(self, "_loop"), "use `with`"
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def each(self, items: AsyncIterator[T]) -> Iterator[T]:
        """The items as they come; leaving the loop early ends their making."""
        try:
            while True:
                try:
                    item = self.run(_next(items))
                except StopAsyncIteration:
                    return
                yield item
        finally:
            close = getattr(items, "aclose", None)
            if close is not None and self._thread.is_alive():
                self.run(close())

    def streamed(self, file: Streamed) -> SyncStreamed:
        """A file, to be read without asyncio."""
        return SyncStreamed(self, file)


class SyncStreamed:
    """A file of the gateway's. It is fetched when it is iterated over, read or saved."""

    def __init__(self, loop: Loop, file: Streamed) -> None:
        self._loop = loop
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        """The bytes as they come; raises Unreachable when they break off before the end."""
        return self._loop.each(aiter(self._file))

    def read(self) -> bytes:
        """All of it. Raises Problem, Unreachable."""
        return self._loop.run(self._file.read())

    def save(self, to: Path) -> int:
        """Writes it to disk, whole or not at all; answers its size.

        Raises Problem, Unreachable, OSError.
        """
        return self._loop.run(self._file.save(to))


async def _next(items: AsyncIterator[T]) -> T:
    return await anext(items)
