"""`budkavle repair` against a running gateway and a store of files that lacks some."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from gateway.client import Client
from gateway.sandbox import RECEIVER, SENDER, Sandbox
from tests.e2e.command import budkavle, on_terminal
from tests.e2e.invoices import submission
from tests.servers.store_of_files import Served, StoreOfFiles

PDF = b"%PDF-1.4\nterms\n%%EOF\n"
WHY = ("--reason", "The store was down.")


@pytest.fixture
async def files() -> AsyncIterator[StoreOfFiles]:
    async with StoreOfFiles() as files:
        yield files


async def lacking(client: Client, files: StoreOfFiles, number: str, *paths: str) -> str:
    body = {**submission(number, to=RECEIVER)}
    body["delivery"] = {"fetch": [{"url": files.url + path} for path in paths]}
    sent = await client.post("/v1/documents", body)
    settled = await client.settled(sent["id"])
    assert settled["code"] == "attachment.not_found", settled
    return str(sent["id"])


async def test_every_way_of_repairing(
    sandbox: Sandbox, ledger: Mapping[str, str], files: StoreOfFiles, tmp_path: Path
) -> None:
    file = tmp_path / "signed.pdf"
    file.write_bytes(PDF)
    files.files["/moved.pdf"] = Served(PDF)
    async with Client(sandbox.gateway.url, SENDER.key) as client:
        ids = [await lacking(client, files, f"R-{n}", f"/{n}.pdf") for n in range(5)]
        listed = await budkavle("repair", "list", environment=ledger)
        assert {row["id"] for row in listed.lines} == set(ids), listed.err
        assert {row["code"] for row in listed.lines} == {"attachment.not_found"}

        given = await budkavle("repair", "hand-in", ids[0], file, *WHY, environment=ledger)
        assert given.code == 0, given.err
        moved = ("repair", "fetch", ids[1], "--from", f"{files.url}/moved.pdf", *WHY)
        assert (await budkavle(*moved, environment=ledger)).code == 0
        without = await budkavle("repair", "leave-out", ids[2], *WHY, environment=ledger)
        assert without.code == 0
        for document_id in ids[:3]:
            assert (await client.settled(document_id))["state"] == "delivered"

        files.files |= {f"/{n}.pdf": Served(PDF) for n in (3, 4)}
        other = ("repair", "fetch", "--all", "--code", "attachment.gone", *WHY)
        assert (await budkavle(*other, environment=ledger)).lines == []
        every = await budkavle("repair", "fetch", "--all", *WHY, environment=ledger)
        assert {row["id"] for row in every.lines} == set(ids[3:])
        for document_id in ids[3:]:
            assert (await client.settled(document_id))["state"] == "delivered"
        names = [(await client.document(id_))["fetches"][0]["file"] for id_ in ids]
        assert names == ["signed.pdf", "moved.pdf", "2.pdf", "3.pdf", "4.pdf"]
    nothing = await on_terminal("repair", "list", environment=ledger)
    assert "No document lacks a file." in nothing.err + nothing.out


async def test_what_is_refused_is_told(
    sandbox: Sandbox, ledger: Mapping[str, str], files: StoreOfFiles
) -> None:
    for wrong in (
        ("fetch",),
        ("fetch", "doc_none", "--all"),
        ("fetch", "doc_none", "--code", "attachment.gone"),
        ("leave-out", "--all", "--attachment", "0"),
    ):
        assert (await budkavle("repair", *wrong, *WHY, environment=ledger)).code == 2
    gone = await budkavle("repair", "leave-out", "doc_none", *WHY, environment=ledger)
    assert gone.code == 1 and "404" in gone.err
    async with Client(sandbox.gateway.url, SENDER.key) as client:
        document_id = await lacking(client, files, "R-9", "/a.pdf", "/b.pdf")
    several = ("repair", "fetch", document_id, "--from", f"{files.url}/c.pdf", *WHY)
    told = await budkavle(*several, environment=ledger)
    assert told.code == 1 and "say which `attachment` is meant" in told.err
