"""The job `prepare`: from what was accepted to a document with a plan, or to findings.

In charge of running intake and routing for one document and of saving what they say. Both are pure
and are simply run again after a crash; they run in the workshop, all in one go, so that little goes
there and back.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, assert_never

import structlog

from gateway.clock import Clock
from gateway.customers import settled
from gateway.delivery.deliver import Case
from gateway.delivery.envelope import Particulars, enclosed, sender
from gateway.delivery.fetches import MOST_FILES, Fetches, missing, part, wanted
from gateway.delivery.legs import legs_of
from gateway.delivery.papers import Papers
from gateway.delivery.picture import inside
from gateway.delivery.preview import Ready, preview
from gateway.delivery.responses import ANSWERS, responding
from gateway.delivery.scanning import Scanning, unscanned
from gateway.delivery.trouble import revived
from gateway.delivery.workshop import HERE, Workshop
from gateway.events import Type
from gateway.image_rule import image_rule
from gateway.intake.attachment import embedded
from gateway.intake.filled_in import Additions
from gateway.intake.prepare import Prepared, Rejected
from gateway.lifecycle import State, change
from gateway.routing.orders import Orders
from gateway.routing.plan import Plan
from gateway.routing.wishes import HOLD_SEVERAL
from gateway.store.port import (
    Again,
    Checkpoint,
    Company,
    Document,
    Done,
    Duplicate,
    Head,
    Job,
    Keep,
    NewEvent,
    NewPart,
    Role,
    Store,
    Unique,
)
from gateway.store.search import Broken, broken
from transports.base import File
from validators.findings import Report, Severity

log = structlog.get_logger()

# How long the number of an invoice is not taken a second time, unless the company says otherwise.
# Bookkeeping numbers run for a year; a number that comes again after that may be a new series.
DUPLICATE_DAYS = 365


@dataclass(frozen=True, slots=True)
class Given:
    """All that decides what becomes of a document. `orders` None: those that are shipped."""

    document: Document
    company: Company
    original: File
    attachments: tuple[File, ...]
    configured: Collection[str]
    orders: Orders | None
    at: datetime
    fetches: Fetches | None = None  # the record of files to be fetched, once there is one


class Preparing:
    """The handler. A document that is ready goes on with `deliver` at once, and is written down
    with the first step of that: nothing has left the house before."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        configured: Collection[str],
        deliver: Callable[[Job, Case], Awaitable[None]],
        orders: Orders | None = None,
        workshop: Workshop = HERE,
        scanning: Scanning | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._scanning = scanning
        self._configured = frozenset(configured)
        self._orders = orders
        self._workshop = workshop
        self._deliver = deliver

    async def __call__(self, job: Job) -> None:
        """Does the job. Raises what the store and the workshop raise."""
        document = await self._store.document(job.company_id, job.document_id)
        if document is not None and document.state is State.HELD:
            now = self._clock.now()
            return await self._store.checkpoint(job, revived(document, job, now), now)
        if document is None or document.state is not State.RECEIVED:
            return await self._store.checkpoint(job, Checkpoint(next=Done()), self._clock.now())
        company = await self._store.company(job.company_id)
        if company is None:
            raise LookupError(f"there is no company {job.company_id}")
        papers = Papers(self._store, document, self._workshop)
        work = await self._work(job, document, company, papers)
        try:
            await self._go_on(job, document, papers, work)
        except Duplicate as twin:
            first = await self._store.document(document.company_id, twin.document_id)
            assert first is not None
            await self._go_on(job, document, papers, repeated(first, work))

    async def _go_on(self, job: Job, document: Document, papers: Papers, work: Checkpoint) -> None:
        """Writes it down: what is to be sent together with the first step of sending it."""
        assert work.change is not None
        state = work.change.after
        log.info("document_prepared", state=state, code=work.change.code)
        if work.next != DELIVER:
            return await self._store.checkpoint(job, work, self._clock.now())
        ready, known = replace(document, state=state), papers.plus(work.parts)
        case = Case(ready, work.legs, (), known, job.lane, unsaved=work)
        job = replace(job, kind="deliver", tries=1, data={})
        return await self._deliver(job, case)

    async def _work(
        self, job: Job, document: Document, company: Company, papers: Papers
    ) -> Checkpoint:
        if ANSWERS in document.delivery:
            return responding(document, await papers.particulars(), self._configured)
        original, attachments, fetches = await papers.submitted()
        size = len(original.content) + sum(len(file.content) for file in attachments)
        given = Given(
            *(document, company, original, attachments),
            *(self._configured, self._orders, self._clock.now(), fetches),
        )
        if self._scanning is None:
            return await self._workshop.run(size, judged, given)
        # What came is looked at before anything is done with it, and what is inside it, once that
        # is known, before anything is written down.
        came = [(original, ""), *((f, f"/attachment/{n}") for n, f in enumerate(attachments))]
        looked = await self._scanning.look(came)
        stopped = looked and self._scanning.stopped(document, job, looked, None, given.at)
        if stopped:
            return stopped
        work = await self._workshop.run(size, judged, given)
        if looked is None:
            known = {file.content for file, _ in came}
            inside = [file for file in await self._inside(work) if file.content not in known]
            looked = await self._scanning.look([(file, "") for file in inside])
            stopped = looked and self._scanning.stopped(document, job, looked, work.head, given.at)
        return stopped or (unscanned(work) if looked else work)

    async def _inside(self, work: Checkpoint) -> Sequence[File]:
        """The files that came inside others, of a document that can be sent."""
        files: list[File] = []
        for made in work.parts:
            content = made.content
            if not isinstance(content, bytes):
                continue
            if made.role is Role.UNPACKED:
                files.append(File(made.name, made.media_type, content))
            elif made.role is Role.DOCUMENT and b"EmbeddedDocumentBinaryObject" in content:
                files += await self._workshop.run(len(content), inside, content)
        return files


