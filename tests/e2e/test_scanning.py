"""A whole gateway with a virus scanner: what has something in it goes nowhere, and is kept."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import zipfile
from pathlib import Path

import aiohttp

from gateway import config
from gateway.app import Gateway
from gateway.client import Attached, Client
from gateway.scanning.sandbox import EICAR, Sandbox
from tests.e2e.command import budkavle
from tests.e2e.invoices import SENDER, submission

SICK = b"%PDF-1.7\n" + EICAR


async def test_what_has_a_virus_in_it_is_rejected_withheld_and_taken_out(tmp_path: Path) -> None:
    data = tmp_path / "data"
    key = {"Authorization": "Bearer bk_secret"}
    async with Sandbox() as clamd, asyncio.timeout(180):
        settings = config.Settings(
            data=data,
            http=config.Http(listen="127.0.0.1:0"),
            scan=config.Scan(address=clamd.address),
        )
        async with Gateway(settings) as gateway, aiohttp.ClientSession(headers=key) as http:
            store, now = gateway.store, gateway.clock.now()
            await store.add_company(SENDER.company, now)
            await store.add_key(
                SENDER.company.id, hashlib.sha256(b"bk_secret").hexdigest(), "ledger", now
            )
            body = json.dumps(submission("V-1")).encode()
            async with Client(gateway.url, "bk_secret") as client:
                files = [Attached("terms.pdf", "application/pdf", SICK)]
                document_id = (await client.submit(body, attachments=files)).id
                document = await client.settled(document_id)
            assert (document["state"], document["code"]) == ("rejected", "document.infected")
            (found,) = document["findings"]
            assert found["rule"] == "GUARD-ATTACHMENT-VIRUS" and "terms.pdf" in found["text"]
            place = f"{gateway.url}/v1/documents/{document_id}"
            async with http.get(f"{place}/evidence") as answer:
                parts = {part["role"]: part for part in (await answer.json())["files"]}
            assert parts.keys() == {"original", "attachment", "findings"}
            for path, status in (
                (parts["attachment"]["href"], 409),
                (parts["original"]["href"], 409),
                (f"/v1/documents/{document_id}/content", 409),
                (parts["findings"]["href"], 200),
            ):
                async with http.get(gateway.url + path) as answer:
                    assert answer.status == status, path
                    assert EICAR not in await answer.read()
            async with http.get(f"{place}/bundle") as answer:
                bundle = zipfile.ZipFile(io.BytesIO(await answer.read()))
            held = [bundle.read(name) for name in bundle.namelist()]
            assert not any(EICAR in content for content in held)
            assert sum(b"not handed out" in content for content in held) == 2
    taken = tmp_path / "taken"
    wanted = (SENDER.company.id, document_id, parts["attachment"]["sha256"])
    done = await budkavle("evidence", "take-out", *wanted, "--to", taken, "--data", data)
    assert done.code == 0, done.err
    assert taken.read_bytes() == SICK
    again = await budkavle("evidence", "take-out", *wanted, "--to", taken, "--data", data)
    assert again.code == 2
    entries = (await budkavle("audit", "list", "--data", data)).lines
    assert [e["subject"] for e in entries if e["action"] == "evidence.taken_out"] == [
        document_id
    ] * 2


async def test_the_doctor_asks_the_scanner(tmp_path: Path) -> None:
    async with Sandbox() as clamd:
        there = {"BUDKAVLE_SCAN__ADDRESS": clamd.address}
        said = await budkavle("doctor", "--data", tmp_path, environment=there)
        assert {"ok"} == {line["level"] for line in said.lines if line["what"] == "scan"}
    said = await budkavle("doctor", "--data", tmp_path, environment=there)
    (line,) = [line for line in said.lines if line["what"] == "scan"]
    assert line["level"] == "fail" and "documents wait" in line["do"] and said.code == 1
