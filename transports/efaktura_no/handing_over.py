"""Hands an invoice over to MPS, once, whatever happens on the way; and asks consumers.

In charge of the consignment's number and of what each answer is to the document. Not in charge of
whether it may go (`invoice`), nor of what comes later (`following`).

MPS takes a consignment's number once. The number is made from the envelope's key, so a repeat has
it again; and as it is short, somebody else's may have it by chance. Of a number that MPS has
already it is asked which invoice it holds: ours is sent then, and for another's the next number of
the key is taken.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import uuid4

from transports.base import (
    Envelope,
    Evidence,
    Now,
    Outcome,
    Refused,
    Sent,
    TryLater,
    Unknown,
    Waiting,
)
from transports.efaktura_no import invoice as papers
from transports.efaktura_no.agreement import POLL
from transports.efaktura_no.client import Client, Exchange, Silence, Trouble, not_handed_over
from transports.efaktura_no.faults import Kind, meaning
from transports.efaktura_no.following import Following
from transports.efaktura_no.terms import Terms
from transports.efaktura_no.wire import consumers, invoices
from transports.efaktura_no.wire.consumers import Acceptance
from transports.efaktura_no.wire.invoices import ConsignmentState
from transports.efaktura_no.wire.operations import Operation, Service
from transports.efaktura_no.wire.soap import Fault, Malformed

# How long a consumer who was asked has time to answer, where the routing order does not say.
ANSWERS_IN: Final = timedelta(days=3)


class HandingOver:
    """Calls the service that invoices go to. What may have gone is followed before it goes."""

    def __init__(self, client: Client, service: Service, following: Following, now: Now) -> None:
        self._client = client
        self._service = service
        self._following = following
        self._now = now

    async def hand_over(self, envelope: Envelope, read: Terms) -> Outcome:
        """Hands an invoice over under the first of its numbers that is free, or its own already."""
        before: tuple[Evidence, ...] = ()
        for consignment in papers.consignments(envelope.key):
            await self._following.begin(envelope, consignment)
            content = invoices.add(papers.invoice(envelope, read, consignment))
            message = str(envelope.key)
            asked = await self._client.ask(self._service, Operation.ADD, message, content)
            if isinstance(asked.said, Fault):
                meant = meaning(self._service, asked.said)
                # A repeat that is refused may have been taken before.
                if meant.kind is Kind.DUPLICATE or (
                    envelope.repeated and meant.kind is Kind.REFUSED
                ):
                    known = await self._known(envelope, consignment, asked, meant.kind)
                    if known is not None:
                        return known
                if meant.kind is Kind.DUPLICATE:
                    before = (*before, *asked.as_question())
                    continue
            outcome = self._outcome(envelope, consignment, asked, before)
            # An earlier attempt may have arrived, whatever keeps this one from it.
            absent = isinstance(outcome, TryLater) and not envelope.repeated
            if absent or isinstance(outcome, Refused):
                await self._following.forget(envelope)
            return outcome
        await self._following.forget(envelope)
        text = "MPS has other invoices under every number that this one could go by."
        return Refused(asked.verdict("efaktura_no.no_free_number", text), before)

    async def _known(
        self, envelope: Envelope, consignment: str, first: Exchange, why: Kind
    ) -> Sent | Unknown | None:
        """What MPS has in a consignment of this number: this very invoice, or one that nobody
        knows. None when it is another invoice, or there is no such consignment."""
        message = str(uuid4())
        asked = await self._client.ask(
            self._service,
            Operation.CONSIGNMENT_STATUS,
            message,
            invoices.consignment_question(message, consignment),
        )
        evidence = (*first.as_handing_over(), *asked.as_question())
        text = "MPS has a consignment of this number, and does not say yet what is in it."
        unknown = Unknown(asked.verdict("efaktura_no.outcome_unknown", text), evidence)
        if isinstance(asked.said, Fault):
            absent = meaning(self._service, asked.said).kind is Kind.NOT_FOUND
            return None if absent and why is not Kind.DUPLICATE else unknown
        if isinstance(asked.said, Silence):
            return unknown
        try:
            status = invoices.read_consignment_status(asked.said)
        except Malformed:
            return unknown
        if status.consignment != consignment or status.state is not ConsignmentState.PROCESSED:
            return unknown
        ours = (envelope.sender.organisation_number, envelope.summary.number)
        return (
            self._sent(envelope, consignment, asked, evidence) if ours in status.invoices else None
        )

    def _outcome(
        self, envelope: Envelope, consignment: str, asked: Exchange, before: tuple[Evidence, ...]
    ) -> Outcome:
        evidence = (*before, *asked.as_handing_over())
        if isinstance(asked.said, Silence):
            outcome = not_handed_over(asked, asked.said)
            return replace(outcome, evidence=(*before, *outcome.evidence))
        if isinstance(asked.said, Fault):
            return self._faulted(asked, asked.said, evidence)
        try:
            named = invoices.consignment_of(asked.said)
        except Malformed:
            named = ""
        if named != consignment:
            text = "MPS took something, and does not say that it is this invoice."
            return Unknown(asked.verdict("efaktura_no.outcome_unknown", text), evidence)
        return self._sent(envelope, consignment, asked, evidence)

    def _faulted(self, asked: Exchange, fault: Fault, evidence: tuple[Evidence, ...]) -> Outcome:
        meant = meaning(self._service, fault)
        verdict = asked.verdict(meant.code, meant.text, f"{fault.code} {fault.text}".strip())
        match meant.kind:
            case Kind.NO_ISSUER | Kind.NOT_ALLOWED:  # a new agreement takes up to a day
                return TryLater(verdict, evidence, POLL)
            case Kind.FAILED:  # it may have stumbled after taking it
                return Unknown(verdict, evidence, answered=False)
        return Refused(verdict, evidence)

    def _sent(
        self,
        envelope: Envelope,
        consignment: str,
        asked: Exchange,
        evidence: tuple[Evidence, ...],
    ) -> Sent:
        left = papers.left_behind(envelope)
        public, code = "MPS has taken the invoice.", "efaktura_no.sent"
        if left:
            code = "efaktura_no.sent_without_attachments"
            names = ", ".join(file.name for file in left)
            public = f"{public} These files are not in its PDF and stayed behind: {names}."
        return Sent(
            asked.verdict(code, public, f"{public} Its consignment: {consignment}."),
            evidence,
            reference=consignment,
            expects="report",
            until=self._following.until(envelope),
        )

    async def ask_consumer(self, envelope: Envelope) -> Outcome:
        """Has MPS ask the consumer for an agreement. The same question again asks nobody again."""
        number = envelope.sender.organisation_number
        assert number is not None, "it is not unfit"
        message = str(envelope.key)
        content = consumers.ask_consumer(message, number, envelope.address)
        asked = await self._client.ask(self._service, Operation.ASK_CONSUMER, message, content)
        evidence = asked.as_handing_over()
        if isinstance(asked.said, Silence):
            outcome = not_handed_over(asked, asked.said)
            # Nothing was handed over but a question that is asked once, however often it comes.
            return TryLater(outcome.verdict, evidence, answered=outcome.answered)
        if isinstance(asked.said, Fault):
            meant = meaning(self._service, asked.said)
            verdict = asked.verdict(meant.code, meant.text, asked.said.text)
            if meant.kind in (Kind.NO_ISSUER, Kind.NOT_ALLOWED, Kind.FAILED):
                return TryLater(verdict, evidence, POLL)
            return Refused(verdict, evidence)
        try:
            acceptance = consumers.read_consumer_asked(asked.said)
        except Malformed as error:
            text = "The eFaktura service gave an answer that is not in the format."
            return TryLater(asked.verdict(Trouble.NOT_UNDERSTOOD, text, str(error)), evidence)
        match acceptance:
            case Acceptance.BLOCKED:
                text = "The recipient does not want eFaktura from this sender."
                return Refused(asked.verdict("efaktura_no.blocked", text), evidence)
            case Acceptance.NONE:
                text = "The recipient was asked for an eFaktura agreement."
                until = self._now() + ANSWERS_IN
                return Waiting(asked.verdict("efaktura_no.asked", text), until, evidence)
        text = "The recipient takes eFaktura by now."
        return Waiting(asked.verdict("efaktura_no.takes_it_now", text), self._now(), evidence)
