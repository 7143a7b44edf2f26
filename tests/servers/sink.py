"""A server that takes webhooks on loopback, keeps what came, and misbehaves when told to.

Each path is an endpoint of its own. `plan(path, ...)` says what the next requests there are
answered with, in turn; after that, and anywhere else, 204.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from aiohttp import web


@dataclass(frozen=True)
class Taken:
    """A request as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """A plain answer."""

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Wait:
    """Answers once the event is set: a slow server."""

    until: asyncio.Event
    then: Reply = Reply()


@dataclass(frozen=True)
class Hang:
    """Never answers."""


@dataclass(frozen=True)
class Endless:
    """Says 200 and goes on sending."""


@dataclass(frozen=True)
class Cut:
    """Closes the connection: with some bytes first, or without a word."""

    after: bytes = b""


Behaviour = Reply | Wait | Hang | Endless | Cut


class Sink:
    """Use as `async with Sink() as sink`."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.taken: list[Taken] = []
        self.url = ""
        self._tls = tls
        self._plans: dict[str, deque[Behaviour]] = defaultdict(deque)
        self._news = asyncio.Condition()
        self._runner: web.AppRunner | None = None

    def plan(self, path: str, *behaviours: Behaviour) -> None:
        """What the next requests to the path are answered with."""
        self._plans[path].extend(behaviours)

    def at(self, path: str) -> list[Taken]:
        """What came to a path, in order."""
        return [taken for taken in self.taken if taken.path == path]

    async def until(self, what: Callable[[], bool], limit_s: float = 60) -> None:
        """Waits until something holds of what came."""
        async with asyncio.timeout(limit_s), self._news:
            await self._news.wait_for(what)

    async def _take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        async with self._news:
            self.taken.append(Taken(request.path, headers, body))
            self._news.notify_all()
        plan = self._plans[request.path]
        match plan.popleft() if plan else Reply():
            case Reply() as reply:
                return _response(reply)
            case Wait(until, then):
                await until.wait()
                return _response(then)
            case Hang():
                await asyncio.Event().wait()
                raise AssertionError("nobody sets it")
            case Endless():
                response = web.StreamResponse()
                await response.prepare(request)
                while True:
                    await response.write(b"more and more " * 4096)
            case Cut(after):
                transport = request.transport
                assert isinstance(transport, asyncio.Transport)
                transport.write(after)
                transport.close()
                return web.Response()

    async def __aenter__(self) -> Sink:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls).start()
        port = self._runner.addresses[0][1]
        # The name is what a certificate is made out to.
        self.url = f"https://localhost:{port}" if self._tls else f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._runner is not None
        await self._runner.cleanup()


def _response(reply: Reply) -> web.Response:
    return web.Response(status=reply.status, headers=reply.headers, body=reply.body)
