"""The straight ways: into an inbox here, by e-mail, by letter; and the ways that are none."""

from __future__ import annotations

import json
from collections.abc import MutableMapping
from datetime import timedelta
from typing import Any

from gateway.lifecycle import State
from gateway.store.port import Direction, Role
from tests.flows.house import RECEIVER, START, House, invoice


async def test_a_company_here_gets_it_into_its_inbox(house: House) -> None:
    document_id = await house.submit(invoice(here=True))
    await house.work()

    document = await house.is_in(document_id, State.DELIVERED)
    assert (document.channel, document.head.number) == ("internal", "F-1")
    (arrived,) = await house.store.inbox(RECEIVER.id, None, 10)
    assert arrived.id != document_id
    assert arrived.direction is Direction.IN
    assert arrived.head.sender == "0007:5560001116"
    assert arrived.head.amount_due == document.head.amount_due
    parts = await house.store.parts(RECEIVER.id, arrived.id)
    assert [part.role for part in parts] == [Role.DOCUMENT, Role.FINDINGS]
    inside = await house.store.content(RECEIVER.id, arrived.id, parts[0].sha256)
    assert inside == await house.content(document_id, Role.DOCUMENT)
    assert await house.told(document_id) == [
        "document.received",
        "document.routed",
        "document.attempted",
        "document.delivered",
    ]
    assert not await house.parts(document_id, Role.IMAGE), "nobody needed a PDF"


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
    (evidence, *_) = await house.parts(document_id, Role.EVIDENCE)
    assert evidence.attempt_id == (await house.attempts(document_id))[-1].id


async def test_a_letter_is_sent_and_delivered_when_it_is_posted(house: House) -> None:
    document_id = await house.submit(invoice())
    await house.work()

    await house.is_in(document_id, State.SENT)
    leg = (await house.legs(document_id))["letter"]
    assert (leg.state, leg.expects) == ("sent", "report")
    assert leg.until is not None and leg.until > START

    await house.later(timedelta(minutes=1))
    document = await house.is_in(document_id, State.DELIVERED)
    assert document.code == "letter.posted"
    told = await house.told(document_id)
    assert told.count("document.sent") == 1
    assert told[-3:] == ["document.reported", "document.reported", "document.delivered"]

    await house.work()
    assert await house.told(document_id) == told, "a report is told once"


async def test_a_document_that_is_not_valid_is_rejected_with_every_finding(house: House) -> None:
    body = invoice(email="kund@customer.example")
    body["invoice"]["totals"] = {"with_vat": "1.00", "due": "2.00"}
    document_id = await house.submit(body)
    await house.work()

    document = await house.is_in(document_id, State.REJECTED)
    assert document.head.number == "F-1"
    findings = json.loads(await house.content(document_id, Role.FINDINGS))
    fatal = [finding for finding in findings if finding["severity"] == "fatal"]
    assert len(fatal) >= 2
    assert all(finding["where"].startswith("/invoice") for finding in fatal)
    assert f"{len(fatal)} fatal findings" in document.text
    assert fatal[0]["text"] in document.text
    assert await house.told(document_id) == ["document.received", "document.rejected"]
    assert not house.mail.received
    assert not await house.parts(document_id, Role.DOCUMENT)


async def test_with_no_channel_left_it_fails_and_says_why_of_each(house: House) -> None:
    document_id = await house.submit(
        invoice(email="refuse@customer.example", post_code=None, disabled_channels=["peppol"])
    )
    await house.work()

    document = await house.is_in(document_id, State.FAILED)
    (event,) = [e for e in await house.events(document_id) if e.type == "document.failed"]
    why = {reason["channel"]: reason["code"] for reason in event.data["reasons"]}
    assert why == {
        "internal": "internal.not_here",
        "peppol": "route.switched_off",
        "operator": "route.not_configured",
        "bank_se": "route.not_configured",
        "kivra": "route.not_configured",
        "email": "email.mailbox_unavailable",
        "letter": "route.no_postal_address",
    }
    for reason in event.data["reasons"]:
        assert reason["text"] in document.text


async def test_a_document_no_channel_can_take_fails_at_once(house: House) -> None:
    document_id = await house.submit(invoice(post_code=None, channels=["email"]))
    await house.work()

    await house.is_in(document_id, State.FAILED)
    assert await house.attempts(document_id) == []


async def test_the_order_the_sender_gives_is_kept(house: House) -> None:
    document_id = await house.submit(
        invoice(here=True, email="kund@customer.example", channels=["email"])
    )
    await house.work()

    assert (await house.is_in(document_id, State.SENT)).channel == "email"
    assert await house.store.inbox(RECEIVER.id, None, 10) == []


async def test_no_report_in_time_is_told_and_the_letter_stays_sent(house: House) -> None:
    document_id = await house.submit(invoice())
    await house.work()
    house.prints.available = False
    await house.later(timedelta(days=31))

    document = await house.is_in(document_id, State.SENT)
    assert document.code == "delivery.unconfirmed"
    assert (await house.told(document_id))[-1] == "document.unconfirmed"
    assert (await house.legs(document_id))["letter"].expects is None

    house.prints.available = True
    await house.work()
    await house.is_in(document_id, State.DELIVERED)


async def test_a_personal_number_goes_into_no_event_no_log_and_no_text(
    house: House, logged: list[MutableMapping[str, Any]]
) -> None:
    secret = "196505030004"
    document_id = await house.submit(
        invoice(email="refuse@customer.example", post_code="999 98", personal_number=secret)
    )
    await house.work()
    await house.later(timedelta(days=9))

    document = await house.is_in(document_id, State.FAILED)
    shown = [logged, await house.events(document_id), document.text, document.head]
    shown += [await house.attempts(document_id), await house.content(document_id, Role.PLAN)]
    assert secret not in repr(shown)
    assert secret.encode() in await house.content(document_id, Role.ENVELOPE)