def judged(given: Given) -> Checkpoint:
    """What becomes of a document that was accepted. Pure."""
    document = given.document
    today = given.at.date()
    seen = preview(
        given.original,
        given.attachments,
        document.delivery,
        configured=given.configured,
        orders=given.orders,
        at=today,
        settings=given.company.in_effect,
    )
    match seen:
        case Rejected():
            return rejected(seen)
        case Ready() if work := to_fetch(given, seen.prepared):
            return work
        case Ready():
            ready = prepared(document, given.company, seen.prepared, seen.plan)
            unpacked = _unpacked(given, seen.prepared.attachments)
            told = unique(given.company, seen.prepared.head, given.at)
            return replace(ready, parts=(*ready.parts, *unpacked), unique=told)
        case _:
            assert_never(seen)


def _unpacked(given: Given, attachments: Sequence[File]) -> list[NewPart]:
    """The attachments that came inside the original: they are no parts yet."""
    known = {file.content for file in (given.original, *given.attachments)}
    return [
        NewPart(Role.UNPACKED, file.name, file.media_type, file.content)
        for file in attachments
        if file.content not in known
    ]


def to_fetch(given: Given, result: Prepared) -> Checkpoint | None:
    """What becomes of a document that is right as far as it goes, when files of it are still to be
    fetched; None when there are none. Afterwards it is looked at with them."""
    fetches = given.fetches
    if fetches is None:
        fetches = wanted(given.document.delivery, given.company, result.invoice)
    if len(fetches) > MOST_FILES:
        text = (
            f"The document names {len(fetches)} files to be fetched, and {MOST_FILES} are the most."
            " Send it with fewer of them, or without `fetch_links`."
        )
        return _rejected("document.too_many_files", text, result.head, (), 0)
    count = len(missing(fetches))
    if not count:
        return None
    what = "Its attachment is" if count == 1 else f"Its {count} attachments are"
    fetching = change(
        State.RECEIVED, State.RECEIVED, code="document.fetching", text=f"{what} being fetched."
    )
    return Checkpoint(
        next=Again(given.at, "fetch", {}, "fetch"),
        change=fetching,
        head=result.head,
        parts=() if given.fetches is not None else (part(fetches),),
    )


