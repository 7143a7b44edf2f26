"""The section: the list, a company's tabs for operators, and the same for its own people.

In charge of the addresses, of finding the company within somebody's reach, and of what happens
around a verb: the reason, what was wrong, a secret that is shown once. Not in charge of any tab.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from gateway.api.routes import COMPANY, Service
from gateway.console.companies.agreements import AgreementsTab
from gateway.console.companies.desk import (
    COMPANIES,
    OVERVIEW,
    OWN,
    OWN_USAGE,
    SETTINGS,
    USAGE,
    Desk,
)
from gateway.console.companies.keys import KeysTab
from gateway.console.companies.listing import listed
from gateway.console.companies.notices import NoticesTab
from gateway.console.companies.overview import OverviewTab
from gateway.console.companies.people import PeopleTab
from gateway.console.companies.settings import SettingsTab
from gateway.console.companies.tab import Done, NotThere, Once, Outcome, Tab, Wrong, wrong
from gateway.console.companies.usage import UsageTab
from gateway.console.companies.webhooks import WebhooksTab
from gateway.console.console import Page, Parts, Show
from gateway.console.visit import Visit
from gateway.store.port import Overtaken
from gateway.trust.scopes import Scope
from gateway.trust.verification.states import Standing

# What `?done=` may name; anything else says nothing.
DONE: Final = frozenset(
    {
        *("verified", "revoked", "asked", "resent", "forwarded", "cancelled"),
        *("published", "withdrawn", "hold_released"),
        *("agreement_asked", "agreement_ended", "key_revoked"),
        *("person_invited", "person_changed", "person_removed", "person_reinvited"),
        *("settled", "fell_back"),
        *("webhook_on", "webhook_off", "webhook_removed", "webhook_again", "webhook_tested"),
        *("notice_on", "notice_off", "notice_removed"),
    }
)
_NEVER_BACK: Final = frozenset({"form_token", "once"})  # not filled in again
_LONGEST_QUERY: Final = 200


@dataclass(frozen=True, slots=True)
class TabLink:
    """A tab to go to."""

    name: str
    href: str
    here: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """A company of theirs, where they have several."""

    id: str
    name: str
    here: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A tab as it is shown: around it whose it is, what was done or was wrong, and in `body` the
    tab's own."""

    tab: str
    company_id: str
    company: str
    country: str
    operator: bool
    may_manage: bool
    tabs: tuple[TabLink, ...]
    choices: tuple[Choice, ...]
    done: str
    faults: tuple[str, ...]  # in the reader's language
    texts: tuple[str, ...]  # in English
    form: str  # the one that was sent and is wrong: a verb, or a verb and what it was about
    said: dict[str, str]  # what stood in it
    body: Any


