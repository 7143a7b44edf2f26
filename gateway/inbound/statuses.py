"""Message Level Statuses: those that come for what we sent, and those we owe for what came in.

In charge of both jobs. Not in charge of the form of a status (`schemas.response`), nor of carrying
it (`transports.peppol`).

A status that comes is a late report on the leg whose key its envelope had. A status that we owe
says RE at once when the document breaks the rules, and as soon as a virus is found in it, since it
is never handed out; else, where the sender asked for it, AP as soon as the company has taken the
document over from its inbox, and AB when it has not by the time, also while it is kept back there:
it has come, and a person may yet release it. An answer (Invoice Response) has its AB as soon as it
is written to the invoice.
Source: Peppol MLS 1.1.0, Peppol Network Policy 1.0.0 (MLS-1: 20 minutes from receipt to status).
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final, Protocol
from uuid import NAMESPACE_URL, UUID, uuid5

import structlog
from lxml import etree

from gateway.audit.chain import NewEntry
from gateway.clock import Clock
from gateway.delivery.reports import Reports
from gateway.delivery.scanning import INFECTED
from gateway.inbound.answers import Answers
from gateway.inbound.peppol import STATUS_DUE
from gateway.inbound.reading import SCAN_WAITS
from gateway.lifecycle import InboxState
from gateway.store.port import (
    Again,
    Checkpoint,
    Document,
    Done,
    Job,
    Keep,
    Leg,
    NewJob,
    NewPart,
    Role,
    Store,
)
from schemas import envelope as sbdh
from schemas.identifiers import Participant
from schemas.response import (
    SPID_SCHEME,
    Issue,
    Kind,
    Party,
    Response,
    Unreadable,
    document_type,
    process,
    read,
    write,
)
from transports.base import (
    Delivered,
    Evidence,
    Outcome,
    Refused,
    Report,
    Sent,
    TryLater,
    Unknown,
    Verdict,
    Waiting,
)
from validators.findings import Report as Checked
from validators.findings import Severity
from validators.pipeline import parse, validate

log = structlog.get_logger()

# The audit entry of a status from an access point that the document did not go to.
SET_ASIDE: Final = "status.set_aside"

# Of the 20 minutes of MLS-1, five are for the way.
CONFIRMED_WITHIN: Final = timedelta(minutes=15)
# A status that can not be handed over is tried for so long; its service level is long broken then.
_GIVEN_UP: Final = timedelta(days=1)
_AGAIN: Final = timedelta(minutes=1)
_SOON: Final = timedelta(seconds=1)
# A status names what is wrong; nobody reads page two.
_MOST_ISSUES: Final = 100


class Poster(Protocol):
    """What carries a status: `transports.peppol.driver.Peppol`."""

    async def post(self, header: sbdh.Header, document: bytes) -> Outcome:
        """Hands one document over."""
        ...


# --- those that come ----------------------------------------------------------------------------


class StatusCame:
    """The handler of what came for something that we had sent. `own` is our own identifier."""

    def __init__(self, store: Store, clock: Clock, own: Participant) -> None:
        self._store = store
        self._clock = clock
        self._own = own
        self._reports = Reports(store, clock)
        self._answers = Answers(store, clock)

    async def __call__(self, job: Job) -> None:
        """Does the job. Raises what the store raises."""
        now = self._clock.now()
        content = str(job.data["document"]).encode()
        if "owes" in job.data:
            issues = await self._answer(content, job.data, now)
            owed = self._owed(job.data, issues, now)
            await self._store.checkpoint(job, Checkpoint(Done(), jobs=owed), now)
            return
        response = _read(content, str(job.data["message_id"]))
        if response is not None and not _says_who_sent_it(response, job.data):
            log.warning("response_of_another", message_id=job.data["message_id"])
            response = None
        taken = True
        if response is not None and response.kind is not Kind.INVOICE_RESPONSE:
            taken = await self._taken(response, content, str(job.data["from"]), now)
        next_ = Done() if taken else Again(now + _SOON)
        await self._store.checkpoint(job, Checkpoint(next_), now)

    async def _answer(self, content: bytes, data: Any, now: datetime) -> tuple[Issue, ...]:
        """Takes up what a buyer answers; what is wrong with it, if it can not be."""
        report = await asyncio.to_thread(validate, content, at=now.date())
        if not report.ok:
            return _issues(report)
        response = _read(content, str(data["message_id"]))
        if response is None or response.kind is not Kind.INVOICE_RESPONSE:
            return (Issue("SV", "It is no Invoice Response that can be read."),)
        if not _says_who_sent_it(response, data):
            log.warning("response_of_another", message_id=data["message_id"])
            return (Issue("BV", "Its sender is not the sender of its envelope."),)
        if not await self._answers.take(response, content):
            return (Issue("FD", f"There is no invoice {response.refers_to} that it answers."),)
        return ()

    def _owed(self, data: Any, issues: tuple[Issue, ...], now: datetime) -> tuple[NewJob, ...]:
        """The job of the status that we owe for an answer, where one is owed."""
        owes = data["owes"]
        if not issues and owes["mls_type"] != sbdh.MlsType.ALWAYS_SEND:
            return ()
        status = Response(
            kind=Kind.MLS,
            id=str(uuid5(NAMESPACE_URL, f"mls:{data['message_id']}")),
            issued_at=now,
            sender=Party(self._own),
            receiver=Party(_addressee(owes["seat"], owes["mls_to"])),
            code="RE" if issues else "AB",  # it lies in the company's feed; nobody says it was read
            refers_to=owes["instance_id"],
            description="The response can not be taken up." if issues else None,
            issues=issues,
        )
        told = {**owes, "response": write(status).decode()}
        return (NewJob(f"{STATUS_DUE}/{data['message_id']}", STATUS_DUE, now, data=told),)

    async def _taken(self, response: Response, content: bytes, seat: str, now: datetime) -> bool:
        """Takes up a status; False when its document is in somebody's hands just now."""
        try:
            key = UUID(response.refers_to)
        except ValueError:
            log.warning("status_of_nothing", response_id=response.id)
            return True
        found = await self._store.leg(key)
        if found is None:
            log.warning("status_of_nothing", response_id=response.id)
            return True
        if not await self._has_it(response, seat, *found):
            await self._set_aside(response, seat, found[0], now)
            return True
        evidence = Evidence("status", "application/xml", content, now)
        outcome = _outcome(response, seat, evidence)
        return await self._reports.take(Report(key, outcome, f"{response.kind}:{response.id}"))

    async def _has_it(self, response: Response, seat: str, document: Document, leg: Leg) -> bool:
        """Whether a status is from whom the document went to: the access point that it was posted
        to last, and for an MLR the recipient, who may send through another one."""
        if response.kind is not Kind.MLS:
            recipient = document.head.recipient or ""
            return str(response.sender.endpoint).lower() == recipient.lower()
        attempts = await self._store.attempts(document.company_id, document.id)
        went_to = [one.remote for one in attempts if one.leg == leg.n and one.remote]
        return went_to[-1:] == [seat]

    async def _set_aside(
        self, response: Response, seat: str, document: Document, now: datetime
    ) -> None:
        data = {"kind": str(response.kind), "code": response.code, "seat": seat}
        log.warning("status_set_aside", document_id=document.id, **data)
        entry = NewEntry("gateway", SET_ASIDE, document.id, document.company_id, data)
        await self._store.audit(entry, now)


