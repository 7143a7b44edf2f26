"""The console: every page there is, who may see it, and what happens around each request.

In charge of the table of pages, of signing in before anything, of forms being ours, and of turning
whatever is raised into a page. Not in charge of any page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final

import structlog
from aiohttp import web

from gateway.api.language import preferred
from gateway.api.problems import Problem, Type
from gateway.api.remote import client_of
from gateway.api.routes import Limits
from gateway.clock import Clock
from gateway.console import pages
from gateway.console.forms import HOME, onward, read_form
from gateway.console.menu import MENU, Item
from gateway.console.setup import Setup
from gateway.console.visit import Cookies, Visit
from gateway.handing_in import HandingIn
from gateway.store.port import Company, ContentLost, StorageUnavailable, Store
from gateway.trust.people.directory import Directory
from gateway.trust.people.oidc import Provider
from gateway.trust.people.signing_in import SigningIn
from gateway.trust.scopes import Scope

log = structlog.get_logger()

_MOST_COMPANIES: Final = 500  # in a list to choose from


class Needs(Enum):
    """Who a page is for."""

    ANYBODY = auto()
    STARTED = auto()  # who knows the password, and must show the second factor yet
    SIGNED_IN = auto()


Show = Callable[[Visit], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Page:
    """A page, and who it is for. `scope`: what they must be allowed too; `operators`: it is for the
    gateway's own staff; `twin`: its path with `.json` says the same to programs."""

    method: str
    path: str
    show: Show
    needs: Needs = Needs.SIGNED_IN
    scope: Scope | None = None
    with_file: bool = False
    operators: bool = False
    twin: bool = False