class Companies:
    """The pages."""

    def __init__(self, parts: Parts, service: Service) -> None:
        self._parts = parts
        self._service = service
        self._tabs: tuple[Tab, ...] = (
            OverviewTab(),
            AgreementsTab(),
            KeysTab(),
            PeopleTab(),
            SettingsTab(),
            UsageTab(),
            WebhooksTab(),
            NoticesTab(),
        )

    def pages(self) -> list[Page]:
        """All of them."""
        pages = [
            Page("GET", COMPANIES, self._list, scope=Scope.READ, operators=True, twin=True),
        ]
        for tab in self._tabs:
            company = f"{COMPANIES}/{{company_id}}"
            theirs = company if tab.name == OVERVIEW else f"{company}/{tab.name}"
            own = {SETTINGS: OWN, USAGE: OWN_USAGE}.get(tab.name, f"{OWN}/{tab.name}")
            show, do = self._showing(tab), self._doing(tab)
            pages += [
                Page("GET", theirs, show, scope=tab.scope, operators=True, twin=True),
                Page("GET", own, show, scope=tab.scope, twin=True),
            ]
            if tab.verbs:
                verb = f"{tab.name}/{{verb}}"
                back = self._back(tab)
                pages += [
                    Page("POST", f"{company}/{verb}", do, scope=Scope.MANAGE, operators=True),
                    Page("POST", f"{OWN}/{verb}", do, scope=Scope.MANAGE),
                    Page("GET", f"{company}/{verb}", back, scope=tab.scope, operators=True),
                    Page("GET", f"{OWN}/{verb}", back, scope=tab.scope),
                ]
        return pages

    async def _list(self, visit: Visit) -> web.Response:
        query = visit.request.query
        asked = " ".join(query.get("q", "").split())[:_LONGEST_QUERY]
        standing = query.get("standing", "")
        if standing not in set(Standing):
            standing = ""
        view = await listed(self._service, asked, standing, query.get("after", ""))
        return visit.view("companies/list", view, title=visit.words("menu_companies"))

    def _showing(self, tab: Tab) -> Show:
        async def show(visit: Visit) -> web.StreamResponse:
            if _is_operators_at_home(visit):
                return visit.go(COMPANIES)
            desk = await self._desk(visit)
            return _nothing(visit) if desk is None else await self._page(desk, tab)

        return show

    def _back(self, tab: Tab) -> Show:
        """The address of a form that was sent and is looked at once more."""

        async def back(visit: Visit) -> web.StreamResponse:
            desk = None if _is_operators_at_home(visit) else await self._desk(visit)
            return _nothing(visit) if desk is None else visit.go(desk.href(tab.name))

        return back

    def _doing(self, tab: Tab) -> Show:
        async def do(visit: Visit) -> web.StreamResponse:
            desk = None if _is_operators_at_home(visit) else await self._desk(visit)
            name = visit.request.match_info["verb"]
            verb = tab.verbs.get(name)
            if desk is None or verb is None:
                return _nothing(visit)
            if name in tab.of_operators and not desk.is_operator:
                return _nothing(visit)
            if desk.is_operator and not desk.reason:
                return await self._after(desk, tab, name, wrong("companies_no_reason"))
            try:
                outcome = await verb(desk)
            except Overtaken:
                outcome = wrong("companies_overtaken")
            return await self._after(desk, tab, name, outcome)

        return do

    async def _after(self, desk: Desk, tab: Tab, verb: str, outcome: Outcome) -> web.Response:
        visit = desk.visit
        match outcome:
            case Done(word, query):
                return visit.go(desk.href(tab.name, done=word, **query))
            case Wrong():
                return await self._page(desk, tab, verb, outcome)
            case Once(word, name, secret):
                return visit.show(
                    "companies/once",
                    title=visit.words(f"companies_once_{word}"),
                    what=word,
                    of=name,
                    secret=secret,
                    back=desk.href(tab.name),
                )
            case NotThere():
                return _nothing(visit)

    async def _page(
        self, desk: Desk, tab: Tab, verb: str = "", wrong: Wrong | None = None
    ) -> web.Response:
        visit, own = desk.visit, not desk.is_operator
        done = visit.request.query.get("done", "")
        said = {} if wrong is None else _said(desk)
        choices = await self._choices(visit, desk) if own else ()
        shown = Shown(
            tab=tab.name,
            company_id=desk.company.id,
            company=desk.company.name,
            country=desk.company.country,
            operator=desk.is_operator,
            may_manage=desk.may_manage,
            tabs=tuple(
                TabLink(one.name, desk.href(one.name), one is tab)
                for one in self._tabs
                if visit.may(one.scope) and not (own and one.name == USAGE)
            ),
            choices=choices,
            done=done if wrong is None and done in DONE else "",
            faults=()
            if wrong is None
            else tuple(visit.words(word, **values) for word, values in wrong.words),
            texts=() if wrong is None else wrong.texts,
            form=f"{verb} {said.get('of', '')}".strip() if wrong is not None else "",
            said=said,
            body=await tab.view(desk),
        )
        title = desk.company.name
        if own:
            title = visit.words("menu_usage" if tab.name == USAGE else "menu_settings")
        status = 200 if wrong is None else 422
        return visit.view(f"companies/{tab.name}", shown, status, title=title)

    async def _desk(self, visit: Visit) -> Desk | None:
        """The company that a page is about, if it is within somebody's reach."""
        asked = visit.request.match_info.get("company_id") or visit.form["company"]
        asked = asked or visit.request.query.get("company", "")
        if asked:
            fits = COMPANY.fits(asked)  # whatever is no id is none of theirs
            company = await self._parts.company_of(visit, asked) if fits else None
        else:
            company = next(iter(await self._parts.companies_of(visit)), None)
        return None if company is None else Desk(visit, self._service, company)

    async def _choices(self, visit: Visit, desk: Desk) -> tuple[Choice, ...]:
        found = await self._parts.companies_of(visit)
        if len(found) < 2:
            return ()
        rows = sorted(found, key=lambda one: one.name.casefold())
        return tuple(Choice(one.id, one.name, one.id == desk.company.id) for one in rows)


def _is_operators_at_home(visit: Visit) -> bool:
    """Operators have no company of their own: theirs is the list of all."""
    return visit.is_operator and "company_id" not in visit.request.match_info


def _said(desk: Desk) -> dict[str, str]:
    return {name: text for name, text in desk.form.fields.items() if name not in _NEVER_BACK}


def _nothing(visit: Visit) -> web.Response:
    return visit.show("notice", 404, title=visit.words("not_found_title"), what="not_found")
