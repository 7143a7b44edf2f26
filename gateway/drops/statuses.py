"""Telling what became of documents: a small file for each thing that happened, in `status`.

In charge of following the company's feed, of the files' form, and of moving what was rejected after
it was taken from `done` to `error`, with all that is wrong with it. A file has the same name
whenever it is written: after a crash a few are written once more.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, Literal

from gateway.drops.pick_up import names_in_done, write_text
from gateway.drops.place import Folder, Visit
from gateway.events import Type
from gateway.handing_in import language
from gateway.refusals import stored, text
from gateway.store.port import Company, ContentLost, Direction, Document, Event, Part, Role, Store
from transports.base import File
from validators.findings import Finding

Form = Literal["json", "csv"]

# What is not told: it says nothing of where the document is.
_SILENT: Final = frozenset({Type.ATTEMPTED, Type.LEFT_OUT, Type.MERGED, Type.OPENED, Type.LINKED})
_COLUMNS: Final = ("id", "at", "event", "document", "file", "number", "channel", "code", "text")
# A table calculation runs what begins so.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class Statuses:
    """Writes status files, in `form`."""

    def __init__(self, store: Store, form: Form) -> None:
        self._store = store
        self._form = form

    async def tell(
        self, visit: Visit, company: Company, after: str | None, since: datetime, most: int
    ) -> tuple[str | None, bool]:
        """Tells of the next events of the feed, those from `since` on; answers the cursor to go on
        from, and whether there may be more. Raises Trouble, and what the store raises."""
        wanted = await visit.has(Folder.STATUS)
        events = await self._store.feed(company.id, after, most)
        for event in events:
            if event.at >= since:
                await self._tell(visit, company, event, wanted=wanted)
            after = event.cursor
        return after, len(events) == most

    async def _tell(self, visit: Visit, company: Company, event: Event, *, wanted: bool) -> None:
        rejected = event.type == Type.REJECTED
        if not rejected and (not wanted or event.type in _SILENT):
            return
        document = await self._store.document(company.id, event.document_id)
        if document is None or document.direction is not Direction.OUT:
            return
        parts = await self._store.parts(company.id, document.id)
        if rejected:
            await self._reject(visit, company, document, parts)
        if wanted:
            name = f"{event.at.astimezone(UTC):%Y%m%dT%H%M%S}-{event.id}.{self._form}"
            await visit.write(Folder.STATUS, name, line(event, document, parts, self._form))

    async def _reject(
        self, visit: Visit, company: Company, document: Document, parts: Sequence[Part]
    ) -> None:
        """Moves the files of a document to `error`, where it came from here."""
        original, *attachments = [
            File(part.name, part.media_type, b"")
            for part in parts
            if part.role in (Role.ORIGINAL, Role.ATTACHMENT)
        ]
        names = names_in_done(document.id, original, attachments)
        there = [await visit.one(Folder.DONE, name) for name in names]
        lying = [seen for seen in there if seen is not None]
        if not lying:
            return
        findings = await self._findings(company, document)
        told = text(original.name, findings, language(company), document.id, document.text)
        await write_text(visit, names[0], told)
        for seen in lying:
            await visit.move(Folder.DONE, seen, Folder.ERROR, seen.name)

    async def _findings(self, company: Company, document: Document) -> Sequence[Finding]:
        try:
            found = await self._store.files(company.id, document.id, (Role.FINDINGS,))
        except ContentLost:
            return ()  # why it was rejected stands in the document's own text too
        return stored(found[-1][1]) if found else ()


def line(event: Event, document: Document, parts: Sequence[Part], form: Form) -> bytes:
    """What a status file says."""
    original = next((part.name for part in parts if part.role is Role.ORIGINAL), "")
    told = {
        "id": event.id,
        "at": event.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "event": event.type,
        "document": document.id,
        "file": original,
        "number": document.head.number or "",
        "channel": event.data.get("channel") or "",
        "code": event.data.get("code") or "",
        "text": event.data.get("text") or "",
    }
    if form == "json":
        return json.dumps(told, ensure_ascii=False).encode() + b"\n"
    out = io.StringIO()
    rows = csv.writer(out, delimiter=";", lineterminator="\r\n")
    rows.writerow(_COLUMNS)
    rows.writerow([_plain(str(told[name])) for name in _COLUMNS])
    return out.getvalue().encode("utf-8-sig")


def _plain(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA) else value
