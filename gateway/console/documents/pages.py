"""/console/documents/{company_id}/{document_id}: one document, for operators and its company.

In charge of the tabs and of what is read for each. What a tab is made of are pure functions, one
module for each tab; bytes are handed out by `given`.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from aiohttp import web

from gateway.api.routes import Service
from gateway.console.acting.allowed import Act
from gateway.console.console import Page, Parts
from gateway.console.documents import rendered
from gateway.console.documents.attachments import Attachments, attachments
from gateway.console.documents.envelope import Enveloped, enveloped
from gateway.console.documents.given import Given, notice
from gateway.console.documents.happened import Audited, Happenings, audited, happenings
from gateway.console.documents.seen import Reading, Seen
from gateway.console.documents.sent_in import SentIn, sent_in
from gateway.console.documents.source import Source, source
from gateway.console.documents.top import Top, top
from gateway.console.documents.way import File, Way, file, way
from gateway.console.documents.wire import Piece, pieces
from gateway.console.forms import HOME
from gateway.console.visit import Visit
from gateway.delivery.history import every_event
from gateway.inbound.files import recorded
from gateway.store.keeping import Sought
from gateway.store.port import Direction, Part, Role
from gateway.trust.scopes import Scope
from transports import base
from validators.findings import Finding, Severity

_MOST_FINDINGS: Final = 500
_MOST_PUSHES: Final = 200
_MOST_MESSAGES: Final = 50
_MOST_ENTRIES: Final = 100

_PATH: Final = f"{HOME}/documents/{{company_id}}/{{document_id}}"


@dataclass(frozen=True, slots=True)
class Picture:
    """The tab "Invoice". `html`, `pdf`: whether it can be drawn so."""

    html: bool
    pdf: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """A file whose lines can be shown."""

    role: str
    file: File
    here: bool


@dataclass(frozen=True, slots=True)
class Ubl:
    """The tab "UBL"; `source` is None where there is none, or it is kept back. `own`: whether the
    findings are about this file."""

    choices: tuple[Choice, ...]
    source: Source | None
    own: bool


@dataclass(frozen=True, slots=True)
class Wire:
    """A file that went over the wire, as people read it."""

    file: File
    channel: str
    pieces: tuple[Piece, ...]


Body = Way | Picture | Ubl | SentIn | Enveloped | Attachments | Happenings | Audited | Wire


@dataclass(frozen=True, slots=True)
class Shown:
    """A tab of the page. `kept`: why the bytes of the document are not handed out; `done`: what
    somebody has just done to it."""

    top: Top
    tab: str
    kept: str
    done: str
    body: Body


class Documents:
    """The pages."""

    def __init__(self, parts: Parts, service: Service) -> None:
        self._store = service.store
        self._reading = Reading(parts, service)
        self._given = Given(service, self._reading)

    def pages(self) -> list[Page]:
        """All of them."""
        tabs = {
            "": self._way,
            "/invoice": self._invoice,
            "/ubl": self._ubl,
            "/sent-in": self._sent_in,
            "/envelope": self._envelope,
            "/attachments": self._attachments,
            "/events": self._events,
            "/audit": self._audit,
            "/wire/{sha256}": self._wire,
        }
        given = {
            "/rendered": self._given.rendered,
            "/invoice.pdf": self._given.pdf,
            "/evidence.zip": self._given.bundle,
            "/files/{sha256}": self._given.file,
            "/inside/{sha256}": self._given.inside,
        }
        return [
            *(self._page(path, show, twin=True) for path, show in tabs.items()),
            *(self._page(path, show, twin=False) for path, show in given.items()),
        ]

    def _page(
        self,
        path: str,
        show: Callable[[Visit, Seen], Awaitable[web.StreamResponse]],
        *,
        twin: bool,
    ) -> Page:
        async def opened(visit: Visit) -> web.StreamResponse:
            seen = await self._reading.seen(visit)
            return notice(visit, 404, "not_found") if seen is None else await show(visit, seen)

        return Page("GET", _PATH + path, opened, scope=Scope.READ, twin=twin)

    # --- the tabs ---

    async def _way(self, visit: Visit, seen: Seen) -> web.Response:
        case = seen.case
        events = await every_event(self._store, seen.document)
        rows = (case.plan, case.legs, case.attempts, seen.parts, events)
        return _show(visit, seen, "way", way(*rows, operator=visit.is_operator), live=True)

    async def _invoice(self, visit: Visit, seen: Seen) -> web.Response:
        there = {part.role for part in seen.parts}
        drawn = Role.DOCUMENT in there and seen.document.head.number is not None
        return _show(visit, seen, "invoice", Picture(drawn, drawn or Role.IMAGE in there))

    async def _ubl(self, visit: Visit, seen: Seen) -> web.Response:
        found = _sources(seen.parts)
        asked = visit.request.query.get("file", "")
        part = next((one for one in found if one.sha256 == asked), found[0] if found else None)
        if part is None or seen.kept:
            return _show(visit, seen, "ubl", Ubl((), None, own=True))
        content, findings, hidden = await asyncio.gather(
            self._reading.content(seen, part.sha256),
            self._reading.newest(seen, Role.FINDINGS),
            self._reading.hidden(seen),
        )
        if content is None:
            return _show(visit, _lost(visit, seen), "ubl", Ubl((), None, own=True))
        about = _about(seen)
        own = about is not None and about.sha256 == part.sha256
        first = _number(visit.request.query.get("from", ""))
        given = (content, _findings(findings), part.media_type)
        page = await asyncio.to_thread(lambda: source(*given, first=first, own=own, hidden=hidden))
        choices = tuple(Choice(one.role, file(one), one is part) for one in found)
        return _show(visit, seen, "ubl", Ubl(choices, page, own))

    async def _sent_in(self, visit: Visit, seen: Seen) -> web.Response:
        part = seen.last(Role.ORIGINAL)
        if part is None and seen.document.direction is Direction.IN:
            part = seen.last(Role.DOCUMENT)
        content, added, hidden = await asyncio.gather(
            self._reading.content(seen, part.sha256 if part and not seen.kept else ""),
            self._reading.newest(seen, Role.FILLED_IN),
            self._reading.hidden(seen),
        )
        original = None if part is None or content is None else (part, content)
        if part is not None and content is None and not seen.kept:
            seen = _lost(visit, seen)
        rows = (seen.document, seen.parts, original, added, hidden)
        return _show(visit, seen, "sent_in", await asyncio.to_thread(sent_in, *rows))

    async def _envelope(self, visit: Visit, seen: Seen) -> web.Response:
        envelope, messages = await asyncio.gather(
            self._reading.newest(seen, Role.ENVELOPE),
            self._store.messages_of(seen.company.id, seen.document.id, _MOST_MESSAGES),
        )
        body = enveloped(envelope, seen.case.legs, messages, seen.parts)
        return _show(visit, seen, "envelope", body)

    async def _attachments(self, visit: Visit, seen: Seen) -> web.Response:
        held, fetched, mergers, inside = await asyncio.gather(
            self._reading.newest(seen, Role.FILES),
            self._reading.newest(seen, Role.FETCH),
            self._reading.every(seen, Role.MERGER),
            self._inside(seen),
        )
        body = attachments(seen.parts, inside, recorded(held), fetched, mergers)
        return _show(visit, seen, "attachments", body)

    async def _inside(self, seen: Seen) -> Sequence[base.File]:
        ubl = None if seen.kept else await self._reading.newest(seen, Role.DOCUMENT)
        return () if ubl is None else await asyncio.to_thread(rendered.inside, ubl)

    async def _events(self, visit: Visit, seen: Seen) -> web.Response:
        events, pushes, endpoints = await asyncio.gather(
            every_event(self._store, seen.document),
            self._store.pushes_of(seen.company.id, seen.document.id, _MOST_PUSHES),
            self._store.endpoints(seen.company.id),
        )
        return _show(visit, seen, "events", happenings(events, pushes, endpoints), live=True)

    async def _audit(self, visit: Visit, seen: Seen) -> web.Response:
        sought = Sought(about=seen.document.id, company_id=seen.company.id)
        entries = await self._store.audit_found(sought, None, _MOST_ENTRIES + 1)
        body = audited(entries, _MOST_ENTRIES, operator=visit.is_operator)
        return _show(visit, seen, "audit", body)

    async def _wire(self, visit: Visit, seen: Seen) -> web.Response:
        asked = visit.request.match_info["sha256"]
        kept = (one for one in seen.parts if one.role is Role.EVIDENCE and one.sha256 == asked)
        part = next(kept, None)
        if part is None:
            return notice(visit, 404, "not_found")
        shown: tuple[Piece, ...] = ()
        if not seen.kept:
            content, hidden = await asyncio.gather(
                self._reading.content(seen, part.sha256), self._reading.hidden(seen)
            )
            if content is None:
                seen = _lost(visit, seen)
            else:
                given = (content, part.media_type)
                shown = await asyncio.to_thread(lambda: pieces(*given, hidden=hidden))
        tries = {one.id: one.channel for one in seen.case.attempts}
        channel = tries.get(part.attempt_id or "", seen.document.channel or "")
        return _show(visit, seen, "wire", Wire(file(part), channel, shown))


def _lost(visit: Visit, seen: Seen) -> Seen:
    """The same, where the bytes that are to be shown are not what was stored, or nobody has their
    key any more."""
    return replace(seen, kept=visit.words("document_lost_text"))


def _show(visit: Visit, seen: Seen, tab: str, body: Body, *, live: bool = False) -> web.Response:
    head = top(
        *(seen.case, seen.company.name, visit.words),
        operator=visit.is_operator,
        verbs=seen.verbs,
    )
    word = visit.request.query.get("done", "")
    done = visit.words(f"acting_done_{word}") if word in _DONE else ""
    shown = Shown(head, tab, seen.kept, done, body)
    return visit.view(f"documents/{tab}", shown, title=_title(visit, head), live=live)


_DONE: Final = frozenset({*Act, "recall"})

_KINDS: Final = frozenset({"invoice", "credit_note", "reminder", "invoice_response"})


def _title(visit: Visit, head: Top) -> str:
    kind = visit.words(f"document_kind_{head.kind if head.kind in _KINDS else 'other'}")
    return f"{kind} {head.number}".strip()


_READ: Final = re.compile("xml|json")


def _sources(parts: Sequence[Part]) -> list[Part]:
    """The files that can be shown by lines, each once: what travels first, then what came."""
    found: dict[str, Part] = {}
    for role in (Role.DOCUMENT, Role.ORIGINAL, Role.RENDERED):
        for part in parts:
            if part.role is role and _READ.search(part.media_type.lower()):
                found.setdefault(part.sha256, part)
    return list(found.values())


def _about(seen: Seen) -> Part | None:
    """What the findings are about: what was handed in; of what came in, the document itself."""
    order = (Role.DOCUMENT, Role.ORIGINAL)
    if seen.document.direction is Direction.OUT:
        order = (Role.ORIGINAL, Role.DOCUMENT)
    return next((part for role in order if (part := seen.last(role))), None)


def _findings(content: bytes | None) -> tuple[Finding, ...]:
    found = json.loads(content or b"[]")[:_MOST_FINDINGS]
    return tuple(
        Finding(**{**one, "severity": Severity(one["severity"]), "terms": tuple(one["terms"])})
        for one in found
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 1
