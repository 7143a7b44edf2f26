"""Archive exports: all documents of a period, as signed ZIPs of a bounded size.

In charge of which document is in which ZIP, and of what is in a ZIP. An export is a list, not a
copy: its job divides the period into files, and the ZIP itself is written when it is fetched
(docs/decisions/0006-an-export-is-a-list.md). So nothing has to be cleaned up, a killed job goes on
behind the last file it wrote down, and a ZIP can be fetched as often as one likes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from gateway.archive.bundle import Dossier, contents
from gateway.archive.manifest import Item, signed
from gateway.archive.signing import SigningKey
from gateway.archive.zipped import entry, zipped
from gateway.audit.chain import NewEntry, reasoned
from gateway.clock import Clock
from gateway.spreadsheet import cell
from gateway.store.keeping import Export, ExportFile, Period, Sized
from gateway.store.port import Checkpoint, Direction, Document, Done, Job, NewJob, Store
from gateway.trust.gate import Closed, Gate

KIND = "export"  # of the job

_SPACE = UUID("6a0d1b0c-8f0e-4a57-9a57-6f2f1f6d7a10")  # for ids: the same wish, the same export
_PAGE = 500
_ROWS_BYTES = 4096  # about what document.json, timeline.json and the lists take, each document
KEPT = timedelta(days=7)  # then it is gone
# A document is on disk a moment after its time of acceptance.
SETTLED = timedelta(minutes=1)


def asked(
    company_id: str,
    start: datetime,
    end: datetime,
    direction: Direction | None,
    now: datetime,
) -> Export:
    """An export to be made. The same wish has the same id, so it may be repeated."""
    directions = tuple(Direction) if direction is None else (direction,)
    names = tuple(each.value for each in directions)
    wish = "\n".join((company_id, start.isoformat(), end.isoformat(), *names))
    return Export(f"exp_{uuid5(_SPACE, wish)}", company_id, names, start, end, now, now + KEPT)


def wrong(start: datetime, end: datetime, now: datetime) -> Sequence[str]:
    """What is wrong with the end of a period; nothing where it can be exported."""
    faults = []
    if end <= start:
        faults.append("must be later than `start`")
    if end > now:
        faults.append(f"must be past; it is {now:%Y-%m-%dT%H:%M:%SZ} here")
    return faults


async def closed(gate: Gate, export: Export, file: ExportFile) -> Closed | None:
    """Why a file may not be read: what came in for a company that is not verified stays here."""
    return await gate.may_receive(export.company_id) if file.direction == Direction.IN else None


def told(export: Export, actor: str, reason: str = "") -> NewEntry:
    """The audit entry of an export."""
    data = {
        "start": export.start.isoformat(),
        "end": export.end.isoformat(),
        "directions": list(export.directions),
    }
    about = reasoned(data, reason)
    return NewEntry(actor, "export.asked_for", export.id, export.company_id, about)


def job_of(export: Export) -> NewJob:
    """The job that divides it, once the last document of the period is surely on disk."""
    due = max(export.created_at, export.end + SETTLED)
    return NewJob(
        f"export:{export.id}", KIND, due, export.company_id, data={"export_id": export.id}
    )


@dataclass(frozen=True, slots=True)
class Dividing:
    """The job `export`: divides a period into files of at most `most_bytes`, before compression.

    A file holds at least one document, however large that is.
    """

    store: Store
    clock: Clock
    most_bytes: int

    async def __call__(self, job: Job) -> None:
        """Does the job. It may be run again from the start, or by two at once."""
        export = await self.store.export(job.company_id, str(job.data["export_id"]))
        if export is not None and export.ready_at is None:
            await self._divide(export)
            await self.store.end_export(export.id, self.clock.now())
        await self.store.checkpoint(job, Checkpoint(next=Done()), self.clock.now())

    async def _divide(self, export: Export) -> None:
        last = export.files[-1] if export.files else None
        n = 0 if last is None else last.n
        begun = 0 if last is None else export.directions.index(last.direction)
        for direction in export.directions[begun:]:
            after = last.through if last is not None and last.direction == direction else None
            async for file in self._files(export, direction, after, n):
                await self.store.add_export_file(export.id, file)
                n = file.n

    async def _files(
        self, export: Export, direction: str, after: str | None, n: int
    ) -> AsyncIterator[ExportFile]:
        period = Period(export.company_id, direction, export.start, export.end)
        held: list[Sized] = []
        size = 0
        async for document in documents_of(self.store, period, after):
            more = document.size_bytes + _ROWS_BYTES
            if held and size + more > self.most_bytes:
                n += 1
                yield _file(n, direction, after, held, size)
                after, held, size = held[-1].place, [], 0
            held.append(document)
            size += more
        if held:
            yield _file(n + 1, direction, after, held, size)


def _file(
    n: int, direction: str, after: str | None, held: Sequence[Sized], size: int
) -> ExportFile:
    return ExportFile(n, direction, after or "", held[-1].place, len(held), size)


async def documents_of(
    store: Store, period: Period, after: str | None, through: str | None = None
) -> AsyncIterator[Sized]:
    """The documents of a period past a place, and up to another, in order."""
    while page := await store.period(period, after or None, _PAGE, through):
        for document in page:
            yield document
        after = page[-1].place


# --- a file of it -------------------------------------------------------------------------------


def archive(
    store: Store, export: Export, file: ExportFile, key: SigningKey
) -> AsyncIterator[bytes]:
    """The bytes of a ZIP. Raises StorageUnavailable and ContentLost where a file can not be read;
    what was given out then has no end, and no program takes it for a whole ZIP."""
    about = {
        "what": "documents of a period",
        "export_id": export.id,
        "company_id": export.company_id,
        "direction": file.direction,
        "start": export.start.isoformat(),
        "end": export.end.isoformat(),
        "file": file.n,
        "of_files": len(export.files),
        "documents": file.documents,
    }
    return zipped(signed(_items(store, export, file), about, key))


async def _items(store: Store, export: Export, file: ExportFile) -> AsyncIterator[Item]:
    period = Period(export.company_id, file.direction, export.start, export.end)
    index = io.StringIO()
    lines = csv.writer(index, lineterminator="\r\n")  # RFC 4180
    lines.writerow(COLUMNS)
    async for sized in documents_of(store, period, file.after, file.through):
        document = await store.document(export.company_id, sized.document_id)
        if document is not None:
            folder = f"{document.id}/"
            async for item in contents(store, await Dossier.of(store, document), folder):
                yield item
            lines.writerow(_line(document))
    yield Item(entry("index.csv", index.getvalue().encode("utf-8")), "index", {})


COLUMNS = (
    *("document_id", "direction", "kind", "number", "issue_date", "due_date"),
    *("sender", "sender_name", "recipient", "recipient_name"),
    *("amount_due", "currency", "state", "channel", "accepted_at"),
)


def _line(document: Document) -> list[str]:
    head = document.head
    values = (
        *(document.id, document.direction.value, head.kind, head.number),
        *(head.issue_date, head.due_date, head.sender, head.sender_name),
        *(head.recipient, head.recipient_name, head.amount_due, head.currency),
        *(document.state.value, document.channel, document.created_at.isoformat()),
    )
    return ["" if value is None else cell(str(value)) for value in values]
