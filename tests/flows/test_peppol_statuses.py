"""Statuses count when they are from where the document went, and go out once for a document."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.audit.chain import Entry
from gateway.client import Client
from gateway.inbound.statuses import SET_ASIDE
from gateway.sandbox import OTHERS, RECEIVER, SEAT, SENDER, Sandbox
from gateway.store.port import Role
from schemas.envelope import Header, MlsType
from schemas.identifiers import Participant
from schemas.response import SPID_SCHEME, Kind, Party, Response, document_type, process, write
from tests.flows.test_peppol import handed_in, header, statuses, until
from transports.peppol.sandbox.access_point import AccessPoint, Behaviour
from transports.peppol.sender import NotTaken, Received
from validators.examples.edits import source

SOON_S = 60.0
GOOD = OTHERS[0]
SOMEBODY = Participant.parse("0192:987654325")
US = Participant(SPID_SCHEME, SEAT[-6:])
BROKEN = source().replace(
    b'<cbc:PayableAmount currencyID="SEK">', b'<cbc:PayableAmount currencyID="SEK">1'
)


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with Sandbox(tmp_path) as sandbox:
        yield sandbox


@pytest.fixture
async def stranger(sandbox: Sandbox) -> AsyncIterator[AccessPoint]:
    """An access point of the same network that the document did not go to."""
    async with AccessPoint(sandbox.network, "POP000077") as point:
        yield point


def status(
    kind: Kind, sender: Participant, to: Participant, instance: str, id_: str
) -> tuple[Header, bytes]:
    """A rejection, in its envelope."""
    said = Response(
        kind=kind,
        id=id_,
        issued_at=datetime.now(UTC),
        sender=Party(sender),
        receiver=Party(to),
        code="RE",
        refers_to=instance,
        description="It breaks a rule.",
    )
    around = Header(
        sender=sender,
        receiver=to,
        document_type=document_type(kind),
        process=process(kind),
        country="SE",
        instance_id=id_,
        created_at=datetime.now(UTC),
    )
    return around, write(said)


async def set_aside(sandbox: Sandbox, number: int) -> Sequence[Entry]:
    """So many audit entries of statuses that were set aside; waits for them."""
    async with asyncio.timeout(SOON_S):
        while True:
            entries = await sandbox.gateway.store.audit_entries(0, 1000)
            found = [entry for entry in entries if entry.action == SET_ASIDE]
            if len(found) >= number:
                return found
            await asyncio.sleep(0.02)


async def test_a_status_from_another_access_point_is_set_aside(
    sandbox: Sandbox, stranger: AccessPoint
) -> None:
    async with Client(sandbox.gateway.url, SENDER.key) as client:
        document_id = await handed_in(client, "S-1", GOOD)
        await until(client, document_id, "document.delivered", sandbox)
        (kept,) = sandbox.access_point.kept.values()
        instance = kept.taken.header.instance_id
        sent = await stranger.send(*status(Kind.MLS, stranger.own, US, instance, "lie-1"))
        assert isinstance(sent, Received), "the message is in order; what it says is not believed"
        (entry,) = await set_aside(sandbox, 1)
        assert (entry.subject, entry.company_id) == (document_id, SENDER.company.id)
        assert '"seat":"POP000077"' in entry.data
        assert (await client.document(document_id))["state"] == "delivered"
        told = [e async for e in client.events() if e["type"] == "document.reported"]
        assert [event["data"]["code"] for event in told] == ["peppol.status_delivered"]


async def test_a_status_before_the_receipt_counts_only_from_where_it_went(
    sandbox: Sandbox, stranger: AccessPoint
) -> None:
    """Its receipt does not come, so that nothing but the intent says where it went."""
    sandbox.access_point.register(GOOD, Behaviour.HANG)
    ours = sandbox.network.members.entries.pop(US)  # nobody finds us: no status by itself
    async with Client(sandbox.gateway.url, SENDER.key) as client:
        document_id = await handed_in(client, "S-2", GOOD)
        async with asyncio.timeout(SOON_S):
            while not sandbox.access_point.kept:
                await asyncio.sleep(0.02)
        (kept,) = sandbox.access_point.kept.values()
        instance = kept.taken.header.instance_id
        sandbox.network.members.entries[US] = ours
        await stranger.send(*status(Kind.MLS, stranger.own, US, instance, "lie-2"))
        await set_aside(sandbox, 1)
        there = sandbox.access_point
        await there.send(*status(Kind.MLS, there.own, US, instance, "true-2"))
        event = await until(client, document_id, "document.reported", sandbox)
        assert event["data"]["code"] == "peppol.status_rejected"


async def test_an_mlr_from_somebody_else_than_the_recipient_is_set_aside(
    sandbox: Sandbox, stranger: AccessPoint
) -> None:
    ours = Participant.parse(SENDER.company.participants[0])
    async with Client(sandbox.gateway.url, SENDER.key) as client:
        document_id = await handed_in(client, "S-3", GOOD)
        await until(client, document_id, "document.delivered", sandbox)
        (kept,) = sandbox.access_point.kept.values()
        instance = kept.taken.header.instance_id
        await stranger.send(*status(Kind.MLR, SOMEBODY, ours, instance, "lie-3"))
        await set_aside(sandbox, 1)
        assert (await client.document(document_id))["state"] == "delivered"
        # The recipient may say so, through whatever access point it sends by.
        await stranger.send(*status(Kind.MLR, GOOD, ours, instance, "true-3"))
        while True:
            event = await until(client, document_id, "document.reported", sandbox)
            codes = [
                e["data"]["code"]
                async for e in client.events()
                if e["type"] == "document.reported" and e["document_id"] == document_id
            ]
            if "peppol.status_rejected" in codes:
                break
            await asyncio.sleep(0.05)
        assert event["document_id"] == document_id


async def test_a_document_that_came_in_two_messages_has_one_status(sandbox: Sandbox) -> None:
    for message_id in ("one@there.example", "two@there.example"):
        await sandbox.access_point.send(header("twice"), BROKEN, message_id)
    assert await statuses(sandbox) == ["RE"]
    await sandbox.access_point.send(header("twice"), BROKEN, "three@there.example")
    await sandbox.access_point.send(header("later"), BROKEN)
    assert await statuses(sandbox, 2) == ["RE", "RE"]
    refers_to = [status.refers_to for status in sandbox.access_point.statuses]
    assert refers_to == ["twice", "later"]


async def test_one_envelope_for_two_companies_has_a_status_for_each(sandbox: Sandbox) -> None:
    """Somebody else's mistake in numbering takes nobody's status away."""
    other = Participant.parse(SENDER.company.participants[0])
    await sandbox.access_point.send(header("same"), BROKEN, "to-one@there.example")
    await sandbox.access_point.send(
        replace(header("same"), receiver=other), BROKEN, "to-other@there.example"
    )
    for seed in (RECEIVER, SENDER):
        async with Client(sandbox.gateway.url, seed.key) as client, asyncio.timeout(SOON_S):
            while not (found := await client.inbox()):
                await asyncio.sleep(0.02)
            (document,) = found
            await has_its_status(sandbox, seed.company.id, document["id"])


async def has_its_status(sandbox: Sandbox, company_id: str, document_id: str) -> None:
    async with asyncio.timeout(SOON_S):
        while True:
            parts = await sandbox.gateway.store.parts(company_id, document_id)
            names = {part.name for part in parts if part.role is Role.EVIDENCE}
            if {"status", "status_request", "status_answer"} <= names:
                return
            await asyncio.sleep(0.02)


async def test_a_status_is_the_same_message_however_often_it_is_tried(sandbox: Sandbox) -> None:
    """The first try is not answered, and the company confirms meanwhile: it stays what it was."""
    point = sandbox.access_point
    await point.send(header("in-9", mls_type=MlsType.ALWAYS_SEND), source())
    point.behave(point.own, Behaviour.LOSE)
    sandbox.put_forward(timedelta(minutes=16))
    assert await statuses(sandbox) == ["AB"]
    (first,) = (kept for kept in point.kept.values() if kept.taken.header.receiver == point.own)
    async with Client(sandbox.gateway.url, RECEIVER.key) as client:
        (document,) = await client.inbox()
        await client.confirm(document["id"])
    async with asyncio.timeout(SOON_S):
        while first.requests < 2:  # it is seen again, with the same digests
            sandbox.put_forward(timedelta(minutes=1))
            await asyncio.sleep(0.05)
    await has_its_status(sandbox, RECEIVER.company.id, document["id"])
    assert [status.code for status in point.statuses] == ["AB"]


async def test_a_status_that_does_not_come_in_25_minutes_is_told_and_counts_later(
    sandbox: Sandbox,
) -> None:
    ours = sandbox.network.members.entries.pop(US)  # nobody finds us
    async with Client(sandbox.gateway.url, SENDER.key) as client:
        document_id = await handed_in(client, "S-4", GOOD)
        sent = await until(client, document_id, "document.sent", sandbox)
        expected = datetime.fromisoformat(sent["data"]["until"])
        waiting = expected - datetime.fromisoformat(sent["at"])
        assert timedelta(minutes=24) < waiting <= timedelta(minutes=25)
        assert sent["data"]["expects"] == "mls"
        sandbox.put_forward(expected - sandbox.clock.now() + timedelta(seconds=1))
        event = await until(client, document_id, "document.unconfirmed", sandbox)
        assert event["data"]["expects"] == "mls"
        assert (await client.document(document_id))["state"] == "sent"

        sandbox.network.members.entries[US] = ours
        (kept,) = sandbox.access_point.kept.values()
        sandbox.access_point.owe_status(kept.taken)
        event = await until(client, document_id, "document.delivered", sandbox)
        assert event["data"]["code"] == "peppol.status_delivered"


async def test_a_status_is_owed_within_20_minutes_and_not_before_the_company_had_its_time(
    sandbox: Sandbox,
) -> None:
    point, asked = sandbox.access_point, {"mls_type": MlsType.ALWAYS_SEND}
    received_at = sandbox.clock.now()
    await point.send(header("in-20", **asked), source())
    sandbox.put_forward(timedelta(minutes=10))
    await point.send(header("in-21"), BROKEN)
    assert await statuses(sandbox) == ["RE"], "that is owed at once"
    sandbox.put_forward(timedelta(minutes=6))
    assert await statuses(sandbox, 2) == ["RE", "AB"]
    forwarded = point.statuses[-1]
    assert forwarded.refers_to == "in-20"
    assert forwarded.issued_at - received_at < timedelta(minutes=20)


async def test_a_message_that_comes_again_gets_its_receipt_and_brings_nothing(
    sandbox: Sandbox,
) -> None:
    """On both levels: the same message, and another message around the same envelope."""
    point, around = sandbox.access_point, header("again")
    given = []
    for message_id in ("one@there.example", "one@there.example", "two@there.example"):
        answered = await point.send(around, source(), message_id)
        assert isinstance(answered, Received)
        given.append(answered.receipt)
    assert given[0] == given[1], "it is replayed, and not made anew"
    assert (given[2].ref_to, given[2].id) != (given[0].ref_to, given[0].id)
    changed = await point.send(around, BROKEN, "one@there.example")
    assert isinstance(changed, NotTaken)
    assert changed.proved
    assert changed.errors.faults[0].code == "EBMS:0003"
    async with Client(sandbox.gateway.url, RECEIVER.key) as client:
        assert len(await client.inbox()) == 1
    kept = [
        await sandbox.gateway.store.message("peppol", "in", id_)
        for id_ in ("one@there.example", "two@there.example")
    ]
    assert [one is not None and one.reference for one in kept] == ["again", "again"]


async def test_of_two_copies_at_once_one_is_kept_and_both_get_its_receipt(
    sandbox: Sandbox,
) -> None:
    point, around = sandbox.access_point, header("both")
    sending = (point.send(around, source(), "both@there.example") for _ in range(4))
    answers = await asyncio.gather(*sending)
    given = [answered.receipt for answered in answers if isinstance(answered, Received)]
    assert len(given) == 4
    assert len({receipt.id for receipt in given}) == 1
    async with Client(sandbox.gateway.url, RECEIVER.key) as client:
        assert len(await client.inbox()) == 1


async def test_of_two_messages_at_once_under_one_id_one_is_refused(sandbox: Sandbox) -> None:
    """Nothing is signed for that is not kept."""
    point = sandbox.access_point
    answers = await asyncio.gather(
        *(point.send(header(f"rival-{n}"), source(), "rival@there.example") for n in range(4))
    )
    assert sum(isinstance(answered, Received) for answered in answers) == 1
    refused = [answered for answered in answers if isinstance(answered, NotTaken)]
    assert {one.errors.faults[0].code for one in refused} == {"EBMS:0003"}
    assert len(refused) == 3
