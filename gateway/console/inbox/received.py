"""/console/received: what came in for a company, for its own people: look, and say that it is done.

In charge of the list and of marking. Not in charge of answering (`answering`), nor of a document's
own page (`gateway.console.documents`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from aiohttp import web
from pydantic import ValidationError

from gateway.api.inbox_verbs import HandledWish
from gateway.api.problems import Problem, Type
from gateway.api.routes import Service
from gateway.console.console import Page, Parts
from gateway.console.forms import HOME
from gateway.console.inbox.rows import Row, row
from gateway.console.visit import Visit
from gateway.inbound import verbs
from gateway.lifecycle import InboxState
from gateway.store.inbox import Item
from gateway.store.port import BadCursor, Company, Direction
from gateway.trust.gate import Way, asked
from gateway.trust.people.signing_in import name_of
from gateway.trust.scopes import Scope

PATH: Final = f"{HOME}/received"
_ROWS: Final = 50
_NUMBER: Final = 200  # characters of a document's number that is looked for


@dataclass(frozen=True, slots=True)
class Choice:
    """A company to choose."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Left:
    """A ticked row that was left as it was, and why."""

    document_id: str
    number: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Received:
    """The list. `closed`: why the company may not receive; `marked`: how many were marked just now;
    `left`: those that were not; `fault`: what was wrong with the form."""

    companies: tuple[Choice, ...]
    company_id: str
    state: InboxState | None
    number: str
    rows: tuple[Row, ...]
    next: str | None
    first: str | None
    may_mark: bool
    closed: str
    marked: int
    left: tuple[Left, ...]
    fault: str


class ReceivedPages:
    """The pages."""

    def __init__(self, parts: Parts, service: Service) -> None:
        self._parts = parts
        self._store = service.store
        self._clock = service.clock
        self._gate = service.gate

    def pages(self) -> list[Page]:
        """All of them."""
        return [
            Page("GET", PATH, self._list, scope=Scope.READ, twin=True),
            Page("POST", f"{PATH}/handled", self._mark, scope=Scope.RECEIVE),
        ]

    async def _list(self, visit: Visit) -> web.Response:
        return await self._page(visit, visit.request.query.get("company", ""))

    async def _page(
        self,
        visit: Visit,
        company_id: str,
        status: int = 200,
        *,
        marked: int = 0,
        left: Sequence[Left] = (),
        fault: str = "",
    ) -> web.Response:
        companies = await self._parts.companies_of(visit)
        company = await self._parts.company_of(visit, company_id) if company_id else None
        if company_id and company is None:
            raise Problem(Type.NOT_FOUND)
        company = company or next(iter(companies), None)
        if company is None:
            raise Problem(Type.NOT_FOUND)
        query = visit.request.query
        asked_for = query.get("state", "")
        state = InboxState(asked_for) if asked_for in {*map(str, InboxState)} else None
        number, after = query.get("number", "").strip()[:_NUMBER], query.get("after") or None
        where = {"company": company.id if company_id else "", "state": state or ""}
        where["number"] = number
        try:
            items, following = await self._items(company, state, number, after)
        except BadCursor:
            return visit.go(_address(where))
        closed = await asked(self._gate, Way.RECEIVE, company.id)
        now = self._clock.now()
        view = Received(
            tuple(Choice(one.id, one.name) for one in companies),
            *(company.id, state, number),
            tuple(row(item, company.name, visit.words, now) for item in items),
            None if following is None else _address({**where, "after": following}),
            _address(where) if after else None,
            visit.may(Scope.RECEIVE) and closed is None,
            closed.text if closed else "",
            marked or _count(query.get("done", "")),
            tuple(left),
            fault,
        )
        title = visit.words("received")
        return visit.view("inbox/received", view, status, title=title, live=after is None)

    async def _items(
        self, company: Company, state: InboxState | None, number: str, after: str | None
    ) -> tuple[list[Item], str | None]:
        """A page: of one state in the order in which they are given out, else the newest first."""
        if state is not None and not number:
            found = await self._store.inbox_items(company.id, state, after, _ROWS + 1)
            more = len(found) > _ROWS
            return list(found[:_ROWS]), found[_ROWS - 1].document.id if more else None
        page = await self._store.documents(
            *(company.id,),
            direction=Direction.IN,
            number=number or None,
            after=after,
            limit=_ROWS,
        )
        items = [
            item
            for document in page.documents
            if (item := await self._store.inbox_item(company.id, document.id)) is not None
            and state in (None, item.state)
        ]
        return items, page.next

    async def _mark(self, visit: Visit) -> web.Response:
        """Marks ticked rows as handled; what is not marked is told, with the reason."""
        ticked = [one.partition("/") for one in visit.form.every("row")]
        back = visit.form["company"]
        try:
            given = {"reference": visit.form["reference"].strip() or None}
            reference = HandledWish.model_validate(given).reference
        except ValidationError:
            return await self._page(visit, back, 422, fault="reference")
        if reference and len(ticked) > 1:
            return await self._page(visit, back, 422, fault="one_reference")
        if not ticked:
            return await self._page(visit, back, 422, fault="no_row")
        marked, left = 0, []
        for company_id, _, document_id in ticked:
            company = await self._parts.company_of(visit, company_id)
            if company is None:
                raise Problem(Type.NOT_FOUND)
            text = await self._marked(visit, company, document_id, reference)
            if text is None:
                marked += 1
            else:
                left.append(text)
        if left:
            return await self._page(visit, back, 409, marked=marked, left=left)
        stay = {"company": back, "state": visit.form["state"], "done": str(marked)}
        return visit.go(_address(stay))

    async def _marked(
        self, visit: Visit, company: Company, document_id: str, reference: str | None
    ) -> Left | None:
        """None: it is handled."""
        closed = await asked(self._gate, Way.RECEIVE, company.id)
        if closed is not None:
            return Left(document_id, None, closed.text)
        item = await self._store.inbox_item(company.id, document_id)
        if item is None:
            raise Problem(Type.NOT_FOUND)
        if item.state is InboxState.HANDLED and reference is None:
            return None  # by a second click: what it is called stays
        said = await verbs.handle(
            *(self._store, self._clock, company.id, document_id, reference),
            actor=name_of(visit.somebody),
        )
        if isinstance(said, verbs.Denied):
            return Left(document_id, item.document.head.number, said.text)
        return None


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else 0


def _address(query: dict[str, str]) -> str:
    said = urlencode({name: value for name, value in query.items() if value})
    return f"{PATH}?{said}" if said else PATH
