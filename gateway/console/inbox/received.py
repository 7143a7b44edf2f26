"""/console/received: what came in for a company, for its own people: look, and say that it is done.

In charge of the list and of marking. Not in charge of answering (`answering`), nor of a document's
own page (`gateway.console.documents`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
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
from gateway.inbound.aside import SET_ASIDE
from gateway.lifecycle import InboxState
from gateway.store.inbox import Item
from gateway.store.port import BadCursor, Direction
from gateway.store.search import Question
from gateway.trust.gate import Way, asked
from gateway.trust.people.signing_in import name_of
from gateway.trust.scopes import Scope

PATH: Final = f"{HOME}/received"
_ROWS: Final = 50
_WORDS: Final = 10  # that are looked for at once
_LETTERS: Final = 200  # of all of them


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
    """The list: of `company_id`, or of all of theirs. `words` were looked for; `closed`: the
    companies that may not receive, and why; `marked`: how many were marked just now; `left`: those
    that were not; `fault`: what was wrong with the form."""

    companies: tuple[Choice, ...]
    company_id: str
    state: InboxState | None
    words: str
    rows: tuple[Row, ...]
    next: str | None
    first: str | None
    may_mark: bool
    closed: Mapping[str, str]
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
        companies = [one for one in await self._parts.companies_of(visit) if one.id != SET_ASIDE]
        company = await self._parts.company_of(visit, company_id) if company_id else None
        if company_id and (company is None or company_id == SET_ASIDE):
            raise Problem(Type.NOT_FOUND)
        whose = {one.id: one for one in (companies if company is None else (company,))}
        query = visit.request.query
        asked_for = query.get("state", "")
        state = InboxState(asked_for) if asked_for in {*map(str, InboxState)} else None
        words, after = query.get("words", "").strip()[:_LETTERS], query.get("after") or None
        where = {"company": company_id, "state": state or "", "words": words}
        question = Question(
            tuple(whose),
            Direction.IN,
            inbox=tuple(InboxState) if state is None else (state,),
            words=words.split()[:_WORDS],
        )
        try:
            page = await self._store.found(question, after=after, limit=_ROWS)
        except BadCursor:
            return visit.go(_address(where))
        items = await asyncio.gather(
            *(self._store.inbox_item(one.company_id, one.id) for one in page.documents)
        )
        shown = {one.company_id for one in page.documents}
        closed = await self._closed(shown | ({*whose} if len(whose) == 1 else set()))
        now = self._clock.now()
        view = Received(
            tuple(Choice(one.id, one.name) for one in companies),
            *(company_id, state, words),
            tuple(
                row(item, whose[item.document.company_id].name, visit.words, now)
                for item in items
                if item is not None
            ),
            None if page.next is None else _address({**where, "after": page.next}),
            _address(where) if after else None,
            visit.may(Scope.RECEIVE),
            closed,
            marked or _count(query.get("done", "")),
            tuple(left),
            fault,
        )
        title = visit.words("received")
        return visit.view("inbox/received", view, status, title=title, live=after is None)

    async def _closed(self, company_ids: Collection[str]) -> Mapping[str, str]:
        """Of these companies those that may not receive, and why."""
        asked_for = sorted(company_ids)
        found = await asyncio.gather(*(asked(self._gate, Way.RECEIVE, one) for one in asked_for))
        return {
            id_: closed.text
            for id_, closed in zip(asked_for, found, strict=True)
            if closed is not None
        }

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
        chosen = [await self._chosen(visit, one[0], one[2]) for one in ticked]
        marked, left = 0, []
        for item in chosen:
            said = await self._marked(visit, item, reference)
            if said is None:
                marked += 1
            else:
                left.append(said)
        if left:
            return await self._page(visit, back, 409, marked=marked, left=left)
        stay = {"company": back, "state": visit.form["state"], "done": str(marked)}
        return visit.go(_address(stay))

    async def _chosen(self, visit: Visit, company_id: str, document_id: str) -> Item:
        """Raises Problem for what is not there, or not theirs: then nothing is done at all."""
        company = await self._parts.company_of(visit, company_id)
        item = None
        if company is not None and company.id != SET_ASIDE:
            item = await self._store.inbox_item(company.id, document_id)
        if item is None:
            raise Problem(Type.NOT_FOUND)
        return item

    async def _marked(self, visit: Visit, item: Item, reference: str | None) -> Left | None:
        """None: it is handled."""
        document = item.document
        closed = await asked(self._gate, Way.RECEIVE, document.company_id)
        if closed is not None:
            return Left(document.id, document.head.number, closed.text)
        if item.state is InboxState.HANDLED and reference is None:
            return None  # by a second click: what it is called stays
        said = await verbs.handle(
            *(self._store, self._clock, document.company_id, document.id, reference),
            actor=name_of(visit.somebody),
        )
        if isinstance(said, verbs.Denied):
            return Left(document.id, document.head.number, said.text)
        return None


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else 0


def _address(query: dict[str, str]) -> str:
    said = urlencode({name: value for name, value in query.items() if value})
    return f"{PATH}?{said}" if said else PATH
