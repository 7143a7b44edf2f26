"""The stored parts of a document, as the files of its envelope.

In charge of reading them from the store and of making the image (PDF) the first time a channel
needs one. What was stored once is what every attempt carries.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from gateway.delivery import picture
from gateway.delivery.envelope import Particulars, particulars
from gateway.delivery.workshop import HERE, Workshop
from gateway.routing.plan import Plan, from_data
from gateway.store.port import Document, Leg, NewPart, Part, Role, Store
from transports.base import REQUEST, Envelope, Evidence, File

# To draw a document takes as long as to check one of so many times its size.
DRAWN = 20


@dataclass(frozen=True, slots=True)
class Enveloped:
    """An envelope, with the image if it was made just now and still has to be stored."""

    envelope: Envelope
    new_image: NewPart | None


class Papers:
    """The parts of one document; those that have just been made (`NewPart`) are not read again.
    Images are drawn in the workshop."""

    def __init__(
        self,
        store: Store,
        document: Document,
        parts: Sequence[Part | NewPart],
        workshop: Workshop = HERE,
    ) -> None:
        self._store = store
        self._document = document
        self._parts = parts
        self._workshop = workshop

    @classmethod
    async def of(cls, store: Store, document: Document, workshop: Workshop = HERE) -> Papers:
        """The parts as they are now."""
        parts = await store.parts(document.company_id, document.id)
        return cls(store, document, parts, workshop)

    def plus(self, made: Sequence[NewPart]) -> Papers:
        """The same, with parts that have just been made."""
        return Papers(self._store, self._document, (*self._parts, *made), self._workshop)

    async def submitted(self) -> tuple[File, tuple[File, ...]]:
        """What was accepted: the original, and the files beside it."""
        original = await self._file(self._first(Role.ORIGINAL))
        beside = [part for part in self._parts if part.role is Role.ATTACHMENT]
        return original, tuple([await self._file(part) for part in beside])

    async def particulars(self) -> Particulars:
        """Who sends what to whom."""
        return particulars((await self._file(self._first(Role.ENVELOPE))).content)

    async def plan(self) -> Plan:
        """The plan."""
        return from_data(json.loads((await self._file(self._first(Role.PLAN))).content))

    async def last_request(self, attempts: Collection[str]) -> Evidence | None:
        """The bytes that the last of these attempts was to send, where they were kept."""
        for part in reversed(self._parts):
            if isinstance(part, Part) and part.attempt_id in attempts and part.name == REQUEST:
                file = await self._file(part)
                return Evidence(REQUEST, file.media_type, file.content, part.at)
        return None

    async def pack(
        self, leg: Leg, address: str, known: Particulars, *, to_people: bool
    ) -> Enveloped:
        """The envelope of a leg. One for people brings the image, and the files from inside the
        document as files; one for machines has them in the document."""
        document = await self._file(self._first(Role.DOCUMENT))
        attachments = [
            File(item.name, item.media_type, await self._content(item.sha256))
            for item in known.attachments
        ]
        image, new_image = None, None
        if to_people:
            if known.embedded:
                attachments = [*await self._inside(document), *attachments]
            image, new_image = await self._image(document, known)
        envelope = Envelope(
            key=leg.key,
            document_id=self._document.id,
            sender=known.sender,
            recipient=known.recipient,
            address=address,
            summary=known.summary,
            accepted_at=self._document.created_at,
            document=document,
            image=image,
            attachments=tuple(attachments),
        )
        return Enveloped(envelope, new_image)

    async def _image(self, document: File, known: Particulars) -> tuple[File, NewPart | None]:
        stored = self._find(Role.IMAGE)
        if stored is not None:
            return await self._file(stored), None
        content = await self._workshop.run(
            DRAWN * len(document.content), picture.image, document.content, known.summary.language
        )
        image = File(document.name.replace(".xml", ".pdf"), "application/pdf", content)
        return image, NewPart(Role.IMAGE, image.name, image.media_type, content)

    async def _inside(self, document: File) -> Sequence[File]:
        content = document.content
        return await self._workshop.run(len(content), picture.inside, content)

    def _first(self, role: Role) -> Part | NewPart:
        part = self._find(role)
        if part is None:
            raise LookupError(f"{self._document.id} has no part {role}")
        return part

    def _find(self, role: Role) -> Part | NewPart | None:
        return next((part for part in self._parts if part.role is role), None)

    async def _file(self, part: Part | NewPart) -> File:
        if isinstance(part, NewPart):
            assert isinstance(part.content, bytes), "made by us, in memory"
            return File(part.name, part.media_type, part.content)
        return File(part.name, part.media_type, await self._content(part.sha256))

    async def _content(self, sha256: str) -> bytes:
        content = await self._store.content(self._document.company_id, self._document.id, sha256)
        if content is None:
            raise LookupError(f"{sha256} of {self._document.id} is not in the store")
        return content
