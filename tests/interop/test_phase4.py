"""phase4, the access point library that much of the network runs on: both ways, and what fails.

Everything is found as in the network: DNS, publisher, certificates with a responder that is asked.
"""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from lxml import etree

from schemas import envelope as sbdh
from schemas.identifiers import (
    BILLING_CREDIT_NOTE,
    BILLING_INVOICE,
    PARTICIPANT_META_SCHEME,
    Participant,
)
from schemas.response import SPID_SCHEME, Kind, document_type, process, read
from tests.interop import documents
from tests.interop.conversation import Conversation
from tests.interop.corner import (
    TAKES,
    Corner,
    canonical,
    delivery,
    header,
    packed,
    response,
)
from tests.peppol.parties import same_key
from transports.base import Refused, Sent, TryLater, Unknown, utc_now
from transports.peppol.pki.chains import Purpose
from transports.peppol.pki.keys import KeyInMemory
from transports.peppol.sandbox.authority import Authority
from transports.peppol.sandbox.network import ZONE, Network
from transports.peppol.sml import host_name

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(400)]

OURS, THEIRS = "POP000001", "POP000002"
OUR_COMPANY = Participant.parse("0007:5567321707")
THEIR_COMPANY = Participant.parse("0192:948100010")
DOCUMENTS = {
    "small invoice": (BILLING_INVOICE, documents.INVOICE),
    "5 MB": (BILLING_INVOICE, documents.invoice_of(5_000_000)),
    "credit note": (BILLING_CREDIT_NOTE, documents.CREDIT_NOTE),
}
# Who says what to whom: service providers of messages, companies of invoices.
RESPONSES = {
    Kind.MLS: (Participant(SPID_SCHEME, OURS[-6:]), Participant(SPID_SCHEME, THEIRS[-6:])),
    Kind.INVOICE_RESPONSE: (OUR_COMPANY, THEIR_COMPANY),
}
PROVED = {"result": "SUCCESS", "references": "proved", "signer": OURS}  # in phase4's words
_PASSWORD = BestAvailableEncryption(b"interop")  # as in Peer.java


@dataclass
class World:
    """One network with two access points in it: ours, and phase4's."""

    network: Network
    ours: Corner
    phase4: Conversation
    folder: Path
    theirs: KeyInMemory
    url: str = ""  # phase4's
    _numbers: Iterator[int] = field(default_factory=lambda: count(5560000000))

    def newcomer(self) -> Participant:
        """A participant of whom nobody has heard: each test has its own, since all remember."""
        return Participant("0007", str(next(self._numbers)))

    def keys(self, name: str, key: KeyInMemory) -> str:
        """Gives phase4 a key, by that name."""
        content = pkcs12.serialize_key_and_certificates(
            b"ap", key.private, key.certificate, None, _PASSWORD
        )
        (self.folder / f"{name}.p12").write_bytes(content)
        return name

    def leaf(self, seat: str) -> KeyInMemory:
        return self.network.authority.leaf(seat)

    def stranger(self, seat: str) -> KeyInMemory:
        """A key of that seat from a CA that nobody in this network trusts."""
        return Authority(utc_now(), name="STRANGER", make_key=same_key).leaf(seat)

    async def sent(
        self,
        said: sbdh.Header,
        document: bytes = documents.INVOICE,
        *,
        keys: str = "theirs",
        seat: str = THEIRS,
    ) -> dict[str, str]:
        """What came of a message that phase4 sends."""
        path = self.folder / "document"
        path.write_bytes(document)
        return await to_thread(
            self.phase4.ask,
            "send",
            keys=keys,
            seat=seat,
            sender=f"{PARTICIPANT_META_SCHEME}::{said.sender}",
            receiver=f"{PARTICIPANT_META_SCHEME}::{said.receiver}",
            country=said.country,
            type=f"{said.document_type.scheme}::{said.document_type.value}",
            process=f"{said.process.scheme}::{said.process.value}",
            instance=said.instance_id,
            document=path,
        )

    def received(self, instance: str) -> bytes | None:
        """The envelope of that id, as phase4 took it."""
        path = self.folder / "received" / f"{instance}.xml"
        return path.read_bytes() if path.exists() else None


