"""A Norwegian consumer is asked for an agreement; after 3 days the ways before are tried anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.delivery.legs import LegState
from gateway.delivery.verbs import Verb
from gateway.lifecycle import State
from tests.flows.channel import Scripted, channels, here, nobody, said, takes_it
from tests.flows.house import SENDER, START, House, invoice
from tests.flows.test_crash import LEASE, live_and_die
from transports.base import (
    Envelope,
    Outcome,
    Reachability,
    ReachabilityUnknown,
    Refused,
    TryLater,
    Waiting,
)

DAYS = timedelta(days=3)
UNSURE = ReachabilityUnknown(said("efaktura_no", "down", "is down."))


async def asks(envelope: Envelope) -> Outcome:
    """The consumer is asked; everything else is taken."""
    if envelope.question != "ask":
        return await takes_it(envelope)
    verdict = said("efaktura_no", "asked", "has asked the consumer for an agreement.")
    return Waiting(verdict, START + timedelta(hours=1))


class Norway:
    """A house whose channels are the Norwegian consumer's."""

    def __init__(self, house: House, *agreement: Reachability, **settings: Any) -> None:
        first = list(agreement) or [nobody("efaktura_no")]
        self.house = house
        self.efaktura = Scripted(
            "efaktura_no", {"agreement": first, "ask": [here("efaktura_no")]}, asks
        )
        self.vipps = Scripted("vipps")
        self.email = Scripted("email", {None: [here("email")]})
        house.transports.clear()
        house.transports.update(channels(self.efaktura, self.vipps, self.email))
        house.worker = house.new_worker(house.store)
        self.settings = settings

    async def send(self, **delivery: Any) -> str:
        company = replace(SENDER, settings={"duplicate_days": 0, **self.settings})
        await self.house.store.add_company(company, self.house.clock.now())
        document_id = await self.house.submit(consumer(**delivery))
        await self.house.work()
        return document_id


def consumer(**delivery: Any) -> dict[str, Any]:
    body = invoice(email="kari@kunde.example", phone="+4791234567", consumer=True, **delivery)
    body["invoice"]["buyer"]["address"] |= {"country": "NO", "post_code": "0155", "city": "Oslo"}
    del body["invoice"]["buyer"]["endpoint"]
    return body


async def texts(house: House, document_id: str) -> list[str]:
    return [event.data.get("text", "") for event in await house.events(document_id)]


async def test_after_three_days_the_ways_before_are_tried_anew_and_then_the_next(
    house: House,
) -> None:
    norway = Norway(house)
    document_id = await norway.send()
    document = await house.is_in(document_id, State.WAITING)
    assert document.next_at == START + DAYS
    assert document.text == (
        "efaktura_no has asked the consumer for an agreement. The channels before are asked once"
        " more on 2026-11-24; then the next one is taken."
    )
    assert norway.efaktura.asked == ["agreement", "yes_to_all", "ask"]
    keys = [leg.key for leg in await house.store.legs(SENDER.id, document_id)]

    await house.later(DAYS - timedelta(seconds=1))
    await house.is_in(document_id, State.WAITING)
    await house.later(timedelta(seconds=1))
    document = await house.is_in(document_id, State.DELIVERED)
    assert document.channel == "email"
    assert norway.efaktura.asked == ["agreement", "yes_to_all", "ask", "agreement", "yes_to_all"]
    assert len(norway.vipps.asked) == 2
    assert [envelope.question for envelope in norway.efaktura.calls] == ["ask"], "asked once"
    assert [leg.key for leg in await house.store.legs(SENDER.id, document_id)] == keys
    assert (
        "The time that the recipient had to agree (efaktura_no/ask) is over."
        " efaktura_no/agreement, efaktura_no/yes_to_all, vipps: asked once more, then the next"
        " channel is taken." in await texts(house, document_id)
    )


async def test_who_has_agreed_meanwhile_gets_it_there(house: House) -> None:
    norway = Norway(house, nobody("efaktura_no"), here("efaktura_no"))
    document_id = await norway.send()
    await house.later(DAYS)
    document = await house.is_in(document_id, State.DELIVERED)
    assert document.channel == "efaktura_no"
    legs = await house.store.legs(SENDER.id, document_id)
    assert [envelope.question for envelope in norway.efaktura.calls] == ["ask", "agreement"]
    assert norway.efaktura.calls[-1].key == legs[0].key
    assert norway.email.calls == []
    assert len(norway.vipps.asked) == 1


async def test_the_second_time_it_is_not_known_the_channel_is_kept(house: House) -> None:
    """Its patience begins anew: unknown is never no, three days later either."""
    norway = Norway(house, nobody("efaktura_no"), UNSURE, UNSURE, here("efaktura_no"))
    document_id = await norway.send()
    await house.later(DAYS)
    for _ in range(2):
        document = await house.is_in(document_id, State.WAITING)
        assert document.next_at is not None
        await house.later(document.next_at - house.clock.now())
    assert (await house.is_in(document_id, State.DELIVERED)).channel == "efaktura_no"
    assert norway.email.calls == []


