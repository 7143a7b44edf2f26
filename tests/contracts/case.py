"""What a channel's case in the contract suite is made of.

A new channel has its case in `channel_<name>.py` and a line in CASES (`transports`).
"""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from reportlab.pdfgen.canvas import Canvas

from schemas.identifiers import (
    BILLING_INVOICE,
    BILLING_PROCESS,
    INVOICE_NAMESPACE,
    Participant,
)
from transports.base import (
    Envelope,
    File,
    Inquiry,
    PostalAddress,
    Reachable,
    Recipient,
    Sender,
    Summary,
    Transport,
)

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PERSONAL_NUMBER = "191212121212"

# How long the drivers wait: as long as it takes on a busy machine, and for a sandbox that hangs as
# long as it surely has come to the point; all answers are signed in this very process.
PATIENCE_S = 60.0
SHORT_PATIENCE_S = 3.0
SHORT_SIGNED_PATIENCE_S = 3.0


INVOICE = f'<Invoice xmlns="{INVOICE_NAMESPACE}"/>'.encode()


def pdf(pages: int = 1) -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, invariant=1)
    for _ in range(pages):
        canvas.drawString(72, 720, "1001")
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def envelope(recipient: Recipient, address: str, name: str) -> Envelope:
    """An envelope whose key comes from its name."""
    return Envelope(
        key=uuid5(UUID(int=0), name),
        document_id="doc_01900000-0000-7000-8000-000000000001",
        sender=Sender(
            company_id="cmp_sender",
            name="Åkeri & Söner AB",
            country="SE",
            participant=Participant.parse("0007:5567321707"),
            organisation_number="5567321707",
            reply_to="faktura@akeri.example",
            contact="Åsa Öberg, 08-123 45 67",
            postal_address=PostalAddress(
                "Åkeri & Söner AB", ("Kajen 1",), "111 22", "Stockholm", "SE"
            ),
        ),
        recipient=recipient,
        address=address,
        summary=Summary(
            number="1001",
            credit_note=False,
            issue_date=date(2026, 11, 20),
            due_date=date(2026, 12, 20),
            amount_due=Decimal("12345.50"),
            currency="SEK",
            language="sv",
            payment_reference="1001004",
            document_type=BILLING_INVOICE,
            process=BILLING_PROCESS,
        ),
        accepted_at=NOW,
        document=File("invoice.xml", "application/xml", INVOICE),
        image=File("faktura-1001.pdf", "application/pdf", pdf()),
        attachments=(File("tidrapport.pdf", "application/pdf", pdf(2)),),
    )


RECIPIENT = Recipient(
    name="Bageri Ägget AB",
    country="SE",
    participant=Participant.parse("0007:5560169095"),
    personal_number=PERSONAL_NUMBER,
    email="accept@bageri.example",
    phone="+46701234567",
    postal_address=PostalAddress("Bageri Ägget AB", ("Ågatan 2",), "222 33", "Lund", "SE"),
)


@dataclass
class Channel:
    """A channel that is up, with what the suite needs to know of its sandbox."""

    transport: Transport
    again: Callable[[], Transport]  # one more driver, as after a restart
    recipient_for: Callable[[str], Recipient]  # the recipient that makes the sandbox do `behaviour`
    taken: Callable[[UUID], Awaitable[list[bytes]]]  # the request bytes the other side has kept
    connections: Callable[[], int]  # open now, counted at the other side
    shut: Callable[[], Awaitable[None]]  # takes the other side away
    secrets: tuple[str, ...]  # what no public text may hold: hosts, ports
    # What of a request has to be the same in a repeat: all of it, but where it is encrypted anew.
    lasting: Callable[[bytes], object] = bytes
    terms: Mapping[str, Any] = field(default_factory=dict)  # what the sender has settled with it
    # The envelope as senders of this channel's country write it.
    fitting: Callable[[Envelope], Envelope] = lambda envelope: envelope

    def inquiry(self, recipient: Recipient) -> Inquiry:
        """What `resolve` is asked about a recipient."""
        blank = self.fitting(envelope(recipient, "", ""))
        return Inquiry(blank.sender, recipient, blank.summary, terms=self.terms)

    async def envelope(self, behaviour: str, name: str = "first") -> Envelope:
        """An envelope for which the sandbox does `behaviour`, addressed as `resolve` says."""
        recipient = self.recipient_for(behaviour)
        blank = self.fitting(envelope(recipient, "", f"{behaviour}/{name}"))
        found = await self.transport.resolve(self.inquiry(recipient))
        assert isinstance(found, Reachable), found
        return replace(blank, address=found.address, form=found.form, terms=self.terms)


@dataclass(frozen=True)
class Case:
    """A channel as the suite knows it before it is up.

    `outcomes`: what each of the sandbox's behaviours must come to, the first time.
    `hangs`: those in which the other side never answers. `apart`: those that end before anything
    is handed over, or that are otherwise tested in a file of their own. `sandbox`: the module that
    has its Behaviour. `channel`: the channel's name, where a channel has several cases.
    """

    open: Callable[[Path, bool], AsyncIterator[Channel]]
    outcomes: Mapping[str, tuple[type, str]]
    unreachable: Mapping[str, tuple[Recipient, str]]
    hangs: tuple[str, ...] = ()
    accepts: str = "accept"
    apart: tuple[str, ...] = ()
    sandbox: str = ""
    channel: str = ""


NOBODY = Recipient("Ingen", "SE")
