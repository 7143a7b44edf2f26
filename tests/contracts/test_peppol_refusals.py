"""What is refused at the access point gets an audit entry, on every store, and no flood of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import aiohttp
import pytest

from gateway.audit.chain import Entry, NewEntry, Whole, verify
from gateway.clock import MovableClock
from gateway.inbound.peppol import PeppolReception
from gateway.inbound.refusals import ACTION, EACH, HOUR, PeppolRefusals
from gateway.store.port import StorageUnavailable, Store
from schemas.identifiers import Participant
from tests.contracts.stores import NOW, OURS
from tests.peppol import parties
from tests.peppol.parties import (
    BUYER,
    RECEIVING,
    SENDING,
    header,
    key,
    message,
    network,
    packed,
)
from transports.peppol.as4 import signals
from transports.peppol.as4.message import Errors, Receipt
from transports.peppol.as4.packing import Packed
from transports.peppol.pki.revocation import Fail, Revocation
from transports.peppol.receiver import Receiver, Refusal

REFUSAL = Refusal("EBMS:0101", "The signature does not hold.", "", "m@x", 700, "00" * 32)


async def entries(store: Store) -> Sequence[Entry]:
    return [one for one in await store.audit_entries(0, 10_000) if one.action == ACTION]


def data(entry: Entry) -> dict[str, Any]:
    return dict(json.loads(entry.data))


def told(found: Sequence[Entry]) -> int:
    """How many refusals the entries speak of."""
    return sum(1 + data(entry).get("more", 0) for entry in found)


async def test_a_refusal_has_an_entry(store: Store) -> None:
    await PeppolRefusals(store, MovableClock(NOW)).note(REFUSAL)
    (entry,) = await entries(store)
    assert (entry.actor, entry.subject, entry.company_id, entry.at) == ("gateway", "m@x", "", NOW)
    assert data(entry) == {
        "code": "EBMS:0101",
        "detail": "The signature does not hold.",
        "bytes": 700,
        "sha256": "00" * 32,
    }


async def test_a_flood_leaves_few_entries_that_tell_how_many_there_were(store: Store) -> None:
    clock = MovableClock(NOW)
    refusals = PeppolRefusals(store, clock)
    await asyncio.gather(*(refusals.note(REFUSAL) for _ in range(10_000)))
    found = await entries(store)
    assert EACH < len(found) <= EACH + 14
    assert 10_000 / 2 <= told(found) <= 10_000
    clock.move(HOUR)
    for _ in range(3):
        await refusals.note(REFUSAL)
    later = await entries(store)
    assert len(later) == len(found) + 3
    assert told(later) == 10_003
    assert isinstance(await verify(pages(store), sealed_by=lambda _, __: False), Whole)


async def pages(store: Store) -> Any:
    yield await store.audit_entries(0, 10_000)


async def test_no_long_number_is_written(store: Store) -> None:
    detail = "The envelope (SBDH): Type is 19121212-1212, 191212121212 " + "x" * 1000
    noted = Refusal("EBMS:0004", detail, SENDING, None, 700, "")
    await PeppolRefusals(store, MovableClock(NOW)).note(noted)
    (entry,) = await entries(store)
    assert "1912" not in entry.data
    assert len(entry.data) < 400
    assert data(entry)["seat"] == SENDING


class Mostly:
    """A store whose disk is full, until somebody has made room the third time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._asked = 0

    async def audit(self, entry: NewEntry, now: datetime) -> None:
        self._asked += 1
        if self._asked < 3:
            raise StorageUnavailable("the disk is full")
        await self._store.audit(entry, now)


async def test_a_store_that_is_full_holds_up_no_answer(store: Store) -> None:
    refusals = PeppolRefusals(Mostly(store), MovableClock(NOW))  # type: ignore[arg-type]
    for _ in range(3):
        await refusals.note(REFUSAL)
    assert [data(one).get("more") for one in await entries(store)] == [2]


OURS_AT = Participant.parse(OURS.participants[0])
OWN = Participant("0242", "000002")


def to(receiver: Participant) -> Packed:
    return packed(message(receiver=receiver), header(receiver=receiver))


async def posted(store: Store, content_type: str, body: bytes) -> Errors | Receipt:
    """What the access point answers, put together as the gateway does it."""
    clock = MovableClock(parties.NOW)
    async with aiohttp.ClientSession() as session:
        receiver = Receiver(
            key(RECEIVING),
            network().anchors,
            Revocation(session, Fail.OFF, clock.now),
            PeppolReception(store, clock, OWN),
            clock.now,
            host="receiver.example",
            refusals=PeppolRefusals(store, clock),
        )
        reply = await receiver.receive(content_type, body)
    answer = signals.read(reply.content_type, reply.content)
    assert answer.certificate == key(RECEIVING).certificate
    return answer.signal


@pytest.mark.parametrize(
    ("receiver", "old", "new"),
    [
        (OURS_AT, b"message-1@", b"message-2@"),
        (OURS_AT, b"--budkavle", b"--"),  # no message
        (BUYER, b"", b""),  # no company of ours
        (OWN, b"", b""),  # an invoice to us as a provider
    ],
)
async def test_an_attack_leaves_an_entry_and_no_document(
    store: Store, receiver: Participant, old: bytes, new: bytes
) -> None:
    sent = to(receiver)
    signal = await posted(store, sent.content_type, sent.body.replace(old, new))
    assert isinstance(signal, Errors)
    (entry,) = await entries(store)
    assert data(entry)["code"] == signal.faults[0].code
    assert entry.subject == (signal.ref_to or "")
    assert not await store.inbox(OURS.id, None, 10)


async def test_a_message_that_is_taken_leaves_a_document_and_no_entry(store: Store) -> None:
    sent = to(OURS_AT)
    assert isinstance(await posted(store, sent.content_type, sent.body), Receipt)
    assert not await entries(store)
    assert len(await store.inbox(OURS.id, None, 10)) == 1
