"""The job that looks at what came in: from durable bytes to a document that the ERP may take.

In charge of asking the gate, the scanner and the rules, and of what their answers make of the
document in its inbox. A document that is not right goes to the ERP all the same, with its findings:
what came is the company's. What is in a document is `gateway.inbound.looking`'s. All of it can be
done again after a crash: nothing is written but at the end.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, assert_never
from uuid import NAMESPACE_URL, uuid5

import structlog

from gateway.clock import Clock
from gateway.delivery.backoff import Backoff
from gateway.delivery.bindery import Bindery
from gateway.delivery.scanning import INFECTED, NOT_SCANNED, Looked, Scanning
from gateway.delivery.workshop import WorkFailed, Workshop
from gateway.events import Type
from gateway.inbound import files as records
from gateway.inbound.aside import SET_ASIDE
from gateway.inbound.files import Held
from gateway.inbound.gated import gate_job
from gateway.inbound.looking import Seen, look, unopened
from gateway.intake.kind import PDF, is_pdf
from gateway.lifecycle import InboxState, State, change, inbox_change
from gateway.scanning.clamd import Found, NoAnswer, TooLarge
from gateway.store.inbox import Item
from gateway.store.port import (
    Again,
    Checkpoint,
    Company,
    Direction,
    Done,
    Duplicate,
    Head,
    Job,
    NewEvent,
    NewPart,
    Part,
    Role,
    Store,
    Unique,
)
from gateway.store.search import broken
from gateway.trust.gate import Closed, Gate
from transports.base import File, storable
from transports.letter.enclosures import CountFailed
from validators.findings import Severity

log = structlog.get_logger()

SCAN_WAITS: Final = "inbox.scan_waits"
NOT_SCANNABLE: Final = "inbox.not_scannable"
NOT_READ: Final = "inbox.not_read"
ATTACHMENTS: Final = "inbox.attachment_error"
# How long the number of an invoice is looked for again, unless the company says otherwise.
DUPLICATE_DAYS: Final = 365
# After so many faults of ours, or claims that were never written back, a person decides: what came
# later waits for it no longer.
_MOST_FAULTS: Final = 2
_MOST_CLAIMS: Final = 8


@dataclass(frozen=True, slots=True)
class _Came:
    """What came, as it is stored."""

    item: Item
    company: Company
    original: File
    beside: tuple[File, ...]
    before: tuple[Held, ...]
    unpacked: bool  # whether what was inside a package is written already


@dataclass(frozen=True, slots=True)
class _Verdict:
    """Where it leads."""

    state: InboxState
    code: str
    text: str


_NEW: Final = _Verdict(InboxState.NEW, "inbox.new", "It may be taken over.")


class Reading:
    """The handler."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        workshop: Workshop,
        bindery: Bindery,
        gate: Gate,
        scanning: Scanning | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._workshop = workshop
        self._bindery = bindery
        self._gate = gate
        self._scanning = scanning
        self._backoff = backoff or Backoff()

    async def __call__(self, job: Job) -> None:
        """Does the job. Raises what the store raises."""
        now = self._clock.now()
        item = await self._store.inbox_item(job.company_id, job.document_id)
        if item is None or not _is_due(item):
            return await self._store.checkpoint(job, Checkpoint(Done()), now)
        if _is_too_much(job):
            text = (
                "A fault of ours keeps us from reading it. Your operator can mend that, and"
                " release it."
            )
            stopped = _Verdict(InboxState.BLOCKED, NOT_READ, text)
            return await self._store.checkpoint(job, _blocked(item, stopped, Done()), now)
        came = await self._came(item)
        closed = None
        if job.company_id != SET_ASIDE:
            closed = await self._gate.may_receive(job.company_id)
        work = await self._work(job, came, closed, now)
        try:
            await self._store.checkpoint(job, work, now)
        except Duplicate as twin:
            work = _repeated(work, twin.document_id, same_bytes=False)
            await self._store.checkpoint(job, work, now)

    async def _came(self, item: Item) -> _Came:
        document = item.document
        company = await self._store.company(document.company_id)
        assert company is not None, "its inbox is there"
        wanted = (Role.ORIGINAL, Role.DOCUMENT, Role.ATTACHMENT, Role.UNPACKED, Role.FILES)
        stored = await self._store.files(document.company_id, document.id, wanted)
        roles = {part.role for part, _ in stored}
        first = Role.ORIGINAL if Role.ORIGINAL in roles else Role.DOCUMENT
        original = next(_file(*each) for each in stored if each[0].role is first)
        beside = tuple(_file(*each) for each in stored if each[0].role is Role.ATTACHMENT)
        record = [content for part, content in stored if part.role is Role.FILES]
        return _Came(
            *(item, company, original, beside),
            records.recorded(record[-1] if record else None),
            Role.ORIGINAL in roles and Role.DOCUMENT in roles,
        )

    async def _work(
        self, job: Job, came: _Came, closed: Closed | None, now: datetime
    ) -> Checkpoint:
        unscanned = False
        if self._scanning is not None and not job.data.get("unscanned"):
            looked = await self._scanned(self._scanning, [came.original, *came.beside])
            if looked is not None and (stopped := self._stopped(job, came, looked, now)):
                return stopped
            unscanned = looked is not None
        seen = await self._seen(came, now)
        if self._scanning is not None and not unscanned and not job.data.get("unscanned"):
            known = {came.original.content, *(file.content for file in came.beside)}
            inside = [file for file in seen.contents if file.content not in known]
            looked = await self._scanned(self._scanning, inside)
            if looked is not None and (stopped := self._stopped(job, came, looked, now)):
                return stopped
        held = records.kept(came.before, await self._opened(seen))
        verdict = _judged(held, closed)
        work = _read(came, seen, held, verdict, now)
        if unscanned:
            work = replace(work, events=(NOT_SCANNED, *work.events))
        if closed is not None:
            work = replace(work, jobs=(gate_job(came.company.id, now),))
        twin = await self._store.same_bytes(came.company.id, came.item.document.id)
        if twin is not None:
            return _repeated(work, twin, same_bytes=True)
        return replace(work, unique=_unique(came.company, seen.head, now))

    async def _seen(self, came: _Came, now: datetime) -> Seen:
        settings, size = came.company.in_effect, len(came.original.content)
        for _ in range(2):  # a busy machine ends a process too
            try:
                return await self._workshop.run(
                    size, look, came.original, came.beside, settings, now.date()
                )
            except WorkFailed as failure:
                log.warning("reading_failed", reason=str(failure).strip()[-200:])
        return unopened(came.beside, settings)

    async def _opened(self, seen: Seen) -> tuple[Held, ...]:
        """The files, those PDFs marked that do not open."""
        held = []
        for file, each in zip(seen.contents, seen.files, strict=True):
            if each.code is None and (each.media_type == PDF or is_pdf(file.content)):
                try:
                    pages = await self._bindery.pages(file.content)
                except CountFailed:
                    pages = None
                if not pages:
                    text = f"{each.name} is a PDF that does not open."
                    each = each.with_fault(records.NOT_OPENED, text)
            held.append(each)
        return tuple(held)

    async def _scanned(self, scanning: Scanning, files: Sequence[File]) -> Looked | None:
        return await scanning.look([(file, "") for file in files])

    def _stopped(self, job: Job, came: _Came, looked: Looked, now: datetime) -> Checkpoint | None:
        """What becomes of a document that the scanner keeps back; None: it goes on all the same."""
        answer, item = looked.answer, came.item
        match answer:
            case Found():
                log.warning("virus_found", found=answer.name)
                name = storable(answer.name, 100)
                text = (
                    f"There is a virus in {looked.file.name} ({name}). Nothing of it is handed"
                    " out; only an operator can take it out."
                )
                work = _blocked(item, _Verdict(InboxState.BLOCKED, INFECTED, text), Done())
                return replace(work, change=_shown(INFECTED, text))
            case TooLarge():
                size = len(looked.file.content)
                text = (
                    f"A file has {size:,} bytes, more than the virus scanner takes. Release it to"
                    " have it handed out without having been looked at."
                )
                return _blocked(item, _Verdict(InboxState.BLOCKED, NOT_SCANNABLE, text), Done())
            case NoAnswer():
                log.error("scan_not_answered", why=answer.why)
                assert self._scanning is not None
                if self._scanning.goes_on:
                    return None
                tries = int(job.data.get("scans", 0)) + 1
                spared = int(job.data.get("spared", 0)) + 1
                due = now + self._backoff.delay(uuid5(NAMESPACE_URL, job.key), tries)
                again = Again(due, data={**job.data, "scans": tries, "spared": spared})
                text = "The virus scanner does not answer. It is asked again."
                waits = _Verdict(InboxState.BLOCKED, SCAN_WAITS, text)
                work = _blocked(item, waits, again)
                return work if tries == 1 else replace(work, events=())
            case _:
                assert_never(answer)