async def test_what_was_refused_before_is_not_tried_anew(house: House) -> None:
    norway = Norway(house, here("efaktura_no"))

    async def refuses(envelope: Envelope) -> Outcome:
        if envelope.question == "agreement":
            return Refused(said("efaktura_no", "refused", "does not take it."))
        return await asks(envelope)

    norway.efaktura._deliver = refuses
    document_id = await norway.send()
    await house.later(DAYS)
    await house.is_in(document_id, State.DELIVERED)
    assert norway.efaktura.asked == ["agreement", "yes_to_all", "ask", "yes_to_all"]
    legs = await house.store.legs(SENDER.id, document_id)
    assert legs[0].state == LegState.REFUSED


async def test_the_next_way_fails_with_the_reasons_of_both_times(house: House) -> None:
    norway = Norway(house)

    async def refuses(envelope: Envelope) -> Outcome:
        return Refused(said("email", "refused", "does not take it."))

    norway.email._deliver = refuses
    document_id = await norway.send()
    await house.later(DAYS)
    await house.is_in(document_id, State.FAILED)
    (event,) = [e for e in await house.events(document_id) if e.type == "document.failed"]
    why = [(reason["channel"], reason["code"]) for reason in event.data["reasons"]]
    assert why == [
        ("efaktura_no", "efaktura_no.not_here"),
        ("efaktura_no", "efaktura_no.not_here"),
        ("vipps", "vipps.not_here"),
        ("efaktura_no", "route.rechecked"),
        ("email", "email.refused"),
        ("letter", "route.not_configured"),
    ]


async def test_a_person_need_not_wait(house: House) -> None:
    norway = Norway(house)
    document_id = await norway.send()
    await house.do(document_id, Verb.RETRY)
    await house.work()
    assert (await house.is_in(document_id, State.DELIVERED)).channel == "email"
    assert norway.efaktura.asked[3:] == ["agreement", "yes_to_all"]


@pytest.mark.parametrize("of_customer", [False, True])
async def test_who_wants_nobody_waited_for_has_no_such_step(
    house: House, of_customer: bool
) -> None:
    own = {"recheck": False}
    norway = Norway(house, **({"customers": {"kari@kunde.example": own}} if of_customer else own))
    document_id = await norway.send()
    assert (await house.is_in(document_id, State.DELIVERED)).channel == "email"
    assert norway.efaktura.asked == ["agreement", "yes_to_all"]
    (routed,) = [e for e in await house.events(document_id) if e.type == "document.routed"]
    (step,) = [s for s in routed.data["steps"] if s["step"] == "efaktura_no/ask"]
    assert (step["included"], step["code"]) == (False, "route.no_recheck")


async def test_one_that_is_asked_in_an_order_of_one_s_own_is_asked_all_its_questions(
    house: House,
) -> None:
    norway = Norway(house)
    document_id = await norway.send(channels=["email", "efaktura_no"])
    await house.is_in(document_id, State.DELIVERED)
    assert norway.efaktura.asked == []
    second = await norway.send(channels=["efaktura_no", "email"], disabled_channels=["vipps"])
    await house.is_in(second, State.WAITING)
    assert norway.efaktura.asked == ["agreement", "yes_to_all", "ask"]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_death_at_every_write_asks_once_and_rechecks_once(house: House, after: bool) -> None:
    for n in range(1, 20):
        norway = Norway(house)
        document_id = await norway.send()
        await house.is_in(document_id, State.WAITING)
        house.clock.move(DAYS)
        died = await live_and_die(house, n, after=after)
        for _ in range(5):
            await house.later(LEASE)
        document = await house.is_in(document_id, State.DELIVERED)
        assert document.channel == "email"
        assert [envelope.question for envelope in norway.efaktura.calls] == ["ask"]
        assert (await house.told(document_id)).count("document.rechecked") == 1
        assert len({envelope.key for envelope in norway.email.calls}) == 1
        if not died:
            break
    else:
        raise AssertionError("it never lived through")
    assert n > 5


async def test_a_try_later_of_the_question_itself_is_tried_again(house: House) -> None:
    norway = Norway(house)
    answers: list[Outcome] = [TryLater(said("efaktura_no", "busy", "is busy."))]

    async def busy(envelope: Envelope) -> Outcome:
        return answers.pop() if answers else await asks(envelope)

    norway.efaktura._deliver = busy
    document_id = await norway.send()
    document = await house.is_in(document_id, State.WAITING)
    assert document.next_at is not None
    await house.later(document.next_at - house.clock.now())
    asked_at = house.clock.now()
    assert (await house.is_in(document_id, State.WAITING)).next_at == asked_at + DAYS
    await house.later(DAYS)
    assert (await house.is_in(document_id, State.DELIVERED)).channel == "email"
