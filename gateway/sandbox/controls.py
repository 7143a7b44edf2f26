"""The sandbox's own controls over HTTP: its clock, what its partners took, being sent something.

In charge of the page and its JSON. Not in charge of what the controls do (`gateway.sandbox`).
"""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from schemas.identifiers import Participant

if TYPE_CHECKING:
    from gateway.sandbox import Sandbox

_PAGES: Final = Environment(
    loader=PackageLoader("gateway.sandbox", "pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

_WITH_TIMES: Final = partial(json.dumps, default=str)

# By how much the page's buttons put the clock forward.
STEPS: Final = {"an hour": 3600, "a day": 86_400, "three days": 3 * 86_400, "a month": 31 * 86_400}


class Controls:
    """The routes. Nobody has to log in: they are there on loopback only."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def routes(self) -> list[web.RouteDef]:
        """All of them."""
        return [
            web.get("/", self._page),
            web.get("/clock", self._clock),
            web.post("/clock", self._forward),
            web.get("/received", self._received),
            web.post("/invoices", self._invoice),
        ]

    async def _page(self, request: web.Request) -> web.Response:
        sandbox = self._sandbox
        text = _PAGES.get_template("partners.html").render(
            now=sandbox.clock.now(),
            steps=STEPS,
            tables=[
                (title, rows, list(rows[0]) if rows else []) for title, rows in _tables(sandbox)
            ],
        )
        headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
        return web.Response(text=text, content_type="text/html", headers=headers)

    async def _clock(self, request: web.Request) -> web.Response:
        return web.json_response({"now": self._sandbox.clock.now().isoformat()})

    async def _forward(self, request: web.Request) -> web.Response:
        from_page = request.content_type == "application/x-www-form-urlencoded"
        try:
            asked: Any = await request.post() if from_page else await request.json()
            self._sandbox.put_forward(timedelta(seconds=float(asked["forward_s"])))
        except (ValueError, TypeError, KeyError, OverflowError):
            text = 'Post {"forward_s": 259200} to put the clock three days forward.\n'
            return web.Response(status=400, text=text)
        if from_page:
            raise web.HTTPSeeOther("/")
        return await self._clock(request)

    async def _received(self, request: web.Request) -> web.Response:
        """What reached the partners: the proof that something was sent, seen from outside."""
        return web.json_response(self._sandbox.received(), dumps=_WITH_TIMES)

    async def _invoice(self, request: web.Request) -> web.Response:
        try:
            number = await self._sandbox.bill(Participant.parse((await request.json())["to"]))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            text = f'Post {{"to": "0192:918130047"}} to be sent an invoice. {error}\n'
            return web.Response(status=400, text=text)
        return web.json_response({"number": number}, status=201)


def _tables(sandbox: Sandbox) -> list[tuple[str, list[Any]]]:
    return [(one.title, list(one.rows)) for one in sandbox.partners.mailboxes()]
