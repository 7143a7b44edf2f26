"""/console/welcome/{link}: where somebody with a one-time link chooses their password.

Looking at the page uses nothing up: mail servers open links to look at them. What the link is good
for ends when a password is set. Whatever is wrong with a link, the answer is the same.
"""

from __future__ import annotations

from aiohttp import web

from gateway.console.console import Needs, Page, Parts
from gateway.console.forms import HOME
from gateway.console.visit import Visit
from gateway.store.people import AddressTaken, Person
from gateway.trust.keys import digest
from gateway.trust.limits import Failures
from gateway.trust.people.passwords import LEAST, fault


class Welcome:
    """The pages."""

    def __init__(self, parts: Parts, by_client: Failures) -> None:
        self._parts = parts
        self._by_client = by_client

    def pages(self) -> list[Page]:
        """All of them."""
        path = f"{HOME}/welcome/{{link}}"
        return [
            Page("GET", path, self._ask, Needs.ANYBODY),
            Page("POST", path, self._set, Needs.ANYBODY),
        ]

    async def _ask(self, visit: Visit) -> web.Response:
        person = await self._person(visit)
        return _gone(visit) if person is None else _form(visit, person)

    async def _set(self, visit: Visit) -> web.Response:
        person = await self._person(visit)
        if person is None:
            return _gone(visit)
        password = visit.form["password"]
        wrong = fault(password, (person.email, person.name))
        if wrong is None and password != visit.form["again"]:
            wrong = "differ"
        if wrong is not None:
            return _form(visit, person, 422, wrong)
        link = visit.request.match_info["link"]
        try:
            done = await self._parts.signing_in.set_password(person, password, link)
        except AddressTaken:
            return _form(visit, person, 409, "address_taken")
        if not done:
            return _gone(visit)
        return visit.go(f"{HOME}/sign-in")

    async def _person(self, visit: Visit) -> Person | None:
        client = self._parts.client_of(visit.request)
        if self._by_client.wait_s(client):
            return None
        link = visit.request.match_info["link"]
        found = await self._parts.store.person_of_link(digest(link), self._parts.clock.now())
        if found is None:
            self._by_client.add(client)
        return found


def _form(visit: Visit, person: Person, status: int = 200, fault: str = "") -> web.Response:
    words = type(visit.words)(person.language)
    visit.words = words
    title = words("welcome" if person.accepted_at is None else "new_password")
    return visit.show("welcome", status, title=title, who=person, fault=fault, least=LEAST)


def _gone(visit: Visit) -> web.Response:
    title = visit.words("link_gone_title")
    return visit.show("notice", 404, title=title, what="link_gone")
