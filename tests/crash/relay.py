"""Stands between a client and a server of HTTP, and cuts an exchange off at a chosen moment.

What is sent is written down, so that it can be told whether the same bytes came again. Each
exchange has a connection of its own: the relay asks for that in the client's name.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)
_TYPE = re.compile(rb"\r\ncontent-type: *([^\r]+)\r\n", re.IGNORECASE)


class Moment(StrEnum):
    """How far an exchange has come, seen from between the two."""

    CONNECTED = "connected"  # the client has a connection, and no byte of it was looked at
    BEGUN = "begun"  # the first byte of the request is there
    HALF = "half"  # the server has half of the request
    ALMOST = "almost"  # the client has sent all of it, the server has not its last byte
    WHOLE = "whole"  # the server has all of it
    ANSWERING = "answering"  # the server has answered, the client has nothing of that
    HALF_ANSWERED = "half_answered"  # the client has half of the answer
    ANSWERED = "answered"  # the client has all of it


@dataclass(slots=True)
class Exchange:
    """What was seen of one: empty is what had not come."""

    request_type: str = ""
    request: bytes = b""  # the body
    answer: bytes = b""  # the body


class Cut(Exception):
    """The exchange is at its moment, and goes no further."""


class Relay:
    """`async with Relay("http://127.0.0.1:1") as relay: ... relay.url`.

    The next exchanges are held at the moments of `plan`, one each; those behind them are not.
    """

    def __init__(self, target: str = "") -> None:
        self.target = target  # "": nobody is there
        self.url = ""
        self.seen: list[Exchange] = []
        self.held: list[Moment] = []
        self._plan: deque[Moment] = deque()
        self._wanted = 0
        self._news = asyncio.Condition()
        self._cut = asyncio.Event()
        self._under_way: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Relay:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def plan(self, moments: Iterable[Moment]) -> None:
        """Holds the next exchanges at these moments."""
        self.held, self._cut = [], asyncio.Event()
        self._plan = deque(moments)
        self._wanted = len(self._plan)

    async def until_held(self) -> None:
        """Returns when every planned exchange is at its moment."""
        async with self._news:
            await self._news.wait_for(lambda: len(self.held) == self._wanted)

    def cut(self) -> None:
        """Breaks off what is held: the one side is dead by now, the other one hears of it."""
        self._plan.clear()
        self._cut.set()

    # --- one exchange ---

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        moment = self._plan.popleft() if self._plan else None
        task = asyncio.create_task(self._relay(reader, writer, moment))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _relay(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, moment: Moment | None
    ) -> None:
        exchange = Exchange()
        self.seen.append(exchange)
        server: asyncio.StreamWriter | None = None

        async def at(now: Moment) -> None:
            if now is moment:
                async with self._news:
                    self.held.append(now)
                    self._news.notify_all()
                await self._cut.wait()
                raise Cut

        with suppress(Cut, ConnectionError, asyncio.IncompleteReadError):
            try:
                await at(Moment.CONNECTED)
                first = await reader.readexactly(1)
                await at(Moment.BEGUN)
                head = first + await reader.readuntil(b"\r\n\r\n")
                length, kind = _LENGTH.search(head), _TYPE.search(head)
                exchange.request = await reader.readexactly(int(length[1]) if length else 0)
                exchange.request_type = kind[1].decode() if kind else ""
                where = urlsplit(self.target)
                if not where.port:
                    return
                answer, server = await asyncio.open_connection(where.hostname, where.port)
                head = head.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
                request = head + exchange.request
                half = len(request) // 2
                await _send(server, request[:half])
                await at(Moment.HALF)
                await _send(server, request[half:-1])
                await at(Moment.ALMOST)
                await _send(server, request[-1:])
                await at(Moment.WHOLE)
                reply = await answer.read()
                exchange.answer = reply.partition(b"\r\n\r\n")[2]
                await at(Moment.ANSWERING)
                await _send(writer, reply[: len(reply) // 2])
                await at(Moment.HALF_ANSWERED)
                await _send(writer, reply[len(reply) // 2 :])
                await at(Moment.ANSWERED)
                writer.close()
            finally:
                for one in (writer, server):
                    if one is not None and not one.is_closing():
                        one.transport.abort()


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()