@dataclass
class Parts:
    """What pages work with. `provider` is there where people may sign in elsewhere (OIDC);
    `proxies`: how many of ours stand before us."""

    store: Store
    clock: Clock
    signing_in: SigningIn
    directory: Directory
    handing_in: HandingIn
    limits: Limits
    provider: Provider | None = None
    provider_name: str = ""
    proxies: int = 0
    setup: Setup = field(default_factory=Setup)
    _later: set[asyncio.Task[None]] = field(default_factory=set)

    async def companies_of(self, visit: Visit) -> Sequence[Company]:
        """The companies that somebody may see, at most 500: all of them for operators."""
        if visit.is_operator:
            return (await self.store.companies())[:_MOST_COMPANIES]
        return await self.store.companies_within(visit.somebody.reach, "", _MOST_COMPANIES)

    async def company_of(self, visit: Visit, company_id: str) -> Company | None:
        """One company, where somebody may see it."""
        if visit.is_operator:
            return await self.store.company(company_id)
        return await self.store.company_within(visit.somebody.reach, company_id)

    def client_of(self, request: web.Request) -> str:
        """Who asks, by their address."""
        return client_of(request, self.proxies)

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Does something after the answer, which nobody waits for."""
        task = asyncio.create_task(_logged(work))
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def close(self) -> None:
        """Ends what was left for later, and lets go of connections."""
        if self._later:
            await asyncio.wait(self._later)
        if self.provider is not None:
            await self.provider.close()


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except StorageUnavailable as error:
        log.error("storage_unavailable", reason=str(error))
    except Exception:  # nobody else hears of it
        log.exception("work_failed")


class Console:
    """The pages. `secret` is the gateway's own, for forms; `tls`: whether people reach it by
    https."""

    def __init__(
        self, parts: Parts, secret: bytes, sets: Sequence[Sequence[Page]], *, tls: bool
    ) -> None:
        self._parts = parts
        self._secret = secret
        self._cookies = Cookies(tls)
        self._pages = [page for pages in sets for page in pages]
        paths = {page.path for page in self._pages}
        self._menu = [item for item in MENU if item.path in paths]

    def routes(self) -> list[web.RouteDef]:
        """For the inner listener."""
        # Twins come first: `{id}` would take in the ending of `{id}.json`.
        twins = [
            web.get(f"{page.path}.json", self._handler(page, as_json=True), allow_head=False)
            for page in self._pages
            if page.twin
        ]
        shown = [web.route(page.method, page.path, self._handler(page)) for page in self._pages]
        return [
            *twins,
            web.get(HOME, self._home, allow_head=False),
            web.get(f"{HOME}/", self._home, allow_head=False),
            web.get(f"{HOME}/style.css", _style, allow_head=False),
            web.get(f"{HOME}/script.js", _script, allow_head=False),
            *shown,
        ]

    async def _home(self, request: web.Request) -> web.StreamResponse:
        visit = await self._visit(request)
        if visit.session is None or not visit.session.complete:
            return visit.go(f"{HOME}/sign-in")
        first = next(iter(self._menu_of(visit)), None)
        return visit.go(first.path if first is not None else f"{HOME}/profile")

    def _menu_of(self, visit: Visit) -> list[Item]:
        return [item for item in self._menu if item.is_for(visit.somebody.role)]

    def _handler(
        self, page: Page, *, as_json: bool = False
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            visit = None
            try:
                visit = await self._visit(request)
                visit.as_json, visit.has_twin = as_json, page.twin
                response = await self._shown(page, visit)
            except Problem as problem:
                response = _notice(visit, request, *_of_problem(problem))
            except (StorageUnavailable, ContentLost) as error:
                log.error("storage_unavailable", reason=str(error))
                response = _notice(None, request, 503, "unavailable")
            except web.HTTPException:
                raise
            except Exception:  # the edge: a bug is logged with its trace and answered without
                log.exception("page_failed", page=page.path)
                response = _notice(None, request, 500, "failed")
            if not response.prepared:
                for name, value in pages.HEADERS.items():
                    response.headers.setdefault(name, value)
            return response

        return handle

    async def _shown(self, page: Page, visit: Visit) -> web.StreamResponse:
        if page.needs is not Needs.ANYBODY and visit.session is None:
            return visit.go(_sign_in(visit))
        if "%00" in visit.request.raw_path:  # nothing is called so, and PostgreSQL takes none
            return _notice(visit, visit.request, 404, "not_found")
        complete = visit.session is not None and visit.session.complete
        if page.needs is Needs.SIGNED_IN and not complete:
            return visit.go(await self._next_step(visit))
        if complete:
            visit.menu = self._menu_of(visit)
        if page.operators and not visit.is_operator:
            return _notice(visit, visit.request, 403, "not_allowed")
        if page.method == "POST":
            visit.form = await read_form(
                visit.request, self._parts.limits, with_file=page.with_file
            )
            if not visit.is_our_form:
                return _notice(visit, visit.request, 403, "old_form")
        if page.scope is not None and not visit.may(page.scope):
            return _notice(visit, visit.request, 403, "not_allowed")
        return await page.show(visit)

    async def _next_step(self, visit: Visit) -> str:
        """Where somebody goes who has only begun to sign in."""
        proof = await self._parts.signing_in.proof(visit.somebody)
        step = "code" if proof.has_second_factor else "second-factor"
        return f"{HOME}/{step}"

    async def _visit(self, request: web.Request) -> Visit:
        visit = Visit(request, _words(request, None), self._cookies, self._secret)
        # What a page asks for by itself does not keep a session from ending.
        by_itself = "Budkavle-Live" in request.headers
        found = await self._parts.signing_in.current(visit.token, seen=not by_itself)
        if found is not None:
            session, person = found
            visit.session, visit.person = session, person
            visit.words = _words(request, person.language)
        return visit


def _words(request: web.Request, language: str | None) -> pages.Words:
    asked = preferred(",".join(request.headers.getall("Accept-Language", [])))
    return pages.Words(language or asked or "en")


def _sign_in(visit: Visit) -> str:
    path = visit.request.path
    asked = f"?next={path}" if visit.request.method == "GET" and onward(path) == path else ""
    return f"{HOME}/sign-in{asked}"


_NOTICES: Final = {
    Type.TOO_LARGE: "too_large",
    Type.REQUEST_TIMEOUT: "cut_off",
    Type.NOT_FOUND: "not_found",
    Type.TOO_OFTEN: "too_often",
    Type.FORBIDDEN: "not_allowed",
    Type.STORAGE_UNAVAILABLE: "unavailable",
}


def _of_problem(problem: Problem) -> tuple[int, str]:
    return problem.meaning.status, _NOTICES.get(problem.kind, "bad_form")


def _notice(visit: Visit | None, request: web.Request, status: int, what: str) -> web.Response:
    """A page that says one thing."""
    if visit is not None:
        return visit.show("notice", status, title=visit.words(f"{what}_title"), what=what)
    words = _words(request, None)
    return pages.page(
        "notice", words, status, title=words(f"{what}_title"), what=what, path=request.path
    )


async def _style(_: web.Request) -> web.StreamResponse:
    return pages.style().answer()


async def _script(_: web.Request) -> web.StreamResponse:
    return pages.script().answer()
