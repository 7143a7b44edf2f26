"""/console/inbox/aside: what came in for nobody here, to be given to a company, or ended.

In charge of the pages. Not in charge of either verb (`gateway.inbound.aside`, which `budkavle
set-aside` works with too).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlencode

from aiohttp import web

from gateway.api.problems import Problem, Type
from gateway.api.routes import Service
from gateway.console.console import Page, Parts
from gateway.console.forms import reason_of
from gateway.console.inbox.lying import PATH as INBOX
from gateway.console.inbox.rows import Row, row
from gateway.console.visit import Visit
from gateway.inbound import aside
from gateway.inbound.aside import SET_ASIDE, NotAside
from gateway.lifecycle import LYING, InboxState
from gateway.store.inbox import Item
from gateway.store.port import BadCursor, Company
from gateway.trust.people.signing_in import name_of
from gateway.trust.scopes import Scope

PATH: Final = f"{INBOX}/aside"
_ROWS: Final = 50

Verb = Literal["assign", "drop"]


@dataclass(frozen=True, slots=True)
class Lost:
    """A document for nobody here: `recipient` is whom its envelope names, `to` whom the document
    itself does."""

    row: Row
    recipient: str | None
    to: str | None
    to_name: str | None


@dataclass(frozen=True, slots=True)
class Aside:
    """The list."""

    rows: tuple[Lost, ...]
    next: str | None
    first: str | None
    done: str
    given: str  # where the document is that was given away just now


@dataclass(frozen=True, slots=True)
class Choice:
    """A company that it may be given to."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Deciding:
    """What is to become of one. `lies`: whether something can be done; `suggested`: the company
    that it seems to be for; `verb` and `company`: what is about to be done, by the reader's choice;
    `faults` and `fault`: what was wrong with the form that was sent."""

    lost: Lost
    lies: bool
    companies: tuple[Choice, ...]
    suggested: str
    verb: Verb | None
    company: Choice | None
    reason: str
    faults: tuple[str, ...]
    fault: str


class AsidePages:
    """The pages."""

    def __init__(self, parts: Parts, service: Service) -> None:
        self._parts = parts
        self._store = service.store
        self._clock = service.clock

    def pages(self) -> list[Page]:
        """All of them."""
        one = f"{PATH}/{{document_id}}"
        return [
            Page("GET", PATH, self._list, scope=Scope.READ, operators=True, twin=True),
            Page("GET", one, self._look, scope=Scope.READ, operators=True, twin=True),
            Page("POST", one, self._decide, scope=Scope.RECEIVE, operators=True),
        ]

    async def _list(self, visit: Visit) -> web.Response:
        query = visit.request.query
        after = query.get("after") or None
        try:
            items = await aside.lying(self._store, after, _ROWS + 1)
        except BadCursor:
            return visit.go(PATH)
        shown = items[:_ROWS]
        more = len(items) > _ROWS
        done = query.get("done", "")
        given, company = query.get("given", ""), query.get("company", "")
        known = done == "assigned" and await self._store.document(company, given) is not None
        view = Aside(
            tuple(self._lost(visit, item) for item in shown),
            f"{PATH}?{urlencode({'after': shown[-1].document.id})}" if more else None,
            PATH if after else None,
            done if done in ("assigned", "dropped") else "",
            f"/console/documents/{company}/{given}" if known else "",
        )
        return visit.view("inbox/aside", view, title=visit.words("inbox_aside"), live=not after)

    def _lost(self, visit: Visit, item: Item) -> Lost:
        name = visit.words("inbox_aside_nobody")
        head = item.document.head
        return Lost(
            row(item, name, visit.words, self._clock.now()),
            *(item.found.get("recipient"), head.recipient, head.recipient_name),
        )

    # --- one ------------------------------------------------------------------------------------

    async def _look(self, visit: Visit) -> web.Response:
        item = await self._item(visit)
        asked, company = visit.request.query.get("verb", ""), None
        if asked == "assign":
            company = await self._company(visit.request.query.get("company", ""))
            if company is None:
                return await self._one(visit, item, status=422, faults=("company",))
            return await self._one(visit, item, "assign", company)
        return await self._one(visit, item, "drop" if asked == "drop" else None)

    async def _item(self, visit: Visit) -> Item:
        """Raises Problem where there is no such document set aside."""
        document_id = visit.request.match_info["document_id"]
        item = await self._store.inbox_item(SET_ASIDE, document_id)
        if item is None:
            raise Problem(Type.NOT_FOUND)
        return item

    async def _company(self, company_id: str) -> Company | None:
        """A company that something can be given to, by its id."""
        return None if company_id == SET_ASIDE else await self._store.company(company_id.strip())

    async def _one(
        self,
        visit: Visit,
        item: Item,
        verb: Verb | None = None,
        company: Company | None = None,
        *,
        status: int = 200,
        faults: Sequence[str] = (),
        fault: str = "",
    ) -> web.Response:
        companies = await self._parts.companies_of(visit)
        suggested = await self._suggested(item)
        view = Deciding(
            self._lost(visit, item),
            item.state in LYING and item.state is not InboxState.READING,
            tuple(Choice(one.id, one.name) for one in companies if one.id != SET_ASIDE),
            suggested.id if suggested else "",
            verb,
            Choice(company.id, company.name) if company else None,
            visit.form["reason"],
            tuple(faults),
            fault,
        )
        named = item.document.head.number or item.document.id
        title = visit.words("inbox_aside_one", number=named)
        return visit.view("inbox/deciding", view, status, title=title)

    async def _suggested(self, item: Item) -> Company | None:
        """Whose it seems to be: a company may have registered the address since it came."""
        for participant in (item.found.get("recipient"), item.document.head.recipient):
            found = await self._store.company_of(participant) if participant else None
            if found is not None:
                return found
        return None

    async def _decide(self, visit: Visit) -> web.Response:
        item, form = await self._item(visit), visit.form
        verb: Verb = "assign" if form["verb"] == "assign" else "drop"
        if form["verb"] not in ("assign", "drop"):
            raise Problem(Type.MALFORMED_REQUEST)
        company = await self._company(form["company"]) if verb == "assign" else None
        faults = ["company"] if verb == "assign" and company is None else []
        reason = reason_of(form)
        if not reason:
            faults.append("reason")
        if faults:
            return await self._one(visit, item, verb, company, status=422, faults=faults)
        actor, id_ = name_of(visit.somebody), item.document.id
        at = (self._store, self._clock, id_)
        try:
            if company is None:
                await aside.drop(*at, actor=actor, reason=reason)
                return visit.go(f"{PATH}?done=dropped")
            given = await aside.assign(*at, company.id, actor=actor, reason=reason)
        except NotAside as error:
            fresh = await self._item(visit)
            return await self._one(visit, fresh, status=409, fault=str(error))
        said = urlencode({"done": "assigned", "company": company.id, "given": given})
        return visit.go(f"{PATH}?{said}")
