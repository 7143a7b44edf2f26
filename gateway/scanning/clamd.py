"""Asks clamd, the daemon of ClamAV, whether there is a virus in some bytes.

In charge of one question over one connection (TCP or a socket of this machine), of its limits, and
of what the answer means. Not in charge of what follows from it (`gateway.delivery.scanning`).
Protocol: `zINSTREAM`, chunks with their length before them (4 bytes, big-endian), one of length 0,
then a line that ends in NUL: the manual page clamd(8), section COMMANDS.

Whatever goes wrong, and whatever is answered, is a value: never that the bytes are clean.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

_CHUNK_BYTES: Final = 64 * 1024
_MOST_REPLY_BYTES: Final = 4096

# How long a connection may take to close: what it had to say has been said.
_GOODBYE_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Clean:
    """Nothing was found."""


@dataclass(frozen=True, slots=True)
class Found:
    """Something was found, of this name."""

    name: str


@dataclass(frozen=True, slots=True)
class TooLarge:
    """It is more than the scanner takes: nobody knows what is in it."""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The scanner could not be asked, or said nothing that can be understood: ask again later."""

    why: str


Answer = Clean | Found | TooLarge | NoAnswer


class Clamd:
    """A clamd at `address`: `host:port`, or `unix:` and a path.

    `limit_s` is how long one file may take, `max_bytes` how much clamd takes (its StreamMaxLength),
    `at_once` how many files are looked at together (its MaxThreads is the most that makes sense).
    """

    def __init__(self, address: str, *, limit_s: float, max_bytes: int, at_once: int) -> None:
        self._address = address
        self._limit_s = limit_s
        self._max_bytes = max_bytes
        self._places = asyncio.Semaphore(at_once)

    async def scan(self, content: bytes) -> Answer:
        """What clamd says of the bytes."""
        if len(content) > self._max_bytes:
            return TooLarge()
        async with self._places:
            reply = await self._ask(b"zINSTREAM\0", content)
        return reply if isinstance(reply, NoAnswer) else understood(reply)

    async def ping(self) -> NoAnswer | None:
        """Whether it is there: None when it is."""
        reply = await self._ask(b"zPING\0", None)
        if isinstance(reply, NoAnswer):
            return reply
        return None if reply == b"PONG" else NoAnswer(f"it answered {_shown(reply)}")

    async def _ask(self, command: bytes, content: bytes | None) -> bytes | NoAnswer:
        try:
            async with asyncio.timeout(self._limit_s):
                reader, writer = await self._connect()
                try:
                    return await _exchange(reader, writer, command, content)
                finally:
                    writer.close()
                    with suppress(OSError, TimeoutError):
                        async with asyncio.timeout(_GOODBYE_S):
                            await writer.wait_closed()
        except TimeoutError:
            return NoAnswer(f"it did not answer within {self._limit_s:g} s")
        except asyncio.IncompleteReadError:
            return NoAnswer("it closed the connection without an answer")
        except asyncio.LimitOverrunError:
            return NoAnswer("its answer has no end")
        except OSError as error:
            return NoAnswer(f"{type(error).__name__}: {error.strerror or error}")

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        kind, _, path = self._address.partition(":")
        if kind == "unix":
            return await asyncio.open_unix_connection(path, limit=_MOST_REPLY_BYTES)
        host, _, port = self._address.rpartition(":")
        return await asyncio.open_connection(host.strip("[]"), int(port), limit=_MOST_REPLY_BYTES)


async def _exchange(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    command: bytes,
    content: bytes | None,
) -> bytes:
    """Sends, and reads the reply: it may come while there is still something to be sent."""
    reply = asyncio.ensure_future(reader.readuntil(b"\0"))
    try:
        writer.write(command)
        for at in range(0, len(content or b""), _CHUNK_BYTES):
            chunk = (content or b"")[at : at + _CHUNK_BYTES]
            writer.write(len(chunk).to_bytes(4) + chunk)
            with suppress(ConnectionError):  # why it was closed stands in the reply
                await writer.drain()
            if reply.done():
                break
        if content is not None and not writer.is_closing():
            writer.write(bytes(4))
        return (await reply).removesuffix(b"\0")
    finally:
        reply.cancel()


_FOUND: Final = re.compile(rb"stream: (.{1,200}) FOUND")


def understood(reply: bytes) -> Answer:
    """What a reply to INSTREAM means."""
    reply = reply.strip()
    if reply == b"stream: OK":
        return Clean()
    found = _FOUND.fullmatch(reply)
    if found is not None:
        return Found(_shown(found[1]))
    if reply == b"INSTREAM size limit exceeded. ERROR":
        return TooLarge()
    return NoAnswer(f"it answered {_shown(reply)}")


def _shown(reply: bytes) -> str:
    """As much of a reply as may stand in a text."""
    text = reply[:100].decode("ascii", "backslashreplace")
    return "".join(c if c.isprintable() else "?" for c in text)
