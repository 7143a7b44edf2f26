"""Each channel with its sandbox, in the shape the contract suite works with.

A new channel adds a `Case` to CASES and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import aiohttp

from gateway.clock import MovableClock
from gateway.inbound.inboxes import Inboxes
from gateway.store.port import Company, Role
from gateway.store.sqlite import SqliteStore
from schemas.identifiers import (
    Participant,
)
from tests.contracts import (
    channel_avtalegiro,
    channel_bank_se,
    channel_efaktura_no,
    channel_email,
    channel_example,
    channel_kivra,
    channel_letter_sftp,
    channel_operator,
    channel_vipps,
)
from tests.contracts.case import (
    NOBODY,
    NOW,
    PATIENCE_S,
    PERSONAL_NUMBER,
    RECIPIENT,
    SHORT_PATIENCE_S,
    SHORT_SIGNED_PATIENCE_S,
    Case,
    Channel,
    envelope,
    pdf,
)
from tests.peppol.parties import same_key
from transports.base import (
    Delivered,
    PostalAddress,
    Recipient,
    Refused,
    Sent,
    Transport,
    TryLater,
    Unknown,
)
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

__all__ = [
    "CASES",
    "HERE",
    "NOW",
    "PERSONAL_NUMBER",
    "POST_CODES",
    "RECIPIENT",
    "Case",
    "Channel",
    "envelope",
    "opened",
    "pdf",
    "until",
]

HERE = Company("cmp_here", "Bageri AB", "SE", ("0007:5560169095",), {})


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
    "bank_se": channel_bank_se.CASE,
    "email": channel_email.CASE,
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
    "crier": channel_example.CASE,
    "operator": channel_operator.REST,
    "operator_sfti": channel_operator.SFTI,
    "kivra": channel_kivra.CASE,
    "letter_sftp": channel_letter_sftp.CASE,
    "efaktura_no": channel_efaktura_no.CASE,
    "vipps": channel_vipps.CASE,
    "avtalegiro": channel_avtalegiro.CASE,
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
