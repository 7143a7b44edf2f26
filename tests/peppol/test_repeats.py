"""What of a message goes out again: the very bytes, as long as whom they went to can read them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import aiohttp
import pytest

from schemas.identifiers import Participant
from tests.contracts.transports import RECIPIENT, envelope
from tests.peppol.parties import NOW, same_key
from transports.base import (
    Envelope,
    Evidence,
    Inquiry,
    Packed,
    ReachabilityUnknown,
    Reachable,
    Recipient,
    Sent,
    Unknown,
)
from transports.peppol.discovery import Discovery
from transports.peppol.driver import Peppol, PeppolSettings
from transports.peppol.pki.revocation import Fail, Revocation
from transports.peppol.sandbox.access_point import TAKES, AccessPoint, Behaviour
from transports.peppol.sandbox.network import ZONE, Network
from transports.peppol.sender import Request, Sender
from transports.peppol.sml import Sml
from transports.peppol.smp import Smp

BUYER = Participant.parse("0007:5560169095")


@dataclass
class World:
    """Us, and two other access points; the buyer is at `here` to begin with."""

    network: Network
    here: AccessPoint
    there: AccessPoint

    def us(self) -> Peppol:
        """The channel as after a restart: it remembers nothing."""
        anchors, now = self.network.authority.anchors, self.network.now
        session = aiohttp.ClientSession()
        revocation = Revocation(session, Fail.HARD, now)
        port = self.network.name_server.port
        sml = Sml(ZONE, ["127.0.0.1"], port, plain_http=True, timeout_s=60)
        smp = Smp(session, anchors, revocation, now, plain_http=True)
        discovery = Discovery(sml, smp, anchors, revocation, now)
        key = self.network.authority.leaf("POP000001")
        sender = Sender(session, key, anchors, revocation, now)
        return Peppol(PeppolSettings("us.example"), discovery, sender, session, now=now)

    async def first(self) -> tuple[Envelope, Packed]:
        """An envelope for the buyer, and what was made of it the first time."""
        us = self.us()
        recipient: Recipient = replace(RECIPIENT, participant=BUYER)
        blank = envelope(recipient, "", "a repeat")
        found = await us.resolve(Inquiry(blank.sender, recipient, blank.summary))
        assert isinstance(found, Reachable), found
        around = replace(blank, address=found.address)
        packed = await us.pack(around, None, bound=False)
        await us.close()
        assert isinstance(packed, Packed)
        assert (packed.address, packed.remote) == (self.here.url, self.here.seat)
        return around, packed

    async def again(
        self, around: Envelope, before: Packed, *, bound: bool
    ) -> Packed | ReachabilityUnknown:
        """What is made of it after a restart."""
        us = self.us()
        packed = await us.pack(around, kept(before), bound=bound)
        await us.close()
        assert isinstance(packed, Packed | ReachabilityUnknown)
        return packed

    async def delivered(self, around: Envelope, packed: Packed, *, repeated: bool) -> object:
        """What comes of posting it."""
        us = self.us()
        outcome = await us.deliver(
            replace(around, address=packed.address, request=kept(packed), repeated=repeated)
        )
        await us.close()
        return outcome


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with (
        Network(lambda: NOW, same_key) as network,
        AccessPoint(network, "POP000002") as here,
        AccessPoint(network, "POP000003") as there,
    ):
        here.register(BUYER)
        yield World(network, here, there)


def read(packed: Packed) -> Request:
    return Request.of(packed.request)


def kept(packed: Packed) -> Evidence:
    """The bytes as the store gives them back."""
    request = packed.request
    return Evidence(request.kind, request.media_type, request.content, request.at)


@pytest.mark.parametrize("bound", [True, False])
async def test_the_same_bytes_go_out_again(world: World, bound: bool) -> None:
    around, packed = await world.first()
    assert await world.again(around, packed, bound=bound) == packed


@pytest.mark.parametrize("bound", [True, False])
async def test_a_renewed_certificate_needs_another_ciphertext_and_nothing_else(
    world: World, bound: bool
) -> None:
    around, packed = await world.first()
    renewed = world.network.authority.leaf(world.here.seat, renewed=True)
    world.network.register(BUYER, TAKES, world.here.url, renewed)
    again = await world.again(around, packed, bound=bound)
    assert isinstance(again, Packed)
    assert again.request.content != packed.request.content
    assert read(again).recipient == renewed.certificate
    assert read(again).message == read(packed).message
    assert read(again).references == read(packed).references


async def test_who_has_moved_gets_it_where_it_is_now_when_it_can_not_have_arrived(
    world: World,
) -> None:
    around, packed = await world.first()
    world.there.register(BUYER)
    again = await world.again(around, packed, bound=False)
    assert isinstance(again, Packed)
    assert (again.address, again.remote) == (world.there.url, world.there.seat)
    assert read(again).message == replace(read(packed).message, to_seat=world.there.seat)


async def test_what_may_have_arrived_goes_nowhere_else(world: World) -> None:
    around, packed = await world.first()
    await world.delivered(around, packed, repeated=False)
    world.there.register(BUYER)
    assert await world.again(around, packed, bound=True) == packed
    outcome = await world.delivered(around, packed, repeated=True)
    assert isinstance(outcome, Sent)
    assert (len(world.here.kept), len(world.there.kept)) == (1, 0)


async def test_nothing_goes_to_an_access_point_that_is_not_trusted_any_more(world: World) -> None:
    around, packed = await world.first()
    world.there.register(BUYER)
    world.network.responder.revoke(world.here.key.certificate)
    again = await world.again(around, packed, bound=True)
    assert isinstance(again, ReachabilityUnknown)
    assert again.verdict.code == "peppol.certificate"


@pytest.mark.parametrize("says", [Behaviour.DUPLICATE, Behaviour.DUPLICATE_IN_WORDS])
async def test_a_duplicate_is_proof_where_an_earlier_attempt_may_have_arrived(
    world: World, says: Behaviour
) -> None:
    world.here.register(BUYER, says)
    around, packed = await world.first()
    first = await world.delivered(around, packed, repeated=False)
    assert isinstance(first, Unknown), "nothing of ours can have been there before"
    again = await world.delivered(around, packed, repeated=True)
    assert isinstance(again, Sent)
    assert again.verdict.code == "peppol.duplicate"
    assert again.exchanged is None, "reports count receipts"
