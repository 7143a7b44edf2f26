"""A wire between a client and a server on loopback, that can be cut and mended."""

from __future__ import annotations

import asyncio
import socket
from types import TracebackType


class Relay:
    """Passes bytes on to a port; use as `async with`. After `cut` nobody gets through, and what was
    under way breaks off; `mend` listens again on the same port. While it is `silent` it takes what
    comes and answers nothing."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self.port = 0
        self.silent = False
        self._kept = socket.socket()  # bound, never listening: nobody else gets the port meanwhile
        self._kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

    @property
    def busy(self) -> bool:
        """Whether somebody is connected."""
        return bool(self._under_way)

    async def mend(self) -> None:
        """Lets everybody through."""
        self._server = await asyncio.start_server(self._passed, "127.0.0.1", self.port)

    async def cut(self) -> None:
        """Lets nobody through."""
        if self._server is not None:
            self._server.close()
            self._server = None
        under_way = tuple(self._under_way)
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    async def _passed(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._under_way.add(task)
        try:
            if self.silent:
                await asyncio.Event().wait()
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(_copy(reader, far_writer))
                    both.create_task(_copy(far_reader, writer))
            finally:
                far_writer.transport.abort()
        except (asyncio.CancelledError, ExceptionGroup, OSError):
            pass  # broken off on either side, or by `cut`
        finally:
            self._under_way.discard(task)
            writer.transport.abort()

    async def __aenter__(self) -> Relay:
        self._kept.bind(("127.0.0.1", 0))
        self.port = self._kept.getsockname()[1]
        await self.mend()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.cut()
        self._kept.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while content := await reader.read(64 * 1024):
        writer.write(content)
        await writer.drain()
    writer.write_eof()