def _issues(report: Checked) -> tuple[Issue, ...]:
    """What is fatal in a report, as a status tells it."""
    fatal = (one for one in report.findings if one.severity is Severity.FATAL)
    reason = "BV" if report.structure_ok else "SV"
    return tuple(
        Issue(reason, f"{one.rule}: {one.text}", one.where or "NA")
        for one in islice(fatal, _MOST_ISSUES)
    )


def _says_who_sent_it(response: Response, data: Any) -> bool:
    """Whether a response is from whom its envelope, and for a status its access point, is."""
    sender = response.sender.endpoint
    if str(sender).lower() != str(data["sender"]).lower():
        return False
    seat = str(data["from"])
    return response.kind is not Kind.MLS or sender.value.partition("-")[0] == seat[-6:]


def _read(content: bytes, message_id: str) -> Response | None:
    """The response of a message; None when it can not be read, which is logged."""
    root = parse(content)
    try:
        return read(root) if isinstance(root, etree._Element) else None
    except Unreadable as error:
        log.warning("response_unreadable", reason=str(error), message_id=message_id)
        return None


def _outcome(response: Response, seat: str, evidence: Evidence) -> Delivered | Sent | Refused:
    said = "; ".join(filter(None, [response.description, *(i.text for i in response.issues)]))
    match response.code:
        case "AP":
            text = "The recipient's access point has confirmed that the recipient has it."
            verdict = Verdict("peppol.status_delivered", text, text, seat)
            return Delivered(verdict, (evidence,))
        case "AB":
            text = "The recipient's access point has passed it on, without a confirmation."
            return Sent(Verdict("peppol.status_forwarded", text, text, seat), (evidence,))
        case _:
            text = f"The recipient's access point has rejected it: {said or 'no reason given'}"
            return Refused(Verdict("peppol.status_rejected", text, text, seat), (evidence,))


# --- those that we owe ----------------------------------------------------------------------------


