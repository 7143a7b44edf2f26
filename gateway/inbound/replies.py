"""What our companies say of invoices that came in for them: Invoice Responses that go out.

In charge of whether it may be said now, of the response and of its being right. Not in charge of
its form (`schemas.response`), nor of carrying it: from here on it is a document of its own
(`gateway.delivery.responses`).
Source: Peppol BIS Invoice Response 3 (BIS 63), transaction T111 3.0.17.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from gateway.audit.chain import NewEntry, Told
from gateway.clock import Clock
from gateway.delivery.envelope import Particulars
from gateway.delivery.history import every_event
from gateway.delivery.responses import ANSWERS
from gateway.events import Type
from gateway.inbound.answers import meaning, reasons
from gateway.inbound.looking import invoice_of
from gateway.intake import head as intake
from gateway.lifecycle import ANSWERS as MAY_FOLLOW
from gateway.lifecycle import Business, may_answer
from gateway.store.ids import new_id
from gateway.store.port import (
    Company,
    Direction,
    Document,
    Event,
    NewEvent,
    NewPart,
    Reply,
    Role,
    Store,
    Submission,
)
from schemas.identifiers import Participant
from schemas.invoice import Invoice
from schemas.response import Clarification, Kind, Party, Response, document_type, process, write
from transports.base import File, Recipient, Sender
from validators.findings import Finding, Severity
from validators.pipeline import validate

MEDIA_TYPE: Final = "application/xml"

# A document may move on between the reading and the writing; it does not do so for ever.
ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class Word:
    """What the company says: `code` of UNCL4343 as T111 has it, reasons and actions in order."""

    code: str
    clarifications: tuple[Clarification, ...] = ()
    effective_on: date | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """It is said: `response_id` is the document that carries it. The same word again is the same
    response."""

    response_id: str
    business: Business


@dataclass(frozen=True, slots=True)
class Denied:
    """It can not be said now; the text tells why."""

    text: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """The response would break the rules of its specification; nothing was said."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """What would be said, and is right: the response, its bytes, and what it makes of the invoice.
    `earlier` is the response by which the very same was said before."""

    document: Document
    invoice: Invoice
    response: Response
    content: bytes
    business: Business
    text: str
    earlier: str | None = None


async def draft(
    store: Store, clock: Clock, company: Company, document_id: str, word: Word
) -> Draft | Denied | Wrong | None:
    """What saying it comes to; nothing is written. None when there is no such document that came
    in. Raises what the store raises."""
    document = await store.document(company.id, document_id)
    if document is None or document.direction is not Direction.IN:
        return None
    invoice = await _invoice(store, document)
    if invoice is None:
        return Denied("It can not be read as an invoice: there is nobody to answer.")
    now = clock.now()
    response = _response(company, invoice, word, now)
    if isinstance(response, Denied):
        return response
    business, text = meaning(response)
    earlier = _same(await every_event(store, document), _said(response))
    if earlier is not None:
        return Draft(document, invoice, response, b"", document.business, text, earlier)
    partly = word.code == "PD" and business is not Business.PAID
    if not may_answer(document.business, business, in_part=partly):
        return Denied(_why_not(document.business))
    content = write(response)
    report = validate(content, at=now.date())
    if not report.ok:
        return Wrong(tuple(f for f in report.findings if f.severity is Severity.FATAL))
    return Draft(document, invoice, response, content, business, text)


async def reply(
    store: Store,
    clock: Clock,
    company: Company,
    document_id: str,
    word: Word,
    *,
    actor: str = "operator",
) -> Given | Denied | Wrong | None:
    """Says it of a document that came in for the company; None when there is no such document.

    `actor` is who says it, for the audit. Raises what the store raises.
    """
    for _ in range(ATTEMPTS):
        made = await draft(store, clock, company, document_id, word)
        if not isinstance(made, Draft):
            return made
        if made.earlier is not None:
            return Given(made.earlier, made.business)
        submission = _submission(company, made)
        told = NewEvent(Type.REPLIED, {**_said(made.response), "response": submission.document_id})
        entry = NewEntry(actor, Type.REPLIED, document_id, company.id, {"status": word.code})
        now = clock.now()
        done = await store.reply(
            Reply(document_id, made.document.version, made.business, (told,), submission),
            now,
            told=Told(entry, now),
        )
        if done:
            return Given(submission.document_id, made.business)
    return Denied("The document is changing just now. Try again in a moment.")


async def _invoice(store: Store, document: Document) -> Invoice | None:
    parts = await store.parts(document.company_id, document.id)
    part = next((part for part in parts if part.role is Role.DOCUMENT), None)
    if part is None:
        return None
    content = await store.content(document.company_id, document.id, part.sha256)
    if content is None:
        return None
    came = File(part.name, part.media_type, content)
    return await asyncio.to_thread(invoice_of, came, document.created_at.date(), {})


def _response(company: Company, invoice: Invoice, word: Word, now: datetime) -> Response | Denied:
    seller, own = intake.participant(invoice.seller.endpoint), _own(company, invoice)
    if seller is None:
        return Denied("The invoice names no electronic address of its seller (BT-34).")
    if own is None:
        return Denied("Your company has no electronic address here to answer from.")
    return Response(
        kind=Kind.INVOICE_RESPONSE,
        id=new_id("rsp"),
        issued_at=now,
        sender=Party(own, company.name),
        receiver=Party(seller, invoice.seller.name),
        code=word.code,
        refers_to=invoice.number,
        document_code=invoice.type_code,
        document_date=invoice.issue_date,
        effective_on=word.effective_on,
        clarifications=word.clarifications,
    )


def _own(company: Company, invoice: Invoice) -> Participant | None:
    """Who answers: the company as the invoice names it (BT-49), by which its seller knows it again.
    An envelope may have been for another of its participants."""
    ours = [Participant.parse(one) for one in company.participants]
    named = intake.participant(invoice.buyer.endpoint)
    return next((one for one in ours if one == named), ours[0] if ours else None)


def _said(response: Response) -> dict[str, Any]:
    """What the event tells, but for the response's id."""
    business, text = meaning(response)
    effective = response.effective_on
    return {
        "code": f"response.{response.code.lower()}",
        "text": text,
        "business": business.value,
        "effective_date": effective.isoformat() if effective else None,
        "reasons": reasons(response),
    }


