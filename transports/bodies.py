"""Bodies that partners post to us: how much is read of them, and for how long.

In charge of reading one to its end, and nothing beyond the limits, whatever its transfer coding.
Not in charge of what is in it, nor of what its sender is told.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

# What reading raises when a body ends before it should, or its chunks are none (RFC 9112, 7.1).
_BROKEN: Final = (ConnectionError, web.RequestPayloadError, HttpProcessingError)


@dataclass(frozen=True, slots=True)
class Limits:
    """What messages may cost. A body that brings nothing for `idle_s`, or is not whole after
    `total_s`, is given up; `held_bytes` of bodies are held at most, and `at_once` of those that are
    whole are worked on at the same time, so that slow senders stand in nobody's way."""

    body_bytes: int = 64 * 1024 * 1024
    idle_s: float = 30.0
    total_s: float = 300.0
    at_once: int = 16
    held_bytes: int = 256 * 1024 * 1024


class Unread(Exception):
    """The body was not read to its end. `status` is what HTTP has for that."""

    def __init__(self, status: int, text: str) -> None:
        self.status, self.text = status, text
        super().__init__(text)


class Body:
    """The bytes of a body that came so far."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.size = 0

    def add(self, piece: bytes) -> None:
        """One more piece came."""
        self._pieces.append(piece)
        self.size += len(piece)

    def whole(self) -> bytes:
        """All of it; the pieces are let go of."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


class Bodies:
    """All bodies that are read by one endpoint. `places` is for those that are whole."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._held = 0
        self.places = asyncio.Semaphore(limits.at_once)

    async def read(self, request: web.Request, body: Body) -> None:
        """Reads a body into `body`, which is to be let go of afterwards whatever happens. Raises
        Unread, and HTTPServiceUnavailable where too much is held."""
        limits = self._limits
        if (request.content_length or 0) > limits.body_bytes:
            raise self._too_large()
        _check_codings(request)
        try:
            async with asyncio.timeout(limits.total_s):
                while True:
                    async with asyncio.timeout(limits.idle_s):
                        piece = await request.content.readany()
                    if not piece:
                        return
                    body.add(piece)
                    self._held += len(piece)
                    if body.size > limits.body_bytes:
                        raise self._too_large()
                    if self._held > limits.held_bytes:
                        # Waiting would hold the sender's memory and ours; it comes again by itself.
                        raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"})
        except TimeoutError:
            raise Unread(408, "The message did not come to its end in time.") from None
        except _BROKEN:
            text = "The message was cut off, or its chunks can not be read."
            raise Unread(400, text) from None

    def let_go(self, body: Body) -> None:
        """A body is no longer held."""
        self._held -= body.size

    def _too_large(self) -> Unread:
        return Unread(413, f"The message has more than {self._limits.body_bytes} bytes.")


def _check_codings(request: web.Request) -> None:
    """A coding on the way would hide a bomb, and what stands between us and the sender may see
    another body than we do."""
    content = request.headers.get("Content-Encoding", "identity").strip().lower()
    transfer = request.headers.get("Transfer-Encoding", "chunked").strip().lower()
    if content != "identity" or transfer != "chunked":
        text = "The body may have no Content-Encoding, and no Transfer-Encoding but chunked."
        raise Unread(415, text)
