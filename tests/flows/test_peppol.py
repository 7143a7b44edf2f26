"""Peppol from end to end, in both directions, against a network on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from gateway.client import Client
from gateway.expiry import EXPIRES
from gateway.sandbox import OTHERS, RECEIVER, SEAT, SENDER, Sandbox
from schemas.envelope import Header, MlsType
from schemas.identifiers import BILLING_INVOICE, BILLING_PROCESS, Participant
from schemas.response import (
    Clarification,
    Kind,
    Party,
    Response,
    document_type,
    process,
    write,
)
from tests.e2e.invoices import submission
from transports.peppol.sandbox.dns import Behaviour as Dns
from transports.peppol.sender import NotTaken, Received
from validators.examples.edits import source

SOON_S = 60.0
GOOD = OTHERS[0]
REJECTS = Participant.parse("0007:5560099128")
LOSES = Participant.parse("0007:5560099011")
OURS = Participant.parse(RECEIVER.company.participants[0])
THEIRS = Participant.parse("0007:5567890123")


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with Sandbox(tmp_path) as sandbox:
        yield sandbox


async def handed_in(client: Client, number: str, to: Participant) -> str:
    body = submission(number)
    body["invoice"]["buyer"]["endpoint"] = {"scheme": to.scheme, "value": to.value}
    return (await client.submit(json.dumps(body).encode())).id


async def until(client: Client, document_id: str, kind: str, sandbox: Sandbox) -> dict[str, Any]:
    """Waits for an event of a document, the clock being put forward when it has to wait."""
    async with asyncio.timeout(SOON_S):
        async for event in client.events(follow=True):
            if event["document_id"] == document_id:
                if event["type"] == kind:
                    return dict(event)
                if event["type"] == "document.waiting":
                    sandbox.put_forward(timedelta(minutes=2))
    raise AssertionError(kind)


async def test_a_document_is_delivered_with_every_proof(sandbox: Sandbox) -> None:
    async with Client(sandbox.gateway.url, SENDER.key) as client:
        document_id = await handed_in(client, "P-1", GOOD)
        event = await until(client, document_id, "document.delivered", sandbox)
        evidence = (await client.get(f"/v1/documents/{document_id}/evidence"))["files"]
    assert event["data"]["code"] == "peppol.status_delivered"
    names = [one["name"] for one in evidence]
    assert {"sml", "smp", "request", "answer", "status"} <= set(names), names
    (kept,) = (one for one in sandbox.access_point.kept.values())
    assert kept.taken.header.receiver == GOOD
    assert kept.taken.header.mls_type is MlsType.ALWAYS_SEND


async def test_a_rejecting_status_takes_the_next_channel(sandbox: Sandbox) -> None:
    async with Client(sandbox.gateway.url, SENDER.key) as client:
        document_id = await handed_in(client, "P-2", REJECTS)
        event = await until(client, document_id, "document.reported", sandbox)
        assert event["data"]["code"] == "peppol.status_rejected"
        while (event := await until(client, document_id, "document.sent", sandbox))["data"][
            "channel"
        ] == "peppol":
            await asyncio.sleep(0.05)
            events = [one async for one in client.events()]
            event = [one for one in events if one["type"] == "document.sent"][-1]
            if event["data"]["channel"] == "letter":
                break
    assert event["data"]["channel"] == "letter"


async def test_a_lost_receipt_is_asked_for_with_the_same_message(sandbox: Sandbox) -> None:
    async with Client(sandbox.gateway.url, SENDER.key) as client:
        document_id = await handed_in(client, "P-3", LOSES)
        await until(client, document_id, "document.delivered", sandbox)
        files = (await client.get(f"/v1/documents/{document_id}/evidence"))["files"]
    (kept,) = sandbox.access_point.kept.values()
    sent = [one["sha256"] for one in files if one["name"] == "request"]
    assert sent == [sha256(kept.taken.request).hexdigest()] * len(sent), "byte for byte"


async def test_a_network_that_nobody_can_ask_is_left_in_peace(sandbox: Sandbox) -> None:
    sandbox.network.name_server.behaviour = Dns.FAIL
    async with Client(sandbox.gateway.url, SENDER.key) as client:
        documents = [await handed_in(client, f"P-N{n}", GOOD) for n in range(5)]
        async with asyncio.timeout(SOON_S):
            while not await rests(sandbox):
                await asyncio.sleep(0.02)
        sandbox.network.name_server.behaviour = Dns.ANSWER
        sandbox.put_forward(timedelta(minutes=20))
        for document_id in documents:
            await until(client, document_id, "document.delivered", sandbox)
    assert not await rests(sandbox)


async def rests(sandbox: Sandbox) -> bool:
    """Whether the breaker of the channel keeps it closed, or would, had its time not come."""
    lanes = await sandbox.gateway.store.lanes(sandbox.clock.now())
    (lane,) = (lane for lane in lanes if lane.name == "peppol")
    return lane.meter is not None and lane.meter.open_until is not None


def header(instance: str, **more: Any) -> Header:
    return Header(
        **{
            "sender": THEIRS,
            "receiver": OURS,
            "document_type": BILLING_INVOICE,
            "process": BILLING_PROCESS,
            "country": "SE",
            "instance_id": instance,
            "created_at": datetime.now(UTC),
            **more,
        }
    )


async def test_what_comes_in_lies_in_the_inbox_as_it_was_sent(sandbox: Sandbox) -> None:
    document = source()
    answered = await sandbox.access_point.send(header("in-1"), document)
    assert isinstance(answered, Received), answered
    async with Client(sandbox.gateway.url, RECEIVER.key) as client:
        (found,) = await client.inbox()
        content = await client.get_bytes(f"/v1/inbox/{found['id']}/content")
    assert content == document[document.index(b"<Invoice") :].strip()


async def test_the_same_envelope_in_another_message_lies_there_once(sandbox: Sandbox) -> None:
    for message_id in ("one@there.example", "two@there.example"):
        answered = await sandbox.access_point.send(header("in-2"), source(), message_id)
        assert isinstance(answered, Received)
    async with Client(sandbox.gateway.url, RECEIVER.key) as client:
        assert len(await client.inbox()) == 1


async def test_nobody_of_ours_is_not_serviced(sandbox: Sandbox) -> None:
    stranger = Participant.parse("0192:987654325")
    ours = sandbox.network.members.entries[OURS]
    sandbox.network.members.entries[stranger] = list(ours)
    answered = await sandbox.access_point.send(header("in-3", receiver=stranger), source())
    assert isinstance(answered, NotTaken)
    assert answered.errors.faults[0].detail == "PEPPOL:NOT_SERVICED"
    assert answered.proved


def answer(number: str, code: str, instance: str, **more: Any) -> tuple[Header, bytes]:
    """What the buyer says, in its envelope."""
    ours = Participant.parse(SENDER.company.participants[0])
    response = Response(
        kind=Kind.INVOICE_RESPONSE,
        id=instance,
        issued_at=datetime.now(UTC),
        sender=Party(GOOD, "Granbackens Bygg AB"),
        receiver=Party(ours, SENDER.company.name),
        code=code,
        refers_to=number,
        document_code="380",
        **more,
    )
    around = header(
        instance,
        sender=GOOD,
        receiver=ours,
        document_type=document_type(Kind.INVOICE_RESPONSE),
        process=process(Kind.INVOICE_RESPONSE),
    )
    return around, write(response)


async def test_the_buyer_s_answers_move_the_business_axis(sandbox: Sandbox) -> None:
    asks = (Clarification("REF", details=(("BT-13", "4711"),)),)
    async with Client(sandbox.gateway.url, SENDER.key) as client:
        document_id = await handed_in(client, "P-4", GOOD)
        await until(client, document_id, "document.delivered", sandbox)
        seen = []
        for n, (code, more) in enumerate(
            [("AB", {}), ("UQ", {"clarifications": asks}), ("AP", {}), ("IP", {}), ("PD", {})]
        ):
            sent = await sandbox.access_point.send(*answer("P-4", code, f"answer-{n}", **more))
            assert isinstance(sent, Received), sent
            async with asyncio.timeout(SOON_S):
                while len(seen) <= n:
                    seen = [e async for e in client.events() if e["type"] == "document.answered"]
        document = await client.document(document_id)
    told = [event["data"]["business"] for event in seen]
    assert told == ["acknowledged", "under_query", "accepted", "accepted", "paid"]
    assert seen[1]["data"]["reasons"][0]["details"] == [{"term": "BT-13", "value": "4711"}]
    assert "too late" in seen[3]["data"]["text"]
    assert (document["state"], document["business"]) == ("delivered", "paid")


async def test_an_answer_has_a_status_too(sandbox: Sandbox) -> None:
    """AB where one is asked for, RE whenever it can not be taken up; none for statuses."""
    async with Client(sandbox.gateway.url, SENDER.key) as client:
        document_id = await handed_in(client, "P-7", GOOD)
        await until(client, document_id, "document.delivered", sandbox)
        silent, content = answer("P-7", "IP", "answer-20")
        await sandbox.access_point.send(silent, content)
        asked, content = answer("P-7", "AP", "answer-21")
        await sandbox.access_point.send(replace(asked, mls_type=MlsType.ALWAYS_SEND), content)
        await sandbox.access_point.send(*answer("P-7", "RE", "answer-22"))  # without a reason
        await sandbox.access_point.send(*answer("P-none", "AP", "answer-23"))
        torn, content = answer("P-7", "PD", "answer-24")
        await sandbox.access_point.send(torn, content.replace(b"380", b"\xff\xfe0"))
        async with asyncio.timeout(SOON_S):
            while len(sandbox.access_point.statuses) < 4:
                sandbox.put_forward(timedelta(seconds=5))  # one may have to be tried again
                await asyncio.sleep(0.1)
        assert sorted(await statuses(sandbox, 4)) == ["AB", "RE", "RE", "RE"]
        told = {one.refers_to: one for one in sandbox.access_point.statuses}
        assert told["answer-21"].code == "AB"
        (why,) = told["answer-22"].issues
        assert why.reason == "BV" and "PEPPOL-T111-R001" in why.text
        assert [one.reason for one in told["answer-23"].issues] == ["FD"]
        assert {one.reason for one in told["answer-24"].issues} == {"SV"}
        assert (await client.document(document_id))["business"] == "accepted"


async def test_an_answer_from_somebody_else_changes_nothing(sandbox: Sandbox) -> None:
    async with Client(sandbox.gateway.url, SENDER.key) as client:
        document_id = await handed_in(client, "P-5", GOOD)
        await until(client, document_id, "document.delivered", sandbox)
        around, content = answer("P-5", "RE", "answer-9")
        stranger = Participant.parse("0192:987654325")
        forged = content.replace(GOOD.value.encode(), stranger.value.encode()).replace(
            b'schemeID="0007">987', b'schemeID="0192">987'
        )
        await sandbox.access_point.send(replace(around, sender=stranger), forged)
        lie, content = answer("P-5", "RE", "answer-10")  # the buyer's words, another's envelope
        await sandbox.access_point.send(replace(lie, sender=stranger), content)
        torn, content = answer("P-5", "RE", "answer-11")
        sent = await sandbox.access_point.send(torn, content.replace(b"380", b"\xff\xfe0"))
        assert isinstance(sent, Received), "what can not be read is kept, and answered"
        sandbox.put_forward(timedelta(minutes=1))
        again = await handed_in(client, "P-6", GOOD)
        await until(client, again, "document.delivered", sandbox)
        assert (await client.document(document_id))["business"] == "none"


async def statuses(sandbox: Sandbox, number: int = 1) -> list[str]:
    async with asyncio.timeout(SOON_S):
        while len(sandbox.access_point.statuses) < number:
            await asyncio.sleep(0.02)
    return [status.code for status in sandbox.access_point.statuses]


async def test_a_document_that_breaks_rules_is_rejected_by_a_status(sandbox: Sandbox) -> None:
    broken = source().replace(
        b'<cbc:PayableAmount currencyID="SEK">', b'<cbc:PayableAmount currencyID="SEK">1'
    )
    assert broken != source()
    await sandbox.access_point.send(header("in-4"), broken)
    assert await statuses(sandbox) == ["RE"]
    (status,) = sandbox.access_point.statuses
    assert status.refers_to == "in-4"
    assert {issue.reason for issue in status.issues} == {"BV"}


async def test_a_status_is_sent_in_time_where_one_is_asked_for(sandbox: Sandbox) -> None:
    """AP when the company has taken it over, AB when it has not."""
    asked = {"mls_type": MlsType.ALWAYS_SEND}
    await sandbox.access_point.send(header("in-5", **asked), source())
    await sandbox.access_point.send(header("in-6", **asked), source())
    await sandbox.access_point.send(header("in-7"), source())
    async with Client(sandbox.gateway.url, RECEIVER.key) as client:
        first = (await client.inbox())[0]
        await client.confirm(first["id"])
    sandbox.put_forward(timedelta(minutes=16))
    assert sorted(await statuses(sandbox, 2)) == ["AB", "AP"]
    assert {status.refers_to for status in sandbox.access_point.statuses} == {"in-5", "in-6"}


async def test_the_end_of_our_certificate_is_told_in_the_audit(sandbox: Sandbox) -> None:
    sandbox.put_forward(timedelta(days=680))  # of two years
    store = sandbox.gateway.store
    async with asyncio.timeout(SOON_S):
        while not (
            told := [one for one in await store.audit_entries(0, 1000) if one.action == EXPIRES]
        ):
            await asyncio.sleep(0.05)
    (entry,) = told
    assert entry.subject == SEAT and json.loads(entry.data)["days"] == 60
