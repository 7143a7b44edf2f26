"""News between processes: LISTEN and NOTIFY, on a connection of its own.

Who waits in this process is told at once; the other processes a moment later, of many batches
together: a NOTIFY inside a batch's own transaction would make all commits wait for each other.
News may be lost, with a connection or a process. Nobody relies on them: who waits comes back after
a time and looks for itself.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import asyncpg
import structlog

from gateway.store.postgres.faults import translated
from gateway.store.topics import Topics

if TYPE_CHECKING:
    Listening = asyncpg.Connection[asyncpg.Record]

log = structlog.get_logger()

_CHANNEL = "budkavle"
_LONGEST = 7_900  # bytes in a payload; PostgreSQL takes fewer than 8,000
_TOGETHER_S = 0.005  # what is told within this time goes in one NOTIFY
_AGAIN_S = (0.2, 0.5, 1.0, 2.0, 5.0)
_EVERYTHING = "*"
_LOST = OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError
_MOST_WAITING = 10_000  # topics, while there is no connection; then everybody is told


class News:
    """Tells and listens from `start` to `close`."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[Listening]],
        topics: Topics,
    ) -> None:
        self._connect = connect
        self._topics = topics
        self._from = os.urandom(8).hex()
        self._untold: set[str] = set()
        self._stir = asyncio.Event()
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to listen. Raises StorageUnavailable."""
        try:
            connection = await self._listening()
        except _LOST as error:
            raise translated(error) from error
        self._task = asyncio.create_task(self._run(connection), name="store-news")

    def tell(self, topics: set[str]) -> None:
        """Wakes who waits for one of the topics, here and elsewhere."""
        if not topics:
            return
        self._topics.tell(topics)
        self._untold |= topics
        if len(self._untold) > _MOST_WAITING:
            self._untold = {_EVERYTHING}
        self._stir.set()

    async def close(self) -> None:
        """Tells what is left to tell, if there is a connection, and stops listening."""
        self._closing.set()
        self._stir.set()
        if self._task is not None:
            await self._task

    async def _run(self, connection: Listening) -> None:
        while True:
            try:
                await self._talk(connection)
            except _LOST as error:
                log.warning("store_news_lost", error=str(error))
            finally:
                connection.terminate()
            failed = 0
            while not self._closing.is_set():
                await self._rest(_AGAIN_S[min(failed, len(_AGAIN_S) - 1)])
                try:
                    connection = await self._listening()
                    break
                except _LOST:
                    failed += 1
            else:
                return
            self._topics.tell_all()  # nobody knows what was told meanwhile

    async def _rest(self, seconds: float) -> None:
        """Waits, until it is closed at most."""
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            pass

    async def _listening(self) -> Listening:
        connection = await self._connect()
        try:
            connection.add_termination_listener(lambda _: self._stir.set())
            # NOTIFY is a transaction that writes nothing: it need not wait for the disk.
            await connection.execute("SET synchronous_commit = off")
            await connection.add_listener(_CHANNEL, self._heard)
        except BaseException:
            connection.terminate()
            raise
        return connection

    async def _talk(self, connection: Listening) -> None:
        while not connection.is_closed():
            await self._stir.wait()
            self._stir.clear()
            if not self._untold:
                if self._closing.is_set():
                    return
                continue
            topics, self._untold = self._untold, set()
            try:
                for text in _payloads(self._from, topics):
                    await connection.execute("SELECT pg_notify($1, $2)", _CHANNEL, text)
            except BaseException:
                self._untold |= topics
                raise
            self._stir.set()
            await self._rest(_TOGETHER_S)

    def _heard(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        sender, *topics = str(payload).split(" ")
        if sender == self._from:
            return
        if _EVERYTHING in topics:
            self._topics.tell_all()
        else:
            self._topics.tell(topics)


def _payloads(sender: str, topics: Iterable[str]) -> Iterator[str]:
    """The topics in as few texts as may be: no topic has a space."""
    text = sender
    for topic in sorted(topics):
        if len(text.encode()) + len(topic.encode()) + 1 > _LONGEST:
            yield text
            text = sender
        text += f" {topic}"
    yield text
