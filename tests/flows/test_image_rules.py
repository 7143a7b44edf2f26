"""What people get as the invoice, by the rules that a company has settled."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.delivery.bindery import Bindery
from gateway.delivery.links import Linking, link_secret
from gateway.delivery.worker import Worker
from gateway.delivery.workshop import WorkFailed
from gateway.events import Type
from gateway.lifecycle import State
from gateway.store.ids import new_id
from gateway.store.port import NewPart, Role, Submission
from tests.flows.house import SENDER, House, invoice
from tests.hostile import pdfs
from transports.email.connections import Relay, Tls
from transports.email.driver import Email, EmailSettings

TO = "kund@customer.example"
OWN = pdfs.drawn(2, "Our own layout")
TERMS = pdfs.drawn(1, "Terms")
FIRST = {"omit_image": True, "image_from_first_attachment": True}

File = tuple[str, bytes]


async def settle(house: House, **settings: Any) -> None:
    company = replace(SENDER, settings={**SENDER.settings, **settings})
    await house.store.add_company(company, house.clock.now())


def with_mail(house: House, *, linking: Linking | None = None, **settings: Any) -> None:
    relay = Relay("127.0.0.1", house.mail.port, tls=Tls.NONE)
    made = EmailSettings(relay, "faktura@gateway.example", **settings)
    house.transports["email"] = Email(made, now=house.clock.now)
    house.worker = Worker(house.store, house.transports, house.clock, linking=linking)


async def send(house: House, *files: File, email: str | None = TO) -> str:
    body = json.dumps(invoice(email=email)).encode()
    parts = [NewPart(Role.ORIGINAL, "invoice.json", "application/json", body)]
    parts += [NewPart(Role.ATTACHMENT, *_typed(name), content) for name, content in files]
    document_id = new_id("doc")
    await house.store.accept(
        Submission(document_id, SENDER.id, "application/json", parts, {}), house.clock.now()
    )
    await house.work()
    return document_id


def _typed(name: str) -> tuple[str, str]:
    return name, "application/pdf" if name.endswith(".pdf") else "application/octet-stream"


def mailed(house: House) -> list[File]:
    (message,) = house.mail.received
    return [
        (part.get_filename() or "", part.get_payload(decode=True))
        for part in message.message.walk()
        if part.get_filename()
    ]


def names(files: Sequence[File]) -> list[str]:
    return [name for name, _ in files]


async def chosen(house: House, document_id: str) -> list[tuple[str, str]]:
    events = await house.events(document_id)
    return [(e.data["channel"], e.data["code"]) for e in events if e.type == Type.IMAGE_CHOSEN]


async def test_without_a_rule_the_invoice_is_drawn_and_nothing_is_told(house: House) -> None:
    document_id = await send(house, ("own.pdf", OWN))
    assert names(mailed(house)) == ["invoice.pdf", "own.pdf"]
    assert await chosen(house, document_id) == []


async def test_the_first_attachment_goes_as_the_invoice(house: House) -> None:
    await settle(house, **FIRST)
    document_id = await send(house, ("own.pdf", OWN), ("terms.pdf", TERMS))
    assert mailed(house) == [("own.pdf", OWN), ("terms.pdf", TERMS)]
    assert await house.content(document_id, Role.IMAGE) == OWN
    assert await chosen(house, document_id) == [("email", "image.first_attachment")]


async def test_another_try_has_the_same_files_though_the_rule_was_taken_back(
    house: House,
) -> None:
    await settle(house, **FIRST)
    files = (("own.pdf", OWN), ("terms.pdf", TERMS))
    document_id = await send(house, *files, email="later@customer.example")
    assert ("email", "try_later") in await house.tries(document_id)
    await settle(house, omit_image=False)
    await house.later(timedelta(hours=1))

    await house.is_in(document_id, State.SENT)
    assert names(mailed(house)) == ["own.pdf", "terms.pdf"]
    assert await chosen(house, document_id) == [("email", "image.first_attachment")]


@pytest.mark.parametrize(
    "files",
    [
        (),
        (("own.pdf", pdfs.locked("secret", "AES-256")),),
        (("own.pdf", b"%PDF-1.7 and nothing else"),),
        (("photo.png", pdfs.png()), ("own.pdf", OWN)),
    ],
)
async def test_what_is_no_pdf_that_opens_is_an_attachment_and_the_invoice_is_drawn(
    house: House, files: tuple[File, ...]
) -> None:
    await settle(house, **FIRST)
    document_id = await send(house, *files)
    await house.is_in(document_id, State.SENT)
    assert mailed(house) == [
        ("invoice.pdf", await house.content(document_id, Role.IMAGE)),
        *files,
    ]
    assert await chosen(house, document_id) == [("email", "image.drawn")]


async def test_one_that_nobody_could_look_into_is_an_attachment_too(house: House) -> None:
    class Overrun:
        """A workshop in which nothing is done in time."""

        async def run(self, size_bytes: int, work: Callable[..., Any], *arguments: Any) -> Any:
            raise WorkFailed

    await settle(house, **FIRST)
    house.worker = Worker(house.store, house.transports, house.clock, bindery=Bindery(Overrun()))
    document_id = await send(house, ("own.pdf", OWN))
    await house.is_in(document_id, State.SENT)
    assert names(mailed(house)) == ["invoice.pdf", "own.pdf"]
    assert await chosen(house, document_id) == [("email", "image.drawn")]


async def test_an_e_mail_with_the_xml_goes_without_a_pdf(house: House) -> None:
    with_mail(house, attach_xml=True)
    await settle(house, omit_image=True)
    document_id = await send(house, ("terms.pdf", TERMS))
    assert names(mailed(house)) == ["terms.pdf", "invoice.xml"]
    assert not await house.parts(document_id, Role.IMAGE)
    assert await chosen(house, document_id) == [("email", "image.omitted")]
    (message,) = house.mail.received
    assert "XML" in str(message.message.get_body(("plain",)).get_content())  # type: ignore[union-attr]


@pytest.mark.parametrize("email", [TO, None])
async def test_a_channel_that_can_not_do_without_has_it_drawn(
    house: House, email: str | None
) -> None:
    await settle(house, omit_image=True)
    document_id = await send(house, email=email)
    channel = "email" if email else "letter"
    await house.is_in(document_id, State.SENT)
    assert await house.parts(document_id, Role.IMAGE)
    assert await chosen(house, document_id) == [(channel, "image.drawn")]


async def test_a_letter_is_the_first_attachment_with_the_others_behind_it(house: House) -> None:
    await settle(house, **FIRST)
    document_id = await send(house, ("own.pdf", OWN), ("terms.pdf", TERMS), email=None)
    await house.is_in(document_id, State.SENT)
    (job,) = house.prints.jobs.values()
    assert (job.submission.job.pages, job.submission.attachments) == (3, ())
    (event,) = [e for e in await house.events(document_id) if e.type == Type.MERGED]
    assert event.data["merged"] == ["terms.pdf"]


async def test_a_link_shows_the_first_attachment_as_the_invoice(house: House) -> None:
    linking = Linking("https://bills.example/", 90, await link_secret(house.store))
    with_mail(house, linking=linking, files_limit_bytes=100)
    await settle(house, **FIRST)
    document_id = await send(house, ("own.pdf", OWN), ("terms.pdf", TERMS))
    (event,) = [e for e in await house.events(document_id) if e.type == Type.LINKED]
    assert event.data["files"] == ["own.pdf", "terms.pdf"]


@pytest.mark.parametrize("name", ["0007:5592034846", "SE:5592034846", "kund@customer.example"])
async def test_a_customer_s_rule_counts_before_the_company_s(house: House, name: str) -> None:
    await settle(house, **FIRST, customers={name: {"omit_image": False}})
    await send(house, ("own.pdf", OWN))
    assert names(mailed(house)) == ["invoice.pdf", "own.pdf"]


async def test_a_program_reaches_nobody(house: House) -> None:
    document_id = await send(house, ("invoice.pdf", b"MZ\x90\x00" + bytes(60)))
    document = await house.is_in(document_id, State.REJECTED)
    assert "invoice.pdf is a program" in document.text
    assert house.mail.received == []
