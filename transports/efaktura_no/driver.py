"""Norwegian eFaktura by Mastercard Payment Services (MPS): the channel's contract.

In charge of who is asked what, in which order. Not in charge of the messages (`wire`), of
agreements (`issuers`), of the call that hands an invoice over (`handing_over`), nor of what comes
later (`following`).
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from transports.base import (
    Entry,
    Envelope,
    File,
    Inbound,
    Inquiry,
    NotCollected,
    NotReachable,
    Now,
    Outcome,
    Reachability,
    ReachabilityUnknown,
    Recall,
    Refused,
    Register,
    Repeat,
    Report,
    Sender,
    Unknown,
    Verdict,
    utc_now,
)
from transports.efaktura_no import invoice as papers
from transports.efaktura_no import people, terms
from transports.efaktura_no.agreement import POLL, State
from transports.efaktura_no.client import (
    Client,
    Exchange,
    Silence,
    Trouble,
    not_told,
)
from transports.efaktura_no.faults import Kind, meaning
from transports.efaktura_no.following import Following, Pace
from transports.efaktura_no.handing_over import HandingOver
from transports.efaktura_no.issuers import Issuers
from transports.efaktura_no.terms import BadTerms, Terms
from transports.efaktura_no.wire import consumers
from transports.efaktura_no.wire.consumers import Consumer
from transports.efaktura_no.wire.operations import Operation, Service
from transports.efaktura_no.wire.soap import Fault, Malformed


@dataclass(frozen=True, slots=True)
class EfakturaSettings:
    """The channel's configuration. `url` is the services' common base address; `service` is the one
    that invoices go to: `submitter` for a data processor, `mps` for a customer of MPS's own."""

    url: str
    service: Service = Service.SUBMITTER
    tls: ssl.SSLContext | None = None
    pdf_bytes: int = 2 * 1024 * 1024
    connect_timeout_s: float = 30
    answer_timeout_s: float = 120
    poll: timedelta = timedelta(minutes=15)  # when an invoice is first asked about
    report_days: int = 30  # after the due date


