"""Invoice Responses that our companies give, from the call to the seller's own ledger."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.client import Client, Problem
from gateway.inbound.replies import Denied, Word, reply
from gateway.sandbox import OTHERS, RECEIVER, SENDER, Sandbox
from gateway.store.port import Arrival, Head, NewPart, Role
from schemas.envelope import Header
from schemas.identifiers import BILLING_INVOICE, BILLING_PROCESS, Participant
from tests.e2e.invoices import submission
from transports.peppol.sandbox.access_point import MAGIC, Behaviour
from transports.peppol.sender import Received
from validators.examples.edits import source

SOON_S = 60.0
OURS = Participant.parse(RECEIVER.company.participants[0])
SELLER = Participant.parse("0007:5567890123")
QUERY: dict[str, Any] = {
    "reasons": [{"code": "REF", "details": [{"term": "BT-13", "value": "4711"}]}],
    "actions": [{"code": "PIN", "text": "Once more, please"}],
    "effective_date": "2026-12-01",
}


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with Sandbox(tmp_path) as sandbox:
        yield sandbox


@pytest.fixture
async def buyer(sandbox: Sandbox) -> AsyncIterator[Client]:
    async with Client(sandbox.gateway.url, RECEIVER.key) as client:
        yield client


def magic(behaviour: Behaviour) -> Participant:
    """The participant that makes the other access point do something."""
    (digits,) = (digits for digits, what in MAGIC.items() if what is behaviour)
    return next(other for other in OTHERS if other.value[-5:-1] == digits)


def address(participant: Participant) -> bytes:
    return f'schemeID="{participant.scheme}">{participant.value}</cbc:EndpointID>'.encode()


async def invoiced(
    sandbox: Sandbox, buyer: Client, seller: Participant = SELLER, instance: str = "in-1"
) -> str:
    """An invoice has come in from the seller, who is at the other access point."""
    content = source().replace(address(Participant("0007", "5560712225")), address(seller))
    content = content.replace(address(Participant("0007", "5591234561")), address(OURS))
    header = Header(
        sender=seller,
        receiver=OURS,
        document_type=BILLING_INVOICE,
        process=BILLING_PROCESS,
        country="SE",
        instance_id=instance,
        created_at=datetime.now(UTC),
    )
    sent = await sandbox.access_point.send(header, content)
    assert isinstance(sent, Received), sent
    return str((await buyer.inbox())[-1]["id"])


async def settled(sandbox: Sandbox, client: Client, document_id: str, *states: str) -> Any:
    """The document once it is in one of the states; the clock goes on when it has to wait."""
    async with asyncio.timeout(SOON_S):
        while (document := await client.document(document_id))["state"] not in states:
            if document["state"] == "waiting":
                sandbox.put_forward(timedelta(minutes=2))
            await asyncio.sleep(0.02)
    return document


async def test_what_the_buyer_says_reaches_the_seller_with_every_proof(
    sandbox: Sandbox, buyer: Client
) -> None:
    document_id = await invoiced(sandbox, buyer)
    said = await buyer.respond(document_id, "UQ", **QUERY)
    assert (said["document_id"], said["business"]) == (document_id, "under_query")
    carrier = await settled(sandbox, buyer, said["id"], "delivered")
    assert carrier["delivery"] == {"answers": document_id}
    assert (carrier["head"]["kind"], carrier["head"]["number"]) == ("invoice_response", "7001")

    (response,) = sandbox.access_point.responses
    assert (response.code, response.refers_to) == ("UQ", "7001")
    assert (response.sender.endpoint, response.receiver.endpoint) == (OURS, SELLER)
    reason, action = response.clarifications
    assert reason.details == (("BT-13", "4711"),)
    assert action.is_action and action.text == "Once more, please"
    assert str(response.effective_on) == "2026-12-01"

    timeline = await buyer.get(f"/v1/documents/{said['id']}/timeline")
    told = {file["name"] for attempt in timeline["attempts"] for file in attempt["files"]}
    assert {"sml", "smp", "request", "answer", "status"} <= told
    timeline = await buyer.get(f"/v1/documents/{document_id}/timeline")
    (shown,) = timeline["responses"]
    assert (shown["id"], shown["said"], shown["state"]) == (said["id"], "response.uq", "delivered")
    types = [event["type"] for event in timeline["events"]]
    assert types == ["inbox.received", "inbox.new", "inbox.answered"]
    assert timeline["events"][2]["data"]["response"] == said["id"]
    assert {"message", "receipt"} <= {file["name"] for file in timeline["files"]}


async def test_a_seller_who_takes_no_responses_is_told_in_the_timeline(
    sandbox: Sandbox, buyer: Client
) -> None:
    document_id = await invoiced(sandbox, buyer, magic(Behaviour.INVOICES_ONLY))
    said = await buyer.respond(document_id, "AP")
    await settled(sandbox, buyer, said["id"], "failed")
    (shown,) = (await buyer.get(f"/v1/documents/{document_id}/timeline"))["responses"]
    assert shown["state"] == "failed"
    assert "does not take this kind of document" in shown["text"]
    assert sandbox.access_point.responses == []
    assert (await buyer.document(document_id))["business"] == "accepted", "it is said all the same"


async def test_a_lost_receipt_is_asked_for_with_the_same_response(
    sandbox: Sandbox, buyer: Client
) -> None:
    document_id = await invoiced(sandbox, buyer, magic(Behaviour.LOSE))
    said = await buyer.respond(document_id, "AB")
    await settled(sandbox, buyer, said["id"], "delivered")
    assert len(sandbox.access_point.responses) == 1


async def test_a_seller_on_this_gateway_has_it_at_once(sandbox: Sandbox, buyer: Client) -> None:
    async with Client(sandbox.gateway.url, SENDER.key) as seller:
        body = submission("R-1")
        body["invoice"]["buyer"]["endpoint"] = {"scheme": OURS.scheme, "value": OURS.value}
        invoice_id = (await seller.submit(json.dumps(body).encode())).id
        await settled(sandbox, seller, invoice_id, "delivered")
        (arrived,) = await buyer.inbox()
        assert arrived["links"]["response"] == f"/v1/inbox/{arrived['id']}/response"
        for status, business in (("AB", "acknowledged"), ("AP", "accepted"), ("PD", "paid")):
            said = await buyer.respond(arrived["id"], status)
            carrier = await settled(sandbox, buyer, said["id"], "delivered")
            assert carrier["channel"] == "internal"
            assert (await seller.document(invoice_id))["business"] == business
        timeline = await seller.get(f"/v1/documents/{invoice_id}/timeline")
    assert sum(event["type"] == "document.answered" for event in timeline["events"]) == 3
    assert [file["name"] for file in timeline["files"]] == ["response"] * 3
    assert (await buyer.inbox())[0]["business"] == "paid"


async def test_the_same_again_is_the_same_response_and_nothing_goes_back(
    sandbox: Sandbox, buyer: Client
) -> None:
    document_id = await invoiced(sandbox, buyer)
    said = await asyncio.gather(*(buyer.respond(document_id, "UQ", **QUERY) for _ in range(5)))
    assert len({one["id"] for one in said}) == 1
    other = await buyer.respond(document_id, "UQ", actions=[{"code": "CNF"}])
    assert other["id"] != said[0]["id"], "another question"
    await buyer.respond(document_id, "AP")
    part = {"reasons": [{"code": "PPD", "text": "Half of it"}]}
    for amount in ("Half of it", "A little more"):
        part["reasons"][0]["text"] = amount
        assert (await buyer.respond(document_id, "PD", **part))["business"] == "accepted"
    assert (await buyer.respond(document_id, "UQ", **QUERY))["id"] == said[0]["id"], "a repeat"
    with pytest.raises(Problem) as refused:
        await buyer.respond(document_id, "RE", reasons=[{"code": "PRI"}])
    assert refused.value.status == 409
    assert "accepted" in refused.value.detail and "paid" in refused.value.detail
    assert (await buyer.respond(document_id, "PD"))["business"] == "paid"
    with pytest.raises(Problem, match="nothing can follow"):
        await buyer.respond(document_id, "AP", effective_date="2026-12-01")
    timeline = await buyer.get(f"/v1/documents/{document_id}/timeline")
    for one in timeline["responses"]:
        await settled(sandbox, buyer, one["id"], "sent", "delivered")
    assert len(sandbox.access_point.responses) == len(timeline["responses"]) == 6


async def test_of_two_words_at_once_one_is_said(sandbox: Sandbox, buyer: Client) -> None:
    document_id = await invoiced(sandbox, buyer)
    both = await asyncio.gather(
        buyer.respond(document_id, "AP"),
        buyer.respond(document_id, "RE", reasons=[{"code": "PRI"}]),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Problem) for one in both) == 1, both


async def test_what_would_break_the_rules_is_told_where_it_stands(
    sandbox: Sandbox, buyer: Client
) -> None:
    document_id = await invoiced(sandbox, buyer)

    async def refused(status: str, **more: Any) -> list[tuple[str, str]]:
        with pytest.raises(Problem) as problem:
            await buyer.respond(document_id, status, **more)
        assert problem.value.status == 422, problem.value
        return [(one["pointer"], one["rule"]) for one in problem.value.errors]

    assert await refused("RE") == [("/reasons", "PEPPOL-T111-R001")]
    wrong = {"reasons": [{"code": "REF"}, {"code": "PPD"}], "actions": [{"code": "XYZ"}]}
    assert await refused("UQ", **wrong) == [
        ("/reasons/1/text", "PEPPOL-T111-R004"),
        ("/actions/0/code", "PEPPOL-T111-R006"),
        ("/actions/0/code", "PEPPOL-T111-B03301"),
    ]
    assert await refused("XX") == [("/status", "STRUCTURE-JSON")]
    assert await refused("AP", effective_date="soon") == [("/effective_date", "STRUCTURE-JSON")]
    assert await refused("AP", statuss="AP") == [("/statuss", "STRUCTURE-JSON")]
    assert (await buyer.document(document_id))["business"] == "none"


async def test_what_nobody_can_answer_is_told(sandbox: Sandbox, buyer: Client) -> None:
    store, now = sandbox.gateway.store, sandbox.clock.now()
    nameless = source().replace(address(Participant("0007", "5560712225")), b">?</cbc:EndpointID>")
    for n, (content, told) in enumerate(
        [(b"<Other/>", "can not be read"), (nameless, "BT-34"), (source(), "no electronic address")]
    ):
        part = NewPart(Role.DOCUMENT, "document.xml", "application/xml", content)
        arrival = Arrival(f"upload:{n}", RECEIVER.company.id, Head(), [part], "upload")
        document_id = await store.arrive(arrival, now)
        assert document_id is not None
        if content == source():
            alone = replace(RECEIVER.company, participants=())
            denied = await reply(store, sandbox.clock, alone, document_id, Word("AP"))
            assert isinstance(denied, Denied) and told in denied.text
            continue
        with pytest.raises(Problem) as refused:
            await buyer.respond(document_id, "AP")
        assert refused.value.status == 409 and told in refused.value.detail


async def test_nobody_answers_for_another(sandbox: Sandbox, buyer: Client) -> None:
    document_id = await invoiced(sandbox, buyer)
    async with Client(sandbox.gateway.url, SENDER.key) as stranger:
        own = (await stranger.submit(json.dumps(submission("R-2")).encode())).id
        for id_ in (document_id, own, "doc_of_nobody"):
            with pytest.raises(Problem) as refused:
                await stranger.respond(id_, "AP")
            assert refused.value.status == 404
    assert (await buyer.document(document_id))["business"] == "none"
