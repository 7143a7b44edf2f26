"""A town crier on loopback, who misbehaves when the town is named after a misbehaviour."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from types import TracebackType

from aiohttp import web

TOKEN = "sandbox-token"


class Behaviour(StrEnum):
    """What he does."""

    ACCEPT = "accept"  # reads it out
    REFUSE = "refuse"  # will not
    HOARSE = "hoarse"  # not now
    HANG = "hang"  # reads it out, and never answers
    DROP = "drop"  # reads it out, and breaks the connection, once for each invoice


class Sandbox:
    """The server; `async with Sandbox() as crier: ... crier.url`."""

    def __init__(self) -> None:
        self.calls: dict[str, bytes] = {}  # by key: what was read out
        self.url = ""
        self.open = 0  # requests under way
        self._runner: web.AppRunner | None = None

    async def _put(self, request: web.Request) -> web.StreamResponse:
        self.open += 1
        try:
            return await self._take(request)
        finally:
            self.open -= 1

    async def _take(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.Response(status=401)
        key, body = request.match_info["key"], await request.read()
        town = bytes.fromhex(request.headers["Town"]).decode()
        behaviour = Behaviour(town) if town in list(Behaviour) else Behaviour.ACCEPT
        if behaviour is Behaviour.REFUSE:
            return web.json_response({}, status=422)
        if behaviour is Behaviour.HOARSE:
            return web.json_response({}, status=503)
        known = key in self.calls
        self.calls.setdefault(key, body)
        if behaviour is Behaviour.HANG:
            await asyncio.Event().wait()
        if behaviour is Behaviour.DROP and not known and request.transport is not None:
            request.transport.abort()
        return web.json_response({"number": f"C-{len(self.calls)}"}, status=201)

    async def __aenter__(self) -> Sandbox:
        app = web.Application()
        app.router.add_put("/calls/{key}", self._put)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def close(self) -> None:
        """Goes away."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
