"""A channel that does not take it: for good, for now, or after it had seemed to."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.lifecycle import State
from gateway.store.port import Role
from tests.flows.house import START, House, invoice
from transports.letter.sandbox import Behaviour as Letters
from transports.letter.wire import JobState


async def test_e_mail_refused_for_good_goes_by_letter(house: House) -> None:
    document_id = await house.submit(invoice(email="refuse@customer.example"))
    await house.work()

    assert (await house.is_in(document_id, State.SENT)).channel == "letter"
    assert await house.tries(document_id) == [
        ("internal", "unreachable"),
        ("email", "refused"),
        ("letter", "sent"),
    ]
    assert len(house.prints.jobs) == 1
    assert len(await house.parts(document_id, Role.IMAGE)) == 1, "rendered once"


async def test_e_mail_refused_for_now_waits_and_is_sent_later(house: House) -> None:
    document_id = await house.submit(invoice(email="later@customer.example"))
    await house.work()

    document = await house.is_in(document_id, State.WAITING)
    assert document.channel == "email"
    assert document.next_at is not None and document.next_at > START
    assert house.mail.received == []

    await house.later(timedelta(seconds=1))
    await house.is_in(document_id, State.WAITING)

    await house.later(document.next_at - house.clock.now())
    assert (await house.is_in(document_id, State.SENT)).next_at is None
    assert await house.tries(document_id) == [
        ("internal", "unreachable"),
        ("email", "try_later"),
        ("email", "sent"),
    ]
    assert len(house.mail.received) == 1


async def test_a_channel_that_stays_closed_is_given_up_at_its_deadline(house: House) -> None:
    await house.transports["email"].close()
    await house.mail.close()
    document_id = await house.submit(invoice(email="kund@customer.example"))
    await house.work()
    while (document := await house.document(document_id)).state is State.WAITING:
        assert document.next_at is not None
        await house.later(document.next_at - house.clock.now())

    assert document.channel == "letter"
    email = [a for a in await house.attempts(document_id) if a.channel == "email"]
    assert email[-1].code == "delivery.gave_up"
    assert timedelta(days=2.5) < email[-1].started_at - email[0].started_at <= timedelta(days=3)
    assert [a.outcome for a in email] == ["try_later"] * (len(email) - 1) + ["refused"]


async def test_a_letter_that_comes_back_fails_with_every_reason(house: House) -> None:
    document_id = await house.submit(invoice(post_code="999 98", email="refuse@customer.example"))
    await house.work()
    await house.is_in(document_id, State.SENT)

    await house.later(timedelta(seconds=2))
    await house.is_in(document_id, State.DELIVERED)
    await house.later(timedelta(days=9))
    document = await house.is_in(document_id, State.FAILED)
    assert "The letter came back." in document.text
    (event,) = [e for e in await house.events(document_id) if e.type == "document.failed"]
    why = {reason["channel"]: reason["code"] for reason in event.data["reasons"]}
    assert why["letter"] == "letter.returned"
    assert why["email"] == "email.mailbox_unavailable"


async def test_a_letter_that_will_not_be_printed_goes_on_to_the_next_channel(house: House) -> None:
    document_id = await house.submit(
        invoice(post_code="999 97", email="kund@customer.example", channels=["letter", "email"])
    )
    await house.work()
    assert (await house.is_in(document_id, State.SENT)).channel == "letter"

    await house.later(timedelta(minutes=1))
    await house.work()
    assert (await house.is_in(document_id, State.SENT)).channel == "email"
    assert len(house.mail.received) == 1


@pytest.mark.parametrize("behaviour", [Letters.ERROR, Letters.BUSY, Letters.DROP])
async def test_a_print_house_in_trouble_prints_one_letter(house: House, behaviour: Letters) -> None:
    house.prints.behave("111 22", behaviour)
    document_id = await house.submit(invoice())
    await house.work()
    document = await house.is_in(document_id, State.WAITING)
    assert document.next_at is not None

    await house.later(document.next_at - house.clock.now())
    await house.work()
    assert (await house.document(document_id)).state in (State.SENT, State.DELIVERED)
    (job,) = house.prints.jobs.values()
    assert job.key == (await house.legs(document_id))["letter"].key


async def test_a_letter_that_came_back_before_its_channel_was_known_is_not_sent_twice(
    house: House,
) -> None:
    """The outcome was unknown, the job was there, and its report comes while the next try waits."""
    house.prints.behave("111 22", Letters.DROP)
    document_id = await house.submit(invoice())
    await house.worker.run_due()
    await house.is_in(document_id, State.WAITING)
    (key,) = house.prints.jobs
    house.prints.report(key, JobState.POSTED)
    await house.work()

    assert (await house.is_in(document_id, State.DELIVERED)).code == "letter.posted"
    await house.later(timedelta(days=1))
    assert house.prints.jobs[key].requests == 1
