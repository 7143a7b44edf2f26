"""The page of jobs, and what is done with dead ones."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from gateway.api.routes import Service
from gateway.audit.chain import NewEntry, Told, reasoned
from gateway.console.console import Page, Parts
from gateway.console.forms import reason_of
from gateway.console.jobs.exports import Exports
from gateway.console.jobs.lookups import Lookups
from gateway.console.jobs.parts import PATH, done, names, not_there
from gateway.console.jobs.views import Asking, Jobs, Lookup, archive, coming, dead
from gateway.console.visit import Visit
from gateway.store.port import DeadJob
from gateway.trust.people.signing_in import name_of

_SHOWN: Final = 50
_MOST_KEPT: Final = 200  # files of customers, and exports, that are listed
_ACTIONS: Final = {"revive": "job.revived", "drop": "job.dropped"}


class JobPages:
    """The pages."""

    def __init__(self, parts: Parts, service: Service) -> None:
        self._parts = parts
        self._store = service.store
        self._clock = service.clock
        self._jobs = service.jobs
        self._more = (*Exports(parts, service).pages(), *Lookups(parts, service).pages())

    def pages(self) -> list[Page]:
        """All of them."""
        one = f"{PATH}/dead/{{job_id:[0-9]{{1,18}}}}/{{verb:{'|'.join(_ACTIONS)}}}"
        return [
            Page("GET", PATH, self._list, operators=True, twin=True),
            Page("GET", one, self._ask, operators=True, twin=True),
            Page("POST", one, self._do, operators=True),
            *self._more,
        ]

    async def _list(self, visit: Visit) -> web.Response:
        companies, now = await names(self._parts, visit), self._clock.now()
        after = visit.request.query.get("after", "")
        is_number = after.isascii() and after.isdigit() and len(after) <= 18
        found = await self._store.dead(int(after) if is_number else 0, _SHOWN + 1)
        exports = await self._store.exports(_MOST_KEPT)
        view = Jobs(
            dead=tuple(dead(job, companies) for job in found[:_SHOWN]),
            next=f"?after={found[_SHOWN - 1].id}" if len(found) > _SHOWN else "",
            later=is_number,
            schedules=coming(await self._store.schedules(), now),
            lookups=tuple(
                Lookup(whose, companies.get(whose, ""), progress)
                for whose, progress in await self._jobs.newest(_MOST_KEPT)
            ),
            exports=tuple(archive(one, companies) for one in exports if one.gone_at > now),
            done=done(visit),
        )
        return visit.view("jobs/list", view, title=visit.words("menu_jobs"), live=True)

    async def _named(self, visit: Visit) -> DeadJob | None:
        job_id = int(visit.request.match_info["job_id"])
        found = await self._store.dead(job_id - 1, 1)
        return found[0] if found and found[0].id == job_id else None

    async def _ask(self, visit: Visit) -> web.Response:
        job = await self._named(visit)
        return not_there(visit) if job is None else await self._asked(visit, job)

    async def _asked(self, visit: Visit, job: DeadJob, fault: str = "") -> web.Response:
        verb = visit.request.match_info["verb"]
        shown = dead(job, await names(self._parts, visit))
        view = Asking(shown, verb, visit.form["reason"], fault)
        title = visit.words(f"jobs_{verb}_title", id=job.id)
        return visit.view("jobs/ask", view, 422 if fault else 200, title=title)

    async def _do(self, visit: Visit) -> web.Response:
        job, verb = await self._named(visit), visit.request.match_info["verb"]
        if job is None:  # the same form sent twice does it once
            return visit.go(f"{PATH}?done=already")
        reason = reason_of(visit.form)
        if not reason:
            return await self._asked(visit, job, "reason")
        now, actor = self._clock.now(), name_of(visit.somebody)
        data = reasoned({"kind": job.kind, "about": job.document_id}, reason)
        entry = NewEntry(actor, _ACTIONS[verb], str(job.id), job.company_id, data)
        told = Told(entry, now)
        if verb == "revive":
            went = await self._store.revive(job.id, now, told=told)
        else:
            went = await self._store.drop_dead(job.id, told=told)
        if not went and verb == "revive" and await self._named(visit) is not None:
            return await self._asked(visit, job, "other")
        return visit.go(f"{PATH}?done={verb if went else 'already'}")
