"""The company's logo on what people get: there from the first drawing on, and then no other."""

from __future__ import annotations

import io
import json
from datetime import timedelta

from PIL import Image
from pypdf import PdfReader

from gateway.delivery.logos import Logos
from gateway.delivery.workshop import HERE
from gateway.lifecycle import State
from gateway.store.ids import new_id
from gateway.store.port import NewPart, Role, Submission
from tests.flows.house import RECEIVER, SENDER, House, invoice
from transports.base import File


async def logo(size: tuple[int, int]) -> File:
    out = io.BytesIO()
    Image.new("RGB", size, "navy").save(out, "PNG")
    taken = await Logos(HERE).take(out.getvalue())
    assert isinstance(taken, File)
    return taken


async def send(house: House, email: str) -> str:
    body = json.dumps(invoice(email=email)).encode()
    parts = [NewPart(Role.ORIGINAL, "invoice.json", "application/json", body)]
    document_id = new_id("doc")
    asked = Submission(document_id, SENDER.id, "application/json", parts, {})
    await house.store.accept(asked, house.clock.now())
    await house.work()
    return document_id


def sizes(pdf: bytes) -> list[tuple[int, int]]:
    """Of the pictures on all pages."""
    found = [image.image for page in PdfReader(io.BytesIO(pdf)).pages for image in page.images]
    return [image.size for image in found if image is not None]


async def test_every_try_has_the_logo_of_the_first(house: House) -> None:
    await house.store.set_logo(SENDER.id, await logo((300, 100)), house.clock.now())
    await house.store.set_logo(RECEIVER.id, await logo((200, 50)), house.clock.now())
    document_id = await send(house, "later@customer.example")
    assert ("email", "try_later") in await house.tries(document_id)
    await house.store.set_logo(SENDER.id, await logo((90, 90)), house.clock.now())
    await house.later(timedelta(hours=1))

    await house.is_in(document_id, State.SENT)
    assert sizes(await house.content(document_id, Role.IMAGE)) == [(300, 100)]
    (message,) = house.mail.received
    (pdf,) = (
        part.get_payload(decode=True)
        for part in message.message.walk()
        if part.get_content_type() == "application/pdf"
    )
    assert pdf == await house.content(document_id, Role.IMAGE)


async def test_a_logo_that_was_removed_is_not_drawn(house: House) -> None:
    await house.store.set_logo(SENDER.id, await logo((300, 100)), house.clock.now())
    await house.store.set_logo(SENDER.id, None, house.clock.now())
    document_id = await send(house, "kund@customer.example")
    assert sizes(await house.content(document_id, Role.IMAGE)) == []
