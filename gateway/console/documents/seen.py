"""A document that somebody may see, read for its page.

In charge of whose it is, of what is kept back of it, and of reading what every tab needs at once.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from gateway.api.routes import Service
from gateway.console.acting.allowed import Allowed, allowed, known_of
from gateway.console.console import Parts
from gateway.console.documents.sentence import Case
from gateway.console.documents.wire import numbers
from gateway.console.visit import Visit
from gateway.delivery.envelope import particulars
from gateway.delivery.scanning import withheld
from gateway.routing.plan import Plan, from_data
from gateway.store.inbox import Item
from gateway.store.port import Company, ContentLost, Direction, Document, Part, Role
from gateway.trust.scopes import Scope

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Seen:
    """A document, and what every tab of it needs. `closed`: why its company may not have it yet;
    `kept`: why its bytes are not handed out, for that or because of a virus; both are empty where
    they are. `verbs`: what who looks can do to it now, and why not the rest."""

    company: Company
    case: Case
    parts: Sequence[Part]
    closed: str
    kept: str
    verbs: tuple[Allowed, ...]

    @property
    def document(self) -> Document:
        """The row."""
        return self.case.document

    def last(self, role: Role) -> Part | None:
        """The newest part of a role."""
        return next((part for part in reversed(self.parts) if part.role is role), None)


class Reading:
    """Reads documents."""

    def __init__(self, parts: Parts, service: Service) -> None:
        self._parts = parts
        self._service = service
        self._store = service.store

    async def seen(self, visit: Visit) -> Seen | None:
        """The document of the address; None where it is nobody's, or of somebody else."""
        asked = visit.request.match_info
        company = await self._parts.company_of(visit, asked["company_id"])
        if company is None:
            return None
        at = (company.id, asked["document_id"])
        document = await self._store.document(*at)
        if document is None:
            return None
        (parts, legs, attempts), (plan, item, verbs, closed) = await asyncio.gather(
            asyncio.gather(
                self._store.parts(*at), self._store.legs(*at), self._store.attempts(*at)
            ),
            asyncio.gather(
                self._plan(document),
                self._item(document),
                self._verbs(visit, document),
                self._closed(document),
            ),
        )
        case = Case(document, self._parts.clock.now(), legs, attempts, plan, item)
        kept = closed
        if not kept and any(withheld(document, part) for part in parts):
            kept = visit.words("document_withheld")
        return Seen(company, case, parts, closed, kept, verbs)

    async def newest(self, seen: Seen, role: Role) -> bytes | None:
        """The bytes of the newest part of a role; None where there is none."""
        part = seen.last(role)
        return None if part is None else await self.content(seen, part.sha256)

    async def every(self, seen: Seen, role: Role) -> list[bytes]:
        """The bytes of every part of a role, in the order they were written."""
        found = [part.sha256 for part in seen.parts if part.role is role]
        contents = await asyncio.gather(*(self.content(seen, sha256) for sha256 in found))
        return [content for content in contents if content is not None]

    async def content(self, seen: Seen, sha256: str) -> bytes | None:
        """The bytes of a part; None where there is none, or they are lost: all else is shown."""
        try:
            return await self._store.content(seen.company.id, seen.document.id, sha256)
        except ContentLost as error:
            log.error("content_lost", document_id=seen.document.id, reason=str(error))
            return None

    async def hidden(self, seen: Seen) -> frozenset[str]:
        """Personal numbers of the recipient, which no page shows: as far as they are known."""
        wishes = seen.document.delivery
        known = [wishes.get("personal_number"), wishes.get("fmi")]
        envelope = await self.newest(seen, Role.ENVELOPE)
        if envelope is not None:
            recipient = particulars(envelope).recipient
            known += [recipient.personal_number, recipient.fmi]
        return numbers(*(one for one in known if isinstance(one, str)))

    async def _plan(self, document: Document) -> Plan | None:
        try:
            plans = await self._store.files(document.company_id, document.id, [Role.PLAN])
        except ContentLost as error:
            log.error("content_lost", document_id=document.id, reason=str(error))
            return None
        return from_data(json.loads(plans[-1][1])) if plans else None

    async def _item(self, document: Document) -> Item | None:
        if document.direction is Direction.OUT:
            return None
        return await self._store.inbox_item(document.company_id, document.id)

    async def _verbs(self, visit: Visit, document: Document) -> tuple[Allowed, ...]:
        if document.direction is Direction.IN or not visit.may(Scope.SEND):
            return ()
        known = await known_of(self._service, document, may=True)
        return allowed(document, known, self._parts.clock.now())

    async def _closed(self, document: Document) -> str:
        """As `gateway.api.files.may_be_read` has it."""
        if document.direction is Direction.OUT or document.confirmed_at is not None:
            return ""
        closed = await self._service.gate.may_receive(document.company_id)
        return closed.text if closed is not None else ""
