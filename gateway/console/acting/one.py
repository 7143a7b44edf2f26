"""A verb on one document: what will happen, why it is wanted, and then it is done.

In charge of the pages. Another route takes two: it is filled in, then shown as the router has made
it; what is done is what was shown, or nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from aiohttp import web

from gateway.api.routes import Service
from gateway.console.acting.allowed import Act
from gateway.console.acting.doing import Wish, do
from gateway.console.acting.previews import Preview, Previews
from gateway.console.acting.wish import Route, route_of, sealed, unsealed
from gateway.console.console import Page, Parts
from gateway.console.forms import HOME, reason_of
from gateway.console.visit import Visit
from gateway.delivery.rerouting import NewRoute
from gateway.delivery.verbs import Denied, Seen
from gateway.lifecycle import State
from gateway.store.port import Company, Document
from gateway.trust.people.signing_in import name_of
from gateway.trust.scopes import Scope

_MOST_VERSION: Final = 9  # digits: what is longer is no version
_CONFLICT: Final = 409
_UNREADABLE: Final = 422


class One:
    """The pages."""

    def __init__(self, parts: Parts, service: Service) -> None:
        self._parts = parts
        self._service = service
        self._previews = Previews(service)

    def pages(self) -> list[Page]:
        """All of them."""
        path = f"{HOME}/documents/{{company_id}}/{{document_id}}/do/{{verb}}"
        return [
            Page("GET", path, self._ask, scope=Scope.SEND, twin=True),
            Page("POST", path, self._take, scope=Scope.SEND),
        ]

    async def _ask(self, visit: Visit) -> web.Response:
        found = await self._found(visit)
        if found is None:
            return _nothing(visit)
        company, document, act = found
        preview = await self._previews.of(visit.words, company, document, act)
        channels = tuple(visit.request.query.getall("channels", []))
        return self._form(visit, preview, route=Route(channels))

    async def _take(self, visit: Visit) -> web.Response:
        found = await self._found(visit)
        if found is None:
            return _nothing(visit)
        company, document, act = found
        if act is Act.REROUTE and visit.form["step"] != "do":
            return await self._foreseen(visit, company, document)
        return await self._do(visit, company, document, act)

    async def _foreseen(self, visit: Visit, company: Company, document: Document) -> web.Response:
        """Another route, as it would be; or the form again, with what is wrong in it."""
        route = self._route(visit, document)
        read = route.read()
        if isinstance(read, tuple):
            preview = await self._previews.of(visit.words, company, document, Act.REROUTE)
            return self._form(visit, preview, _UNREADABLE, route=route, faults=read)
        edit = visit.form["step"] == "edit"
        given = (visit.words, company, document, Act.REROUTE, read)
        preview = await self._previews.of(*given, ask=not edit)
        return self._form(visit, preview, route=route, shown=not edit)

    async def _do(
        self, visit: Visit, company: Company, document: Document, act: Act
    ) -> web.Response:
        route = self._route(visit, document)
        read = route.read() if act is Act.REROUTE else NewRoute()
        reason = reason_of(visit.form)
        if isinstance(read, tuple):  # the page before lets none of it pass
            return await self._foreseen(visit, company, document)
        if not reason:
            return await self._again(visit, company, document, act, route, read, ("reason",))
        wish = Wish(
            *(act, reason, seen(visit.form["version"], act, visit.form["once"])),
            address=visit.form["address"],
            route=read,
            expected=visit.form["digest"],
        )
        done = await do(self._service, name_of(visit.somebody), document, wish)
        if isinstance(done, Document):
            return visit.go(f"{_at(document)}?done={done_word(act, done)}")
        fresh = await self._service.store.document(company.id, document.id)
        if fresh is None:
            return _nothing(visit)
        return await self._again(visit, company, fresh, act, route, read, denied=done)

    async def _again(
        self,
        visit: Visit,
        company: Company,
        document: Document,
        act: Act,
        route: Route,
        read: NewRoute,
        faults: tuple[str, ...] = (),
        denied: Denied | None = None,
    ) -> web.Response:
        """The page as it is now, with why nothing was done."""
        preview = await self._previews.of(visit.words, company, document, act, read)
        status = _CONFLICT if denied is not None else _UNREADABLE
        return self._form(
            *(visit, preview, status),
            route=route,
            faults=faults,
            denied=denied,
            shown=act is Act.REROUTE,
        )

    def _form(
        self,
        visit: Visit,
        preview: Preview,
        status: int = 200,
        *,
        route: Route,
        faults: tuple[str, ...] = (),
        denied: Denied | None = None,
        shown: bool = False,
    ) -> web.Response:
        title = visit.words(f"acting_title_{_word(preview.verb, preview.document.state)}")
        if visit.as_json:
            return visit.view("acting/verb", preview, status, title=title)
        about = self._about(visit, preview.document.document_id)
        more: Mapping[str, Any] = {
            "route": route,
            "sealed": sealed(visit.secret, about, route.secrets),
            "once": ("" if denied else visit.form["once"]) or secrets.token_urlsafe(16),
            "reason": visit.form["reason"],
            "faults": faults,
            "denied": denied,
            "shown": shown or preview.verb != Act.REROUTE,
        }
        return visit.show("acting/verb", status, title=title, view=preview, **more)

    def _route(self, visit: Visit, document: Document) -> Route:
        about = self._about(visit, document.id)
        return route_of(visit.form, unsealed(visit.secret, about, visit.form["sealed"]))

    def _about(self, visit: Visit, document_id: str) -> tuple[str, str]:
        return visit.signed_in.id, document_id

    async def _found(self, visit: Visit) -> tuple[Company, Document, Act] | None:
        """What the address is of, where whoever asks may see it."""
        at = visit.request.match_info
        company = await self._parts.company_of(visit, at["company_id"])
        if company is None or at["verb"] not in list(Act):
            return None
        document = await self._service.store.document(company.id, at["document_id"])
        return None if document is None else (company, document, Act(at["verb"]))


def seen(version: str, act: Act, once: str) -> Seen:
    """What somebody had before them. Without a version that can be one it has moved on."""
    number = int(version) if version.isdecimal() and len(version) <= _MOST_VERSION else -1
    return Seen(number, f"{act}-{once[:64]}" if once else None)


def done_word(act: Act, document: Document) -> str:
    """What was done, as `acting_done_...` says it."""
    asked = act is Act.CANCEL and document.state is not State.CANCELLED
    return "recall" if asked else act.value


def _word(verb: str, state: str) -> str:
    return "recall" if verb == Act.CANCEL and state in (State.SENT, State.DELIVERED) else verb


def _at(document: Document) -> str:
    return f"{HOME}/documents/{quote(document.company_id)}/{quote(document.id)}"


def _nothing(visit: Visit) -> web.Response:
    title = visit.words("not_found_title")
    return visit.show("notice", 404, title=title, what="not_found")