def _is_due(item: Item) -> bool:
    return item.state is InboxState.READING or (
        item.state is InboxState.BLOCKED and item.code == SCAN_WAITS
    )


def _is_too_much(job: Job) -> bool:
    claims = job.tries - int(job.data.get("spared", 0))
    return int(job.data.get("errors", 0)) >= _MOST_FAULTS or claims > _MOST_CLAIMS


def _file(part: Part, content: bytes) -> File:
    return File(part.name, part.media_type, content)


def _judged(held: Sequence[Held], closed: Closed | None) -> _Verdict:
    if closed is not None:
        return _Verdict(InboxState.BLOCKED, closed.code, closed.text)
    bad = [file for file in held if file.bad]
    if not bad:
        return _NEW
    more = f" And {len(bad) - 1} more." if len(bad) > 1 else ""
    text = f"{bad[0].text}{more} Repair it: replace the file, strip it, or go on without it."
    return _Verdict(InboxState.ATTACHMENT_ERROR, ATTACHMENTS, text)


# What a document that lies in an inbox is shown as on its way: it has come, and that was all.
def _shown(code: str, text: str) -> Any:
    return change(State.DELIVERED, State.DELIVERED, code=code, text=text)


def _moved(item: Item, verdict: _Verdict) -> Any:
    return inbox_change(item.state, verdict.state, code=verdict.code, text=verdict.text)


