"""An HTTP server on loopback, for the sandboxes of partners who are spoken to that way.

In charge of listening, and of letting go of everything at the end. Not in charge of what its
partner answers: each sandbox's own routes.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

from aiohttp import web


class HttpServer:
    """The server; it answers `routes`, through the `gate` where there is one (a middleware).

    `path` is what `url` ends with. A handler that hangs waits for `closing`, and ends with its
    connection anyway.
    """

    def __init__(
        self,
        routes: Iterable[web.AbstractRouteDef],
        *,
        gate: Any = None,
        most_bytes: int = 200 * 1024 * 1024,  # more than any channel sends
        path: str = "",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.url = ""
        self.available = True  # False: every request is answered 503, where there is a gate
        self.closing = asyncio.Event()
        self._routes = routes
        self._gates = [gate] if gate else []
        self._most_bytes = most_bytes
        self._path = path
        self._tls = tls
        self._runner: web.AppRunner | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listens; port 0 is a free one."""
        app = web.Application(client_max_size=self._most_bytes, middlewares=self._gates)
        app.add_routes(self._routes)
        self._runner = web.AppRunner(
            app, shutdown_timeout=1, access_log=None, handler_cancellation=True
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port, ssl_context=self._tls).start()
        scheme = "http" if self._tls is None else "https"
        self.url = f"{scheme}://{host}:{self._runner.addresses[0][1]}{self._path}"

    @property
    def open(self) -> int:
        """How many connections are open."""
        server = self._runner.server if self._runner else None
        return len(server.connections) if server else 0

    async def close(self) -> None:
        """Stops, and lets go of those that hang."""
        self.closing.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