def _same(events: Iterable[Event], said: Mapping[str, Any]) -> str | None:
    """The response by which the very same was said before."""
    for event in events:
        if event.type == Type.REPLIED and said.items() <= dict(event.data).items():
            return str(event.data["response"])
    return None


def _why_not(before: Business) -> str:
    may = ", ".join(business.value for business in MAY_FOLLOW[before])
    then = f"after that it can be: {may}" if may else "nothing can follow that"
    return f"You have said of it: {before}; {then}."


def _submission(company: Company, made: Draft) -> Submission:
    """The document that carries the response, with its envelope."""
    response, content, seller = made.response, made.content, made.invoice.seller
    known = Particulars(
        sender=Sender(company.id, company.name, company.country, response.sender.endpoint),
        recipient=Recipient(
            seller.name, seller.address.country, participant=response.receiver.endpoint
        ),
        summary=replace(
            intake.summary(made.invoice, {}),
            document_type=document_type(Kind.INVOICE_RESPONSE),
            process=process(Kind.INVOICE_RESPONSE),
        ),
        attachments=(),
        embedded=0,
    )
    parts = (
        NewPart(Role.ORIGINAL, "response.xml", MEDIA_TYPE, content),
        NewPart(Role.DOCUMENT, "response.xml", MEDIA_TYPE, content),
        known.part(),
    )
    id_ = new_id("doc")
    return Submission(id_, company.id, MEDIA_TYPE, parts, {ANSWERS: made.document.id})
