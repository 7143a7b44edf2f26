"""The package `as4` from PyPI: each side reads the other's messages, and believes its receipts.

It has neither a server nor discovery: its messages are carried here.
"""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import AsyncIterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from schemas import envelope as sbdh
from schemas.identifiers import (
    BILLING_INVOICE,
    BILLING_PROCESS,
    Participant,
)
from tests.interop import documents
from tests.interop.conversation import Conversation
from tests.interop.corner import TAKES, Corner, canonical, delivery, packed
from tests.peppol.parties import same_key
from transports.base import Outcome, Refused, Sent, utc_now
from transports.peppol.pki.chains import Purpose
from transports.peppol.pki.keys import KeyInMemory
from transports.peppol.sandbox.authority import Authority
from transports.peppol.sandbox.network import Network

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(400)]

OURS, THEIRS = "POP000001", "POP000003"
OUR_COMPANY = Participant.parse("0007:5567321707")
THEIR_COMPANY = Participant.parse("0192:948100010")
NOBODY = Participant.parse("0007:5560360793")
DOCUMENTS = {
    "10 KB": documents.invoice_of(10_000),
    "200 KB": documents.invoice_of(200_000),
    "5 MB": documents.invoice_of(5_000_000),
}


@dataclass
class World:
    """Us, and the package behind a small server that hands it what comes."""

    network: Network
    ours: Corner
    as4: Conversation
    folder: Path
    session: aiohttp.ClientSession
    theirs: KeyInMemory

    async def take(self, request: web.Request) -> web.Response:
        body = self.folder / "request"
        body.write_bytes(await request.read())
        said = await to_thread(
            self.as4.ask,
            "take",
            seat=THEIRS,
            serves=THEIR_COMPANY,
            type=request.headers["Content-Type"],
            body=body,
        )
        if "failed" in said:
            raise web.HTTPInternalServerError(text=said["failed"])
        return web.Response(
            body=Path(said["answer"]).read_bytes(), headers={"Content-Type": said["type"]}
        )

    async def carried(
        self, document: bytes, to: Participant, key: KeyInMemory | None = None
    ) -> Outcome:
        """What came of a document that we deliver."""
        channel = self.ours.channel(key)
        around = await packed(channel, delivery(to, BILLING_INVOICE, document))
        return await channel.deliver(around)

    async def posted(
        self, document: bytes, *, seat: str = THEIRS, to: Participant = OUR_COMPANY
    ) -> tuple[str, dict[str, str]]:
        """The id of an envelope that it sends us, and what it makes of our answer."""
        path = self.folder / "document"
        path.write_bytes(document)
        instance = str(uuid4())
        built = await to_thread(
            self.as4.ask,
            "build",
            seat=seat,
            to=OURS,
            document=path,
            sender=str(THEIR_COMPANY),
            receiver=str(to),
            document_type=BILLING_INVOICE.value,
            process=BILLING_PROCESS.value,
            instance=instance,
        )
        assert "failed" not in built, built
        async with self.session.post(
            self.ours.url,
            data=BytesIO(Path(built["body"]).read_bytes()),
            headers={"Content-Type": built["type"]},
        ) as response:
            assert response.status == 200
            signal = self.folder / "signal"
            signal.write_bytes(await response.read())
        told = await to_thread(self.as4.ask, "answered", message=built["message"], signal=signal)
        return instance, told


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(
    as4_python: Path, tried: list[str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    folder = tmp_path_factory.mktemp("as4")
    async with Network(make_key=same_key) as network, aiohttp.ClientSession() as session:
        authority = network.authority
        issuer = authority.issuers[Purpose.ACCESS_POINT].certificate
        for name, certificate in (("root", authority.root.certificate), ("ca", issuer)):
            (folder / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        ours, theirs = authority.leaf(OURS), authority.leaf(THEIRS)
        hand(folder, OURS, ours)
        hand(folder, THEIRS, theirs)
        script = Path(__file__).with_name("as4_peer.py")
        as4 = Conversation([as4_python, script, folder], folder / "log")
        await to_thread(as4.start)
        try:
            async with Corner(network, ours) as corner:
                corner.shelf.served.add(OUR_COMPANY)
                world = World(network, corner, as4, folder, session, theirs)
                app = web.Application(client_max_size=20_000_000)
                app.add_routes([web.post("/as4", world.take)])
                runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
                await runner.setup()
                await web.TCPSite(runner, "127.0.0.1", 0).start()
                url = f"http://127.0.0.1:{runner.addresses[0][1]}/as4"
                network.register(THEIR_COMPANY, TAKES, url, theirs)
                network.register(NOBODY, TAKES, url, theirs)
                tried.append(", ".join(f"{name} {is_}" for name, is_ in as4.says.items()))
                yield world
                await runner.cleanup()
        finally:
            await to_thread(as4.stop)


def hand(folder: Path, seat: str, key: KeyInMemory) -> None:
    """Gives the package a seat's key."""
    (folder / f"{seat}.pem").write_bytes(key.certificate.public_bytes(Encoding.PEM))
    (folder / f"{seat}.key").write_bytes(
        key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )


def stranger(seat: str) -> KeyInMemory:
    return Authority(utc_now(), name="STRANGER", make_key=same_key).leaf(seat)


# --- ours to theirs ---


@pytest.mark.parametrize("size", DOCUMENTS)
async def test_it_takes_what_we_send_and_its_receipt_proves_it(world: World, size: str) -> None:
    outcome = await world.carried(DOCUMENTS[size], THEIR_COMPANY)
    assert isinstance(outcome, Sent), outcome.verdict
    assert (outcome.verdict.code, outcome.verdict.remote) == ("peppol.sent", THEIRS)
    taken = sbdh.read((world.folder / "taken").read_bytes())
    assert canonical(taken.document) == canonical(DOCUMENTS[size])
    assert (taken.header.sender, taken.header.receiver) == (OUR_COMPANY, THEIR_COMPANY)


async def test_it_does_not_serve_a_recipient_of_another(world: World) -> None:
    outcome = await world.carried(documents.INVOICE, NOBODY)
    assert isinstance(outcome, Refused), outcome.verdict
    assert outcome.verdict.code == "peppol.not_serviced"


async def test_it_does_not_take_a_certificate_of_a_ca_that_it_does_not_trust(
    world: World,
) -> None:
    outcome = await world.carried(documents.INVOICE, THEIR_COMPANY, stranger(OURS))
    assert isinstance(outcome, Refused), outcome.verdict
    assert outcome.verdict.code == "peppol.authentication"


# --- theirs to ours ---


@pytest.mark.parametrize("size", DOCUMENTS)
async def test_we_take_what_it_sends_and_our_receipt_proves_it(world: World, size: str) -> None:
    instance, told = await world.posted(DOCUMENTS[size])
    assert told == {"state": "acknowledged"}
    (taken,) = world.ours.shelf.of(instance)
    assert taken.message.from_seat == THEIRS
    assert canonical(taken.document) == canonical(DOCUMENTS[size])


async def test_a_recipient_that_we_do_not_serve_is_told_to_it(world: World) -> None:
    instance, told = await world.posted(documents.INVOICE, to=NOBODY)
    assert told == {"state": "rejected", "error": "EBMS:0004 PEPPOL:NOT_SERVICED"}
    assert not world.ours.shelf.of(instance)


async def test_we_do_not_take_a_certificate_of_a_ca_that_we_do_not_trust(world: World) -> None:
    hand(world.folder, "POP000005", stranger("POP000005"))
    instance, told = await world.posted(documents.INVOICE, seat="POP000005")
    assert told["state"] == "rejected"
    assert told["error"].startswith("EBMS:0101 "), told
    assert not world.ours.shelf.of(instance)
