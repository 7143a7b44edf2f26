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

from transports.peppol.as4.message import Fault
from transports.peppol.receiver import NotKept, Receiver, Reply

log = structlog.get_logger()

_PIECE: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What a message may cost. A body that brings nothing for `idle_s`, or is not whole after
    `total_s`, is given up; at most `at_once` are taken in at the same time."""

    body_bytes: int = 64 * 1024 * 1024
    idle_s: float = 30.0
    total_s: float = 300.0
    at_once: int = 16


class _TooLarge(Exception):
    pass


class Endpoint:
    """The handler; its routes go into the outer listener."""

    def __init__(self, receiver: Receiver, limits: Limits | None = None) -> None:
        self._receiver = receiver
        self._limits = limits or Limits()
        self._places = asyncio.Semaphore(self._limits.at_once)

    def routes(self, path: str = "/as4") -> list[web.RouteDef]:
        """POST for messages; GET says that this is an access point."""
        return [web.post(path, self._post), web.get(path, self._get)]

    async def _get(self, _: web.Request) -> web.Response:
        return web.Response(text="A Peppol access point: AS4 messages are posted here.\n")

    async def _post(self, request: web.Request) -> web.Response:
        if self._places.locked():
            # Waiting would hold the sender's memory and ours; it tries again by itself.
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"})
        async with self._places:
            reply = await self._taken(request)
        return web.Response(
            status=reply.status, body=reply.content, headers={"Content-Type": reply.content_type}
        )

    async def _taken(self, request: web.Request) -> Reply:
        try:
            async with asyncio.timeout(self._limits.total_s):
                body = await self._read(request)
        except _TooLarge:
            text = f"The message has more than {self._limits.body_bytes} bytes."
            reply = await self._receiver.refusal(None, Fault("EBMS:0007", text))
            log.warning("as4_too_large", limit=self._limits.body_bytes)
            return reply
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
        try:
            return await self._receiver.receive(request.headers.get("Content-Type", ""), body)
        except NotKept as error:
            log.error("as4_not_kept", reason=str(error))
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "30"}) from None

    async def _read(self, request: web.Request) -> bytes:
        """The body, and nothing beyond the limit, whatever its transfer coding."""
        limit = self._limits.body_bytes
        if (request.content_length or 0) > limit:
            raise _TooLarge
        pieces: list[bytes] = []
        size = 0
        while True:
            async with asyncio.timeout(self._limits.idle_s):
                piece = await request.content.readany()
            if not piece:
                return b"".join(pieces)
            size += len(piece)
            if size > limit:
                raise _TooLarge
            pieces.append(piece)
