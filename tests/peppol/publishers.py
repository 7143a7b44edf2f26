"""A publisher of ours beside the sandbox's network, with its way into the locator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.clock import MovableClock
from gateway.registration.offers import AccessPointAddress
from schemas.identifiers import Participant
from tests.peppol.parties import same_key
from transports.peppol import tls
from transports.peppol.discovery import Discovery
from transports.peppol.pki.chains import Purpose
from transports.peppol.pki.keys import KeyInMemory
from transports.peppol.pki.revocation import Fail, Revocation
from transports.peppol.publishing import Publication, Said, Settled
from transports.peppol.sandbox.network import ZONE, Network
from transports.peppol.sml import Sml
from transports.peppol.sml_admin import Address, SmlAdmin
from transports.peppol.smp import Smp
from transports.peppol.smp_server import RegistryUnavailable, SmpServer

ID = "OUR-SMP"
OURS = Participant.parse("0007:5567321707")


@dataclass
class Shelf:
    """A publisher that keeps what it shows in memory."""

    url: str = ""
    enters: bool = False
    shown: dict[Participant, Publication] = field(default_factory=dict)
    broken: bool = False

    async def publish(self, publication: Publication) -> Said:
        self.shown[publication.participant] = publication
        return Settled()

    async def withdraw(self, participant: Participant) -> Said:
        self.shown.pop(participant, None)
        return Settled()

    async def publication(self, participant: Participant) -> Publication | None:
        if self.broken:
            raise RegistryUnavailable
        return self.shown.get(participant)


@dataclass
class Ours:
    """Everything of one test."""

    network: Network
    clock: MovableClock
    session: aiohttp.ClientSession
    shelf: Shelf
    server: SmpServer
    key: KeyInMemory
    ca_file: Path
    at: AccessPointAddress
    admin: SmlAdmin
    dns: Sml
    discovery: Discovery

    @property
    def url(self) -> str:
        """Of our publisher."""
        return self.shelf.url

    def stranger(self, seat: str = "PSM000009", id_: str = ID) -> SmlAdmin:
        """Another publisher's way into the locator."""
        key = self.network.authority.leaf(seat, Purpose.PUBLISHER)
        context = tls.client(key, self.ca_file)
        return SmlAdmin(self.session, self.network.locator.url, id_, context)


@asynccontextmanager
async def ours(folder: Path, *, known: bool = True) -> AsyncIterator[Ours]:
    """`known`: whether the locator knows our publisher already."""
    clock = MovableClock()
    async with Network(clock.now, same_key) as network, aiohttp.ClientSession() as session:
        leaf = network.authority.leaf
        key, ap_key = leaf("PSM000002", Purpose.PUBLISHER), leaf("POP000002")
        shelf = Shelf()
        server = SmpServer(shelf, key.private, key.certificate, "")
        app = web.Application()
        app.add_routes(server.routes("/smp"))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        shelf.url = server.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/smp"
        ca_file = folder / "tls-ca.pem"
        ca_file.write_bytes(network.authority.root.certificate.public_bytes(Encoding.PEM))
        admin = SmlAdmin(session, network.locator.url, ID, tls.client(key, ca_file))
        if known:
            assert await admin.create_publisher(Address(shelf.url, "127.0.0.1")) == Settled()
        anchors = network.authority.anchors
        revocation = Revocation(session, Fail.HARD, clock.now)
        port = network.name_server.port
        dns = Sml(ZONE, ["127.0.0.1"], port, plain_http=True, timeout_s=60)
        smp = Smp(session, anchors, revocation, clock.now, plain_http=True)
        discovery = Discovery(dns, smp, anchors, revocation, clock.now)
        at = AccessPointAddress("http://127.0.0.1:9/as4", ap_key.certificate)
        try:
            yield Ours(
                *(network, clock, session, shelf, server, key, ca_file, at, admin, dns),
                discovery,
            )
        finally:
            await runner.cleanup()
