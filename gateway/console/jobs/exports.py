"""Archive exports: asked for, and their files fetched."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from aiohttp import web

from gateway.api.files import headers_of
from gateway.api.routes import Service
from gateway.api.streams import send
from gateway.archive import exports
from gateway.archive.retention import signing_key
from gateway.archive.zipped import MEDIA_TYPE as ZIP
from gateway.console import pages
from gateway.console.console import Page, Parts
from gateway.console.forms import reason_of
from gateway.console.jobs.parts import PATH, names, not_there
from gateway.console.jobs.views import NewExport
from gateway.console.visit import Visit
from gateway.store.port import Direction
from gateway.trust.people.signing_in import name_of

_LAST_DAY: Final = date(9000, 1, 1)  # the stores know no day much later


class Exports:
    """The pages."""

    def __init__(self, parts: Parts, service: Service) -> None:
        self._parts = parts
        self._store = service.store
        self._clock = service.clock
        self._gate = service.gate

    def pages(self) -> list[Page]:
        """All of them."""
        new = f"{PATH}/exports/new"
        file = f"{PATH}/exports/{{company_id}}/{{export_id}}/{{n:[0-9]{{1,9}}}}"
        return [
            Page("GET", new, self._ask, operators=True, twin=True),
            Page("POST", new, self._begin, operators=True),
            Page("GET", file, self._file, operators=True),
        ]

    async def _ask(self, visit: Visit) -> web.Response:
        return await self._asked(visit)

    async def _asked(self, visit: Visit, *faults: str) -> web.Response:
        form, first = visit.form, self._clock.now().date().replace(day=1)
        before = (first - timedelta(days=1)).replace(day=1)  # the month that has ended
        view = NewExport(
            tuple((await names(self._parts, visit)).items()),
            form["company"] or visit.request.query.get("company", ""),
            form["start"] or before.isoformat(),
            form["end"] or (first - timedelta(days=1)).isoformat(),
            form["direction"],
            form["reason"],
            faults,
        )
        title = visit.words("jobs_export_new")
        return visit.view("jobs/export", view, 422 if faults else 200, title=title)

    async def _begin(self, visit: Visit) -> web.Response:
        """The same wish again leads to the same export."""
        form, now = visit.form, self._clock.now()
        company = await self._parts.company_of(visit, form["company"])
        start, end = _midnight(form["start"]), _midnight(form["end"])
        directions = {"": None, "out": Direction.OUT, "in": Direction.IN}
        reason = reason_of(visit.form)
        faults = [
            *(["company"] if company is None else []),
            *(["start"] if start is None else []),
            *(["end"] if end is None else []),
            *(["direction"] if form["direction"] not in directions else []),
            *(["reason"] if not reason else []),
        ]
        end = end and end + timedelta(days=1)  # the day itself counts too
        if start is not None and end is not None and exports.wrong(start, end, now):
            faults.append("period")
        if faults or company is None or start is None or end is None:
            return await self._asked(visit, *faults)
        export = exports.asked(company.id, start, end, directions[form["direction"]], now)
        entry = exports.told(export, name_of(visit.somebody), reason)
        await self._store.add_export(export, exports.job_of(export), entry)
        return visit.go(f"{PATH}?done=export")

    async def _file(self, visit: Visit) -> web.StreamResponse:
        named = visit.request.match_info
        export = await self._store.export(named["company_id"], named["export_id"])
        if export is None or export.gone_at <= self._clock.now():
            return not_there(visit)
        file = next((one for one in export.files if one.n == int(named["n"])), None)
        if file is None:
            return not_there(visit)
        if await exports.closed(self._gate, export, file) is not None:
            title = visit.words("jobs_closed_title")
            return visit.show("notice", 403, title=title, what="jobs_closed")
        pieces = exports.archive(self._store, export, file, await signing_key(self._store))
        headers = headers_of(f"{export.id}-{file.n}.zip", ZIP)
        return await send(visit.request, {**pages.HEADERS, **headers}, pieces)


def _midnight(text: str) -> datetime | None:
    """The beginning of a day; None for what is none."""
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        return None
    return datetime.combine(day, time(), UTC) if day < _LAST_DAY else None