_EVENTS: Final = {
    InboxState.NEW: Type.INBOX_NEW,
    InboxState.BLOCKED: Type.INBOX_BLOCKED,
    InboxState.ATTACHMENT_ERROR: Type.INBOX_ATTACHMENT_ERROR,
}


def _blocked(item: Item, verdict: _Verdict, then: Done | Again) -> Checkpoint:
    told = {"code": verdict.code, "text": verdict.text}
    return Checkpoint(
        next=then,
        inbox=_moved(item, verdict),
        events=(NewEvent(Type.INBOX_BLOCKED, told),),
    )


def _read(
    came: _Came, seen: Seen, held: tuple[Held, ...], verdict: _Verdict, now: datetime
) -> Checkpoint:
    report = seen.report
    fatal = sum(one.severity is Severity.FATAL for one in report.findings)
    found = {
        **came.item.found,
        "ok": report.ok,
        "readable": seen.readable,
        "profile": report.profile,
        "structure_ok": report.structure_ok,
        "fatal": fatal,
        "warnings": sum(one.severity is Severity.WARNING for one in report.findings),
        "duplicate_of": None,
        "same_bytes": False,
    }
    told: dict[str, Any] = {"code": verdict.code, "text": verdict.text}
    if verdict.state is not InboxState.BLOCKED:
        told |= {"ok": report.ok, "findings": fatal, "duplicate_of": None}
    content = json.dumps([asdict(one) for one in report.findings], ensure_ascii=False).encode()
    parts = [NewPart(Role.FINDINGS, "findings.json", "application/json", content)]
    if held:
        parts.append(records.part(held))
    if seen.document is not None and not came.unpacked:
        inside = seen.document
        parts.append(NewPart(Role.DOCUMENT, inside.name, inside.media_type, inside.content))
        parts += [NewPart(Role.UNPACKED, f.name, f.media_type, f.content) for f in seen.unpacked]
    return Checkpoint(
        next=Done(),
        change=_shown("inbox.received", "It is in the inbox."),
        head=seen.head if seen.readable else None,
        parts=parts,
        events=(NewEvent(_EVENTS[verdict.state], told),),
        inbox=_moved(came.item, verdict),
        found=found,
        broken=broken(report.findings),
    )


def _unique(company: Company, head: Head, now: datetime) -> Unique | None:
    """What may not have come in before without being marked."""
    days = company.in_effect.get("duplicate_days", DUPLICATE_DAYS)
    if not days or not head.sender or not head.number or not head.kind:
        return None
    since = now - timedelta(days=days)
    return Unique(head.sender, head.number, head.kind, since, Direction.IN)


def _repeated(work: Checkpoint, twin: str, *, same_bytes: bool) -> Checkpoint:
    """The same, marked as a duplicate: it is shown, and the ERP decides."""
    assert work.found is not None
    marked = {"duplicate_of": twin, "same_bytes": same_bytes}
    events = [
        replace(one, data={**one.data, "duplicate_of": twin}) if "ok" in one.data else one
        for one in work.events
    ]
    return replace(work, unique=None, found={**work.found, **marked}, events=events)
