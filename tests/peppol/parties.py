"""Two access points of one sandbox network, and messages between them.

Keys take time to make, so that there is one network for each process of the tests.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from schemas import envelope
from schemas.identifiers import BILLING_INVOICE, BILLING_PROCESS, DocumentType, Participant, Process
from transports.peppol.as4.message import UserMessage
from transports.peppol.as4.packing import Packed, pack
from transports.peppol.pki.chains import Anchors
from transports.peppol.pki.keys import KeyInMemory, Signer
from transports.peppol.pki.revocation import Fail, Revocation
from transports.peppol.receiver import Receiver, Refusal, Seen, Taken
from transports.peppol.sandbox.authority import Authority, new_key

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
SENDING, RECEIVING = "POP000001", "POP000002"
SELLER, BUYER = Participant.parse("0192:918130047"), Participant.parse("0007:5567321707")
STRANGER = Participant.parse("0007:5560360793")
DOCUMENT = (
    b'<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"><ID>1</ID></Invoice>'
)


@cache
def same_key(name: str, bits: int) -> RSAPrivateKey:
    """Each name's key is made once for all networks of the process."""
    return new_key(name, bits)


@cache
def network(name: str = "SANDBOX") -> Authority:
    return Authority(NOW, name=name, make_key=same_key)


@cache
def key(seat: str) -> KeyInMemory:
    return network().leaf(seat)


def header(**more: object) -> envelope.Header:
    made = envelope.Header(
        sender=SELLER,
        receiver=BUYER,
        document_type=BILLING_INVOICE,
        process=BILLING_PROCESS,
        country="NO",
        instance_id="instance-1",
        created_at=NOW,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def message(**more: object) -> UserMessage:
    made = UserMessage(
        id="message-1@sender.example",
        sent_at=NOW,
        from_seat=SENDING,
        to_seat=RECEIVING,
        sender=SELLER,
        receiver=BUYER,
        document_type=BILLING_INVOICE,
        process=BILLING_PROCESS,
        conversation_id="conversation-1",
    )
    return replace(made, **more)  # type: ignore[arg-type]


def packed(
    says: UserMessage | None = None,
    around: envelope.Header | None = None,
    document: bytes = DOCUMENT,
    signer: Signer | None = None,
    recipient: x509.Certificate | None = None,
) -> Packed:
    payload = envelope.write(around or header(), document)
    recipient = recipient or key(RECEIVING).certificate
    return pack(says or message(), payload, signer or key(SENDING), recipient)


@dataclass
class Shelf:
    """A `Reception` that keeps in memory, and serves one participant; it notes `Refusals` too."""

    kept: dict[str, Taken] = field(default_factory=dict)
    noted: list[Refusal] = field(default_factory=list)

    async def serves(self, receiver: Participant, _: DocumentType, __: Process) -> bool:
        return receiver == BUYER

    async def seen(self, message_id: str) -> Seen | None:
        found = self.kept.get(message_id)
        return None if found is None else Seen(found.digests, found.receipt)

    async def keep(self, taken: Taken) -> None:
        self.kept[taken.message.id] = taken

    async def note(self, refusal: Refusal) -> None:
        self.noted.append(refusal)


@asynccontextmanager
async def receiver(
    shelf: Shelf,
    *,
    signer: Signer | None = None,
    anchors: Anchors | None = None,
    now: Callable[[], datetime] = lambda: NOW,
    fail: Fail = Fail.OFF,
    limit_bytes: int = 50_000_000,
) -> AsyncIterator[Receiver]:
    async with aiohttp.ClientSession() as session:
        yield Receiver(
            signer or key(RECEIVING),
            anchors or network().anchors,
            Revocation(session, fail, now),
            shelf,
            now,
            host="receiver.example",
            limit_bytes=limit_bytes,
            refusals=shelf,
        )
