"""What lies in the inboxes of all companies and was not taken over: how much, how old, and why.

In charge of the operators' list. Not in charge of what is done about it (`mending`, `aside`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from gateway.api.problems import Problem, Type
from gateway.api.routes import Service
from gateway.console.console import Page, Parts
from gateway.console.forms import HOME
from gateway.console.inbox.rows import Row, row
from gateway.console.visit import Visit
from gateway.inbound.aside import SET_ASIDE
from gateway.lifecycle import LYING, InboxState
from gateway.store.inbox import Item, Lot
from gateway.store.port import BadCursor, Store
from gateway.trust.scopes import Scope

PATH: Final = f"{HOME}/inbox"
_ROWS: Final = 50
_COMPANIES: Final = 30  # in the table of counts, those with most to do first
# Only a person brings these on.
NEEDY: Final = (InboxState.BLOCKED, InboxState.ATTACHMENT_ERROR)


@dataclass(frozen=True, slots=True)
class Count:
    """What lies with a company: how many in each state, since when at the longest."""

    company_id: str
    company: str
    states: Mapping[InboxState, int]
    first_at: datetime
    waits_s: int

    @property
    def needy(self) -> int:
        """How many wait for a person."""
        return sum(self.states.get(state, 0) for state in NEEDY)


@dataclass(frozen=True, slots=True)
class Choice:
    """A state to choose, and how many there are in it."""

    state: InboxState | None
    count: int
    href: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Lying:
    """The page. `company_id`: of this one alone; `more`: so many companies more have something."""

    company_id: str
    company: str
    states: tuple[Choice, ...]
    companies: tuple[Count, ...]
    more: int
    aside: int
    rows: tuple[Row, ...]
    next: str | None
    first: str | None


class LyingPages:
    """The list."""

    def __init__(self, parts: Parts, service: Service) -> None:
        self._parts = parts
        self._store = service.store

    def pages(self) -> list[Page]:
        """The one there is."""
        return [Page("GET", PATH, self._list, scope=Scope.READ, operators=True, twin=True)]

    async def _list(self, visit: Visit) -> web.Response:
        query, now = visit.request.query, self._parts.clock.now()
        company_id = query.get("company", "")
        company = await self._parts.company_of(visit, company_id) if company_id else None
        if company_id and company is None:
            raise Problem(Type.NOT_FOUND)
        states = _states(query.get("state", ""))
        after = query.get("after") or None
        lots = await self._store.inbox_lots()
        try:
            # What was set aside has a list of its own.
            line = await self._store.inbox_line(
                company_id or None, states, after, _ROWS, besides="" if company_id else SET_ASIDE
            )
        except BadCursor:
            return visit.go(_address(company_id, query.get("state", "")))
        counts, more = counted(lots, now)
        names = await names_of(
            self._store,
            {*(one.company_id for one in counts), *_owners(line.items)},
        )
        chosen = states[0] if len(states) == 1 else None
        shown = company.name if company else ""
        view = Lying(
            company_id,
            shown,
            choices(lots, company_id, chosen),
            tuple(_named(one, names) for one in counts),
            more,
            sum(lot.count for lot in lots if lot.company_id == SET_ASIDE),
            tuple(
                row(item, names[item.document.company_id], visit.words, now) for item in line.items
            ),
            _address(company_id, query.get("state", ""), line.next) if line.next else None,
            _address(company_id, query.get("state", "")) if after else None,
        )
        return visit.view("inbox/lying", view, title=visit.words("inbox"), live=after is None)


def counted(lots: Sequence[Lot], now: datetime) -> tuple[tuple[Count, ...], int]:
    """By company, those that need a person and then those that wait longest first, and how many
    more companies there are. Without what was set aside. Pure."""
    states: dict[str, dict[InboxState, int]] = {}
    first: dict[str, datetime] = {}
    for lot in lots:
        if lot.company_id != SET_ASIDE:
            states.setdefault(lot.company_id, {})[lot.state] = lot.count
            first[lot.company_id] = min(first.get(lot.company_id, lot.first_at), lot.first_at)
    counts = [
        Count(id_, id_, of, first[id_], max(0, int((now - first[id_]).total_seconds())))
        for id_, of in states.items()
    ]
    counts.sort(key=lambda one: (-one.needy, one.first_at, one.company_id))
    return tuple(counts[:_COMPANIES]), max(0, len(counts) - _COMPANIES)


def choices(lots: Iterable[Lot], company_id: str, chosen: InboxState | None) -> tuple[Choice, ...]:
    """The states to choose, all of them first. Pure."""
    of = dict.fromkeys(LYING, 0)
    for lot in lots:
        if lot.company_id == company_id or (not company_id and lot.company_id != SET_ASIDE):
            of[lot.state] += lot.count
    every = Choice(None, sum(of.values()), _address(company_id, ""), chosen is None)
    return (
        every,
        *(
            Choice(state, count, _address(company_id, state.value), chosen is state)
            for state, count in of.items()
        ),
    )


async def names_of(store: Store, company_ids: Collection[str]) -> Mapping[str, str]:
    """What companies are called, by id; their id where there is none of it any more."""
    asked = list(company_ids)
    found = await asyncio.gather(*(store.company(one) for one in asked))
    return {
        id_: id_ if company is None else company.name
        for id_, company in zip(asked, found, strict=True)
    }


def _owners(items: Iterable[Item]) -> set[str]:
    return {item.document.company_id for item in items}


def _named(one: Count, names: Mapping[str, str]) -> Count:
    return Count(one.company_id, names[one.company_id], one.states, one.first_at, one.waits_s)


def _states(asked: str) -> tuple[InboxState, ...]:
    return (InboxState(asked),) if asked in {*map(str, LYING)} else LYING


def _address(company_id: str, state: str, after: str | None = None) -> str:
    query = {"state": state, "company": company_id, "after": after or ""}
    said = urlencode({name: value for name, value in query.items() if value})
    return f"{PATH}?{said}" if said else PATH
