"""Over HTTP into a whole gateway: a ZIP file, an e-mail and a Factur-X PDF end as the invoice by
itself does, with all that was beside it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from gateway.client import Client, media_type_of
from gateway.intake.kind import JSON, MAIL, PDF, ZIP
from gateway.intake.prepare import Prepared, prepare
from gateway.sandbox import RECEIVER, SENDER, Sandbox
from schemas.invoice import Invoice
from schemas.ubl.read import read
from tests.e2e import invoices
from tests.hostile.packages import mail_of, pdf_of, zip_of
from tests.hostile.pdfs import drawn
from tests.unit.schemas.cii import written
from transports.base import File

CSV = b"hours;rate\n7;900\n"
PAGE = drawn(2)
LIMIT_S = 180

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with Sandbox(tmp_path) as opened:
        yield opened


def ubl(number: str, *, here: bool, email: str | None = None) -> bytes:
    to = invoices.RECEIVER if here else None
    body = json.dumps(invoices.submission(number, to=to, email=email)).encode()
    result = prepare(File("a.json", JSON, body), (), {}, at=date(2026, 11, 21))
    assert isinstance(result, Prepared), result.findings
    return result.document


def model(content: bytes) -> Invoice:
    return read(etree.fromstring(content))


def packed(number: str, *, here: bool, email: str | None = None) -> dict[str, bytes]:
    """The same invoice in every package, with a number of its own in each."""

    def one(way: str) -> bytes:
        return ubl(f"{number}-{way}", here=here, email=email)

    files = [File("faktura.xml", "text/xml", one("mail")), File("hours.csv", "text/csv", CSV)]
    return {
        "zip": zip_of({"faktura.xml": one("zip"), "hours.csv": CSV, "terms.pdf": PAGE}),
        "mail": mail_of([*files, File("terms.pdf", PDF, PAGE)]),
        "pdf": pdf_of({"factur-x.xml": written(model(one("pdf")))}, PAGE),
    }


async def settled(client: Client, content: bytes) -> str:
    accepted = await client.submit(content)
    while (found := await client.document(accepted.id))["state"] not in {"sent", "delivered"}:
        assert found["state"] not in {"rejected", "failed", "held"}, found
        await asyncio.sleep(0.05)
    return accepted.id


async def test_a_company_here_gets_the_same_document(sandbox: Sandbox) -> None:
    packages = packed("P", here=True)
    kinds = {way: media_type_of(content) for way, content in packages.items()}
    assert kinds == {"zip": ZIP, "mail": MAIL, "pdf": PDF}
    url = sandbox.gateway.url
    async with (
        Client(url, SENDER.key) as client,
        Client(url, RECEIVER.key) as receiver,
        asyncio.timeout(LIMIT_S),
    ):
        await settled(client, ubl("P-plain", here=True))
        for content in packages.values():
            await settled(client, content)
        while len(inbox := await receiver.inbox()) < 1 + len(packages):
            await asyncio.sleep(0.05)  # each is read before it is shown
        arrived = {
            document["head"]["number"]: await receiver.get_bytes(document["links"]["content"])
            for document in inbox
        }
    plain = arrived["P-plain"]
    assert plain == ubl("P-plain", here=True)
    for way in ("zip", "mail"):
        assert arrived[f"P-{way}"] == plain.replace(b"P-plain", b"P-" + way.encode())
    hybrid = model(arrived["P-pdf"])
    (document,) = hybrid.supporting_documents
    assert document.attachment is not None and document.attachment.content == packages["pdf"]
    assert replace(hybrid, supporting_documents=(), number="P-plain") == model(plain)


async def test_by_e_mail_people_get_every_file(sandbox: Sandbox) -> None:
    packages = packed("M", here=False, email="kund@customer.example")
    async with Client(sandbox.gateway.url, SENDER.key) as client, asyncio.timeout(LIMIT_S):
        for content in packages.values():
            await settled(client, content)
    received = sandbox.mail.received
    assert len(received) == 3
    files = [
        {part.get_payload(decode=True) for part in each.message.walk() if part.get_filename()}
        for each in received
    ]
    assert all(CSV in found and PAGE in found for found in files[:2])
    assert packages["pdf"] in files[2]
