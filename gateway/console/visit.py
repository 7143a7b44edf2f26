"""One request to the console: who is there, in which language, and what goes back to the browser.

In charge of cookies and of the tokens that forms carry. Not in charge of any page.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

from gateway.console.forms import Form
from gateway.console.menu import Item
from gateway.console.pages import Words, page, twin
from gateway.store.people import Person, Session
from gateway.trust.people.roles import SCOPES, Role
from gateway.trust.people.sessions import form_token, is_form_token
from gateway.trust.people.signing_in import Opened
from gateway.trust.scopes import Scope

_SESSION: Final = "budkavle"
_VISITOR: Final = "budkavle-visitor"  # of who is not signed in, so that their forms are theirs too


@dataclass(frozen=True, slots=True)
class Cookies:
    """How our cookies are. Behind TLS no other host of the domain can set them, nor they leave it
    (`__Host-`: RFC 6265bis, 4.1.3.2)."""

    tls: bool

    def name(self, name: str) -> str:
        """What a cookie of this name is called."""
        return f"__Host-{name}" if self.tls else name

    def read(self, request: web.Request, name: str) -> str:
        """What the browser has sent; empty where it has none."""
        return request.cookies.get(self.name(name), "")[:4096]

    def set(
        self, response: web.StreamResponse, name: str, value: str, *, seconds: int | None = None
    ) -> None:
        """Gives the browser a cookie that no script reads and no other site's form sends along."""
        response.set_cookie(
            self.name(name),
            value,
            max_age=seconds,
            path="/",
            secure=self.tls,
            httponly=True,
            samesite="Lax",
        )

    def drop(self, response: web.StreamResponse, name: str) -> None:
        """Takes it away."""
        response.del_cookie(
            self.name(name), path="/", secure=self.tls, httponly=True, samesite="Lax"
        )


@dataclass
class Visit:
    """A request. `session` and `person` are there where somebody is signed in, or half-way."""

    request: web.Request
    words: Words
    cookies: Cookies
    secret: bytes = field(repr=False)
    session: Session | None = None
    person: Person | None = None
    form: Form = field(default_factory=Form)
    opened: Opened | None = None  # a session that has just begun
    new_visitor: str | None = field(default=None, repr=False)
    menu: Sequence[Item] = ()  # what they may go to
    as_json: bool = False  # the page's twin was asked for
    has_twin: bool = False

    @property
    def token(self) -> str:
        """What the browser has of a session."""
        return self.cookies.read(self.request, _SESSION)

    @property
    def somebody(self) -> Person:
        """Who is signed in; only where the page asks for that."""
        assert self.person is not None
        return self.person

    @property
    def signed_in(self) -> Session:
        """Their session."""
        assert self.session is not None
        return self.session

    @property
    def agent(self) -> str:
        """What the browser calls itself."""
        return self.request.headers.get("User-Agent", "")

    def may(self, scope: Scope) -> bool:
        """Whether who is signed in has the right."""
        complete = self.session is not None and self.session.complete
        return complete and self.person is not None and scope in SCOPES[self.person.role]

    @property
    def is_operator(self) -> bool:
        """Whether who is signed in is of the gateway's own staff, who see every company."""
        complete = self.session is not None and self.session.complete
        return complete and self.person is not None and self.person.role is Role.OPERATOR

    @property
    def is_our_form(self) -> bool:
        """Whether the form came from a page that this browser was given."""
        holder = self._holder()
        return bool(holder) and is_form_token(self.secret, holder, self.form["form_token"])

    def show(self, name: str, status: int = 200, **values: Any) -> web.Response:
        """A page."""
        if not self._holder():
            self.new_visitor = secrets.token_urlsafe(32)
        complete = self.session is not None and self.session.complete
        response = page(
            name,
            self.words,
            status,
            **{
                "person": self.person if complete else None,
                "may_send": self.may(Scope.SEND),
                "is_operator": self.is_operator,
                "menu": self.menu if complete else (),
                "twin": self._twin() if complete and self.has_twin else "",
                "form_token": form_token(self.secret, self._holder()),
                "path": self.request.path,
                **values,
            },
        )
        return self._with_cookies(response)

    def view(
        self, name: str, view: Any, status: int = 200, *, title: str, live: bool = False
    ) -> web.Response:
        """A page with a twin: `view`, a dataclass, is all that it shows, and what the twin says.

        In a template it is called `view`. `live`: what is marked `data-live` is looked at again
        when something happens.
        """
        if self.as_json:
            return self._with_cookies(twin(view, status))
        return self.show(name, status, title=title, view=view, live=live)

    def _twin(self) -> str:
        url = self.request.rel_url
        return str(url.with_path(f"{url.path}.json", keep_query=True))

    def go(self, path: str) -> web.Response:
        """On to another page of ours."""
        return self._with_cookies(web.Response(status=303, headers={"Location": path}))

    def become(self, opened: Opened) -> None:
        """The browser gets a new session; whatever it had before is nothing any more."""
        self.opened, self.session, self.person = opened, opened.session, opened.person

    def end(self, response: web.Response) -> web.Response:
        """Takes the browser's session away."""
        self.cookies.drop(response, _SESSION)
        return response

    def _with_cookies(self, response: web.Response) -> web.Response:
        if self.opened is not None:
            self.cookies.set(response, _SESSION, self.opened.token)
            self.cookies.drop(response, _VISITOR)
        elif self.new_visitor is not None:
            self.cookies.set(response, _VISITOR, self.new_visitor)
        return response

    def _holder(self) -> str:
        """What the tokens of forms hang on: the session, else what tells visitors apart."""
        if self.opened is not None:
            return self.opened.token
        if self.session is not None:
            return self.token
        return self.new_visitor or self.cookies.read(self.request, _VISITOR)
