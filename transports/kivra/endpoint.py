"""Takes in what Kivra posts: it is in the register before it is answered.

In charge of the route on the outer listener. Kivra wants an answer within a second; what is told is
worked on afterwards (`payments`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from aiohttp import web

from transports.base import Entry, Now, Register
from transports.kivra import webhooks
from transports.kivra.payments import TOLD

PATH: Final = "/kivra/webhooks"

# Kivra gives up after a second; somebody else may dawdle.
_READ_S: Final = 10


class Endpoint:
    """The endpoint. `secrets` are those that Kivra gave for the webhooks, one or several."""

    def __init__(self, secrets: Sequence[str], register: Register, now: Now) -> None:
        self._secrets = secrets
        self._register = register
        self._now = now

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """What it answers."""
        return [web.post(PATH, self._post)]

    async def _post(self, request: web.Request) -> web.Response:
        length = request.content_length
        if length is None or length > webhooks.MOST_BYTES:
            return web.Response(status=413 if length else 411)
        try:
            async with asyncio.timeout(_READ_S):
                body = await request.read()
        except TimeoutError:
            return web.Response(status=408)
        now = self._now()
        try:
            name = webhooks.verified(self._secrets, request.headers, body, now)
        except webhooks.NotFromKivra as error:
            return web.Response(status=401, text=f"{error}\n")
        data = {"body": body.decode(), "at": now.isoformat()}
        # One that came before is there already, or was told on: a report is told once by its id.
        await self._register.put([Entry("", TOLD, name, data=data, due_at=now)])
        return web.Response(status=204)
