"""Somebody at work on one company: who they are, what they may, and where its pages are.

In charge of whom a page is about and of its addresses. Not in charge of what is on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

from gateway.api.routes import Service
from gateway.console.forms import HOME, Form, reason_of
from gateway.console.visit import Visit
from gateway.store.port import Company, Store
from gateway.trust.callers import Caller, Kind
from gateway.trust.people.roles import SCOPES
from gateway.trust.people.signing_in import name_of
from gateway.trust.reach import Reach
from gateway.trust.scopes import Scope

OVERVIEW: Final = "overview"
SETTINGS: Final = "settings"
USAGE: Final = "usage"
COMPANIES: Final = f"{HOME}/companies"
OWN: Final = f"{HOME}/settings"  # of a company's own people
OWN_USAGE: Final = f"{HOME}/usage"


@dataclass(frozen=True, slots=True)
class Desk:
    """A visit to the pages of one company."""

    visit: Visit
    service: Service
    company: Company

    @property
    def store(self) -> Store:
        """The store."""
        return self.service.store

    @property
    def now(self) -> datetime:
        """The time."""
        return self.service.clock.now()

    @property
    def form(self) -> Form:
        """What was filled in."""
        return self.visit.form

    @property
    def actor(self) -> str:
        """Who is here, for the audit."""
        return name_of(self.visit.somebody)

    @property
    def reason(self) -> str:
        """Why they do it, as they say: operators must."""
        return reason_of(self.form)

    @property
    def is_operator(self) -> bool:
        """Whether somebody of the gateway's own staff is here."""
        return self.visit.is_operator

    @property
    def may_manage(self) -> bool:
        """Whether they may change anything."""
        return self.visit.may(Scope.MANAGE)

    @property
    def account_id(self) -> str:
        """The account that they may change something for; empty: none."""
        if self.is_operator:
            return self.company.account_id
        person = self.visit.somebody
        return "" if person.companies else person.account_id

    @property
    def caller(self) -> Caller:
        """Who is here, as whoever calls over HTTP: an operator with the rights of all that the
        company belongs to."""
        person = self.visit.somebody
        reach = person.reach
        if self.is_operator:
            account_id, own = self.company.account_id, (self.company.id,)
            reach = Reach(account_id) if account_id else Reach("", own)
        scopes = SCOPES[person.role]
        return Caller(Kind.PERSON, person.id, self.actor, reach, scopes, self.company)

    def path(self, tab: str, verb: str = "") -> str:
        """The address of a tab, or of something that is done there."""
        if self.is_operator:
            base = f"{COMPANIES}/{quote(self.company.id)}"
            first = OVERVIEW
        else:
            base, first = OWN, SETTINGS
            if tab == USAGE:
                return OWN_USAGE
        if verb:
            return f"{base}/{tab}/{verb}"
        return base if tab == first else f"{base}/{tab}"

    def href(self, tab: str, **query: str) -> str:
        """The same with what is asked for; people of several companies say of which it is."""
        asked = {name: value for name, value in query.items() if value}
        if not self.is_operator:
            asked = {"company": self.company.id, **asked}
        return f"{self.path(tab)}?{urlencode(asked)}" if asked else self.path(tab)
