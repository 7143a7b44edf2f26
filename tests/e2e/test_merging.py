"""A whole gateway: what the letter is made of is merged in a process of its own."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path

from pypdf import PdfReader

from gateway.client import Attached, Client
from gateway.sandbox import SENDER, Sandbox
from tests.e2e.invoices import submission
from tests.hostile import pdfs


async def test_a_letter_with_whatever_was_attached_is_posted(tmp_path: Path) -> None:
    attachments = [
        Attached("terms.pdf", "application/pdf", pdfs.drawn(2)),
        Attached("locked.pdf", "application/pdf", pdfs.locked("secret", "AES-256")),
        Attached("cut off.pdf", "application/pdf", pdfs.truncated()),
        Attached("many.pdf", "application/pdf", pdfs.on_one_object(60_000)),
        Attached("photo.png", "image/png", pdfs.png()),
    ]
    body = json.dumps(submission("M-1")).encode()
    async with (
        Sandbox(tmp_path) as sandbox,
        Client(sandbox.gateway.url, SENDER.key) as client,
        asyncio.timeout(60),
    ):
        accepted = await client.submit(body, attachments=attachments)
        while (await client.document(accepted.id))["state"] not in {"sent", "delivered"}:
            await asyncio.sleep(0.05)
        page = await client.get(f"/v1/documents/{accepted.id}/timeline")
        (letter,) = sandbox.print_house.jobs.values()
    (merged,) = [one for one in page["events"] if one["type"] == "document.merged"]
    assert merged["data"]["code"] == "merge.partly"
    assert merged["data"]["apart"] == [
        {"name": "locked.pdf", "code": "merge.password"},
        {"name": "many.pdf", "code": "merge.too_many_pages"},
    ]
    assert letter.submission.job.pages == merged["data"]["pages"] > 63
    content = letter.submission.letter.content
    assert len(PdfReader(io.BytesIO(content)).pages) == letter.submission.job.pages
