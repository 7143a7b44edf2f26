"""Every channel that can not say is asked again until its deadline, and only then left."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gateway.delivery.backoff import DEADLINE, DEADLINES
from gateway.lifecycle import State
from gateway.routing.orders import channel_names
from tests.flows.channel import Scripted, channels, here, said, takes_it
from tests.flows.house import START, House, invoice
from transports.base import Envelope, NotReachable, Outcome, ReachabilityUnknown, TryLater

# It stands behind the one that is tried.
NEXT = {name: "letter" if name != "letter" else "email" for name in channel_names()}
COUNTRY = {"efaktura_no": "NO", "vipps": "NO", "avtalegiro": "NO"}


def to_everybody(name: str) -> dict[str, Any]:
    """An invoice to a recipient of whom all is known that the channel needs."""
    body = invoice(
        email="kund@customer.example",
        phone="+4791234567",
        personal_number="198112189876",
        consumer=True,
        channels=[name, NEXT[name]],
    )
    buyer = body["invoice"]["buyer"]
    buyer["address"]["country"] = COUNTRY.get(name, "SE")
    if name == "operator":
        buyer["legal_id"] = {"value": "5567321707", "scheme": "0007"}
    return body


async def until_it_is_there(house: House, document_id: str) -> timedelta:
    """How long it took, from wait to wait."""
    for _ in range(200):
        document = await house.document(document_id)
        if document.state is not State.WAITING:
            break
        assert document.next_at is not None
        await house.later(document.next_at - house.clock.now())
    return house.clock.now() - START


def set_up(house: House, *scripted: Scripted) -> None:
    house.transports.clear()
    house.transports.update(channels(*scripted))
    house.worker = house.new_worker(house.store)


@pytest.mark.parametrize("name", channel_names())
async def test_a_channel_that_can_not_say_is_kept_until_its_deadline(
    house: House, name: str
) -> None:
    unknown = [ReachabilityUnknown(said(name, "down", "is down."))]
    asked = {None: unknown, "agreement": unknown}
    first, second = Scripted(name, asked), Scripted(NEXT[name], {None: [here(NEXT[name])]})
    set_up(house, first, second)
    document_id = await house.submit(to_everybody(name))
    await house.work()
    await house.is_in(document_id, State.WAITING)
    assert second.asked == []
    took = await until_it_is_there(house, document_id)

    assert (await house.is_in(document_id, State.DELIVERED)).channel == NEXT[name]
    deadline = DEADLINES.get(name, DEADLINE)
    assert deadline - timedelta(hours=5) < took <= deadline
    attempts = [a for a in await house.attempts(document_id) if a.leg == 0]
    assert [a.outcome for a in attempts] == ["try_later"] * (len(attempts) - 1) + ["refused"]
    assert attempts[-1].code == "delivery.gave_up"
    assert first.calls == []


@pytest.mark.parametrize("name", channel_names())
async def test_a_channel_that_can_say_in_the_end_gets_it(house: House, name: str) -> None:
    answers: list[Outcome] = [TryLater(said(name, "busy", "is busy."))]

    async def busy_at_first(envelope: Envelope) -> Outcome:
        return answers.pop() if answers else await takes_it(envelope)

    unknown = ReachabilityUnknown(said(name, "down", "is down."))
    asked = [unknown, here(name)]
    first = Scripted(name, {None: asked, "agreement": asked}, busy_at_first)
    second = Scripted(NEXT[name], {None: [here(NEXT[name])]})
    set_up(house, first, second)
    document_id = await house.submit(to_everybody(name))
    await house.work()
    await until_it_is_there(house, document_id)
    assert (await house.is_in(document_id, State.DELIVERED)).channel == name
    assert second.asked == [], "nobody else was asked"
    assert len({envelope.key for envelope in first.calls}) == 1


async def test_a_no_is_no_at_once(house: House) -> None:
    """The same, but for the answer."""
    no = NotReachable(said("kivra", "not_here", "does not know the recipient."))
    kivra, letter = Scripted("kivra", {None: [no]}), Scripted("letter", {None: [here("letter")]})
    set_up(house, kivra, letter)
    document_id = await house.submit(to_everybody("kivra"))
    await house.work()
    assert (await house.is_in(document_id, State.DELIVERED)).channel == "letter"
    assert kivra.asked == [None]
