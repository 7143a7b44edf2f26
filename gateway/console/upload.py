"""Handing a document in by hand: choose a file, see what was found in it, and where it stands.

It goes the way of everything that is not handed in over HTTP (`gateway.handing_in`): the gate is
asked, the shape is checked, and it is on disk before the page says so.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Sequence
from typing import Final

from aiohttp import web

from gateway.console.console import Page, Parts
from gateway.console.forms import HOME
from gateway.console.uploaded import Uploads
from gateway.console.visit import Visit
from gateway.handing_in import Handed, document
from gateway.inbound.aside import SET_ASIDE
from gateway.intake.submission import Refused
from gateway.lifecycle import State
from gateway.store.port import Accepted, Document, KeyReused, Role, Store
from gateway.trust.gate import Closed
from gateway.trust.scopes import Scope
from validators.findings import Finding

_LISTED: Final = 20  # of these, whose latest uploads are looked for
_LOOKED_AT_S: Final = 5.0  # so long a page waits for a document to be checked
_MOST_FINDINGS: Final = 200


class Uploading:
    """The pages."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._store = parts.store
        self._uploads = Uploads(parts.store, parts.clock)

    def pages(self) -> list[Page]:
        """All of them."""
        path = f"{HOME}/upload"
        one = f"{path}/{{company_id}}/{{document_id}}"
        return [
            Page("GET", path, self._ask, scope=Scope.SEND),
            Page("POST", path, self._take, scope=Scope.SEND, with_file=True),
            Page("GET", one, self._show, scope=Scope.SEND),
        ]

    async def _ask(self, visit: Visit) -> web.Response:
        return await self._form(visit)

    async def _form(
        self,
        visit: Visit,
        status: int = 200,
        fault: str = "",
        findings: Sequence[Finding] = (),
        file: str = "",
        text: str = "",
    ) -> web.Response:
        all_of_them = await self._parts.companies_of(visit)
        companies = [one for one in all_of_them if one.id != SET_ASIDE]
        return visit.show(
            "upload",
            status,
            title=visit.words("upload"),
            companies=companies,
            chosen=visit.form["company"] or visit.request.query.get("company", ""),
            once=secrets.token_urlsafe(16),
            uploads=await self._uploads.latest(visit.somebody, companies[:_LISTED]),
            fault=fault,
            findings=findings,
            file=file,
            text=text,
        )

    async def _take(self, visit: Visit) -> web.Response:
        company = await self._parts.company_of(visit, visit.form["company"])
        upload = visit.form.file
        if company is None:
            return await self._form(visit, 422, "no_company")
        if upload is None or not upload.content:
            return await self._form(visit, 422, "no_file")
        # The same form sent twice, by a second click or a reload, hands in one document.
        once = f"upload {visit.somebody.id} {visit.form['once'][:64]}"
        handed = Handed(document(upload.name, upload.content), (), once)
        match await self._parts.handing_in.hand_in(company, handed):
            case Accepted(document_id, replayed):
                if not replayed:
                    await self._uploads.add(visit.somebody, company.id, upload.name, document_id)
                return visit.go(f"{HOME}/upload/{company.id}/{document_id}")
            case KeyReused(document_id):
                return visit.go(f"{HOME}/upload/{company.id}/{document_id}")
            case Closed() as closed:
                return await self._form(visit, 403, "closed", file=upload.name, text=closed.text)
            case Refused(findings):
                shown = findings[:_MOST_FINDINGS]
                return await self._form(visit, 422, "refused", shown, upload.name)

    async def _show(self, visit: Visit) -> web.Response:
        company = await self._parts.company_of(visit, visit.request.match_info["company_id"])
        document_id = visit.request.match_info["document_id"]
        found = None if company is None else await self._looked_at(company.id, document_id)
        if company is None or found is None:
            title = visit.words("not_found_title")
            return visit.show("notice", 404, title=title, what="not_found")
        return visit.show(
            "document",
            title=visit.words("uploaded"),
            document=found,
            company=company,
            findings=await _findings(self._store, found),
            file=await self._uploads.file(visit.somebody, company.id, document_id),
            path=f"{HOME}/upload",
        )

    async def _looked_at(self, company_id: str, document_id: str) -> Document | None:
        """The document, once it was checked, or the time is over."""
        loop = asyncio.get_running_loop()
        until = loop.time() + _LOOKED_AT_S
        while True:
            news = asyncio.ensure_future(
                self._store.wait(f"events:{company_id}", max(0.0, until - loop.time()))
            )
            try:
                found = await self._store.document(company_id, document_id)
                if found is None or found.state is not State.RECEIVED or loop.time() >= until:
                    return found
                await news
            finally:
                news.cancel()


async def _findings(store: Store, document: Document) -> list[Finding]:
    """What was found in a document, as far as it has been looked at."""
    parts = await store.files(document.company_id, document.id, [Role.FINDINGS])
    if not parts:
        return []
    return [Finding(**one) for one in json.loads(parts[-1][1])[:_MOST_FINDINGS]]
