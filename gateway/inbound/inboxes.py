"""The inboxes of this gateway's companies, as the internal channel and others fill them.

In charge of whose inbox it is and of what lies in it afterwards. Not in charge of polling and
confirming (`gateway.api`). A document for a company here is a document of its own: the sender's
copy and the recipient's never share a row, only bytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date

from gateway.clock import Clock
from gateway.inbound.answers import Answers
from gateway.intake import head as intake
from gateway.store.port import Arrival, Head, NewPart, Role, Store
from gateway.trust.gate import OPEN, Gate
from schemas import forms
from schemas.forms import Form
from schemas.identifiers import Participant
from schemas.response import Kind, document_type
from schemas.response import read as read_response
from schemas.svefaktura.read import read as read_svefaktura
from schemas.ubl.read import Unreadable, read
from transports.base import Envelope, Evidence, File, Inbound
from transports.internal.driver import Shut
from validators.pipeline import parse


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
        arrival = _arrival(
            str(envelope.key),
            envelope.address,
            _head(envelope),
            (envelope.document, *envelope.attachments),
            "internal",
        )
        await self._store.arrive(arrival, self._clock.now())
        return True

    async def take(self, channel: str, inbound: Inbound) -> bool:
        """Puts what a channel brought into the inbox it is for, durably, once for each id. The gate
        keeps it there where its company is not verified: nobody could be told no any more.

        False: the participant is nobody's here.
        """
        company = await self._store.company_of(str(inbound.recipient))
        if company is None:
            return False
        arrival = _arrival(
            f"{channel}:{inbound.id}",
            company.id,
            await asyncio.to_thread(read_head, inbound.document),
            (inbound.document, *inbound.attachments),
            channel,
            inbound.evidence,
        )
        await self._store.arrive(arrival, self._clock.now())
        return True


def _arrival(
    key: str,
    company_id: str,
    head: Head,
    files: Sequence[File],
    channel: str,
    evidence: Sequence[Evidence] = (),
) -> Arrival:
    document, *attachments = files
    roles = [(Role.DOCUMENT, document), *((Role.ATTACHMENT, file) for file in attachments)]
    parts = [NewPart(role, file.name, file.media_type, file.content) for role, file in roles]
    parts += [NewPart(Role.EVIDENCE, e.kind, e.media_type, e.content) for e in evidence]
    return Arrival(key, company_id, head, parts, channel)


def read_head(document: File) -> Head:
    """The head of a document from outside; empty where it can not be read: it is kept all the same,
    and its bytes are what the recipient gets."""
    root = parse(document.content)
    if isinstance(root, tuple):
        return Head()
    try:
        if forms.of(root) is Form.SVEFAKTURA:
            return intake.head(read_svefaktura(root).invoice)
        return intake.head(read(root))
    except Unreadable:
        return Head()


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
    )


def _text(value: Participant | date | None) -> str | None:
    return None if value is None else str(value)
