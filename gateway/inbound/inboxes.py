"""The inboxes of this gateway's companies, as the internal channel and others fill them.

In charge of whose inbox it is and of what lies in it afterwards. Not in charge of polling and
confirming (`gateway.api`). A document for a company here is a document of its own: the sender's
copy and the recipient's never share a row, only bytes.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import structlog

from gateway.clock import Clock
from gateway.inbound import aside
from gateway.inbound.answers import Answers
from gateway.inbound.incoming import Incoming, SetAside, Taken, TurnedBack
from gateway.inbound.jobs import first_reading
from gateway.intake.kind import PACKAGES
from gateway.lifecycle import InboxState
from gateway.store.port import Arrival, Company, Head, NewPart, Role, Store
from gateway.trust.gate import OPEN, Gate
from schemas.identifiers import Participant
from schemas.response import Kind, document_type
from schemas.response import read as read_response
from transports.base import Envelope
from transports.internal.driver import Shut
from validators.pipeline import parse

log = structlog.get_logger()


class Inboxes:
    """The `Inbox` of `transports.internal`: the address of an inbox is its company's id."""

    def __init__(self, store: Store, clock: Clock, gate: Gate = OPEN) -> None:
        self._store = store
        self._clock = clock
        self._gate = gate
        self._answers = Answers(store, clock)

    async def lookup(self, participant: Participant) -> str | Shut | None:
        """The company whose participant this is, None when it is nobody's here."""
        company = await self._store.company_of(str(participant))
        if company is None:
            return None
        closed = await self._gate.may_arrive(company.id)
        return company.id if closed is None else Shut(closed.public)

    async def post(self, envelope: Envelope) -> bool | Shut:
        """Puts the envelope into the inbox, durably, once for each key. False: no such inbox.

        An Invoice Response is for no inbox: it is written to the invoice that it answers. False:
        there is no such invoice here.
        """
        if await self._store.company(envelope.address) is None:
            return False
        closed = await self._gate.may_arrive(envelope.address)
        if closed is not None:
            return Shut(closed.public)
        kind = envelope.summary.document_type
        if kind == document_type(Kind.INVOICE_RESPONSE):
            content = envelope.document.content
            root = parse(content)
            assert not isinstance(root, tuple), "we have made and checked it"
            return await self._answers.take(read_response(root), content)
        files = (envelope.document, *envelope.attachments)
        incoming = Incoming("internal", str(envelope.key), envelope.address, files[0], files[1:])
        arrival = replace(
            arrival_of(envelope.address, incoming, self._clock.now()),
            key=str(envelope.key),
            head=_head(envelope),
        )
        await self._store.arrive(arrival, self._clock.now())
        return True

    async def take(self, incoming: Incoming) -> Taken | SetAside | TurnedBack:
        """Takes in what came, durably, once for each channel and id: into the inbox of the company
        that it is for, or aside where it is for nobody here. Whatever is in it; it is looked at
        later.

        Nothing is kept of what is `refusable` and is for nobody, or for a company that may not
        receive; other things of such a company are kept in its inbox, and the gate keeps them
        there. Raises StorageUnavailable: nothing was kept, and it has to come again.
        """
        now = self._clock.now()
        company = await self._company(incoming.recipient)
        if incoming.refusable:
            if company is None:
                return TurnedBack("inbox.nobody", "The recipient is not here.")
            closed = await self._gate.may_arrive(company.id)
            if closed is not None:
                return TurnedBack(closed.code, closed.public)
        whose = company or await aside.place(self._store, now)
        arrival = arrival_of(whose.id, incoming, now)
        came = await self._store.arrive(arrival, now)
        known = came or await self._store.arrived(whose.id, arrival.key)
        assert known is not None, "it is there by one of both"
        if company is not None:
            return Taken(company.id, known, repeated=came is None)
        log.warning("inbound_for_nobody", channel=incoming.channel, document_id=known)
        return SetAside(known, repeated=came is None)

    async def _company(self, recipient: Participant | str) -> Company | None:
        if isinstance(recipient, str):
            return await self._store.company(recipient)
        return await self._store.company_of(str(recipient))


def arrival_of(company_id: str, incoming: Incoming, now: datetime) -> Arrival:
    """What came, as it is laid into an inbox: to be read before it is given out."""
    document = incoming.document
    packed = document.media_type in PACKAGES
    roles = [(Role.ORIGINAL if packed else Role.DOCUMENT, document)]
    roles += [(Role.ATTACHMENT, file) for file in incoming.attachments]
    parts = [NewPart(role, file.name, file.media_type, file.content) for role, file in roles]
    parts += [NewPart(Role.EVIDENCE, e.kind, e.media_type, e.content) for e in incoming.evidence]
    return Arrival(
        incoming.key,
        company_id,
        Head(),
        parts,
        incoming.channel,
        incoming.message,
        (first_reading(now), *incoming.jobs),
        InboxState.READING,
        {"recipient": str(incoming.recipient)} if company_id == aside.SET_ASIDE else {},
    )


def _head(envelope: Envelope) -> Head:
    """What the recipient's lists show, out of what the envelope says."""
    summary = envelope.summary
    return Head(
        number=summary.number,
        kind="credit_note" if summary.credit_note else "invoice",
        sender_name=envelope.sender.name,
        recipient_name=envelope.recipient.name,
        sender=_text(envelope.sender.participant),
        recipient=_text(envelope.recipient.participant),
        issue_date=_text(summary.issue_date),
        due_date=_text(summary.due_date),
        amount_due=summary.amount_due,
        currency=summary.currency,
        reference=summary.payment_reference,
    )


def _text(value: Participant | date | None) -> str | None:
    return None if value is None else str(value)
