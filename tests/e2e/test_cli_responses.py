"""`budkavle respond`, `timeline` and `evidence get --part` against a running gateway."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import aiohttp

from gateway.client import Client
from gateway.sandbox import RECEIVER, SENDER, Sandbox
from tests.e2e.command import budkavle, on_terminal
from tests.e2e.invoices import submission

SOON_S = 60.0


async def test_an_invoice_is_answered_and_every_byte_is_one_command_away(
    sandbox: Sandbox, ledger: Mapping[str, str], tmp_path: Path
) -> None:
    buyer = {**ledger, "BUDKAVLE_API_KEY": RECEIVER.key}
    async with Client(sandbox.gateway.url, SENDER.key) as client:
        body = json.dumps(submission("CR-1", to=RECEIVER)).encode()
        sent = (await client.submit(body)).id
        await client.settled(sent)
    ((arrived,),) = [(await budkavle("inbox", environment=buyer)).lines]

    why = ("--reason", "PRI:Too dear", "--reason", "REF", "--detail", "BT-13=4711")
    asked = ("respond", arrived["id"], "uq", *why, "--action", "NIN", "--effective", "2026-12-01")
    said = await budkavle(*asked, environment=buyer)
    assert said.code == 0, said.err
    assert said.lines[0]["business"] == "under_query"
    again = await budkavle(*asked, environment=buyer)
    assert again.lines == said.lines
    refused = await budkavle("respond", arrived["id"], "AB", environment=buyer)
    assert refused.code == 1 and "under_query" in refused.err
    wrong = await budkavle("respond", arrived["id"], "RE", environment=buyer)
    assert wrong.code == 1 and "/reasons" in wrong.err and "PEPPOL-T111-R001" in wrong.err
    for bad in (("--detail", "BT-13=1"), ("--reason", "REF", "--detail", "BT-13")):
        assert (await budkavle("respond", arrived["id"], "UQ", *bad, environment=buyer)).code == 2

    async with asyncio.timeout(SOON_S):
        while True:
            told = await budkavle("timeline", sent, environment=ledger)
            assert told.code == 0, told.err
            if any(row["what"] == "document.answered" for row in told.lines):
                break
    assert [row["at"] for row in told.lines] == sorted(row["at"] for row in told.lines)
    (response,) = (row for row in told.lines if row["what"] == "evidence response")
    path = tmp_path / "response.xml"
    get = ("evidence", "get", sent, "--part", str(response["part"]), "--to")
    assert (await budkavle(*get, str(path), environment=ledger)).code == 0
    content = path.read_bytes()
    assert hashlib.sha256(content).hexdigest() == response["sha256"]
    assert b"Too dear" in content and b"BT-13" in content
    shown = await budkavle(*get, "-", environment=ledger)
    assert "Too dear" in shown.out
    none = await budkavle("evidence", "get", sent, "--part", "999", environment=ledger)
    assert none.code == 2 and "files" in none.err

    mine = await budkavle("timeline", arrived["id"], environment=buyer)
    (row,) = (row for row in mine.lines if row["what"] == "response")
    assert row["id"] == said.lines[0]["id"] and "response.uq" in row["text"]
    stranger = await budkavle("timeline", arrived["id"], environment=ledger)
    assert stranger.code == 1

    people = await on_terminal("timeline", sent, environment=ledger)
    assert people.code == 0 and "document.answered" in people.out


async def test_the_sandbox_sends_an_invoice_and_shows_the_answer_to_it(sandbox: Sandbox) -> None:
    buyer = {"BUDKAVLE_URL": sandbox.gateway.url, "BUDKAVLE_API_KEY": RECEIVER.key}
    async with aiohttp.ClientSession(sandbox.url) as controls:
        for wrong in (b"", b"[]", b'{"to": "918130047"}', b'{"to": "0192:910667980"}'):
            async with controls.post("/invoices", data=wrong) as answer:
                assert answer.status == 400, wrong
        to = {"to": RECEIVER.company.participants[0]}
        async with controls.post("/invoices", json=to) as answer:
            number = (await answer.json())["number"]
            assert answer.status == 201

        (arrived,) = (await budkavle("inbox", environment=buyer)).lines
        assert (arrived["number"], arrived["channel"]) == (number, "peppol")
        assert (await budkavle("respond", arrived["id"], "AP", environment=buyer)).code == 0
        expected = {"from": to["to"], "status": "AP", "about": number}
        async with asyncio.timeout(SOON_S):
            heard: list[object] = []
            while not heard:
                async with controls.get("/received") as answer:
                    heard = (await answer.json())["responses"]
                sandbox.put_forward(timedelta(seconds=5))  # it may have to be tried again
                await asyncio.sleep(0.1)
    assert heard == [expected]
    told = await budkavle("timeline", arrived["id"], environment=buyer)
    shown = {row["what"] for row in told.lines}
    assert {"inbox.answered", "response", "evidence message", "evidence receipt"} <= shown
