"""What somebody asks for, within the companies that they may see.

In charge of whose documents a question is about: nothing outside of that is found, counted or
suggested. Operators see every company.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.console.console import Parts
from gateway.console.log.query import Fault, Query, What, parse
from gateway.console.visit import Visit
from gateway.store.port import BadCursor, Company, Document
from gateway.store.search import Facets, Question

_AT_ONCE: Final = 500  # companies that are read at once
_VALUES: Final = 6  # of each facet: what is rarer is asked for by name


@dataclass(frozen=True, slots=True)
class Asked:
    """A query as it was typed and as it was read, and the question that it is. `within`: the
    companies of who asks, by id; None: all, of an operator."""

    text: str
    query: Query
    faults: tuple[Fault, ...]
    question: Question
    within: Mapping[str, Company] | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a list a page is. `next`: where the following one begins; `sought_to`: how far back
    it was looked, where that did not fill the page; `later`: it is not the first; `astray`: the one
    that was asked for is not there, and this is the first."""

    next: str | None = None
    sought_to: datetime | None = None
    later: bool = False
    astray: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """A page of documents."""

    documents: tuple[Document, ...]
    place: Place


class Asking:
    """Reads what is asked for."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._store = parts.store

    async def asked(self, visit: Visit, text: str | None = None) -> Asked:
        """What the address of a page asks for, or a text."""
        if text is None:
            text = " ".join(visit.request.query.getall("q", ()))
        query, faults = parse(text)
        within = await self.within(visit)
        named = {value: await self._named(value, within) for value in query.values("company")}
        nobody = [
            Fault(What.COMPANY, max(0, text.find(value)), value)
            for value, ids in named.items()
            if not ids
        ]
        ids = None if within is None else list(within)
        question = query.question(self._parts.clock.now(), ids, named)
        return Asked(text, query, (*faults, *nobody), question, within)

    async def within(self, visit: Visit) -> Mapping[str, Company] | None:
        """The companies of who asks, by id; None: all, of an operator."""
        if visit.is_operator:
            return None
        found: dict[str, Company] = {}
        after = ""
        while True:
            some = await self._store.companies_within(visit.somebody.reach, after, _AT_ONCE)
            found |= {company.id: company for company in some}
            if len(some) < _AT_ONCE:
                return found
            after = some[-1].id

    async def found(self, question: Question, after: str | None, limit: int) -> Shown:
        """A page of what is asked for."""
        try:
            found = await self._store.found(question, after=after, limit=limit)
        except BadCursor:
            found, after, astray = await self._store.found(question, limit=limit), None, True
        else:
            astray = False
        return Shown(found.documents, Place(found.next, found.sought_to, after is not None, astray))

    async def spread(self, question: Question) -> Facets:
        """How what is asked for is spread."""
        return await self._store.facets(question, values=_VALUES)

    async def names(
        self, ids: Iterable[str], within: Mapping[str, Company] | None
    ) -> Mapping[str, str]:
        """What companies are called, by id, of those that who asks may see."""
        wanted = dict.fromkeys(ids)
        if within is not None:
            return {one: within[one].name for one in wanted if one in within}
        found = await asyncio.gather(*map(self._store.company, wanted))
        return {company.id: company.name for company in found if company is not None}

    async def called(self, begin: str, within: Mapping[str, Company] | None) -> Sequence[Company]:
        """The companies whose name begins so, whatever the case."""
        companies = await self._store.companies() if within is None else within.values()
        begin = begin.casefold()
        return [company for company in companies if company.name.casefold().startswith(begin)]

    async def _named(self, value: str, within: Mapping[str, Company] | None) -> Collection[str]:
        """The companies that a value stands for: the one with this id, else those called so."""
        one = within.get(value) if within is not None else await self._store.company(value)
        if one is not None:
            return [one.id]
        return [company.id for company in await self.called(value, within)]
