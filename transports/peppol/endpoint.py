"""The outer face of corner 3: the address that other access points post to.

In charge of HTTP: how much is read, for how long, and the status. Not in charge of what is in the
body (`receiver`). Whatever is wrong with a message is told in a signed error, with status 200, as
AS4 has it; only what never became a message gets another status.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from transports.peppol.receiver import NotKept, Receiver, Refusal, Reply

log = structlog.get_logger()

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


class _Unread(Exception):
    """The body was not read to its end."""

    def __init__(self, code: str, detail: str, status: int) -> None:
        self.code, self.detail, self.status = code, detail, status
        super().__init__(detail)


class _Body:
    """The bytes of a body that came so far."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.size = 0

    def add(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self.size += len(piece)

    def whole(self) -> bytes:
        """All of it; the pieces are let go of."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


class Endpoint:
    """The handler; its routes go into the outer listener."""

    def __init__(self, receiver: Receiver, limits: Limits | None = None) -> None:
        self._receiver = receiver
        self._limits = limits or Limits()
        self._places = asyncio.Semaphore(self._limits.at_once)
        self._held = 0

    def routes(self, path: str = "/as4") -> list[web.RouteDef]:
        """POST for messages; GET says that this is an access point."""
        return [web.post(path, self._post), web.get(path, self._get)]

    async def _get(self, _: web.Request) -> web.Response:
        return web.Response(text="A Peppol access point: AS4 messages are posted here.\n")

    async def _post(self, request: web.Request) -> web.Response:
        body = _Body()
        try:
            reply = await self._answered(request, body)
        finally:
            self._held -= body.size
        response = web.Response(
            status=reply.status, body=reply.content, headers={"Content-Type": reply.content_type}
        )
        if not request.content.is_eof():
            response.force_close()  # the rest of the body is never read
        return response

    async def _answered(self, request: web.Request, body: _Body) -> Reply:
        try:
            await self._read(request, body)
        except _Unread as unread:
            refusal = Refusal(unread.code, unread.detail, "", None, body.size, "")
            return await self._receiver.refuse(refusal, unread.status)
        async with self._places:
            try:
                content_type = request.headers.get("Content-Type", "")
                return await self._receiver.receive(content_type, body.whole())
            except NotKept as error:
                log.error("as4_not_kept", reason=str(error))
                raise web.HTTPServiceUnavailable(headers={"Retry-After": "30"}) from None

    async def _read(self, request: web.Request, body: _Body) -> None:
        """Reads the body, and nothing beyond the limit, whatever its transfer coding."""
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
            text = "The message did not come to its end in time."
            raise _Unread("EBMS:0004", text, 408) from None
        except _BROKEN:
            text = "The message was cut off, or its chunks can not be read."
            raise _Unread("EBMS:0007", text, 400) from None

    def _too_large(self) -> _Unread:
        text = f"The message has more than {self._limits.body_bytes} bytes."
        return _Unread("EBMS:0007", text, 200)


def _check_codings(request: web.Request) -> None:
    """AS4 packs payloads, and nothing around them: a coding on the way would hide a bomb, and what
    stands between us and the sender may see another body than we do."""
    content = request.headers.get("Content-Encoding", "identity").strip().lower()
    transfer = request.headers.get("Transfer-Encoding", "chunked").strip().lower()
    if content != "identity" or transfer != "chunked":
        text = "The body may have no Content-Encoding, and no Transfer-Encoding but chunked."
        raise _Unread("EBMS:0007", text, 415)