def unique(company: Company, head: Head, now: datetime) -> Unique | None:
    """What may not have been accepted before, where the company wants that to be looked at and the
    document says whose invoice it is."""
    days = company.in_effect.get("duplicate_days", DUPLICATE_DAYS)
    if not days or not head.sender or not head.number or not head.kind:
        return None
    return Unique(head.sender, head.number, head.kind, now - timedelta(days=days))


def rejected(result: Rejected) -> Checkpoint:
    """Fatal findings: it will not be sent."""
    fatal = [f for f in result.findings if f.severity is Severity.FATAL]
    count = "1 fatal finding" if len(fatal) == 1 else f"{len(fatal)} fatal findings"
    return _rejected(
        "document.not_valid",
        f"The document has {count}. {fatal[0].text}",
        result.head,
        (_findings(result.report), *_added(result.added)),
        len(fatal),
        broken(result.findings),
    )


def repeated(first: Document, work: Checkpoint) -> Checkpoint:
    """The same invoice was accepted before: what was prepared (`work`) will not be sent."""
    head = work.head
    assert head is not None, "it has a number"
    what = (head.kind or "invoice").replace("_", " ")
    text = (
        f"The {what} {head.number} was handed in before, on {first.created_at:%Y-%m-%d}, as"
        f" {first.id}, which is {first.state}. This one is not sent. If it is another {what}, give"
        " it a number of its own; a company can have this check changed or switched off."
    )
    told = tuple(part for part in work.parts if part.role in (Role.FINDINGS, Role.FILLED_IN))
    return _rejected("document.duplicate", text, head, told, 0, work.broken)


def _rejected(
    code: str,
    text: str,
    head: Head | None,
    parts: tuple[NewPart, ...],
    findings: int,
    rules: Sequence[Broken] = (),
) -> Checkpoint:
    return Checkpoint(
        next=Done(),
        change=change(State.RECEIVED, State.REJECTED, code=code, text=text),
        head=head,
        parts=parts,
        events=(NewEvent(Type.REJECTED, {"code": code, "text": text, "findings": findings}),),
        broken=rules,
    )


# What is prepared goes on so: giving the job back would only be claiming it once more.
DELIVER = Keep({}, "deliver")


def prepared(document: Document, company: Company, result: Prepared, route: Plan) -> Checkpoint:
    """It can be sent. It goes on at once, unless the ERP asked for it to be held."""
    known_of = settled(company.settings, result.recipient, company.above)
    known = Particulars(
        sender=sender(company, result.invoice),
        recipient=result.recipient,
        summary=result.summary,
        attachments=tuple(enclosed(file) for file in result.attachments),
        embedded=len(embedded(result.invoice)),
        image=image_rule(known_of),
        hold_several=known_of.get(HOLD_SEVERAL, True),
    )
    plan_data = route.data()
    ready = Checkpoint(
        next=DELIVER,
        change=change(
            State.RECEIVED,
            State.ROUTING,
            code="document.prepared",
            text="It is valid, and the first channel is being chosen.",
        ),
        head=result.head,
        parts=(
            NewPart(Role.DOCUMENT, f"{result.head.kind}.xml", "application/xml", result.document),
            _findings(result.report),
            *_added(result.added),
            _json(Role.PLAN, plan_data),
            known.part(),
        ),
        legs=legs_of(document.id, route),
        events=(NewEvent(Type.ROUTED, {"steps": plan_data["steps"]}),),
        broken=broken(result.report.findings),
    )
    if not document.delivery.get("hold"):
        return ready
    code, text = "document.held_on_request", "Held because you asked for it."
    return replace(
        ready,
        next=Done(),
        change=change(State.RECEIVED, State.HELD, code=code, text=text),
        events=(*ready.events, NewEvent(Type.HELD, {"code": code, "text": text})),
    )


def _findings(report: Report) -> NewPart:
    return _json(Role.FINDINGS, [asdict(finding) for finding in report.findings])


def _added(added: Additions) -> tuple[NewPart, ...]:
    return (_json(Role.FILLED_IN, asdict(added)),) if added.told else ()


def _json(role: Role, data: Any) -> NewPart:
    content = json.dumps(data, ensure_ascii=False).encode()
    return NewPart(role, f"{role}.json", "application/json", content)
