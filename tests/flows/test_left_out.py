"""What a channel does not carry is told once, and the invoice goes without it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta

from gateway.events import Type
from gateway.lifecycle import State
from gateway.store.ids import new_id
from gateway.store.port import NewPart, Role, Submission
from tests.flows.channel import OK, Channel
from tests.flows.house import SENDER, House, invoice
from transports.base import Delivered, Envelope, Outcome, Repeat, TryLater

PDF = b"%PDF-1.7\n"
DRAWING = b"AC1032\x00\x00"


async def send(house: House, channel: Channel, *names: str) -> str:
    house.transports[channel.name] = channel
    house.worker = house.new_worker(house.store)
    body = invoice(channels=[channel.name])
    parts = [
        NewPart(Role.ORIGINAL, "invoice.json", "application/json", json.dumps(body).encode()),
        *(NewPart(Role.ATTACHMENT, name, "image/vnd.dwg", DRAWING) for name in names),
        NewPart(Role.ATTACHMENT, "terms.pdf", "application/pdf", PDF),
    ]
    document_id, wishes = new_id("doc"), body["delivery"]
    await house.store.accept(
        Submission(document_id, SENDER.id, "application/json", parts, wishes), house.clock.now()
    )
    await house.work()
    return document_id


async def told(house: House, document_id: str) -> list[tuple[str, Sequence[str]]]:
    events = await house.events(document_id)
    return [
        (event.data["channel"], event.data["files"])
        for event in events
        if event.type == Type.LEFT_OUT
    ]


async def test_it_is_told_once_however_often_it_is_tried(house: House) -> None:
    answers: list[Outcome] = [TryLater(OK), Delivered(OK)]

    async def deliver(envelope: Envelope) -> Outcome:
        return answers.pop(0)

    channel = Channel(deliver, Repeat.SAFE, "operator")
    document_id = await send(house, channel, "house.dwg", "garden.dwg")
    await house.later(timedelta(hours=1))

    await house.is_in(document_id, State.DELIVERED)
    assert [envelope.attachments for envelope in channel.calls] == [(), ()]
    assert await told(house, document_id) == [("operator", ["house.dwg", "garden.dwg"])]


async def test_nothing_is_told_where_nothing_is_left_out(house: House) -> None:
    async def deliver(envelope: Envelope) -> Outcome:
        return Delivered(OK)

    document_id = await send(house, Channel(deliver, Repeat.SAFE, "operator"))
    await house.is_in(document_id, State.DELIVERED)
    assert await told(house, document_id) == []
