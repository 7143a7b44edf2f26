"""The sandbox's partners that say nothing: nobody waits for them as long as for real ones."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from gateway.client import Attached, Client
from gateway.sandbox import SENDER, Sandbox
from gateway.scanning.sandbox import EICAR
from tests.e2e.invoices import submission
from transports.operator.sfti_sandbox import MAGIC as SFTI
from transports.operator.sfti_sandbox import Behaviour as Sfti


@pytest.mark.parametrize(
    ("body", "state", "code"),
    [
        (submission("Q-1", email="hang@customer.example"), "waiting", "email.timeout"),
        (submission("Q-2", email="silent@customer.example"), "held", "delivery.outcome_unknown"),
        (submission("Q-3", post_code="999 94"), "waiting", "letter.outcome_unknown"),
    ],
    ids=("hang", "silent", "letter"),
)
async def test_a_partner_that_never_answers_is_given_up_soon(
    body: object, state: str, code: str, tmp_path: Path
) -> None:
    async with (
        Sandbox(tmp_path, patience_s=2) as sandbox,
        Client(sandbox.gateway.url, SENDER.key) as client,
        asyncio.timeout(60),
    ):
        accepted = await client.submit(json.dumps(body).encode())
        while (document := await client.document(accepted.id))["state"] not in {"waiting", "held"}:
            await asyncio.sleep(0.05)
    assert (document["state"], document["code"]) == (state, code)


async def test_its_page_lists_what_partners_took_and_moves_the_clock(tmp_path: Path) -> None:
    """Names come from documents: they are text on the page, whatever they look like."""
    body = submission("Q-4", email="accept@customer.example")
    body["invoice"]["seller"]["name"] = "<script>alert(1)</script> AB"
    async with (
        Sandbox(tmp_path) as sandbox,
        Client(sandbox.gateway.url, SENDER.key) as client,
        aiohttp.ClientSession(sandbox.url) as browser,
        asyncio.timeout(60),
    ):
        accepted = await client.submit(json.dumps(body).encode())
        await client.settled(accepted.id)
        before = sandbox.clock.now()
        async with browser.post("/clock", data={"forward_s": "86400"}) as answer:
            page = await answer.text()
        assert (answer.status, answer.url.path) == (200, "/")
        assert sandbox.clock.now() - before >= timedelta(days=1)
        async with browser.post("/clock", data={"forward_s": "much"}) as refused:
            assert refused.status == 400
    assert "accept@customer.example" in page
    assert "Q-4" in page
    assert "<script>" not in page


async def test_a_message_that_bounces_goes_by_letter(tmp_path: Path) -> None:
    body = submission("Q-5", email="bounce@customer.example")
    async with (
        Sandbox(tmp_path) as sandbox,
        Client(sandbox.gateway.url, SENDER.key) as client,
        asyncio.timeout(120),
    ):
        accepted = await client.submit(json.dumps(body).encode())
        while (document := await client.document(accepted.id))["channel"] != "letter":
            await asyncio.sleep(0.05)
        (mail,) = sandbox.received()["emails"]
    assert document["state"] in {"routing", "sending", "sent", "delivered"}
    assert mail["signed"] == ["gateway.example"]


async def test_the_other_way_of_a_channel_and_the_scanner_can_be_tried(tmp_path: Path) -> None:
    operator = submission("Q-6")
    number = SFTI[Sfti.BIS3]
    operator["invoice"]["buyer"] |= {"legal_id": {"value": number, "scheme": "0007"}}
    operator["delivery"] = {"channels": ["operator"]}
    files = [Attached("terms.pdf", "application/pdf", b"%PDF-1.7\n" + EICAR)]
    async with (
        Sandbox(tmp_path, others=("sfti", "letters_over_sftp")) as sandbox,
        Client(sandbox.gateway.url, SENDER.key) as client,
        asyncio.timeout(120),
    ):
        ends = []
        for body, attachments in (
            (operator, []),
            (submission("Q-7"), []),
            (submission("Q-8"), files),
        ):
            accepted = await client.submit(json.dumps(body).encode(), attachments=attachments)
            document = await client.settled(accepted.id)
            ends.append((document["channel"], document["code"]))
        received = sandbox.received()
    assert [ends[0][0], ends[1][0], ends[2][1]] == ["operator", "letter", "document.infected"]
    assert [row["to"] for row in received["sfti"]] == ["SE...29"]
    assert [row["number"] for row in received["letters"]] == ["Q-7"]
    assert [row["found"] for row in received["scanned"] if row["found"]] == ["Eicar"]
