"""Each channel with its sandbox, in the shape the contract suite works with.

A new channel adds a `Case` to CASES and nothing else.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import aiohttp
from reportlab.pdfgen.canvas import Canvas

from gateway.clock import MovableClock
from gateway.inbound.inboxes import Inboxes
from gateway.store.port import Company, Role
from gateway.store.sqlite import SqliteStore
from schemas.identifiers import (
    BILLING_INVOICE,
    BILLING_PROCESS,
    INVOICE_NAMESPACE,
    Participant,
)
from tests.peppol.parties import same_key
from transports.base import (
    Delivered,
    Envelope,
    File,
    Inquiry,
    PostalAddress,
    Reachable,
    Recipient,
    Refused,
    Sender,
    Sent,
    Summary,
    Transport,
    TryLater,
    Unknown,
)
from transports.email.connections import Relay, Tls
from transports.email.driver import Email, EmailSettings
from transports.email.sandbox import Sandbox as MailServer
from transports.internal.driver import Internal
from transports.letter.driver import Letter, LetterSettings
from transports.letter.sandbox import Sandbox as PrintHouse
from transports.peppol.as4 import mime, unpacking
from transports.peppol.discovery import Discovery
from transports.peppol.driver import Peppol, PeppolSettings
from transports.peppol.pki.revocation import Fail, Revocation
from transports.peppol.sandbox.access_point import AccessPoint
from transports.peppol.sandbox.access_point import Behaviour as PeppolBehaviour
from transports.peppol.sandbox.network import ZONE, Network
from transports.peppol.sender import Sender as AccessPointSender
from transports.peppol.sml import Sml
from transports.peppol.smp import Smp

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PERSONAL_NUMBER = "191212121212"
HERE = Company("cmp_here", "Bageri AB", "SE", ("0007:5560169095",), {})

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

    def inquiry(self, recipient: Recipient) -> Inquiry:
        """What `resolve` is asked about a recipient."""
        blank = envelope(recipient, "", "")
        return Inquiry(blank.sender, recipient, blank.summary, terms=self.terms)

    async def envelope(self, behaviour: str, name: str = "first") -> Envelope:
        """An envelope for which the sandbox does `behaviour`, addressed as `resolve` says."""
        recipient = self.recipient_for(behaviour)
        blank = envelope(recipient, "", f"{behaviour}/{name}")
        found = await self.transport.resolve(self.inquiry(recipient))
        assert isinstance(found, Reachable), found
        return replace(blank, address=found.address, form=found.form, terms=self.terms)


@dataclass(frozen=True)
class Case:
    """A channel as the suite knows it before it is up.

    `outcomes`: what each of the sandbox's behaviours must come to, the first time.
    `hangs`: those in which the other side never answers.
    """

    open: Callable[[Path, bool], AsyncIterator[Channel]]
    outcomes: Mapping[str, tuple[type, str]]
    unreachable: Mapping[str, tuple[Recipient, str]]
    hangs: tuple[str, ...] = ()
    accepts: str = "accept"


async def open_internal(data: Path, hangs: bool) -> AsyncIterator[Channel]:
    clock = MovableClock(NOW)
    store = await SqliteStore.open(data)
    await store.add_company(HERE, NOW)
    inboxes = Inboxes(store, clock)

    async def taken(key: UUID) -> list[bytes]:
        found = []
        for document in await store.inbox(HERE.id, None, 100):
            for part in await store.parts(HERE.id, document.id):
                if part.role is Role.DOCUMENT:
                    content = await store.content(HERE.id, document.id, part.sha256)
                    assert content is not None
                    found.append(content)
        return found

    def driver() -> Transport:
        return Internal(inboxes, now=clock.now)

    async def shut() -> None:
        await store.close()

    yield Channel(
        transport=driver(),
        again=driver,
        recipient_for=lambda behaviour: RECIPIENT,
        taken=taken,
        connections=lambda: 0,
        shut=shut,
        secrets=(HERE.id,),
    )
    await store.close()


async def open_email(data: Path, hangs: bool) -> AsyncIterator[Channel]:
    clock = MovableClock(NOW)
    patience_s = SHORT_PATIENCE_S if hangs else PATIENCE_S
    async with MailServer() as server:
        settings = EmailSettings(
            Relay("127.0.0.1", server.port, Tls.NONE, connect_timeout_s=PATIENCE_S),
            "faktura@gateway.example",
            reply_timeout_s=patience_s,
            end_timeout_s=patience_s,
        )

        async def taken(key: UUID) -> list[bytes]:
            mine = f"<{key}@gateway.example>"
            return [r.content for r in server.received if r.message["Message-ID"] == mine]

        def driver() -> Transport:
            return Email(settings, now=clock.now)

        yield Channel(
            transport=driver(),
            again=driver,
            recipient_for=lambda behaviour: replace(
                RECIPIENT, email=f"{behaviour}+1@bageri.example"
            ),
            taken=taken,
            connections=lambda: len(server.open),
            shut=server.close,
            secrets=("127.0.0.1", str(server.port), "bageri.example", "gateway.example"),
        )


POST_CODES = {
    "accept": "222 33",
    "bad_address": "999 99",
    "return": "999 98",
    "reject": "999 97",
    "error": "999 96",
    "busy": "999 95",
    "hang": "999 94",
    "drop": "999 93",
}


async def open_letter(data: Path, hangs: bool) -> AsyncIterator[Channel]:
    clock = MovableClock(NOW)
    patience_s = SHORT_PATIENCE_S if hangs else PATIENCE_S
    async with PrintHouse(now=clock.now) as house:
        settings = LetterSettings(house.url, house.token, answer_timeout_s=patience_s)

        async def taken(key: UUID) -> list[bytes]:
            return [house.jobs[key].body] if key in house.jobs else []

        def driver() -> Transport:
            return Letter(settings, now=clock.now)

        def recipient_for(behaviour: str) -> Recipient:
            assert RECIPIENT.postal_address is not None
            address = replace(RECIPIENT.postal_address, post_code=POST_CODES[behaviour])
            return replace(RECIPIENT, postal_address=address)

        yield Channel(
            transport=driver(),
            again=driver,
            recipient_for=recipient_for,
            taken=taken,
            connections=lambda: house.open,
            shut=house.close,
            secrets=("127.0.0.1", house.url, house.token),
        )


def _signed(request: bytes) -> object:
    """What a Peppol message says, and what is signed of it."""
    boundary = request.partition(b"\r\n")[0].removeprefix(b"--").decode()
    sealed = unpacking.read(mime.content_type(boundary), request)
    return sealed.message, [one.digest for one in sealed.references]


async def open_peppol(data: Path, hangs: bool) -> AsyncIterator[Channel]:
    clock = MovableClock(NOW)
    patience_s = SHORT_SIGNED_PATIENCE_S if hangs else PATIENCE_S
    async with (
        Network(clock.now, same_key) as network,
        AccessPoint(network) as point,
    ):
        anchors = network.authority.anchors
        key = network.authority.leaf("POP000001")

        async def taken(key: UUID) -> list[bytes]:
            kept = point.kept.get(f"{key}@gateway.example")
            return [] if kept is None else [kept.taken.request]

        def driver() -> Transport:
            session = aiohttp.ClientSession()
            revocation = Revocation(session, Fail.HARD, clock.now)
            port = network.name_server.port
            sml = Sml(ZONE, ["127.0.0.1"], port, plain_http=True, timeout_s=PATIENCE_S)
            smp = Smp(session, anchors, revocation, clock.now, plain_http=True)
            discovery = Discovery(sml, smp, anchors, revocation, clock.now)
            sender = AccessPointSender(
                session, key, anchors, revocation, clock.now, answer_timeout_s=patience_s
            )
            return Peppol(
                PeppolSettings("gateway.example"), discovery, sender, session, now=clock.now
            )

        def recipient_for(behaviour: str) -> Recipient:
            n = list(PeppolBehaviour).index(PeppolBehaviour(behaviour))
            participant = Participant.parse(f"0007:55600099{n:02}")
            point.register(participant, PeppolBehaviour(behaviour))
            return replace(RECIPIENT, participant=participant)

        yield Channel(
            transport=driver(),
            again=driver,
            recipient_for=recipient_for,
            taken=taken,
            connections=lambda: point.open,
            shut=point.stop,
            secrets=("127.0.0.1", point.url, network.url),
            lasting=_signed,
        )


NOBODY = Recipient("Ingen", "SE")
NO_STREET = PostalAddress("Ingen", (), "222 33", "Lund", "SE")

CASES: Mapping[str, Case] = {
    "internal": Case(
        open=open_internal,
        outcomes={"accept": (Delivered, "internal.delivered")},
        unreachable={
            "nobody": (NOBODY, "internal.no_participant"),
            "elsewhere": (
                replace(NOBODY, participant=Participant.parse("0007:5592034846")),
                "internal.not_here",
            ),
        },
    ),
    "email": Case(
        open=open_email,
        outcomes={
            "accept": (Sent, "email.sent"),
            "refuse": (Refused, "email.mailbox_unavailable"),
            "full": (Refused, "email.mailbox_full"),
            "large": (Refused, "email.too_large"),
            "policy": (Refused, "email.policy"),
            "later": (TryLater, "email.deferred"),
            "hang": (TryLater, "email.timeout"),
            "silent": (Unknown, "email.outcome_unknown"),
            "drop": (Unknown, "email.outcome_unknown"),
        },
        unreachable={
            "nobody": (NOBODY, "email.no_address"),
            "nonsense": (replace(NOBODY, email="inte en adress"), "email.bad_address"),
            "two": (replace(NOBODY, email="a@b.example, c@d.example"), "email.bad_address"),
        },
        hangs=("hang", "silent"),
    ),
    "peppol": Case(
        open=open_peppol,
        outcomes={
            "accept": (Sent, "peppol.sent"),
            "lose": (Unknown, "peppol.no_receipt"),
            "hang": (Unknown, "peppol.no_receipt"),
            "alter": (Unknown, "peppol.no_receipt"),
            "unsigned": (Unknown, "peppol.no_receipt"),
            "stranger": (Unknown, "peppol.no_receipt"),
            "renew": (TryLater, "peppol.decryption"),
            "not_serviced": (Refused, "peppol.not_serviced"),
            "not_serviced_unsigned": (TryLater, "peppol.not_serviced"),
            "refuse": (Refused, "peppol.refused"),
            "duplicate": (Unknown, "peppol.duplicate"),
            "bad_gateway": (Unknown, "peppol.no_receipt"),
            "reject": (Sent, "peppol.sent"),
            "duplicate_in_words": (Unknown, "peppol.duplicate"),
            "answer": (Sent, "peppol.sent"),
            "invoices_only": (Sent, "peppol.sent"),
        },
        unreachable={
            "nobody": (NOBODY, "peppol.no_participant"),
            "elsewhere": (
                replace(NOBODY, participant=Participant.parse("0007:5592034846")),
                "peppol.not_registered",
            ),
        },
        hangs=("hang",),
    ),
    "letter": Case(
        open=open_letter,
        outcomes={
            "accept": (Sent, "letter.accepted"),
            "bad_address": (Refused, "letter.bad_address"),
            "return": (Sent, "letter.accepted"),
            "reject": (Sent, "letter.accepted"),
            "error": (Unknown, "letter.outcome_unknown"),
            "busy": (TryLater, "letter.busy"),
            "hang": (Unknown, "letter.outcome_unknown"),
            "drop": (Unknown, "letter.outcome_unknown"),
        },
        unreachable={
            "nobody": (NOBODY, "letter.address_incomplete"),
            "no_street": (replace(NOBODY, postal_address=NO_STREET), "letter.address_incomplete"),
        },
        hangs=("hang",),
    ),
}


@asynccontextmanager
async def opened(case: Case, data: Path, *, hangs: bool = False) -> AsyncIterator[Channel]:
    """The channel of a case, up for the time of a test. `hangs`: its sandbox is going to."""
    source = case.open(data, hangs)
    channel = await anext(source)
    try:
        yield channel
    finally:
        await channel.transport.close()
        async for _ in source:
            raise AssertionError("a case opens one channel")


async def until(true: Callable[[], bool]) -> None:
    """Waits for a condition of the sandbox, with a bound."""
    async with asyncio.timeout(PATIENCE_S):
        while not true():
            await asyncio.sleep(0.005)