class Efaktura:
    """The channel `efaktura_no`. Create and use it in a running event loop."""

    name = "efaktura_no"
    needs_image = True
    repeat = Repeat.SAFE
    at_once: int | None = 8

    def __init__(
        self, settings: EfakturaSettings, register: Register, *, now: Now = utc_now
    ) -> None:
        self.merge_bytes: int | None = settings.pdf_bytes
        self._settings = settings
        self._service = settings.service
        self._now = now
        self._client = Client(
            settings.url,
            now=now,
            connect_timeout_s=settings.connect_timeout_s,
            answer_timeout_s=settings.answer_timeout_s,
            tls=settings.tls,
        )
        self._issuers = Issuers(self._client, register, now)
        pace = Pace(settings.poll, timedelta(days=settings.report_days))
        self._following = Following(self._client, settings.service, register, now, pace)
        self._handing_over = HandingOver(self._client, settings.service, self._following, now)

    async def resolve(self, inquiry: Inquiry) -> Reachability:
        """Whether MPS has a consumer who takes eFaktura from this sender, as the question asks.
        Nobody is asked who could not get it anyhow: without terms, an active agreement, a KID."""
        read = _terms(inquiry.terms)
        if isinstance(read, Verdict):
            return NotReachable(read)
        unfit = papers.unfit(inquiry.sender, inquiry.summary, read, supposed=inquiry.supposed)
        if unfit is not None:
            return NotReachable(unfit)
        closed = await self._without_agreement(inquiry.sender)
        if closed is not None:
            return closed
        try:
            searches = people.searches(inquiry.recipient)
        except people.Unfindable as error:
            return NotReachable(Verdict(error.code, str(error), str(error)))
        assert inquiry.sender.organisation_number is not None, "it is not unfit"
        found: tuple[Consumer, ...] = ()
        for search in searches:
            asked, told = await self._identify(inquiry.sender.organisation_number, search)
            if isinstance(told, Silence):
                return not_told(asked, told)
            if isinstance(told, Verdict):
                return ReachabilityUnknown(told, evidence=asked.as_question())
            if told:
                found = told
                break
        return people.answer(inquiry.question, found, asked)

    async def deliver(self, envelope: Envelope) -> Outcome:
        """Hands the invoice over under its consignment's number; for the question `ask`, has MPS
        ask the consumer for an agreement.

        Sent (a report is expected), Waiting (the consumer was asked), Refused or TryLater by the
        answer; Unknown when all of it went out and no clear answer came back.
        """
        if envelope.image is None:
            raise ValueError("the efaktura_no channel needs the invoice as a PDF: needs_image")
        if envelope.question == people.ASK:
            return await self._handing_over.ask_consumer(envelope)
        read = _terms(envelope.terms)
        if isinstance(read, Verdict):
            return Unknown(read) if envelope.repeated else Refused(read)
        # What may have gone already is asked about, whatever has been changed since.
        kept = None if envelope.repeated else self._kept_from(envelope, read)
        if kept is not None:
            return Refused(kept)
        return await self._handing_over.hand_over(envelope, read)

    async def collect(self) -> AsyncIterator[Report | Inbound]:
        """What has become of invoices; and looks, by the way, how agreements go on."""
        silence: NotCollected | None = None
        try:
            async for report in self._following.reports():
                yield report
        except NotCollected as error:
            silence = error
        verdict = await self._issuers.look()
        if silence is not None:
            raise silence
        if verdict is not None:
            raise NotCollected(verdict)

    async def close(self) -> None:
        """Lets go of connections."""
        await self._client.close()

    def wrong(self, given: Mapping[str, Any]) -> tuple[str, ...]:
        """What is wrong with a sender's terms."""
        return terms.wrong(given)

    def too_large(self, envelope: Envelope) -> tuple[File, ...]:
        """The files that would have to go, where the PDF is larger than MPS takes."""
        pdf = papers.picture(envelope)
        if pdf is None or len(pdf.content) <= self._settings.pdf_bytes:
            return ()
        return (pdf, *papers.left_behind(envelope))

    async def request(self, sender: Sender, given: Mapping[str, Any]) -> Entry | Verdict:
        """Asks for a company's agreement with MPS. A Verdict says why it can not be asked for."""
        return await self._issuers.request(sender, given)

    async def end(self, company_id: str, organisation_number: str) -> Entry | Verdict:
        """Ends a company's active agreement. A Verdict says why not."""
        return await self._issuers.end(company_id, organisation_number)

    async def recall(self, company_id: str, key: UUID) -> Recall:
        """Has MPS take back the invoice of this envelope, as long as it is not paid."""
        return await self._following.recall(company_id, key)

    def _kept_from(self, envelope: Envelope, read: Terms) -> Verdict | None:
        """What keeps an envelope from going, though its recipient may have been chosen long ago."""
        if self.too_large(envelope) and envelope.link is None:
            return _too_large(envelope, self._settings.pdf_bytes)
        return papers.unfit(envelope.sender, envelope.summary, read)

    # --- who may send, and to whom ---

    async def _without_agreement(self, sender: Sender) -> NotReachable | ReachabilityUnknown | None:
        assert sender.organisation_number is not None, "it is not unfit"
        found = await self._issuers.find(sender.company_id, sender.organisation_number)
        if found is None:
            text = "The sender has no eFaktura agreement. Ask for one."
            return NotReachable(Verdict("efaktura_no.no_agreement", text, text))
        if found.state is State.ACTIVE:
            return None
        text = f"The sender's eFaktura agreement: {found.text(self._now())}"
        if found.pending:
            verdict = Verdict("efaktura_no.agreement_pending", text, text)
            return ReachabilityUnknown(verdict, POLL)
        return NotReachable(Verdict("efaktura_no.agreement_over", text, text))

    async def _identify(
        self, organisation_number: str, search: consumers.Search
    ) -> tuple[Exchange, tuple[Consumer, ...] | Verdict | Silence]:
        message = str(uuid4())
        content = consumers.identify(message, organisation_number, search)
        asked = await self._client.ask(self._service, Operation.IDENTIFY, message, content)
        if isinstance(asked.said, Silence):
            return asked, asked.said
        if isinstance(asked.said, Fault):
            meant = meaning(self._service, asked.said)
            # Nobody is there, or nobody by that number.
            if meant.kind in (Kind.NOT_FOUND, Kind.REFUSED):
                return asked, ()
            return asked, asked.verdict(meant.code, meant.text, asked.said.text)
        try:
            return asked, consumers.consumers(asked.said)
        except Malformed as error:
            return asked, Silence(Trouble.NOT_UNDERSTOOD, str(error))


def _terms(given: Mapping[str, Any]) -> Terms | Verdict:
    if not given:
        text = (
            "The sender has no terms for eFaktura: set account, kid_algorithm and kid_length of "
            "channels.efaktura_no in the company's settings."
        )
        return Verdict("efaktura_no.no_terms", text, text)
    try:
        return terms.read(given)
    except BadTerms as error:
        text = f"The sender's terms for eFaktura (channels.efaktura_no) can not be used: {error}"
        return Verdict("efaktura_no.bad_terms", text, text)


def _too_large(envelope: Envelope, limit: int) -> Verdict:
    pdf = papers.picture(envelope)
    size = 0 if pdf is None else len(pdf.content)
    text = f"The PDF has {size:,} bytes; eFaktura takes {limit:,}."
    return Verdict("efaktura_no.too_large", text, text)
