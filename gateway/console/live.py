"""News for pages that are open: that something happened, never what.

A page that hears it looks at itself again (`script.js`), as whoever has it open. Server-sent events
(HTML Living Standard, 9.2).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
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
        with suppress(ConnectionError):  # the page was left
            await response.prepare(visit.request)
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
        news = self._listen(topics)
        try:
            while loop.time() < until and not closing.done():
                await asyncio.wait(
                    [*news, closing], timeout=_ALIVE_S, return_when=asyncio.FIRST_COMPLETED
                )
                if closing.done():
                    return
                if any(one.done() for one in news):
                    # Listening goes on at once: what is written during the rest is told after it.
                    _leave(news)
                    news = self._listen(topics)
                    await response.write(b"event: changed\ndata:\n\n")
                else:
                    await response.write(b":\n\n")
                await asyncio.wait([closing], timeout=_BETWEEN_S)
        finally:
            _leave([*news, closing])

    def _listen(self, topics: list[str]) -> list[asyncio.Future[Any]]:
        """Each is done when something is written under its topic from now on."""
        store = self._parts.store
        return [asyncio.ensure_future(store.wait(topic, _LONGEST_S)) for topic in topics]


def _leave(futures: Iterable[asyncio.Future[Any]]) -> None:
    for one in futures:
        one.cancel()
