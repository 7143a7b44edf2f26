"""Files of customers whose channels are looked for: begun, fetched, deleted."""

from __future__ import annotations

from aiohttp import web

from gateway.api.body import apart
from gateway.api.files import headers_of
from gateway.api.lookup_jobs import CSV, as_csv, as_json
from gateway.api.routes import Service
from gateway.api.streams import send
from gateway.audit.chain import NewEntry, reasoned
from gateway.console import pages
from gateway.console.console import Page, Parts
from gateway.console.forms import reason_of
from gateway.console.jobs.parts import PATH, names, not_there
from gateway.console.jobs.views import Lookup, NewLookup, Removing, Wrong
from gateway.console.visit import Visit
from gateway.identifying import table
from gateway.identifying.jobs import TooMany
from gateway.trust.people.signing_in import name_of

_FORMS = {"csv": (CSV, as_csv), "json": ("application/json", as_json)}


class Lookups:
    """The pages."""

    def __init__(self, parts: Parts, service: Service) -> None:
        self._parts = parts
        self._store = service.store
        self._clock = service.clock
        self._jobs = service.jobs

    def pages(self) -> list[Page]:
        """All of them."""
        new = f"{PATH}/lookups/new"
        one = f"{PATH}/lookups/{{company_id}}/{{job_id}}"
        forms = "|".join(_FORMS)
        return [
            Page("GET", new, self._ask, operators=True, twin=True),
            Page("POST", new, self._begin, operators=True, with_file=True),
            Page("GET", f"{one}/result.{{form:{forms}}}", self._result, operators=True),
            Page("GET", f"{one}/remove", self._ask_removal, operators=True, twin=True),
            Page("POST", f"{one}/remove", self._remove, operators=True),
        ]

    async def _ask(self, visit: Visit) -> web.Response:
        return await self._asked(visit)

    async def _asked(
        self, visit: Visit, fault: str = "", wrong: table.Wrong | None = None
    ) -> web.Response:
        faults = wrong.faults if wrong is not None else ()
        view = NewLookup(
            tuple((await names(self._parts, visit)).items()),
            visit.form["company"] or visit.request.query.get("company", ""),
            fault,
            tuple(Wrong(one.line, one.column or "", one.text) for one in faults),
            wrong.left_out if wrong is not None else 0,
        )
        title = visit.words("jobs_lookup_new")
        return visit.view("jobs/lookup", view, 422 if fault else 200, title=title)

    async def _begin(self, visit: Visit) -> web.Response:
        """The same file again leads to the same job."""
        company = await self._parts.company_of(visit, visit.form["company"])
        if company is None:
            return await self._asked(visit, "company")
        if visit.form.file is None or not visit.form.file.content:
            return await self._asked(visit, "file")
        content, now = visit.form.file.content, self._clock.now()
        is_csv = not content.lstrip().startswith(b"{")
        rows = await apart(len(content), table.read, content, is_csv=is_csv, today=now.date())
        if isinstance(rows, table.Wrong):
            return await self._asked(visit, "wrong", rows)
        there = {job.id for job in await self._jobs.all(company.id)}
        try:
            job = await self._jobs.begin(company.id, content, rows)
        except TooMany:
            return await self._asked(visit, "many")
        if job.id not in there:
            actor, data = name_of(visit.somebody), {"rows": job.rows}
            entry = NewEntry(actor, "lookup.begun", job.id, company.id, data)
            await self._store.audit(entry, now)
        return visit.go(f"{PATH}?done=lookup")

    async def _named(self, visit: Visit) -> Lookup | None:
        named = visit.request.match_info
        company = await self._parts.company_of(visit, named["company_id"])
        found = company and await self._jobs.one(company.id, named["job_id"])
        return Lookup(company.id, company.name, found) if company and found else None

    async def _result(self, visit: Visit) -> web.StreamResponse:
        lookup = await self._named(visit)
        if lookup is None:
            return not_there(visit)
        form = visit.request.match_info["form"]
        media_type, make = _FORMS[form]
        pieces = make(self._jobs.answers(lookup.company_id, lookup.progress.id))
        headers = headers_of(f"{lookup.progress.id}.{form}", media_type)
        return await send(visit.request, {**pages.HEADERS, **headers}, pieces)

    async def _ask_removal(self, visit: Visit) -> web.Response:
        lookup = await self._named(visit)
        return not_there(visit) if lookup is None else self._removal(visit, lookup)

    def _removal(self, visit: Visit, lookup: Lookup, fault: str = "") -> web.Response:
        view = Removing(lookup, visit.form["reason"], fault)
        title = visit.words("jobs_remove_title", company=lookup.company)
        return visit.view("jobs/remove", view, 422 if fault else 200, title=title)

    async def _remove(self, visit: Visit) -> web.Response:
        lookup = await self._named(visit)
        if lookup is None:
            return visit.go(f"{PATH}?done=already")
        reason = reason_of(visit.form)
        if not reason:
            return self._removal(visit, lookup, "reason")
        job_id = lookup.progress.id
        if await self._jobs.remove(lookup.company_id, job_id):
            actor, data = name_of(visit.somebody), reasoned({}, reason)
            entry = NewEntry(actor, "lookup.removed", job_id, lookup.company_id, data)
            await self._store.audit(entry, self._clock.now())
        return visit.go(f"{PATH}?done=removed")
