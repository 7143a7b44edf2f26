"""News for pages that are open: that something happened, never what.

A page that hears it looks at itself again (`script.js`), as whoever has it open. Server-sent events
(HTML Living Standard, 9.2).
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Final

from aiohttp import web

from gateway.api.routes import Service
from gateway.console.console import Page, Parts
from gateway.console.forms import HOME
from gateway.console.visit import Visit
from gateway.trust.scopes import Scope

_BETWEEN_S: Final = 2.0  # no page looks at itself more often
_ALIVE_S: Final = 20.0  # something is said so often, so that no proxy takes the line for dead
_LONGEST_S: Final = 600.0  # then the browser asks anew, and its session is looked at
_MOST_TOPICS: Final = 20


class Live:
    """The stream."""

    def __init__(self, parts: Parts, service: Service) -> None:
        self._parts = parts
        self._service = service

    def pages(self) -> list[Page]:
        """The one there is."""
        return [Page("GET", f"{HOME}/live", self._stream, scope=Scope.READ)]

    async def _stream(self, visit: Visit) -> web.StreamResponse:
        topics = ["events"] if visit.is_operator else await self._topics(visit)
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await response.prepare(visit.request)
        with suppress(ConnectionError):  # the page was left
            await response.write(b"retry: 5000\n\n")
            await self._tell(response, topics)
        return response

    async def _topics(self, visit: Visit) -> list[str]:
        companies = await self._parts.companies_of(visit)
        return [f"events:{company.id}" for company in companies[:_MOST_TOPICS]]

    async def _tell(self, response: web.StreamResponse, topics: list[str]) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + _LONGEST_S
        closing: asyncio.Future[Any] = asyncio.ensure_future(self._service.closing.wait())
        try:
            while loop.time() < until and not closing.done():
                begun = loop.time()
                await self._wait(topics, closing)
                if closing.done():
                    return
                quiet = loop.time() - begun >= _ALIVE_S
                await response.write(b":\n\n" if quiet else b"event: changed\ndata:\n\n")
                await asyncio.wait([closing], timeout=_BETWEEN_S)
        finally:
            closing.cancel()

    async def _wait(self, topics: list[str], closing: asyncio.Future[Any]) -> None:
        """Until something is written under one of the topics, or it is time to say something."""
        waiting: list[asyncio.Future[Any]] = [
            asyncio.ensure_future(self._parts.store.wait(topic, _ALIVE_S)) for topic in topics
        ]
        try:
            await asyncio.wait(
                [*waiting, closing], timeout=_ALIVE_S, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for one in waiting:
                one.cancel()
