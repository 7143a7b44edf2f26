"""`budkavle webhook` against a running gateway and a ledger's own server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import pytest
from standardwebhooks import Webhook

from gateway.client import Client
from gateway.sandbox import RECEIVER, SENDER, Sandbox
from tests.e2e.command import budkavle, on_terminal
from tests.e2e.invoices import submission
from tests.servers.sink import Reply, Sink


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    async with Sink() as sink:
        yield sink


async def test_events_are_brought_to_the_address_that_was_added(
    sandbox: Sandbox, ledger: Mapping[str, str], sink: Sink
) -> None:
    added = await budkavle("webhook", "add", f"{sink.url}/a", environment=ledger)
    assert added.code == 0, added.err
    (made,) = added.lines

    tested = await budkavle("webhook", "test", made["id"], environment=ledger)
    assert (tested.code, tested.lines[0]["status"]) == (0, 204)
    Webhook(made["secret"]).verify(sink.taken[0].body, dict(sink.taken[0].headers))

    async with Client(sandbox.gateway.url, SENDER.key) as client:
        sent = await client.post("/v1/documents", submission("H-1", to=RECEIVER))
        await client.settled(sent["id"])
        events = [event async for event in client.events()]
        await sink.until(lambda: len(sink.taken) == 1 + len(events))
        chosen = [event async for event in client.events(types=["document.delivered"])]
        assert [event["type"] for event in chosen] == ["document.delivered"]
        assert not [event async for event in client.events(document_id="doc_none")]
    assert [taken.json["data"] for taken in sink.taken[1:]] == events

    listed = await budkavle("webhook", "list", environment=ledger)
    (row,) = listed.lines
    assert (row["id"], row["active"]) == (made["id"], True) and "secret" not in row
    tried = await budkavle("webhook", "attempts", made["id"], environment=ledger)
    assert [line["event_id"] for line in tried.lines] == [
        taken.id for taken in reversed(sink.taken)
    ]

    count = len(sink.taken)
    again = ("webhook", "redeliver", made["id"])
    only = await budkavle(*again, "--only", events[0]["cursor"], environment=ledger)
    assert only.code == 0
    await sink.until(lambda: len(sink.taken) == count + 1)
    assert sink.taken[-1].id == events[0]["id"]
    assert (await budkavle(*again, "--after", events[-2]["cursor"], environment=ledger)).code == 0
    await sink.until(lambda: len(sink.taken) == count + 2)
    assert sink.taken[-1].id == events[-1]["id"]
    assert (await budkavle(*again, environment=ledger)).code == 2

    rotated = await budkavle("webhook", "rotate", made["id"], environment=ledger)
    assert rotated.lines[0]["secret"] != made["secret"]
    off = await budkavle("webhook", "switch", made["id"], "off", environment=ledger)
    assert off.lines[0]["active"] is False
    assert (await budkavle("webhook", "remove", made["id"], environment=ledger)).code == 0
    assert (await budkavle("webhook", "list", environment=ledger)).out == ""


async def test_what_is_refused_is_told(ledger: Mapping[str, str], sink: Sink) -> None:
    wrong = await budkavle("webhook", "add", "ftp://erp.example.com/", environment=ledger)
    assert wrong.code == 1 and "must be an absolute http or https URL" in wrong.err
    (made,) = (await budkavle("webhook", "add", f"{sink.url}/a", environment=ledger)).lines
    sink.plan("/a", Reply(500, body=b"Oh no"))
    tested = await budkavle("webhook", "test", made["id"], environment=ledger)
    assert (tested.code, tested.lines[0]["text"]) == (1, "Oh no")
    assert (await budkavle("webhook", "test", "wh_none", environment=ledger)).code == 1


async def test_people_get_a_table_and_the_secret_to_keep(
    ledger: Mapping[str, str], sink: Sink
) -> None:
    added = await on_terminal(
        *("webhook", "add", f"{sink.url}/a", "--type", "document.sent"), environment=ledger
    )
    made, secret = added.out.split()
    assert made.startswith("wh_") and secret.startswith("whsec_")
    assert "not shown again" in added.err
    listed = (await on_terminal("webhook", "list", environment=ledger)).out
    assert made in listed and "document.sent" in listed and secret not in listed
