"""A whole Peppol network on loopback: locator, name server, publisher, responder, certificates.

In charge of putting the parts together and of who is registered. Access points join it
(`access_point`, and the gateway itself), and other publishers do. Everything speaks what the real
network speaks, but, the locator apart, over plain HTTP.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType

import aiohttp
from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding

from schemas.identifiers import DocumentType, Participant, Process
from transports.base import Now, utc_now
from transports.peppol.business_card import Card
from transports.peppol.pki.chains import Purpose
from transports.peppol.pki.keys import KeyInMemory
from transports.peppol.pki.revocation import Fail, Revocation
from transports.peppol.publishing import Publication
from transports.peppol.sandbox.authority import Authority, MakeKey, new_key
from transports.peppol.sandbox.dns import NameServer
from transports.peppol.sandbox.responder import Responder
from transports.peppol.sandbox.sml import Locator
from transports.peppol.sandbox.smp_writing import Writing
from transports.peppol.service_metadata import AS4_PROFILE, Endpoint, Redirect, Service
from transports.peppol.sml import host_name
from transports.peppol.smp import Said, Smp
from transports.peppol.smp_server import SmpServer

ZONE = "participant.sml.sandbox.example"
SMP_SEAT = "PSM000001"
SMP_ID = "SANDBOX-SMP"  # how the locator knows our publisher


@dataclass
class Register:
    """Who is registered, in memory."""

    entries: dict[Participant, list[Service | Redirect]] = field(default_factory=dict)
    cards: dict[Participant, Card] = field(default_factory=dict)

    async def publication(self, participant: Participant) -> Publication | None:
        """All of a participant."""
        services = self.entries.get(participant)
        if services is None:
            return None
        return Publication(participant, tuple(services), self.cards.get(participant))


class Network:
    """`async with Network() as network:`; `register` puts a participant into it."""

    def __init__(self, now: Now = utc_now, make_key: MakeKey = new_key) -> None:
        self.now = now
        self._make_key = make_key
        self.members = Register()
        self.name_server = NameServer(self._record)
        self.locator = Locator(self.point)
        self.authority: Authority
        self.responder: Responder
        self.publisher: SmpServer
        self.smp_key: KeyInMemory
        self.url = ""
        self._runner: web.AppRunner | None = None
        self._names: dict[str, str] = {}

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Makes the certificates and listens; port 0 is a free one."""
        # The certificates name the server's address, so that the socket is there before them.
        listening = socket.create_server((host, port))
        self.url = f"http://{host}:{listening.getsockname()[1]}"
        await asyncio.to_thread(self._make)
        app = web.Application()
        writing = Writing(
            self.members.entries,
            self.members.cards,
            enters=lambda participant: self.locator.enter(participant, SMP_ID),
            leaves=self._leave,
        )
        for prefix, routes in (
            ("/pki/", self.responder.routes()),
            ("/smp/", [*self.publisher.routes(), *writing.routes()]),
        ):
            below = web.Application()
            below.add_routes(routes)
            app.add_subapp(prefix, below)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.SockSite(self._runner, listening).start()
        await self.name_server.start(host)
        await self.locator.start(
            host,
            await asyncio.to_thread(self.authority.server, host),
            [
                self.authority.root.certificate,
                self.authority.issuers[Purpose.PUBLISHER].certificate,
            ],
        )

    def _make(self) -> None:
        self.authority = Authority(
            self.now(),
            ocsp_url=f"{self.url}/pki/ocsp",
            crl_url=f"{self.url}/pki/crl",
            make_key=self._make_key,
        )
        self.responder = Responder(self.authority, self.now)
        self.smp_key = self.authority.leaf(SMP_SEAT, Purpose.PUBLISHER)
        self.publisher = SmpServer(
            self.members, self.smp_key.private, self.smp_key.certificate, f"{self.url}/smp"
        )
        self.locator.settle(SMP_ID, self.publisher.base_url, self.smp_key.certificate)

    async def stop(self) -> None:
        """Stops everything."""
        await self.name_server.stop()
        await self.locator.stop()
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Network:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    def register(
        self,
        participant: Participant,
        takes: Iterable[tuple[DocumentType, Process]],
        url: str,
        key: KeyInMemory,
        card: Card | None = None,
    ) -> None:
        """Registers a participant whose access point is at `url` and has this key."""
        endpoint = Endpoint(
            AS4_PROFILE,
            url,
            key.certificate.public_bytes(Encoding.DER),
            activated_at=key.certificate.not_valid_before_utc,
            expires_at=key.certificate.not_valid_after_utc,
            description="Sandbox access point",
            contact="https://sandbox.example",
        )
        services: list[Service | Redirect] = [
            Service(participant, kind, ((process, (endpoint,)),)) for kind, process in takes
        ]
        self.members.entries[participant] = services
        if card is not None:
            self.members.cards[participant] = card
        self.locator.enter(participant, SMP_ID)

    def _leave(self, participant: Participant) -> None:
        self.locator.participants.pop(participant, None)
        self.point(participant, None)

    async def services(
        self, participant: Participant, document_type: DocumentType
    ) -> Sequence[Service]:
        """What the participant's publisher says of a document type, checked: ours or another."""
        ours = self.members.entries.get(participant)
        if ours is not None:
            return [
                one
                for one in ours
                if isinstance(one, Service) and one.document_type == document_type
            ]
        record = self._names.get(host_name(participant, ZONE), "")
        _, _, rest = record.partition("!.*!")
        async with aiohttp.ClientSession() as session:
            revocation = Revocation(session, Fail.OFF, self.now)
            asking = Smp(session, self.authority.anchors, revocation, self.now, plain_http=True)
            said = await asking.service(rest.partition("!")[0], participant, document_type)
        return [said.service] if isinstance(said, Said) else []

    def point(self, participant: Participant, url: str | None) -> None:
        """What DNS says of the participant's publisher; None takes it out of DNS."""
        name = host_name(participant, ZONE)
        if url is None:
            self._names.pop(name, None)
        else:
            self._names[name] = f'100 10 "U" "Meta:SMP" "!.*!{url}!" .'

    def _record(self, name: str) -> str | None:
        return self._names.get(name.lower())
