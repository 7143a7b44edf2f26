"""The log: every document there is, for operators; found, spread, ticked, saved and taken along.

In charge of the pages. Not in charge of the language (`query`), of whose documents one may ask for
(`asking`), nor of what is done to ticked rows (`/console/act`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from aiohttp import web

from gateway.api.routes import Service
from gateway.api.streams import send
from gateway.console.console import Page, Parts
from gateway.console.forms import HOME
from gateway.console.log import table
from gateway.console.log.asking import Asked, Asking, Place
from gateway.console.log.facets import Chosen, Facet, chosen, facets
from gateway.console.log.query import WORDS, Fault
from gateway.console.log.rows import Row, row
from gateway.console.log.saved import Saved, SavedQueries
from gateway.console.log.suggestions import LOOKED_UP, MOST, suggestions, typed
from gateway.console.pages import HEADERS, twin
from gateway.console.visit import Visit
from gateway.store.port import Document
from gateway.store.search import Facets
from gateway.trust.scopes import Scope

SHOWN: Final = 50  # rows of a page
_READ_AT_ONCE: Final = 500  # rows of a table, which is written as they are read
_DONE: Final = ("saved", "forgotten")


@dataclass(frozen=True, slots=True)
class View:
    """The page. `text` is what stands in the box, `query` what was read of it. The facets are of
    the newest `counted`, which are all when `whole`. `words`: those of the language, each with an
    example; `not_saved`: why a search was not; `back`: where to come back to."""

    text: str
    query: str
    faults: tuple[Fault, ...]
    chosen: tuple[Chosen, ...]
    rows: tuple[Row, ...]
    place: Place
    facets: tuple[Facet, ...]
    counted: int
    whole: bool
    saved: tuple[Saved, ...]
    not_saved: str
    done: str
    back: str
    words: tuple[tuple[str, str], ...]


class Log:
    """The pages."""

    def __init__(self, parts: Parts, service: Service) -> None:
        self._parts = parts
        self._store = parts.store
        self._service = service
        self._asking = Asking(parts)
        self._saved = SavedQueries(parts.store, parts.clock)

    def pages(self) -> list[Page]:
        """All of them."""
        path = f"{HOME}/log"
        return [
            Page("GET", path, self._show, operators=True, twin=True),
            Page("GET", f"{HOME}/find", self._find, operators=True),
            Page("GET", f"{path}/csv", self._table, operators=True),
            Page("POST", f"{path}/saved", self._save, operators=True),
            Page("POST", f"{path}/saved/forget", self._forget, operators=True),
            # For whoever has a box to type in: within the companies that they may see.
            Page("GET", f"{HOME}/suggestions", self._suggest, scope=Scope.READ),
        ]

    async def _show(self, visit: Visit) -> web.Response:
        return await self._page(visit, await self._asking.asked(visit))

    async def _find(self, visit: Visit) -> web.Response:
        """Straight to the document, where it is the only one that is meant; else to the log."""
        asked = await self._asking.asked(visit)
        if asked.text.strip() and not asked.faults:
            found = await self._asking.found(asked.question, None, 2)
            if len(found.documents) == 1 and found.place.next is None:
                (one,) = found.documents
                return visit.go(f"{HOME}/documents/{one.company_id}/{one.id}")
        return visit.go(f"{HOME}/log?q={quote(asked.text, safe='')}")

    async def _page(
        self, visit: Visit, asked: Asked, status: int = 200, not_saved: str = ""
    ) -> web.Response:
        after = visit.request.query.get("after")
        found, spread = await asyncio.gather(
            self._asking.found(asked.question, after, SHOWN), self._asking.spread(asked.question)
        )
        names = await self._names(asked, found.documents, spread)
        query = str(asked.query)
        view = View(
            text=asked.text if asked.faults else query,
            query=query,
            faults=asked.faults,
            chosen=chosen(asked.query, names),
            rows=tuple(row(document, names) for document in found.documents),
            place=found.place,
            facets=facets(spread, asked.query, names),
            counted=spread.counted,
            whole=spread.whole,
            saved=tuple(await self._saved.of(visit.somebody)),
            not_saved=not_saved,
            done=done if (done := visit.request.query.get("done", "")) in _DONE else "",
            back=f"{HOME}/log?q={quote(query, safe='')}",
            words=tuple((word.name, word.example) for word in WORDS.values()),
        )
        return visit.view(
            "log/log", view, status, title=visit.words("menu_log"), live=not found.place.later
        )

    async def _names(
        self, asked: Asked, documents: Iterable[Document], spread: Facets
    ) -> Mapping[str, str]:
        ids = [
            *(document.company_id for document in documents),
            *(value for value, _ in spread.of.get("company", ())),
            *asked.query.values("company"),
        ]
        return await self._asking.names(ids, asked.within)

    # --- saved queries --------------------------------------------------------------------------

    async def _save(self, visit: Visit) -> web.Response:
        asked = await self._asking.asked(visit, visit.form["q"])
        wrong = await self._saved.save(visit.somebody, visit.form["name"], str(asked.query))
        if wrong:
            return await self._page(visit, asked, 422, wrong)
        return _back(visit, asked, "saved")

    async def _forget(self, visit: Visit) -> web.Response:
        await self._saved.forget(visit.somebody, visit.form["name"])
        return _back(visit, await self._asking.asked(visit, visit.form["q"]), "forgotten")

    # --- while a query is typed -----------------------------------------------------------------

    async def _suggest(self, visit: Visit) -> web.Response:
        piece = typed(visit.request.query.get("q", "")[-1000:])
        within = await self._asking.within(visit)
        ids = None if within is None else list(within)
        looked_up: Sequence[tuple[str, str]] = ()
        companies: Sequence[str] = ()
        if piece.begin and piece.word in LOOKED_UP:
            looked_up = await self._store.suggested(ids, piece.begin, MOST)
        if piece.begin and piece.word == "company":  # reads all there are, of an operator
            called = await self._asking.called(piece.begin, within)
            companies = sorted({company.name for company in called})[:MOST]
        return twin(suggestions(piece, looked_up, companies, self._service.channels))

    # --- as a table -----------------------------------------------------------------------------

    async def _table(self, visit: Visit) -> web.StreamResponse:
        asked = await self._asking.asked(visit)
        if asked.faults:  # half of what was asked for would pass for all of it
            return await self._page(visit, asked, 422)
        name = f"documents-{self._parts.clock.now():%Y-%m-%d-%H%M}.csv"
        headers = {
            **HEADERS,
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": f'attachment; filename="{name}"',
        }
        lines = table.lines(self._every(asked), visit.words)
        return await send(visit.request, headers, lines)

    async def _every(self, asked: Asked) -> AsyncIterator[Sequence[Row]]:
        """All that was asked for, as long as more is wanted."""
        names: dict[str, str] = {}
        after = None
        while True:
            found = await self._asking.found(asked.question, after, _READ_AT_ONCE)
            new = {document.company_id for document in found.documents} - names.keys()
            names |= await self._asking.names(new, asked.within)
            yield [row(document, names) for document in found.documents]
            after = found.place.next
            if after is None:
                return


def _back(visit: Visit, asked: Asked, done: str) -> web.Response:
    return visit.go(f"{HOME}/log?q={quote(str(asked.query), safe='')}&done={done}")
