"""The address that partners post messages to by SFTI's transport profile.

In charge of HTTP. Not in charge of what is in a message (`receiver`).
"""

from __future__ import annotations

import structlog
from aiohttp import web

from transports.bodies import Bodies, Body, Limits, Unread
from transports.operator import ebms
from transports.operator.inbox import NotKept
from transports.operator.receiver import Receiver, Reply

log = structlog.get_logger()

PATH = "/sfti"


class Endpoint:
    """The handler; its routes go into the outer listener."""

    def __init__(self, receiver: Receiver, limits: Limits | None = None) -> None:
        self._receiver = receiver
        self._bodies = Bodies(limits or Limits())

    def routes(self) -> list[web.RouteDef]:
        """POST for messages."""
        return [web.post(PATH, self._post)]

    async def _post(self, request: web.Request) -> web.Response:
        body = Body()
        try:
            reply = await self._answered(request, body)
        finally:
            self._bodies.let_go(body)
        response = web.Response(
            status=reply.status, body=reply.content, headers={"Content-Type": ebms.CONTENT_TYPE}
        )
        if not request.content.is_eof():
            response.force_close()  # the rest of the body is never read
        return response

    async def _answered(self, request: web.Request, body: Body) -> Reply:
        try:
            await self._bodies.read(request, body)
        except Unread as unread:
            return Reply(unread.status, ebms.fault(unread.text))
        async with self._bodies.places:
            try:
                content_type = request.headers.get("Content-Type", "")
                return await self._receiver.receive(content_type, body.whole())
            except NotKept as error:
                log.error("message_not_kept", channel="operator", reason=str(error))
                raise web.HTTPServiceUnavailable(headers={"Retry-After": "30"}) from None
