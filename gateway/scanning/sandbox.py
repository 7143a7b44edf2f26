"""A clamd on loopback that knows one virus, which is none: the EICAR test file.

It speaks the protocol of clamd(8) as far as the gateway does, and can be told to misbehave. It
looks into nothing: only what stands in the bytes as they are is found.
"""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Final

# The test file that every scanner reports (https://www.eicar.org), in two halves: a scanner that
# looks at this file should not.
EICAR: Final = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STAND" + rb"ARD-ANTIVIRUS-TEST-FILE!$H+H*"
SIGNATURE: Final = "Eicar-Test-Signature"


class Behaviour(StrEnum):
    """What it does with a file."""

    RIGHT = "right"
    SILENT = "silent"  # takes the file and never answers
    CLOSE = "close"  # closes the connection instead of answering
    GARBAGE = "garbage"  # says what no clamd says
    ENDLESS = "endless"  # an answer without an end
    ERROR = "error"  # could not look at it
    HANG_UP = "hang_up"  # closes the connection before it has the file


_SAYS: Final = {
    Behaviour.GARBAGE: b"\xff\xfe220 mail.example ESMTP\0",
    Behaviour.ENDLESS: b"stream: " + b"x" * 100_000,
    Behaviour.ERROR: b"stream: Can't allocate memory ERROR\0",
    Behaviour.CLOSE: b"",
}


class Sandbox:
    """The server; `async with Sandbox() as clamd: ... clamd.address`. `seen` are the files that
    came, `most_bytes` its StreamMaxLength. With `path` it listens on a socket of this machine."""

    def __init__(self, *, most_bytes: int = 25 * 1024 * 1024, path: Path | None = None) -> None:
        self.behaviour = Behaviour.RIGHT
        self.seen: list[bytes] = []
        self.most_bytes = most_bytes
        self.address = ""
        self._path = path
        self._server: asyncio.Server
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self, port: int = 0) -> None:
        """Listens; on the same `port` again after `stop`, where that is wanted."""
        if self._path is not None:
            self._server = await asyncio.start_unix_server(self._serve, self._path)
            self.address = f"unix:{self._path}"
            return
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Listens no more, and hangs up."""
        self._server.close()
        for writer in tuple(self._open):
            writer.close()
        await self._server.wait_closed()

    async def __aenter__(self) -> Sandbox:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            reply = await self._reply(reader)
            if reply is not None:
                writer.write(reply)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # who asked has gone
        finally:
            self._open.discard(writer)
            writer.close()

    async def _reply(self, reader: asyncio.StreamReader) -> bytes | None:
        command = await reader.readuntil(b"\0")
        if command == b"zPING\0":
            return b"PONG\0"
        if command != b"zINSTREAM\0":
            return b"UNKNOWN COMMAND\0"
        if self.behaviour is Behaviour.HANG_UP:
            return None
        content = bytearray()
        while size := int.from_bytes(await reader.readexactly(4)):
            if len(content) + size > self.most_bytes:
                return b"INSTREAM size limit exceeded. ERROR\0"
            content += await reader.readexactly(size)
        self.seen.append(bytes(content))
        if self.behaviour is Behaviour.SILENT:
            await reader.read()  # until who asked has gone
            return None
        found = f"stream: {SIGNATURE} FOUND" if EICAR in content else "stream: OK"
        return _SAYS.get(self.behaviour, f"{found}\0".encode())
