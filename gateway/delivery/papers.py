"""The files of a document, as those of its envelope.

In charge of reading them from the store and of making the image (PDF) the first time a channel
needs one. What was stored once is what every attempt carries.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from gateway.delivery import choice, fetches, picture
from gateway.delivery.envelope import Particulars, particulars
from gateway.delivery.fetches import Fetches
from gateway.delivery.links import Linked, Linking, newest
from gateway.delivery.logos import logo_of
from gateway.delivery.merging import PDF, Made, Merging, Record
from gateway.delivery.rendition import Lossy, Rendition, of_leg, recorded, rendition
from gateway.delivery.workshop import HERE, Workshop
from gateway.image_rule import ImageRule
from gateway.intake.policy import choose
from gateway.routing.plan import Plan, from_data
from gateway.store.port import Document, Leg, NewEvent, NewPart, Role, Store
from schemas.forms import Form
from transports.base import REQUEST, Envelope, Evidence, File, Link, Merged, Reachable
from transports.letter.enclosures import Count, CountFailed

# To draw a document takes as long as to check one of so many times its size.
DRAWN = 20


@dataclass(frozen=True, slots=True)
class Enveloped:
    """An envelope, with the image, the merged PDF and the document in the form that is wanted, if
    they were made just now and still have to be stored; and what is to be told of it the first
    time."""

    envelope: Envelope
    new_image: NewPart | None
    new_merged: Made | None = None
    told: tuple[NewEvent, ...] = ()
    new_rendition: tuple[NewPart, ...] = ()


class Papers:
    """The files of one document; those that have just been made (`plus`) are not read again, as
    they may not be stored yet. Images are drawn in the workshop."""

    def __init__(self, store: Store, document: Document, workshop: Workshop = HERE) -> None:
        self._store = store
        self._document = document
        self._workshop = workshop
        self._known: dict[Role, File] = {}
        self._unpacked: dict[str, bytes] = {}

    def plus(self, made: Sequence[NewPart]) -> Papers:
        """The same, with files that have just been made, no two in one role but for those that were
        unpacked."""
        more = Papers(self._store, self._document, self._workshop)
        more._known = self._known | {part.role: _file(part) for part in made}
        unpacked = [_file(part).content for part in made if part.role is Role.UNPACKED]
        more._unpacked = {sha256(content).hexdigest(): content for content in unpacked}
        return more

    async def submitted(self) -> tuple[File, tuple[File, ...], Fetches | None]:
        """What was accepted: the original, the files beside it, those that were fetched or handed
        in later among them, and the record of these, if there is one."""
        files = await self._read(Role.ORIGINAL, Role.ATTACHMENT, Role.FETCH)
        (original,) = [file for role, file in files if role is Role.ORIGINAL]
        beside = tuple(file for role, file in files if role is Role.ATTACHMENT)
        records = [file.content for role, file in files if role is Role.FETCH]
        return original, beside, fetches.newest(records)

    async def particulars(self) -> Particulars:
        """Who sends what to whom."""
        # What goes out is read along: it is wanted next.
        return particulars((await self._one(Role.ENVELOPE, Role.DOCUMENT)).content)

    async def plan(self) -> Plan:
        """The plan."""
        return from_data(json.loads((await self._one(Role.PLAN)).content))

    async def last_request(self, attempts: Collection[str]) -> Evidence | None:
        """The bytes that the last of these attempts was to send, where they were kept."""
        if not attempts:
            return None
        for part in reversed(await self._store.parts(self._document.company_id, self._document.id)):
            if part.attempt_id in attempts and part.name == REQUEST:
                content = await self._content(part.sha256)
                return Evidence(REQUEST, part.media_type, content, part.at)
        return None

    async def chosen(self, leg: Leg) -> Reachable | None:
        """The recipient whom a person chose out of several for this leg."""
        found = choice.newest([file.content for _, file in await self._read(Role.CHOICE)], leg.key)
        return found.reachable() if found is not None else None

    async def pack(
        self,
        leg: Leg,
        address: str,
        known: Particulars,
        *,
        to_people: bool,
        image_optional: bool,
        repeated: bool,
        count: Count,
        merging: Merging | None = None,
        form: Form | None = None,
    ) -> Enveloped | Lossy:
        """The envelope of a leg. One for people brings the image, and the files from inside the
        document as files; one for machines has them in the document. `image_optional`: the channel
        can do without the image. `merging`: it wants them as one PDF. `repeated`: it may have it
        already. `count` says of a PDF that others made whether it opens. `form`: the form in which
        the channel wants the document; an attempt after the first has what that had."""
        document = await self._one(Role.DOCUMENT)
        attachments = [
            File(item.name, item.media_type, await self._content(item.sha256))
            for item in known.attachments
        ]
        beside = tuple(attachments)
        image, new_image, own_image = None, None, False
        merged, new_merged = None, None
        told: list[NewEvent] = []
        if to_people:
            if known.embedded:
                attachments = [*await self._inside(document), *attachments]
            first = attachments[0] if attachments else None
            if known.image is not ImageRule.OMITTED or not image_optional:
                image, new_image = await self._image(document, known, first, count)
            if known.image is not ImageRule.DRAWN:
                told.append(picture.chosen(leg.channel, known.image, first, image))
            own_image = first is not None and image is first
            if own_image:
                attachments = attachments[1:]
        choice = choose(leg.channel, attachments)
        if choice.left:
            told.append(picture.left_out(leg.channel, choice.left))
        if merging is not None and image is not None and choice.kept:
            merged, new_merged = await self._merged(merging, image, choice.kept)
        made: tuple[NewPart, ...] = ()
        rendered = await self._kept(leg)
        if rendered is None and leg.address is None and form not in (None, Form.BILLING):
            found = await self._rendered(form, document, [f for f in choice.kept if f in beside])
            if isinstance(found, Lossy):
                return found
            rendered, made = found, recorded(leg.key, found)
        files = choice.kept
        if rendered is not None:
            document, files = rendered.document, rendered.files
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
            attachments=files,
            merged=merged,
            form=rendered.form if rendered else None,
            own_image=own_image,
            repeated=repeated,
        )
        return Enveloped(envelope, new_image, new_merged, tuple(told), made)

    async def _kept(self, leg: Leg) -> Rendition | None:
        """What an earlier attempt of the leg carried, if that was no UBL."""
        if leg.address is None:  # no attempt was as far as this
            return None
        stored = await self._read(Role.RENDITION)
        record = of_leg(leg.key, [file.content for _, file in stored])
        if record is None:
            return None
        held = [
            File(each.name, each.media_type, await self._content(each.sha256))
            for each in (record.document, *record.files)
        ]
        return Rendition(record.form, held[0], tuple(held[1:]))

    async def _rendered(
        self, form: Form, document: File, beside: Sequence[File]
    ) -> Rendition | Lossy:
        original, submitted, _ = await self.submitted()
        size = len(original.content) + len(document.content)
        return await self._workshop.run(
            size,
            rendition,
            *(form, original, submitted, document.content, beside, self._document.created_at),
        )

    async def link(
        self, leg: Leg, linking: Linking, files: Sequence[File], known: Particulars, now: datetime
    ) -> tuple[Link | None, Linked | None]:
        """The link of a leg: that of the attempt before, else a new one to these files. None where
        it opens nothing any more."""
        stored = await self._read(Role.LINK)
        record, made = newest([file.content for _, file in stored]).get(leg.key), None
        if record is None:
            parts = await self._store.parts(self._document.company_id, self._document.id)
            there = {part.sha256 for part in parts} | {each.sha256 for each in known.attachments}
            record, made = linking.make(leg.key, leg.channel, files, there, now)
        if not record.opens(now):
            return None, None
        return Link(linking.address(leg.key), record.until), made

    async def _image(
        self, document: File, known: Particulars, first: File | None, count: Count
    ) -> tuple[File, NewPart | None]:
        """The image: the stored one, else by the company's rule, drawn with its logo. It is
        `first`, the first attachment, where that is it."""
        wanted = first if known.image is ImageRule.FIRST_ATTACHMENT else None
        for _, stored in await self._read(Role.IMAGE):
            same = wanted is not None and wanted.content == stored.content
            return (wanted if wanted and same else stored), None
        if wanted and wanted.media_type == PDF and await _opens(wanted, count):
            return wanted, NewPart(Role.IMAGE, wanted.name, PDF, wanted.content)
        content = await self._workshop.run(
            DRAWN * len(document.content),
            picture.image,
            *(document.content, known.summary.language),
            await logo_of(self._store, self._document.company_id),
        )
        image = File(document.name.replace(".xml", ".pdf"), PDF, content)
        return image, NewPart(Role.IMAGE, image.name, image.media_type, content)

    async def _merged(
        self, merging: Merging, image: File, attachments: Sequence[File]
    ) -> tuple[Merged | None, Made | None]:
        for _, stored in await self._read(Role.MERGER):
            record, made = Record.read(stored.content), None
            if record.channel == merging.channel:
                content = record.sha256 and await self._content(record.sha256)
                break
        else:
            record, content, made = await merging.make(image, attachments)
        merged = record.enclosed(content, image.name, attachments) if content else None
        return merged, made

    async def _inside(self, document: File) -> Sequence[File]:
        content = document.content
        return await self._workshop.run(len(content), picture.inside, content)

    async def _one(self, role: Role, *along: Role) -> File:
        """The file of this role; those of the roles `along` are read with it."""
        if role not in self._known:
            self._known |= await self._read(role, *along)  # the last of each counts
        if role not in self._known:
            raise LookupError(f"{self._document.id} has no part {role}")
        return self._known[role]

    async def _read(self, *roles: Role) -> Sequence[tuple[Role, File]]:
        found = await self._store.files(self._document.company_id, self._document.id, roles)
        return [(part.role, File(part.name, part.media_type, held)) for part, held in found]

    async def _content(self, name: str) -> bytes:
        """The bytes of a file by their hash."""
        if name in self._unpacked:
            return self._unpacked[name]
        content = await self._store.content(self._document.company_id, self._document.id, name)
        if content is None:
            raise LookupError(f"{name} of {self._document.id} is not in the store")
        return content


async def _opens(file: File, count: Count) -> bool:
    """False also when that could not be found out: then one that we draw goes, and the file beside
    it."""
    try:
        return bool(await count(file.content))
    except CountFailed:
        return False


def _file(part: NewPart) -> File:
    assert isinstance(part.content, bytes), "made by us, in memory"
    return File(part.name, part.media_type, part.content)
