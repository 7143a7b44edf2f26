"""Signing in and out, here or at an identity provider, and asking for a new password."""

from __future__ import annotations

from typing import Final

import structlog
from aiohttp import web

from gateway.console.console import Needs, Page, Parts
from gateway.console.forms import HOME, onward
from gateway.console.visit import Visit
from gateway.trust.limits import Failures
from gateway.trust.people import oidc
from gateway.trust.people.oidc import NotVouched
from gateway.trust.people.signing_in import Opened, Resting

log = structlog.get_logger()

_ELSEWHERE: Final = "budkavle-elsewhere"  # the cookie of a sign-in that has been begun there


class SignIn:
    """The pages. `by_client` and `by_name` count who failed."""

    def __init__(self, parts: Parts, by_client: Failures, by_name: Failures) -> None:
        self._parts = parts
        self._by_client = by_client
        self._by_name = by_name

    def pages(self) -> list[Page]:
        """All of them."""
        return [
            Page("GET", f"{HOME}/sign-in", self._ask, Needs.ANYBODY),
            Page("POST", f"{HOME}/sign-in", self._try, Needs.ANYBODY),
            Page("GET", f"{HOME}/code", self._ask_code, Needs.STARTED),
            Page("POST", f"{HOME}/code", self._try_code, Needs.STARTED),
            Page("POST", f"{HOME}/sign-out", self._sign_out, Needs.STARTED),
            Page("GET", f"{HOME}/forgotten", self._ask_address, Needs.ANYBODY),
            Page("POST", f"{HOME}/forgotten", self._send_link, Needs.ANYBODY),
            Page("GET", f"{HOME}/elsewhere", self._elsewhere, Needs.ANYBODY),
            Page("GET", f"{HOME}/elsewhere/back", self._back, Needs.ANYBODY),
        ]

    # --- by password ---

    async def _ask(self, visit: Visit) -> web.Response:
        if visit.session is not None and visit.session.complete:
            return visit.go(onward(visit.request.query.get("next", "")))
        return self._form(visit, onward(visit.request.query.get("next", "")))

    async def _try(self, visit: Visit) -> web.Response:
        email, going = visit.form["email"], onward(visit.form["next"])
        often = self._too_often(visit, email)
        if often:
            return self._form(visit, going, 429, email, "too_often")
        opened = await self._parts.signing_in.by_password(
            email, visit.form["password"], visit.agent, instead=visit.token
        )
        if opened is None:
            self._failed(visit, email)
            return self._form(visit, going, 403, email, "wrong_password")
        return await self._on(visit, opened, going)

    def _form(
        self, visit: Visit, going: str, status: int = 200, email: str = "", fault: str = ""
    ) -> web.Response:
        return visit.show(
            "sign_in",
            status,
            title=visit.words("sign_in"),
            next=going,
            email=email[:320],
            fault=fault,
            provider=self._parts.provider_name if self._parts.provider else "",
        )

    def _too_often(self, visit: Visit, name: str) -> bool:
        client = self._parts.client_of(visit.request)
        return self._by_client.wait_s(client) > 0 or self._by_name.wait_s(_name(name)) > 0

    def _failed(self, visit: Visit, name: str) -> None:
        self._by_client.add(self._parts.client_of(visit.request))
        self._by_name.add(_name(name))

    async def _on(self, visit: Visit, opened: Opened, going: str) -> web.Response:
        """On to where they wanted to go, or to the second factor first."""
        if not opened.session.complete:
            proof = await self._parts.signing_in.proof(opened.person)
            step = "code" if proof.has_second_factor else "second-factor"
            going = f"{HOME}/{step}?next={going.partition('?')[0]}"
        visit.become(opened)
        return visit.go(going)

    # --- the second factor ---

    async def _ask_code(self, visit: Visit) -> web.Response:
        if visit.signed_in.complete:
            return visit.go(HOME)
        return self._code_form(visit, onward(visit.request.query.get("next", "")))

    async def _try_code(self, visit: Visit) -> web.Response:
        going = onward(visit.form["next"])
        if visit.signed_in.complete:
            return visit.go(going)
        if self._too_often(visit, visit.somebody.id):
            return self._code_form(visit, going, 429, "too_often")
        found = await self._parts.signing_in.by_code(
            visit.signed_in, visit.form["code"], visit.agent
        )
        if isinstance(found, Resting):
            return self._code_form(visit, going, 429, "resting")
        if found is None:
            self._failed(visit, visit.somebody.id)
            return self._code_form(visit, going, 403, "wrong_code")
        visit.become(found)
        return visit.go(going)

    def _code_form(
        self, visit: Visit, going: str, status: int = 200, fault: str = ""
    ) -> web.Response:
        return visit.show(
            "code", status, title=visit.words("second_factor"), next=going, fault=fault
        )

    async def _sign_out(self, visit: Visit) -> web.Response:
        await self._parts.signing_in.end(visit.signed_in)
        return visit.end(visit.go(f"{HOME}/sign-in"))

    # --- a forgotten password ---

    async def _ask_address(self, visit: Visit) -> web.Response:
        return visit.show("forgotten", title=visit.words("forgotten"), sent=False, fault="")

    async def _send_link(self, visit: Visit) -> web.Response:
        """The answer is the same whoever has the address, or nobody."""
        email = visit.form["email"].strip().lower()[:320]
        title = visit.words("forgotten")
        if self._too_often(visit, email):
            return visit.show("forgotten", 429, title=title, sent=False, fault="too_often")
        self._failed(visit, email)  # a letter for each, to anybody, would be a nuisance
        # After the answer: whether there is somebody to write to takes no time that can be seen.
        self._parts.later(self._write(email))
        return visit.show("forgotten", title=title, sent=True, fault="")

    async def _write(self, email: str) -> None:
        person = await self._parts.store.person_of_email(email)
        if person is None:
            return
        directory = self._parts.directory
        link = await directory.again(person, f"person:{person.id}")
        if link is not None:
            await directory.write(person, link, "", "")

    # --- elsewhere ---

    async def _elsewhere(self, visit: Visit) -> web.Response:
        provider = self._parts.provider
        if provider is None:
            return visit.go(f"{HOME}/sign-in")
        try:
            url, pending = await provider.begin(
                self._return_address(), onward(visit.request.query.get("next", ""))
            )
        except NotVouched as error:
            return self._not_vouched(visit, error)
        response = web.Response(status=303, headers={"Location": url})
        kept = oidc.closed(pending, visit.secret)
        visit.cookies.set(response, _ELSEWHERE, kept, seconds=oidc.PENDING_S)
        return response

    async def _back(self, visit: Visit) -> web.Response:
        provider = self._parts.provider
        if provider is None:
            return visit.go(f"{HOME}/sign-in")
        pending = oidc.opened(visit.cookies.read(visit.request, _ELSEWHERE), visit.secret)
        try:
            who = await provider.finish(visit.request.query, pending, self._return_address())
        except NotVouched as error:
            return self._not_vouched(visit, error)
        opened = await self._parts.signing_in.by_subject(
            who.subject, who.email, visit.agent, instead=visit.token
        )
        if opened is None:
            return self._not_vouched(visit, NotVouched("nobody here is known so"), "not_known_here")
        response = await self._on(visit, opened, onward(pending.next if pending else ""))
        visit.cookies.drop(response, _ELSEWHERE)
        return response

    def _not_vouched(
        self, visit: Visit, error: NotVouched, fault: str = "not_vouched"
    ) -> web.Response:
        log.warning("not_vouched", reason=str(error))
        response = self._form(visit, HOME, 403, fault=fault)
        visit.cookies.drop(response, _ELSEWHERE)
        return response

    def _return_address(self) -> str:
        return f"{self._parts.directory.url}{HOME}/elsewhere/back"


def _name(name: str) -> str:
    return name.strip().lower()[:320]
