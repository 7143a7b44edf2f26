"""The pages of the audit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from gateway.api.files import headers_of
from gateway.api.routes import Service
from gateway.api.streams import send
from gateway.archive.retention import signing_key
from gateway.audit.chain import EMPTY, Broken, Entry, Head
from gateway.audit.pieces import check
from gateway.console import pages
from gateway.console.audit.asking import Asked
from gateway.console.audit.export import FORMS
from gateway.console.audit.listing import Line, Listing, Whole, line, persons
from gateway.console.console import Page, Parts
from gateway.console.forms import HOME
from gateway.console.visit import Visit

_PATH: Final = f"{HOME}/audit"
_SHOWN: Final = 50
_MOST_NAMES: Final = 300  # of people and actions to choose from
_HEAD: Final = re.compile(r"([0-9]{1,15}):([0-9a-f]{64})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Check:
    """How far the chain was checked. `entries`: in all pieces so far; `left`: still to be checked;
    `head` names the newest that was; `next` is the query that goes on. With `broken`, the number of
    the first entry that is wrong, `why` says how."""

    begun: bool
    entries: int = 0
    first: int = 1
    left: int = 0
    head: str = ""
    next: str = ""
    broken: int | None = None
    why: str = ""


class Audit:
    """The pages."""

    def __init__(self, parts: Parts, service: Service) -> None:
        self._parts = parts
        self._store = service.store

    def pages(self) -> list[Page]:
        """All of them."""
        forms = "|".join(FORMS)
        return [
            Page("GET", _PATH, self._list, operators=True, twin=True),
            Page("GET", f"{_PATH}/check", self._check, operators=True, twin=True),
            Page("GET", f"{_PATH}/entries.{{form:{forms}}}", self._export, operators=True),
            Page("GET", f"{_PATH}/{{seq:[0-9]{{1,15}}}}", self._one, operators=True, twin=True),
        ]

    async def _list(self, visit: Visit) -> web.Response:
        asked = Asked.of(visit.request.query)
        entries: Sequence[Entry] = ()
        if not asked.faults:
            sought, before = asked.sought()
            entries = await self._store.audit_found(sought, before, _SHOWN + 1)
        shown = entries[:_SHOWN]
        companies = {one.id: one.name for one in await self._parts.companies_of(visit)}
        actors, actions = await self._store.audit_names(_MOST_NAMES)
        people = await self._people(shown)
        more = len(entries) > _SHOWN
        view = Listing(
            asked,
            asked.faults,
            tuple(line(entry, people, companies) for entry in shown),
            asked.query(before=str(shown[-1].seq)) if more else "",
            asked.query(before="") if asked.before else "",
            tuple(actors),
            tuple(actions),
            tuple(companies.items()),
            asked.query(before=""),
        )
        status = 422 if asked.faults else 200
        live = not asked.before and not asked.faults
        return visit.view("audit/list", view, status, title=visit.words("menu_audit"), live=live)

    async def _one(self, visit: Visit) -> web.Response:
        seq = int(visit.request.match_info["seq"])
        around = await self._store.audit_entries(max(seq - 2, 0), 3)  # it and its neighbours
        entry = next((one for one in around if one.seq == seq), None)
        if entry is None:
            return visit.show("notice", 404, title=visit.words("not_found_title"), what="not_found")
        view = Whole(
            await self._line(entry),
            around[-1] is entry,
            around[0] is entry,
            entry.data,
            entry.previous,
            entry.hash,
        )
        return visit.view("audit/one", view, title=visit.words("audit_one", seq=seq))

    async def _line(self, entry: Entry) -> Line:
        company = await self._store.company(entry.company_id) if entry.company_id else None
        companies = {} if company is None else {company.id: company.name}
        return line(entry, await self._people([entry]), companies, cut=False)

    async def _people(self, entries: Sequence[Entry]) -> dict[str, str]:
        """Who the people among the actors are, by the actor."""
        found = [await self._store.person(id_) for id_ in persons(entries)]
        return {f"person:{one.id}": one.email for one in found if one is not None}

    async def _check(self, visit: Visit) -> web.Response:
        """A piece of the chain, and on from where the one before ended."""
        query = visit.request.query
        view = Check(begun="after" in query)
        if view.begun:
            view = await self._checked(query.get("after", ""), query.get("entries", ""))
        return visit.view("audit/check", view, title=visit.words("audit_check"))

    async def _checked(self, after: str, entries: str) -> Check:
        head, before = EMPTY, 0
        if said := _HEAD.fullmatch(after):
            head = Head(int(said[1]), said[2])
            before = int(entries) if re.fullmatch(r"[0-9]{1,15}", entries, re.ASCII) else 0
        key = (await signing_key(self._store)).public
        found = await check(self._store, key.signed, head)
        if isinstance(found, Broken):
            return Check(True, before, broken=found.seq, why=found.why)
        done = before + found.entries
        onward = f"?after={found.head}&entries={done}" if found.left > 0 else ""
        return Check(True, done, found.first, max(found.left, 0), str(found.head), onward)

    async def _export(self, visit: Visit) -> web.StreamResponse:
        asked = Asked.of(visit.request.query)
        if asked.faults:
            return visit.show("notice", 422, title=visit.words("bad_form_title"), what="bad_form")
        form = visit.request.match_info["form"]
        media_type, make = FORMS[form]
        headers = {**pages.HEADERS, **headers_of(f"audit.{form}", media_type)}
        return await send(visit.request, headers, make(self._store, asked))
