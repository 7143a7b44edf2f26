"""The straight ways: into an inbox here, by e-mail, by letter; and the ways that are none."""

from __future__ import annotations

from gateway.lifecycle import State
from gateway.store.port import Direction, Role
from tests.flows.house import RECEIVER, House, invoice


async def test_a_company_here_gets_it_into_its_inbox(house: House) -> None:
    document_id = await house.submit(invoice(to="5560169095"))
    await house.work()

    document = await house.is_in(document_id, State.DELIVERED)
    assert (document.channel, document.head.number) == ("internal", "F-1")
    (arrived,) = await house.store.inbox(RECEIVER.id, None, 10)
    assert arrived.id != document_id
    assert arrived.direction is Direction.IN
    assert arrived.head.sender == "0007:5560001116"
    (part,) = await house.store.parts(RECEIVER.id, arrived.id)
    inside = await house.store.content(RECEIVER.id, arrived.id, part.sha256)
    assert inside == await house.content(document_id, Role.DOCUMENT)
    assert await house.told(document_id) == [
        "document.received",
        "document.routed",
        "document.attempted",
        "document.delivered",
    ]


async def test_by_e_mail_it_is_sent(house: House) -> None:
    document_id = await house.submit(invoice(email="kund@customer.example"))
    await house.work()

    document = await house.is_in(document_id, State.SENT)
    assert document.channel == "email"
    assert await house.tries(document_id) == [("internal", "unreachable"), ("email", "sent")]
    (message,) = house.mail.received
    assert message.recipient == "kund@customer.example"
    image = await house.content(document_id, Role.IMAGE)
    assert image.startswith(b"%PDF")
    assert image in [part.get_payload(decode=True) for part in message.message.walk()]
    assert [part.name for part in await house.parts(document_id, Role.EVIDENCE)]