class StatusDue:
    """The handler of what we owe for a document that came in. `own` is our own identifier."""

    def __init__(self, store: Store, clock: Clock, poster: Poster, own: Participant) -> None:
        self._store = store
        self._clock = clock
        self._poster = poster
        self._own = own

    async def __call__(self, job: Job) -> None:
        """Does the job. Raises what the store raises."""
        now = self._clock.now()
        received_at = datetime.fromisoformat(job.data["received_at"])
        due = received_at + CONFIRMED_WITHIN
        told = job.data.get("response")
        if told is None:
            response = await self._response_to(job, now)
            if response is None:
                next_ = await self._later(job, now, due)
                await self._store.checkpoint(job, Checkpoint(next_), now)
                return
            # From here on it is the same status, with the same ids, however often it is tried.
            told = write(response).decode()
            intent = Checkpoint(Keep({**job.data, "response": told}))
            await self._store.checkpoint(job, intent, now)
        outcome = await self._posted(job, told.encode())
        match outcome:
            case TryLater() | Unknown() | Waiting() if now < received_at + _GIVEN_UP:
                log.warning("status_not_sent", code=outcome.verdict.code)
                work = Checkpoint(Again(now + _AGAIN))
            case _:
                log.info("status_sent", outcome=type(outcome).__name__)
                # The status of an answer has no document of its own to be kept with.
                parts = _parts(told, outcome) if job.document_id else ()
                work = Checkpoint(Done(), parts=parts)
        await self._store.checkpoint(job, work, now)

    async def _later(self, job: Job, now: datetime, due: datetime) -> Done | Again:
        """When it is looked at again whether a status is owed."""
        item = await self._store.inbox_item(job.company_id, job.document_id)
        unread = item is not None and (item.state is InboxState.READING or item.code == SCAN_WAITS)
        if now < due and unread:  # there may be a virus in it
            return Again(min(now + _SOON, due))
        wanted = job.data["mls_type"] == sbdh.MlsType.ALWAYS_SEND and now < due
        return Again(due) if wanted else Done()

    async def _response_to(self, job: Job, now: datetime) -> Response | None:
        """The status of the document; None when it is too early for one, or none is owed."""
        document = await self._store.document(job.company_id, job.document_id)
        if document is None:
            return None
        parts = await self._store.parts(document.company_id, document.id)
        part = next(part for part in parts if part.role is Role.DOCUMENT)
        content = await self._store.content(document.company_id, document.id, part.sha256)
        if content is None:
            return None
        return await asyncio.to_thread(self._decided, job.data, document, content, now)

    def _decided(
        self, data: Any, document: Document, content: bytes, now: datetime
    ) -> Response | None:
        """The status, None when it is too early for one."""
        if document.code == INFECTED:
            issue = Issue("FD", "There is a virus in it.")
            return self._response(data, document, "RE", now, "It is not handed out.", (issue,))
        report = validate(content, at=now.date())
        if not report.ok:
            text = "The document breaks the rules of its specification."
            return self._response(data, document, "RE", now, text, _issues(report))
        if data["mls_type"] != sbdh.MlsType.ALWAYS_SEND:
            return None
        if document.confirmed_at is not None:
            return self._response(data, document, "AP", now)
        received_at = datetime.fromisoformat(data["received_at"])
        due = now >= received_at + CONFIRMED_WITHIN
        return self._response(data, document, "AB", now) if due else None

    def _response(
        self,
        data: Any,
        document: Document,
        code: str,
        now: datetime,
        text: str | None = None,
        issues: tuple[Issue, ...] = (),
    ) -> Response:
        return Response(
            kind=Kind.MLS,
            id=str(uuid5(NAMESPACE_URL, f"mls:{document.id}")),
            issued_at=now,
            sender=Party(self._own),
            receiver=Party(_addressee(data["seat"], data["mls_to"])),
            code=code,
            refers_to=data["instance_id"],
            description=text,
            issues=issues,
        )

    async def _posted(self, job: Job, content: bytes) -> Outcome:
        response = read(etree.fromstring(content))
        receiver = response.receiver.endpoint
        outcome = await self._poster.post(self._header(response, receiver), content)
        usual = _addressee(job.data["seat"], None)
        if isinstance(outcome, Refused) and receiver != usual:
            # A place of the sender's own choice that nobody knows: the usual one (rule MLS-4).
            outcome = await self._poster.post(self._header(response, usual), content)
        return outcome

    def _header(self, response: Response, receiver: Participant) -> sbdh.Header:
        return sbdh.Header(
            sender=self._own,
            receiver=receiver,
            document_type=document_type(Kind.MLS),
            process=process(Kind.MLS),
            country=None,
            instance_id=response.id,
            created_at=response.issued_at,
        )


def _parts(told: str, outcome: Outcome) -> list[NewPart]:
    """What is kept of it beside the document: the status, and what went over the wire."""
    status = NewPart(Role.EVIDENCE, "status", "application/xml", told.encode())
    wire = [
        NewPart(Role.EVIDENCE, f"status_{item.kind}", item.media_type, item.content)
        for item in outcome.evidence
    ]
    return [status, *wire]


def _addressee(seat: str, wish: str | None) -> Participant:
    """Whom a status goes to: the sending access point, or a part of it that it has named."""
    usual = Participant(SPID_SCHEME, seat[-6:])
    try:
        wished = Participant.parse(wish or "")
    except ValueError:
        return usual
    same = wished.scheme == SPID_SCHEME and wished.value.partition("-")[0] == usual.value
    return wished if same else usual
