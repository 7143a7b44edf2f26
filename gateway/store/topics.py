"""Who waits for news under which topic, within one process and one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable


class Topics:
    """Futures by topic. Used on the event loop only."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}

    def wait(self, topic: str, timeout_s: float) -> asyncio.Future[None]:
        """A future that is done at the next `tell` of the topic after this call, or in time."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(timeout_s, _wake, future)
        self._waiting.setdefault(topic, set()).add(future)

        def forget(done: asyncio.Future[None]) -> None:
            timer.cancel()
            waiting = self._waiting.get(topic)
            if waiting is not None:
                waiting.discard(done)
                if not waiting:
                    del self._waiting[topic]

        future.add_done_callback(forget)
        return future

    def tell(self, topics: Iterable[str]) -> None:
        """Wakes everybody who waits for one of the topics."""
        for topic in topics:
            for future in self._waiting.pop(topic, ()):
                _wake(future)

    def tell_all(self) -> None:
        """Wakes everybody."""
        self.tell(tuple(self._waiting))


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
