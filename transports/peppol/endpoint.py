"""The outer face of corner 3: the address that other access points post to.

In charge of HTTP: how much is read, for how long, and the status. Not in charge of what is in the
body (`receiver`). Whatever is wrong with a message is told in a signed error, with status 200, as
AS4 has it; only what never became a message gets another status.
"""

from __future__ import annotations

import structlog
from aiohttp import web

from transports.bodies import Bodies, Body, Limits, Unread
from transports.peppol.receiver import NotKept, Receiver, Refusal, Reply

log = structlog.get_logger()

__all__ = ["Endpoint", "Limits"]


class Endpoint:
    """The handler; its routes go into the outer listener. AS4 packs payloads, and nothing around
    them."""

    def __init__(self, receiver: Receiver, limits: Limits | None = None) -> None:
        self._receiver = receiver
        self._bodies = Bodies(limits or Limits())

    def routes(self, path: str = "/as4") -> list[web.RouteDef]:
        """POST for messages; GET says that this is an access point."""
        return [web.post(path, self._post), web.get(path, self._get)]

    async def _get(self, _: web.Request) -> web.Response:
        return web.Response(text="A Peppol access point: AS4 messages are posted here.\n")

    async def _post(self, request: web.Request) -> web.Response:
        body = Body()
        try:
            reply = await self._answered(request, body)
        finally:
            self._bodies.let_go(body)
        response = web.Response(
            status=reply.status, body=reply.content, headers={"Content-Type": reply.content_type}
        )
        if not request.content.is_eof():
            response.force_close()  # the rest of the body is never read
        return response

    async def _answered(self, request: web.Request, body: Body) -> Reply:
        try:
            await self._bodies.read(request, body)
        except Unread as unread:
            code = "EBMS:0004" if unread.status == 408 else "EBMS:0007"
            refusal = Refusal(code, unread.text, "", None, body.size, "")
            # What is too large is a message all the same.
            return await self._receiver.refuse(
                refusal, 200 if unread.status == 413 else unread.status
            )
        async with self._bodies.places:
            try:
                content_type = request.headers.get("Content-Type", "")
                return await self._receiver.receive(content_type, body.whole())
            except NotKept as error:
                log.error("as4_not_kept", reason=str(error))
                raise web.HTTPServiceUnavailable(headers={"Retry-After": "30"}) from None
