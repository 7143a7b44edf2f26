"""A channel that takes another form than UBL gets it: as it came, else written, and just once."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from lxml import etree

from gateway.delivery.rendition import of_leg
from gateway.lifecycle import State
from gateway.store.ids import new_id
from gateway.store.port import NewPart, Role, Submission
from schemas.forms import Form
from schemas.svefaktura.objects import read_objects
from schemas.svefaktura.read import read
from tests.flows.channel import OK, Channel
from tests.flows.house import SENDER, House, invoice
from tests.flows.test_crash import live_and_die, to_the_end
from transports.base import (
    Delivered,
    Envelope,
    Inquiry,
    Outcome,
    Reachability,
    Reachable,
    Repeat,
    TryLater,
    Unknown,
    Verdict,
)
from validators.examples.replaced import replaced
from validators.pipeline import validate

SVEFAKTURA = replaced("svefaktura", "")
NUMBER = etree.fromstring(SVEFAKTURA).findtext("{*}ID")
PDF = b"%PDF-1.7\n%%EOF\n"
OBJECTS = (
    '<ObjectEnvelope xmlns="urn:sfti:documents:ObjectEnvelope:1:0"><DocumentReference>'
    f"<DocumentID>{NUMBER}</DocumentID></DocumentReference>"
    "<CreationDateTime>2026-11-21T09:30:00</CreationDateTime><EncodedObject><ObjectID>1</ObjectID>"
    '<EncodedData format="BASE64" mimeCode="application/pdf" filename="tid.pdf">'
    "JVBERi0xLjcKJSVFT0YK</EncodedData></EncodedObject></ObjectEnvelope>"
).encode()


class Taking(Channel):
    """A channel whose recipients take a form: `wishes`, one for each time it is asked."""

    def __init__(
        self,
        deliver: Callable[[Envelope], Awaitable[Outcome]],
        *wishes: Form | None,
        name: str = "email",
    ) -> None:
        super().__init__(deliver, Repeat.SAFE, name)
        self._wishes = list(wishes)

    async def resolve(self, inquiry: Inquiry) -> Reachability:
        wish = self._wishes.pop(0) if len(self._wishes) > 1 else self._wishes[0]
        return Reachable("there", OK, form=wish)


async def takes(envelope: Envelope) -> Outcome:
    return Delivered(OK)


async def submit(house: House, *files: tuple[str, str, bytes]) -> str:
    document_id = new_id("doc")
    parts = [NewPart(Role.ORIGINAL, "document.xml", "application/xml", SVEFAKTURA)]
    parts += [NewPart(Role.ATTACHMENT, *file) for file in files]
    wishes = {"channels": ["email"], "email": "kund@example.test"}
    submission = Submission(document_id, SENDER.id, "application/xml", parts, wishes)
    await house.store.accept(submission, house.clock.now())
    return document_id


def given(envelope: Envelope) -> tuple[bytes, ...]:
    return (envelope.document.content, *(file.content for file in envelope.attachments))


async def test_what_came_in_the_form_goes_byte_for_byte(house: House) -> None:
    channel = Taking(takes, Form.SVEFAKTURA)
    house.transports["email"] = channel
    document_id = await submit(
        house, ("o.dat", "text/plain", OBJECTS), ("mer.pdf", "application/pdf", PDF)
    )
    await house.work()
    await house.is_in(document_id, State.DELIVERED)
    (envelope,) = channel.calls
    assert envelope.form is Form.SVEFAKTURA
    assert given(envelope) == (SVEFAKTURA, OBJECTS, PDF)
    assert [file.name for file in envelope.attachments] == ["svefaktura-objects.xml", "mer.pdf"]
    assert {file.media_type for file in envelope.attachments[:1]} == {"application/xml"}


async def test_the_same_document_is_billing_to_who_takes_that(house: House) -> None:
    channel = Taking(takes, None)
    house.transports["email"] = channel
    document_id = await submit(house, ("o.xml", "application/xml", OBJECTS))
    await house.work()
    await house.is_in(document_id, State.DELIVERED)
    (envelope,) = channel.calls
    assert envelope.form is None
    assert envelope.document.content == await house.content(document_id, Role.DOCUMENT)
    assert b"poacc:billing:3.0" in envelope.document.content
    assert b"JVBERi0xLjcKJSVFT0YK" in envelope.document.content
    assert not await house.parts(document_id, Role.RENDITION)


async def test_an_invoice_in_json_is_written_in_the_form(house: House) -> None:
    channel = Taking(takes, Form.SVEFAKTURA)
    house.transports["email"] = channel
    body = invoice(email="kund@example.test", channels=["email"])
    body["invoice"]["buyer_reference"] = "50"
    body["invoice"]["supporting_documents"] = [
        {
            "reference": "tid",
            "attachment": {
                "content": "JVBERi0xLjcKJSVFT0YK",
                "mime_code": "application/pdf",
                "filename": "tid.pdf",
            },
        }
    ]
    document_id = await house.submit(body)
    await house.work()
    document = await house.is_in(document_id, State.DELIVERED)
    (envelope,) = channel.calls
    made, packed = given(envelope)
    for content in (made, packed):
        report = validate(content, at=house.clock.now().date())
        assert report.profile == "svefaktura"
        assert report.ok, report.findings
    objects = read_objects(etree.fromstring(packed), invoice=document.head.number)
    back = read(etree.fromstring(made), objects).invoice
    assert back.number == document.head.number
    assert [each.attachment for each in back.supporting_documents] == list(objects.values())


@pytest.mark.parametrize("broke", [TryLater, Unknown])
async def test_every_attempt_carries_the_same(house: House, broke: type) -> None:
    """Whatever the recipient takes by then, and whoever works on it."""
    answers: list[Outcome] = [broke(Verdict("fake.broke", "broke", "It broke.")), Delivered(OK)]

    async def breaks_once(envelope: Envelope) -> Outcome:
        return answers.pop(0)

    channel = Taking(breaks_once, Form.SVEFAKTURA, None)
    house.transports["email"] = channel
    document_id = await house.submit(wanted())
    await house.work()
    house.worker = house.new_worker(house.store)
    await house.later(timedelta(hours=1))
    await house.is_in(document_id, State.DELIVERED)
    first, second = channel.calls
    assert first.form is second.form is Form.SVEFAKTURA
    assert given(first) == given(second)
    assert first.key == second.key
    stored = await house.content(document_id, Role.RENDITION)
    record = of_leg(first.key, [stored])
    assert record is not None and record.form is Form.SVEFAKTURA
    assert len(await house.parts(document_id, Role.RENDITION)) == 1


async def test_what_began_as_billing_stays_billing(house: House) -> None:
    answers: list[Outcome] = [TryLater(Verdict("fake.broke", "b", "It broke.")), Delivered(OK)]

    async def breaks_once(envelope: Envelope) -> Outcome:
        return answers.pop(0)

    channel = Taking(breaks_once, None, Form.SVEFAKTURA)
    house.transports["email"] = channel
    await house.submit(wanted())
    await house.work()
    await house.later(timedelta(hours=1))
    first, second = channel.calls
    assert first.form is second.form is None
    assert given(first) == given(second)


def wanted(**more: object) -> dict[str, object]:
    body = invoice(email="kund@example.test", channels=["email", "letter"])
    body["invoice"] |= {"buyer_reference": "50", **more}
    return body


async def test_a_form_that_would_lose_values_is_a_refusal_of_that_step(house: House) -> None:
    channel = Taking(takes, Form.SVEFAKTURA)
    house.transports["email"] = channel
    document_id = await house.submit(
        wanted(project_reference="P1", tender_reference="T2", due_date=None)
    )
    await house.work()
    assert channel.calls == []
    (attempt, letter) = await house.attempts(document_id)
    assert (attempt.channel, attempt.outcome) == ("email", "refused")
    assert attempt.code == "delivery.form_loses_values"
    for told in ("Svefaktura 1.0", "BT-11", "P1", "BT-17", "T2"):
        assert told in (attempt.public_text or "")
    assert letter.channel == "letter"
    (part,) = [
        part
        for part in await house.parts(document_id, Role.EVIDENCE)
        if part.attempt_id == attempt.id
    ]
    content = await house.store.content(SENDER.id, document_id, part.sha256)
    assert content is not None
    losses = json.loads(content)
    assert {(each["term"], each["value"]) for each in losses} == {("BT-11", "P1"), ("BT-17", "T2")}
    assert not await house.parts(document_id, Role.RENDITION)


@pytest.mark.parametrize(
    "form", [each for each in Form if each not in (Form.BILLING, Form.SVEFAKTURA)]
)
async def test_a_form_that_is_not_written_is_refused(house: House, form: Form) -> None:
    house.transports["email"] = Taking(takes, form)
    document_id = await house.submit(wanted())
    await house.work()
    first, *_ = await house.attempts(document_id)
    assert (first.outcome, first.code) == ("refused", "delivery.form_loses_values")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("n", [1, 2, 3])
async def test_killed_at_any_write_it_carries_the_same(house: House, n: int, after: bool) -> None:
    channel = Taking(takes, Form.SVEFAKTURA)
    house.transports["email"] = channel
    document_id = await house.submit(wanted())
    died = await live_and_die(house, n, after=after)
    assert died or n > 2, "prepared with the intent, and the outcome"
    assert await to_the_end(house, document_id) is State.DELIVERED
    assert len({given(envelope) for envelope in channel.calls}) == 1
    assert {envelope.form for envelope in channel.calls} == {Form.SVEFAKTURA}
    assert len({envelope.key for envelope in channel.calls}) == 1
    assert len(await house.parts(document_id, Role.RENDITION)) == 1
