"""The bytes of a document, handed out: always to be saved, never shown in place.

The one exception is the invoice as we draw it, for a frame of ours that nothing gets out of.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable
from typing import Final

from aiohttp import web

from gateway.api import files, streams
from gateway.api.problems import Problem, Type
from gateway.api.routes import Call, NoParameters, Service
from gateway.archive.bundle import Dossier, bundle
from gateway.archive.retention import signing_key
from gateway.archive.zipped import MEDIA_TYPE as ZIP
from gateway.console.documents import rendered
from gateway.console.documents.seen import Reading, Seen
from gateway.console.visit import Visit
from gateway.delivery.logos import logo_of
from gateway.inbound.files import recorded
from gateway.store.port import ContentLost, Direction, Role
from gateway.trust.callers import Caller, Kind
from gateway.trust.people.roles import SCOPES
from gateway.trust.people.signing_in import name_of

# Nothing of what is saved may run, should it be opened in place all the same.
_SAVED: Final = {"Content-Security-Policy": "sandbox; default-src 'none'"}


class Given:
    """What can be fetched of a document."""

    def __init__(self, service: Service, reading: Reading) -> None:
        self._service = service
        self._store = service.store
        self._reading = reading

    async def rendered(self, visit: Visit, seen: Seen) -> web.StreamResponse:
        """The invoice as a page, for the frame."""
        ubl = None if seen.kept else await self._reading.newest(seen, Role.DOCUMENT)
        ours = seen.document.direction is Direction.OUT  # what came in is not our company's
        logo = await logo_of(self._store, seen.company.id) if ours else None
        language = seen.document.delivery.get("language")
        page = None
        if ubl is not None:
            page = await asyncio.to_thread(rendered.rendered, ubl, language, logo)
        if page is None:
            return notice(visit, 404, "not_found")
        return web.Response(body=page.encode(), headers=rendered.HEADERS)

    async def pdf(self, visit: Visit, seen: Seen) -> web.StreamResponse:
        """The invoice as PDF: what a channel carried, else one drawn now."""
        sending = files.send_image(_call(visit, seen, self._service), seen.document, seen.parts)
        return await _answered(visit, sending)

    async def file(self, visit: Visit, seen: Seen) -> web.StreamResponse:
        """A part of the document, by its hash."""
        call = _call(visit, seen, self._service)
        asked = visit.request.match_info["sha256"]
        return await _answered(visit, files.send_by_hash(call, seen.document, seen.parts, asked))

    async def inside(self, visit: Visit, seen: Seen) -> web.StreamResponse:
        """A file inside the document, by its hash."""
        if seen.kept:
            return notice(visit, 409, "document_kept")
        asked = visit.request.match_info["sha256"]
        held = recorded(await self._reading.newest(seen, Role.FILES))
        if any(one.sha256 == asked and one.code is not None for one in held):
            return notice(visit, 409, "document_kept")
        ubl = await self._reading.newest(seen, Role.DOCUMENT)
        for one in await asyncio.to_thread(rendered.inside, ubl) if ubl else ():
            if hashlib.sha256(one.content).hexdigest() == asked:
                headers = {**files.headers_of(one.name, one.media_type), **_SAVED}
                return web.Response(body=one.content, headers=headers)
        return notice(visit, 404, "not_found")

    async def bundle(self, visit: Visit, seen: Seen) -> web.StreamResponse:
        """All evidence, in one signed ZIP: the one that the API gives."""
        if seen.closed:
            return notice(visit, 409, "document_kept")
        dossier = await Dossier.of(self._store, seen.document)
        pieces = bundle(self._store, dossier, await signing_key(self._store))
        headers = {**files.headers_of(f"{seen.document.id}.zip", ZIP), **_SAVED}
        return await streams.send(visit.request, headers, pieces)


def notice(visit: Visit, status: int, what: str) -> web.Response:
    """A page that says why there is nothing."""
    return visit.show("notice", status, title=visit.words(f"{what}_title"), what=what)


async def _answered(visit: Visit, sending: Awaitable[web.StreamResponse]) -> web.StreamResponse:
    """What the API's function sends, or a page that says why not."""
    try:
        return await sending
    except Problem as problem:
        if problem.kind is Type.NOT_FOUND:
            return notice(visit, 404, "not_found")
        return notice(visit, 409, "document_kept")
    except ContentLost:
        return notice(visit, 410, "document_lost")


def _call(visit: Visit, seen: Seen, service: Service) -> Call[NoParameters]:
    """Who asks, as the API's functions have them."""
    person = visit.somebody
    caller = Caller(
        *(Kind.PERSON, person.id, name_of(person), person.reach, SCOPES[person.role]),
        seen.company,
    )
    return Call(visit.request, service, caller, NoParameters())
