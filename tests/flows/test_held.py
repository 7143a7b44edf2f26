"""What a person decides: an outcome nobody knows, hold, release, retry, cancel."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.delivery.verbs import Verb, act
from gateway.lifecycle import State
from gateway.store.port import Role
from tests.flows.house import RECEIVER, SENDER, House, invoice
from transports.email.sandbox import Behaviour as Mail


async def an_unknown_outcome(house: House) -> str:
    document_id = await house.submit(invoice(email="drop@customer.example"))
    await house.work()
    document = await house.is_in(document_id, State.HELD)
    assert document.code == "delivery.outcome_unknown"
    assert "`retry` sends it once more" in document.text
    (message,) = house.mail.received
    key = str((await house.legs(document_id))["email"].key)
    assert key in document.text and key in message.message["Message-ID"]
    assert await house.tries(document_id) == [("internal", "unreachable"), ("email", "unknown")]
    return document_id


async def test_an_e_mail_with_an_unknown_outcome_waits_for_a_person(house: House) -> None:
    document_id = await an_unknown_outcome(house)
    await house.later(timedelta(days=30))
    await house.is_in(document_id, State.HELD)
    assert len(house.mail.received) == 1
    assert house.prints.jobs == {}, "no second copy by another channel"


async def test_retry_sends_it_once_more(house: House) -> None:
    document_id = await an_unknown_outcome(house)
    house.mail.behave("drop@customer.example", Mail.ACCEPT)
    await house.do(document_id, Verb.RETRY, "the customer never got it")
    await house.work()

    await house.is_in(document_id, State.SENT)
    first, second = house.mail.received
    assert first.content == second.content, "the same bytes on every attempt"
    (retried,) = [e for e in await house.events(document_id) if e.type == "document.retried"]
    assert retried.data["reason"] == "the customer never got it"


async def test_release_counts_it_as_sent(house: House) -> None:
    document_id = await an_unknown_outcome(house)
    await house.do(document_id, Verb.RELEASE, "the customer has it")
    await house.work()

    document = await house.is_in(document_id, State.SENT)
    assert (document.code, document.channel) == ("released.counts_as_sent", "email")
    assert len(house.mail.received) == 1
    assert (await house.told(document_id))[-2:] == ["document.released", "document.sent"]


async def test_cancel_says_that_it_may_have_arrived(house: House) -> None:
    document_id = await an_unknown_outcome(house)
    document = await house.do(document_id, Verb.CANCEL)
    assert document.state is State.CANCELLED
    assert "may have reached the recipient" in document.text


async def test_held_on_request_it_is_checked_and_goes_on_when_released(house: House) -> None:
    document_id = await house.submit(invoice(here=True, hold=True))
    await house.later(timedelta(days=2))
    document = await house.is_in(document_id, State.HELD)
    assert document.code == "document.held_on_request"
    assert await house.parts(document_id, Role.PLAN)
    assert await house.store.inbox(RECEIVER.id, None, 10) == []

    await house.do(document_id, Verb.RELEASE)
    await house.work()
    await house.is_in(document_id, State.DELIVERED)


async def test_held_before_it_was_checked_it_is_checked_after_its_release(house: House) -> None:
    document_id = await house.submit(invoice(here=True))
    await house.do(document_id, Verb.HOLD)
    await house.work()
    await house.is_in(document_id, State.HELD)

    assert (await house.do(document_id, Verb.RELEASE)).state is State.RECEIVED
    await house.work()
    await house.is_in(document_id, State.DELIVERED)


async def test_cancelled_while_it_waits_it_is_never_sent(house: House) -> None:
    document_id = await house.submit(invoice(email="later@customer.example"))
    await house.work()
    await house.is_in(document_id, State.WAITING)
    await house.do(document_id, Verb.CANCEL, "wrong customer")

    await house.later(timedelta(days=10))
    await house.is_in(document_id, State.CANCELLED)
    assert house.mail.received == []
    assert house.prints.jobs == {}


async def test_held_while_it_waits_and_retried_it_goes_on_at_once(house: House) -> None:
    document_id = await house.submit(invoice(email="later@customer.example"))
    await house.work()
    await house.do(document_id, Verb.HOLD)
    await house.later(timedelta(hours=5))
    await house.is_in(document_id, State.HELD)

    await house.do(document_id, Verb.RETRY)
    await house.work()
    await house.is_in(document_id, State.SENT)


async def test_what_waits_can_be_tried_now(house: House) -> None:
    document_id = await house.submit(invoice(email="later@customer.example"))
    await house.work()
    await house.do(document_id, Verb.RETRY)
    await house.work()
    await house.is_in(document_id, State.SENT)


async def test_a_failed_document_is_tried_again_from_its_first_channel(house: House) -> None:
    document_id = await house.submit(invoice(email="refuse@customer.example", post_code=None))
    await house.work()
    await house.is_in(document_id, State.FAILED)

    await house.do(document_id, Verb.RETRY)
    await house.work()
    failed_again = await house.is_in(document_id, State.FAILED)
    assert failed_again.text.count("email:") == 1
    keys = {leg.key for leg in await house.store.legs(SENDER.id, document_id)}
    assert len(keys) == 4, "two rounds of two legs, each with a key of its own"

    house.mail.behave("refuse@customer.example", Mail.ACCEPT)
    await house.do(document_id, Verb.RETRY)
    await house.work()
    await house.is_in(document_id, State.SENT)


@pytest.mark.parametrize(
    ("verb", "says"),
    [
        *((verb, "delivered takes no") for verb in (Verb.HOLD, Verb.RELEASE, Verb.RETRY)),
        (Verb.CANCEL, "handed over by internal, and can not be taken back"),
    ],
)
async def test_what_has_arrived_can_not_be_called_back(house: House, verb: Verb, says: str) -> None:
    document_id = await house.submit(invoice(here=True))
    await house.work()
    assert says in await house.is_denied(document_id, verb)


async def test_an_inbound_document_takes_no_verbs(house: House) -> None:
    await house.submit(invoice(here=True))
    await house.work()
    (arrived,) = await house.store.inbox(RECEIVER.id, None, 10)
    result = await act(house.store, house.clock, RECEIVER.id, arrived.id, Verb.HOLD, "x")
    assert "came in" in getattr(result, "text", "")


async def test_another_company_s_document_is_not_there(house: House) -> None:
    document_id = await house.submit(invoice(email="later@customer.example"))
    assert await act(house.store, house.clock, RECEIVER.id, document_id, Verb.CANCEL, "x") is None
    await house.work()
    await house.is_in(document_id, State.WAITING)
