"""Oneself: language, password, second factor, and the browsers that one is signed in with."""

from __future__ import annotations

from aiohttp import web

from gateway.console.console import Needs, Page, Parts
from gateway.console.forms import HOME
from gateway.console.visit import Visit
from gateway.pdf.qr import path
from gateway.trust.letters import LANGUAGES
from gateway.trust.people import second_factor
from gateway.trust.people.passwords import LEAST, fault
from gateway.trust.people.signing_in import name_of

PROFILE = f"{HOME}/profile"


class Profile:
    """The pages."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._signing_in = parts.signing_in

    def pages(self) -> list[Page]:
        """All of them."""
        enrol = f"{HOME}/second-factor"
        return [
            Page("GET", PROFILE, self._show),
            Page("POST", f"{PROFILE}/language", self._set_language),
            Page("POST", f"{PROFILE}/password", self._set_password),
            Page("POST", f"{PROFILE}/sessions", self._end_session),
            Page("POST", f"{PROFILE}/second-factor/off", self._turn_off),
            # Whoever must have a second factor and has none yet comes here before anything else.
            Page("GET", enrol, self._enrol, Needs.STARTED),
            Page("POST", enrol, self._confirm, Needs.STARTED),
        ]

    async def _show(self, visit: Visit) -> web.Response:
        return await self._page(visit)

    async def _page(self, visit: Visit, status: int = 200, fault: str = "") -> web.Response:
        person = visit.somebody
        proof = await self._signing_in.proof(person)
        return visit.show(
            "profile",
            status,
            title=visit.words("profile"),
            who=person,
            proof=proof,
            demanded=person.role in self._signing_in.rules.second_factor,
            sessions=await self._parts.store.sessions(person.id),
            mine=visit.signed_in.id,
            languages=LANGUAGES,
            least=LEAST,
            fault=fault,
            done=visit.request.query.get("done", "") if status == 200 else "",
        )

    async def _set_language(self, visit: Visit) -> web.Response:
        language = visit.form["language"]
        if language in LANGUAGES:
            person = visit.somebody
            await self._parts.directory.change(person, name_of(person), language=language)
        return visit.go(f"{PROFILE}?done=language")

    async def _set_password(self, visit: Visit) -> web.Response:
        person, password = visit.somebody, visit.form["password"]
        if not await self._signing_in.knows(person, visit.form["current"]):
            return await self._page(visit, 403, "wrong_current")
        wrong = fault(password, (person.email, person.name))
        if wrong is None and password != visit.form["again"]:
            wrong = "differ"
        if wrong is not None:
            return await self._page(visit, 422, wrong)
        if not await self._signing_in.set_password(person, password):
            return await self._page(visit, 409, "overtaken")
        visit.become(await self._signing_in.go_on(person, visit.agent))
        return visit.go(f"{PROFILE}?done=password")

    async def _end_session(self, visit: Visit) -> web.Response:
        wanted = visit.form["session"]
        await self._parts.store.end_session(visit.somebody.id, wanted)
        return visit.go(f"{PROFILE}?done=session")

    # --- the second factor ---

    async def _enrol(self, visit: Visit) -> web.Response:
        proof = await self._signing_in.proof(visit.somebody)
        if proof.has_second_factor:
            return visit.go(PROFILE if visit.signed_in.complete else f"{HOME}/code")
        return await self._enrolment(visit)

    async def _enrolment(self, visit: Visit, status: int = 200, fault: str = "") -> web.Response:
        person = visit.somebody
        secret = await self._signing_in.enrol(person)
        side, squares = path(second_factor.address(secret, person.email))
        grouped = " ".join(secret[n : n + 4] for n in range(0, len(secret), 4))
        return visit.show(
            "second_factor",
            status,
            title=visit.words("second_factor_on"),
            side=side,
            squares=squares,
            secret=grouped,
            demanded=not visit.signed_in.complete,
            fault=fault,
        )

    async def _confirm(self, visit: Visit) -> web.Response:
        proof = await self._signing_in.proof(visit.somebody)
        if proof.has_second_factor:  # somebody who only knows the password gets no second one
            return visit.go(PROFILE if visit.signed_in.complete else f"{HOME}/code")
        found = await self._signing_in.confirm(
            visit.signed_in, visit.somebody, visit.form["code"], visit.agent
        )
        if found is None:
            return await self._enrolment(visit, 403, "wrong_code")
        opened, codes = found
        visit.become(opened)
        return visit.show("codes", title=visit.words("recovery_codes"), codes=codes)

    async def _turn_off(self, visit: Visit) -> web.Response:
        person = visit.somebody
        if person.role in self._signing_in.rules.second_factor:
            return await self._page(visit, 403, "second_factor_demanded")
        if not await self._signing_in.knows(person, visit.form["current"]):
            return await self._page(visit, 403, "wrong_current")
        await self._signing_in.turn_off(person)
        return visit.go(f"{PROFILE}?done=second_factor_off")
