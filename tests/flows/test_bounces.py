"""An e-mail that comes back after it was sent, and what the document makes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, MutableMapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.events import Type
from gateway.lifecycle import State
from gateway.store.port import Role
from gateway.store.register import StoredRegister
from tests.contracts.channel_email import secret, settings
from tests.flows.house import SENDER, START, House, invoice
from transports.email.driver import Email

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def bouncing(house: House) -> AsyncIterator[House]:
    """A house whose e-mail reads its bounce mailbox."""
    register = StoredRegister(house.store, house.clock, "email")
    house.transports["email"] = Email(
        settings(house.mail), now=house.clock.now, secret=secret, register=register
    )
    house.worker = house.new_worker(house.store)
    yield house
    await house.transports["email"].close()


async def sent(house: House, word: str, **body: Any) -> str:
    document_id = await house.submit(invoice(email=f"{word}@customer.example", **body))
    await house.work()
    return document_id


async def reported(house: House, document_id: str) -> list[str]:
    """The codes of the reports on its e-mail."""
    events = [event for event in await house.events(document_id) if event.type == Type.REPORTED]
    codes = [str(event.data["code"]) for event in events]
    return [code for code in codes if code.startswith("email.")]


@pytest.mark.parametrize(
    ("word", "code"),
    [("bounce", "email.mailbox_unavailable"), ("overquota", "email.mailbox_full")],
)
async def test_what_comes_back_goes_by_letter(bouncing: House, word: str, code: str) -> None:
    document_id = await sent(bouncing, word)
    await bouncing.is_in(document_id, State.SENT)
    await bouncing.later(MINUTE)
    assert (await bouncing.document(document_id)).channel == "letter"
    assert len(bouncing.prints.jobs) == 1
    assert await reported(bouncing, document_id) == [code]
    kept = [part.media_type for part in await bouncing.parts(document_id, Role.EVIDENCE)]
    assert kept.count("message/rfc822") == 2, "the message, and what was said of it"
    await bouncing.later(timedelta(days=5))
    assert len(bouncing.prints.jobs) == 1, "it comes back once"


async def test_what_is_in_the_mailbox_is_delivered(bouncing: House) -> None:
    document_id = await sent(bouncing, "confirm")
    await bouncing.later(MINUTE)
    assert (await bouncing.is_in(document_id, State.DELIVERED)).code == "email.delivered"


@pytest.mark.parametrize(
    ("word", "code"), [("delayed", "email.delayed"), ("away", "email.automatic_reply")]
)
async def test_delays_and_automatic_replies_are_noted(
    bouncing: House, word: str, code: str
) -> None:
    document_id = await sent(bouncing, word)
    await bouncing.later(MINUTE)
    await bouncing.is_in(document_id, State.SENT)
    assert await reported(bouncing, document_id) == [code]
    assert not bouncing.prints.jobs


async def test_a_delay_of_three_days_goes_by_letter(bouncing: House) -> None:
    document_id = await sent(bouncing, "stuck")
    await bouncing.later(MINUTE)
    await bouncing.later(timedelta(days=3))
    assert (await bouncing.document(document_id)).channel == "letter"
    assert await reported(bouncing, document_id) == ["email.delayed", "email.given_up"]
    assert len(bouncing.prints.jobs) == 1


async def test_a_forged_notice_changes_nothing(
    bouncing: House, logged: list[MutableMapping[str, Any]]
) -> None:
    document_id = await sent(bouncing, "forge")
    await bouncing.later(MINUTE)
    assert (await bouncing.is_in(document_id, State.SENT)).channel == "email"
    assert [line["event"] for line in logged].count("email_notice_forged") == 1
    assert not bouncing.prints.jobs


# --- the sender's terms -------------------------------------------------------------------------


async def settle(house: House, **terms: Any) -> None:
    company = await house.store.company(SENDER.id)
    assert company is not None
    changed: Mapping[str, Any] = {**company.settings, "channels": {"email": terms}}
    await house.store.add_company(replace(company, settings=changed), house.clock.now())


async def test_a_company_has_its_e_mails_sent_in_its_hours(bouncing: House) -> None:
    """The start is a Saturday."""
    await settle(bouncing, hours={"from": "08:00", "days": ["mon"]})
    document_id = await sent(bouncing, "accept")
    document = await bouncing.is_in(document_id, State.WAITING)
    assert document.code == "email.scheduled"
    assert "2026-11-23 08:00" in document.text
    assert document.next_at is not None
    assert document.next_at - START == timedelta(days=1, hours=23)  # eight in Stockholm is seven
    assert not bouncing.mail.received
    await bouncing.later(document.next_at - bouncing.clock.now())
    await bouncing.is_in(document_id, State.SENT)
    assert len(bouncing.mail.received) == 1


async def test_a_week_of_waiting_leaves_the_channel_its_days(bouncing: House) -> None:
    await settle(bouncing, hours={"from": "08:00", "days": ["fri"]})
    document_id = await sent(bouncing, "later")
    waiting = await bouncing.is_in(document_id, State.WAITING)
    assert waiting.next_at is not None and waiting.next_at - START > timedelta(days=5)
    await bouncing.later(waiting.next_at - bouncing.clock.now())
    refused = await bouncing.is_in(document_id, State.WAITING)
    assert refused.code == "email.deferred" and refused.next_at is not None
    await bouncing.later(refused.next_at - bouncing.clock.now())
    assert (await bouncing.is_in(document_id, State.SENT)).channel == "email"


async def test_a_company_that_wants_one_pdf_gets_one(bouncing: House, tmp_path: Path) -> None:
    await sent(bouncing, "accept")
    await settle(bouncing, attachments="merged", name="Snickeriet", attach_xml=True)
    await sent(bouncing, "accept")
    plain, settled = (message.message for message in bouncing.mail.received)
    assert str(settled["From"]).startswith("Snickeriet <")
    assert not str(plain["From"]).startswith("Snickeriet <")
    assert [part.get_content_type() for part in settled.iter_attachments()] == [
        "application/pdf",
        "application/xml",
    ]
