"""An invoice with attachments, for channels that want one PDF."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from pypdf import PdfReader

from gateway.delivery.merging import Record
from gateway.events import Type
from gateway.lifecycle import State
from gateway.store.ids import new_id
from gateway.store.port import NewPart, Role, Submission
from tests.flows.house import SENDER, House, invoice
from tests.hostile import pdfs
from transports.email.connections import Relay, Tls
from transports.email.driver import Email, EmailSettings
from transports.email.terms import Attachments

NAMES = ("terms.pdf", "photo.png", "sheet.xlsx")


async def submit(house: House, *, files: tuple[bytes, ...], email: str | None = None) -> str:
    body = json.dumps(invoice(email=email)).encode()
    parts = [NewPart(Role.ORIGINAL, "invoice.json", "application/json", body)]
    for name, content in zip(NAMES, files, strict=False):
        parts.append(NewPart(Role.ATTACHMENT, name, "application/octet-stream", content))
    document_id = new_id("doc")
    await house.store.accept(
        Submission(document_id, SENDER.id, "application/json", parts, {}), house.clock.now()
    )
    return document_id


def with_merged_mail(house: House, limit_bytes: int = 5 * pdfs.MB) -> None:
    relay = Relay("127.0.0.1", house.mail.port, tls=Tls.NONE)
    settings = EmailSettings(
        *(relay, "faktura@gateway.example"),
        files_limit_bytes=limit_bytes,
        attachments=Attachments.MERGED,
    )
    house.transports["email"] = Email(settings, now=house.clock.now)
    house.worker = house.new_worker(house.store)


def of_mail(house: House) -> dict[str | None, bytes]:
    (message,) = house.mail.received
    return {
        part.get_filename(): part.get_payload(decode=True)
        for part in message.message.walk()
        if part.get_filename()
    }


async def test_a_letter_is_one_pdf(house: House) -> None:
    document_id = await submit(house, files=(pdfs.drawn(3), pdfs.png(), b"PK\x03\x04"))
    await house.work()

    await house.is_in(document_id, State.SENT)
    (job,) = house.prints.jobs.values()
    assert (job.submission.job.pages, job.submission.attachments) == (5, ())
    assert len(PdfReader(io.BytesIO(job.submission.letter.content)).pages) == 5
    assert job.submission.letter.content == await house.content(document_id, Role.MERGED)
    image = await house.content(document_id, Role.IMAGE)
    assert len(PdfReader(io.BytesIO(image)).pages) == 1, "the image is kept as it was"
    (event,) = [e for e in await house.events(document_id) if e.type == Type.MERGED]
    assert event.data == {
        "channel": "letter",
        "code": "merge.partly",
        "text": "The invoice and 2 attachments are one PDF of 5 pages."
        " sheet.xlsx stays by itself: it is neither a PDF nor an image.",
        "pages": 5,
        "merged": ["terms.pdf", "photo.png"],
        "apart": [{"name": "sheet.xlsx", "code": "merge.not_a_pdf"}],
        "shrunk": [],
    }


async def test_an_e_mail_has_one_pdf_and_what_stays_apart(house: House) -> None:
    with_merged_mail(house)
    files = (pdfs.drawn(2), pdfs.png(), b"PK\x03\x04")
    document_id = await submit(house, files=files, email="kund@customer.example")
    await house.work()

    await house.is_in(document_id, State.SENT)
    merged = await house.content(document_id, Role.MERGED)
    assert of_mail(house) == {"invoice.pdf": merged, "sheet.xlsx": b"PK\x03\x04"}


async def test_the_next_attempt_has_the_same_pdf(house: House) -> None:
    """It was made once: also when it could be made in another way by then."""
    with_merged_mail(house)
    document_id = await submit(house, files=(pdfs.drawn(2),), email="later+1@customer.example")
    await house.work()
    (before,) = await house.parts(document_id, Role.MERGED)
    assert ("email", "try_later") in await house.tries(document_id)
    with_merged_mail(house, limit_bytes=4 * pdfs.MB)
    await house.later(timedelta(hours=1))

    await house.is_in(document_id, State.SENT)
    assert await house.parts(document_id, Role.MERGED) == [before]
    assert of_mail(house) == {"invoice.pdf": await house.content(document_id, Role.MERGED)}
    assert (await house.told(document_id)).count("document.merged") == 1


@pytest.mark.parametrize("files", [(b"PK\x03\x04",), (pdfs.locked("secret", "AES-256"),)])
async def test_what_can_not_be_merged_goes_by_itself(
    house: House, files: tuple[bytes, ...]
) -> None:
    with_merged_mail(house)
    document_id = await submit(house, files=files, email="kund@customer.example")
    await house.work()

    await house.is_in(document_id, State.SENT)
    image = await house.content(document_id, Role.IMAGE)
    assert of_mail(house) == {"invoice.pdf": image, "terms.pdf": files[0]}
    assert not await house.parts(document_id, Role.MERGED)
    record = Record.read(await house.content(document_id, Role.MERGER))
    assert (record.code, record.sha256, record.apart) == ("merge.nothing_to_merge", None, (0,))


async def test_over_the_limit_nothing_is_merged(house: House) -> None:
    with_merged_mail(house, limit_bytes=50_000)
    files = (pdfs.incompressible(60_000),)
    document_id = await submit(house, files=files, email="kund@customer.example")
    await house.work()

    (first, *_) = [e for e in await house.events(document_id) if e.type == Type.MERGED]
    assert first.data["code"] == "merge.too_large"
    tries = dict(await house.tries(document_id))
    assert tries["email"] == "refused", "the files are as large each by itself"


async def test_without_attachments_nothing_is_said(house: House) -> None:
    with_merged_mail(house)
    document_id = await submit(house, files=(), email="kund@customer.example")
    await house.work()

    assert list(of_mail(house)) == ["invoice.pdf"]
    assert "document.merged" not in await house.told(document_id)
