"""Our own access point on loopback: the endpoint, the sender and the channel of the gateway."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import TracebackType
from uuid import uuid4

import aiohttp
from aiohttp import web
from lxml import etree

from schemas import envelope as sbdh
from schemas.identifiers import (
    BILLING_CREDIT_NOTE,
    BILLING_INVOICE,
    BILLING_PROCESS,
    DocumentType,
    Participant,
    Process,
)
from schemas.response import Kind, Party, Response, document_type, process, write
from tests.contracts import transports as contract
from transports.base import Envelope, File, Packed, Recipient, utc_now
from transports.peppol.discovery import Discovery
from transports.peppol.driver import Peppol, PeppolSettings
from transports.peppol.endpoint import Endpoint
from transports.peppol.pki.keys import KeyInMemory
from transports.peppol.pki.revocation import Fail, Revocation
from transports.peppol.receiver import Receiver, Seen, Taken
from transports.peppol.sandbox.network import ZONE, Network
from transports.peppol.sender import Sender
from transports.peppol.sml import Sml
from transports.peppol.smp import Smp

TAKES = (
    (BILLING_INVOICE, BILLING_PROCESS),
    (BILLING_CREDIT_NOTE, BILLING_PROCESS),
    (document_type(Kind.INVOICE_RESPONSE), process(Kind.INVOICE_RESPONSE)),
    (document_type(Kind.MLS), process(Kind.MLS)),
)
HOST = "gateway.example"


@dataclass
class Shelf:
    """A `Reception` that keeps in memory, and serves the participants it is told."""

    served: set[Participant] = field(default_factory=set)
    kept: dict[str, Taken] = field(default_factory=dict)

    async def serves(self, receiver: Participant, kind: DocumentType, process: Process) -> bool:
        return receiver in self.served and (kind, process) in TAKES

    async def seen(self, message_id: str) -> Seen | None:
        found = self.kept.get(message_id)
        return None if found is None else Seen(found.digests, found.receipt)

    async def keep(self, taken: Taken) -> None:
        self.kept[taken.message.id] = taken

    def of(self, instance: str) -> list[Taken]:
        """The messages with this envelope."""
        return [one for one in self.kept.values() if one.header.instance_id == instance]


class Corner:
    """`async with Corner(network, key) as ours:`; `ours.url` is where messages are posted."""

    def __init__(self, network: Network, key: KeyInMemory) -> None:
        self.network = network
        self.key = key
        self.shelf = Shelf()
        self.url = ""

    async def __aenter__(self) -> Corner:
        self._session = aiohttp.ClientSession()
        anchors = self.network.authority.anchors
        self._revocation = Revocation(self._session, Fail.HARD, utc_now)
        receiver = Receiver(self.key, anchors, self._revocation, self.shelf, utc_now, host=HOST)
        app = web.Application()
        app.add_routes(Endpoint(receiver).routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/as4"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()
        await self._session.close()

    def channel(self, key: KeyInMemory | None = None) -> Peppol:
        """The Peppol channel, with its own memory of what it found; `key` signs instead of ours."""
        anchors = self.network.authority.anchors
        names = Sml(ZONE, ["127.0.0.1"], self.network.name_server.port, plain_http=True)
        publishers = Smp(self._session, anchors, self._revocation, utc_now, plain_http=True)
        discovery = Discovery(names, publishers, anchors, self._revocation, utc_now)
        sender = Sender(self._session, key or self.key, anchors, self._revocation, utc_now)
        return Peppol(PeppolSettings(HOST), discovery, sender, self._session)


def delivery(to: Participant, kind: DocumentType, document: bytes) -> Envelope:
    """A document as a worker gives it to the channel, before it is looked up."""
    made = contract.envelope(Recipient("Buyer", "NO", participant=to), "", str(uuid4()))
    return replace(
        made,
        accepted_at=utc_now(),
        summary=replace(made.summary, document_type=kind),
        document=File("invoice.xml", "application/xml", document),
    )


async def packed(channel: Peppol, around: Envelope) -> Envelope:
    """With the message that goes out: kept, in the gateway, before it is sent."""
    made = await channel.pack(around, None, bound=False)
    assert isinstance(made, Packed), made
    return replace(around, address=made.address, request=made.request)


def header(
    sender: Participant,
    receiver: Participant,
    kind: DocumentType,
    process: Process = BILLING_PROCESS,
) -> sbdh.Header:
    """A new envelope's header."""
    return sbdh.Header(
        sender=sender,
        receiver=receiver,
        document_type=kind,
        process=process,
        country="NO",
        instance_id=str(uuid4()),
        created_at=utc_now(),
    )


def response(kind: Kind, said: sbdh.Header) -> bytes:
    """A response of that kind, which accepts."""
    return write(
        Response(
            kind=kind,
            id=f"response-{said.instance_id}",
            issued_at=said.created_at,
            sender=Party(said.sender, "Buyer"),
            receiver=Party(said.receiver, "Seller"),
            code="AP",
            refers_to="20261004",
            document_code="380" if kind is Kind.INVOICE_RESPONSE else None,
        )
    )


def canonical(document: bytes) -> bytes:
    """What every way of writing the same XML comes to."""
    huge = etree.XMLParser(huge_tree=True, resolve_entities=False)
    return etree.tostring(etree.fromstring(document, huge), method="c14n")