def trust_store(authority: Authority, purpose: Purpose) -> bytes:
    certificates = (authority.root.certificate, authority.issuers[purpose].certificate)
    named = [
        pkcs12.PKCS12Certificate(certificate, f"ca{n}".encode())
        for n, certificate in enumerate(certificates)
    ]
    return pkcs12.serialize_java_truststore(named, _PASSWORD)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(
    phase4_classes: str, tried: list[str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    folder = tmp_path_factory.mktemp("phase4")
    async with Network(make_key=same_key) as network:
        authority = network.authority
        for name, purpose in (
            ("trust", Purpose.ACCESS_POINT),
            ("publishers", Purpose.PUBLISHER),
        ):
            (folder / f"{name}.p12").write_bytes(trust_store(authority, purpose))
        command = [
            "java",
            f"-Ddns.server=127.0.0.1:{network.name_server.port}",
            "-cp",
            phase4_classes,
            "interop.Peer",
            str(folder),
            ZONE,
        ]
        peer = Conversation(command, folder / "log")
        await to_thread(peer.start)
        try:
            async with Corner(network, authority.leaf(OURS)) as ours:
                world = World(network, ours, peer, folder, authority.leaf(THEIRS))
                keys = world.keys("theirs", world.theirs)
                world.url = (await to_thread(peer.ask, "listen", keys=keys))["url"]
                for us, them in RESPONSES.values():
                    network.register(them, TAKES, world.url, world.theirs)
                    network.register(us, TAKES, ours.url, ours.key)
                    ours.shelf.served.add(us)
                versions = (f"{name} {version}" for name, version in peer.says.items())
                tried.append(", ".join(sorted(versions, reverse=True)))
                yield world
        finally:
            await to_thread(peer.stop)


# --- ours to theirs ---


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_phase4_takes_what_we_send_and_its_receipt_proves_it(world: World, name: str) -> None:
    kind, document = DOCUMENTS[name]
    channel = world.ours.channel()
    around = await packed(channel, delivery(THEIR_COMPANY, kind, document))
    outcome = await channel.deliver(around)
    assert isinstance(outcome, Sent), outcome.verdict
    assert (outcome.verdict.code, outcome.verdict.remote) == ("peppol.sent", THEIRS)
    received = world.received(str(around.key))
    assert received is not None
    taken = sbdh.read(received)
    assert taken.document == document.partition(b"?>")[2].strip()
    assert (taken.header.sender, taken.header.receiver) == (OUR_COMPANY, THEIR_COMPANY)
    assert taken.header.mls_type is sbdh.MlsType.ALWAYS_SEND


@pytest.mark.parametrize("kind", RESPONSES)
async def test_phase4_takes_what_we_answer(world: World, kind: Kind) -> None:
    said = header(*RESPONSES[kind], document_type(kind), process(kind))
    document = response(kind, said)
    outcome = await world.ours.channel().post(said, document)
    assert isinstance(outcome, Sent), outcome.verdict
    assert world.received(said.instance_id) == sbdh.write(said, document)


async def test_phase4_does_not_serve_a_recipient_that_has_moved(world: World) -> None:
    """We remember where it was."""
    company = world.newcomer()
    world.network.register(company, TAKES, world.url, world.theirs)
    channel = world.ours.channel()
    before = await channel.post(header(OUR_COMPANY, company, BILLING_INVOICE), documents.INVOICE)
    assert isinstance(before, Sent), before.verdict
    del world.network.members.entries[company]
    said = header(OUR_COMPANY, company, BILLING_INVOICE)
    outcome = await channel.post(said, documents.INVOICE)
    assert isinstance(outcome, Refused), outcome.verdict
    assert outcome.verdict.code == "peppol.not_serviced"
    assert world.received(said.instance_id) is None


async def test_phase4_does_not_take_a_certificate_of_a_ca_that_it_does_not_trust(
    world: World,
) -> None:
    said = header(OUR_COMPANY, THEIR_COMPANY, BILLING_INVOICE)
    channel = world.ours.channel(world.stranger(OURS))
    outcome = await channel.post(said, documents.INVOICE)
    # It looks at the certificate while it decrypts, and has one error for all that fails there.
    assert isinstance(outcome, TryLater), outcome.verdict
    assert outcome.verdict.text.startswith("EBMS:0102"), outcome.verdict
    assert "No trusted certs found" in outcome.verdict.text
    assert world.received(said.instance_id) is None


async def test_phase4_does_not_take_a_certificate_that_was_revoked(world: World) -> None:
    said = header(OUR_COMPANY, THEIR_COMPANY, BILLING_INVOICE)
    revoked = world.leaf("POP000011")
    world.network.responder.revoke(revoked.certificate)
    outcome = await world.ours.channel(revoked).post(said, documents.INVOICE)
    assert isinstance(outcome, Refused), outcome.verdict
    assert outcome.verdict.code == "peppol.authentication"
    assert world.received(said.instance_id) is None


async def test_nothing_is_sent_to_a_certificate_of_a_ca_that_we_do_not_trust(
    world: World,
) -> None:
    company = world.newcomer()
    world.network.register(company, TAKES, world.url, world.stranger(THEIRS))
    said = header(OUR_COMPANY, company, BILLING_INVOICE)
    outcome = await world.ours.channel().post(said, documents.INVOICE)
    assert isinstance(outcome, TryLater), outcome.verdict
    assert outcome.verdict.code == "peppol.certificate"
    assert world.received(said.instance_id) is None


async def test_a_receipt_that_phase4_signs_as_another_seat_proves_nothing(world: World) -> None:
    company = world.newcomer()
    other = world.keys("other", world.leaf("POP000012"))
    listening = await to_thread(world.phase4.ask, "listen", keys="theirs", signs=other)
    world.network.register(company, TAKES, listening["url"], world.theirs)
    said = header(OUR_COMPANY, company, BILLING_INVOICE)
    outcome = await world.ours.channel().post(said, documents.INVOICE)
    assert isinstance(outcome, Unknown), outcome.verdict
    assert world.received(said.instance_id) is not None


async def test_a_message_whose_receipt_was_lost_is_known_to_phase4(world: World) -> None:
    """The very bytes go out again, as after a crash."""
    channel = world.ours.channel()
    around = await packed(channel, delivery(THEIR_COMPANY, BILLING_INVOICE, documents.INVOICE))
    first = await channel.deliver(around)
    assert isinstance(first, Sent), first.verdict
    again = await channel.deliver(replace(around, repeated=True))
    assert isinstance(again, Sent), again.verdict
    assert again.verdict.code == "peppol.duplicate"


# --- theirs to ours ---


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_we_take_what_phase4_sends_and_our_receipt_proves_it(world: World, name: str) -> None:
    kind, document = DOCUMENTS[name]
    said = header(THEIR_COMPANY, OUR_COMPANY, kind)
    answer = await world.sent(said, document)
    assert answer == PROVED
    (taken,) = world.ours.shelf.of(said.instance_id)
    assert taken.message.from_seat == THEIRS
    assert (taken.header.sender, taken.header.receiver) == (THEIR_COMPANY, OUR_COMPANY)
    assert taken.header.document_type == kind
    assert canonical(taken.document) == canonical(document)


@pytest.mark.parametrize("kind", RESPONSES)
async def test_we_take_what_phase4_answers(world: World, kind: Kind) -> None:
    ours, theirs = RESPONSES[kind]
    said = header(theirs, ours, document_type(kind), process(kind))
    assert await world.sent(said, response(kind, said)) == PROVED
    (taken,) = world.ours.shelf.of(said.instance_id)
    assert (taken.header.document_type, taken.header.process) == (
        document_type(kind),
        process(kind),
    )
    assert read(etree.fromstring(taken.document)).code == "AP"


async def test_the_same_envelope_in_another_message_has_a_receipt_too(world: World) -> None:
    """phase4's users make a new message of what they send again."""
    said = header(THEIR_COMPANY, OUR_COMPANY, BILLING_INVOICE)
    assert await world.sent(said) == PROVED
    assert await world.sent(said) == PROVED
    first, second = world.ours.shelf.of(said.instance_id)
    assert first.message.id != second.message.id


def assert_refused(answer: dict[str, str], error: str) -> None:
    """It was answered with that error, which we have signed."""
    assert answer["result"] == "AS4_ERROR_MESSAGE_RECEIVED", answer
    assert answer["errors"].startswith(error), answer
    assert answer["signer"] == OURS, answer


async def test_a_recipient_that_we_do_not_serve_is_told_to_phase4(world: World) -> None:
    company = world.newcomer()
    world.network.register(company, TAKES, world.ours.url, world.ours.key)
    said = header(THEIR_COMPANY, company, BILLING_INVOICE)
    assert_refused(await world.sent(said), "EBMS:0004 PEPPOL:NOT_SERVICED")
    assert not world.ours.shelf.of(said.instance_id)


@pytest.mark.parametrize("wrong", ["another CA", "another seat", "revoked"])
async def test_a_certificate_that_is_not_the_senders_is_refused(world: World, wrong: str) -> None:
    seat = {"another CA": THEIRS, "another seat": "POP000013", "revoked": "POP000014"}[wrong]
    key = world.stranger(seat) if wrong == "another CA" else world.leaf(seat)
    if wrong == "revoked":
        world.network.responder.revoke(key.certificate)
    says = THEIRS if wrong == "another seat" else seat
    said = header(THEIR_COMPANY, OUR_COMPANY, BILLING_INVOICE)
    answer = await world.sent(said, keys=world.keys(wrong, key), seat=says)
    assert_refused(answer, "EBMS:0101")
    assert not world.ours.shelf.of(said.instance_id)


async def test_what_was_encrypted_for_another_key_of_ours_is_refused(world: World) -> None:
    """The publisher still has the certificate of before."""
    company = world.newcomer()
    before = world.network.authority.leaf(OURS, renewed=True)
    world.network.register(company, TAKES, world.ours.url, before)
    said = header(THEIR_COMPANY, company, BILLING_INVOICE)
    assert_refused(await world.sent(said), "EBMS:0102")
    assert not world.ours.shelf.of(said.instance_id)


async def test_phase4_sends_nothing_to_a_certificate_that_it_does_not_trust(
    world: World,
) -> None:
    company = world.newcomer()
    world.network.register(company, TAKES, world.ours.url, world.stranger(OURS))
    said = header(THEIR_COMPANY, company, BILLING_INVOICE)
    answer = await world.sent(said)
    assert answer["result"] == "TRANSPORT_ERROR_NO_RETRY", answer
    assert "not valid" in answer["exception"]
    assert not world.ours.shelf.of(said.instance_id)


async def test_phase4_finds_nobody_who_is_not_in_dns(world: World) -> None:
    company = world.newcomer()
    world.network.point(company, None)
    answer = await world.sent(header(THEIR_COMPANY, company, BILLING_INVOICE))
    assert "failed" in answer, answer
    assert host_name(company, ZONE) in world.network.name_server.asked
