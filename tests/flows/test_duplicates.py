"""An invoice handed in twice is sent once; a company may say for how long, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from gateway.delivery.verbs import Verb
from gateway.lifecycle import State
from tests.flows.house import RECEIVER, SENDER, House, invoice

HERE = invoice(here=True)


async def guarded(house: House, **settings: Any) -> None:
    await house.store.add_company(replace(SENDER, settings=settings), house.clock.now())


def numbered(number: str, **more: Any) -> Mapping[str, Any]:
    return {**HERE, "invoice": {**HERE["invoice"], "number": number, **more}}


async def test_the_second_one_is_rejected_and_says_which_was_the_first(house: House) -> None:
    await guarded(house)
    first = await house.submit(HERE)
    await house.later(timedelta(days=100))
    second = await house.submit(HERE)
    await house.work()
    await house.is_in(first, State.DELIVERED)
    document = await house.is_in(second, State.REJECTED)
    assert document.code == "document.duplicate"
    assert first in document.text and "on 2026-11-21" in document.text
    assert document.head.number == "F-1"
    assert await house.told(second) == ["document.received", "document.rejected"]
    assert len(await house.store.inbox(RECEIVER.id, None, 10)) == 1


async def test_two_at_the_same_moment_are_one(house: House) -> None:
    await guarded(house)
    documents = [await house.submit(HERE) for _ in range(5)]
    await house.work()
    states = [(await house.document(document_id)).state for document_id in documents]
    assert sorted(states) == [State.DELIVERED, *[State.REJECTED] * 4]


async def test_another_number_or_seller_or_kind_is_another_invoice(house: House) -> None:
    await guarded(house)
    documents = [await house.submit(HERE), await house.submit(numbered("F-2"))]
    await house.work()
    for document_id in documents:
        await house.is_in(document_id, State.DELIVERED)


async def test_after_so_many_days_a_number_may_come_again(house: House) -> None:
    await guarded(house, duplicate_days=30)
    await house.submit(HERE)
    await house.later(timedelta(days=31))
    again = await house.submit(HERE)
    await house.work()
    await house.is_in(again, State.DELIVERED)


async def test_a_company_may_have_it_switched_off(house: House) -> None:
    await guarded(house, duplicate_days=0)
    for _ in range(2):
        document_id = await house.submit(HERE)
        await house.work()
        await house.is_in(document_id, State.DELIVERED)


async def test_what_was_not_sent_may_be_handed_in_again(house: House) -> None:
    await guarded(house)
    cancelled = await house.submit(invoice(here=True, hold=True))
    await house.work()
    await house.do(cancelled, Verb.CANCEL)
    again = await house.submit(HERE)
    await house.work()
    await house.is_in(again, State.DELIVERED)


async def test_one_that_is_held_still_counts(house: House) -> None:
    await guarded(house)
    held = await house.submit(invoice(here=True, hold=True))
    await house.work()
    again = await house.submit(HERE)
    await house.work()
    assert (await house.is_in(again, State.REJECTED)).code == "document.duplicate"
    await house.do(held, Verb.RELEASE)
    await house.work()
    await house.is_in(held, State.DELIVERED)


async def test_a_wrong_one_is_told_what_is_wrong_with_it_not_that_it_came_before(
    house: House,
) -> None:
    await guarded(house)
    await house.submit(HERE)
    wrong = await house.submit(numbered("F-1", currency="ZZZ"))
    await house.work()
    assert (await house.is_in(wrong, State.REJECTED)).code == "document.not_valid"
