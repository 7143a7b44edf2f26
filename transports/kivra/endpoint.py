"""Takes in what Kivra posts: it is in the register before it is answered.

In charge of the route on the outer listener. Kivra wants an answer within a second; what is told is
worked on afterwards (`payments`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from transports.base import Entry, Now, Register
from transports.bodies import Bodies, Body, Limits, Unread
from transports.kivra import webhooks
from transports.kivra.payments import TOLD

PATH: Final = "/kivra/webhooks"

# Kivra gives up after a second; somebody else may dawdle.
_LIMITS: Final = Limits(
    body_bytes=webhooks.MOST_BYTES, idle_s=5, total_s=10, held_bytes=256 * webhooks.MOST_BYTES
)


class Endpoint:
    """The endpoint. `secrets` are those that Kivra gave for the webhooks, one or several."""

    def __init__(self, secrets: Sequence[str], register: Register, now: Now) -> None:
        self._secrets = secrets
        self._register = register
        self._now = now
        self._bodies = Bodies(_LIMITS)

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """What it answers."""
        return [web.post(PATH, self._post)]

    async def _post(self, request: web.Request) -> web.Response:
        came = Body()
        try:
            await self._bodies.read(request, came)
            return await self._take(request, came.whole())
        except Unread as error:
            return web.Response(status=error.status, text=f"{error}\n")
        finally:
            self._bodies.let_go(came)

    async def _take(self, request: web.Request, body: bytes) -> web.Response:
        now = self._now()
        try:
            name = webhooks.verified(self._secrets, request.headers, body, now)
        except webhooks.NotFromKivra as error:
            return web.Response(status=401, text=f"{error}\n")
        data = {"body": body.decode(), "at": now.isoformat()}
        # One that came before is there already, or was told on: a report is told once by its id.
        await self._register.put([Entry("", TOLD, name, data=data, due_at=now)])
        return web.Response(status=204)
