"""The Swedish order: seven recipients, each of whom only one channel reaches."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from gateway.lifecycle import State
from tests.flows.channel import Scripted, channels, here, said
from tests.flows.house import SENDER, House, invoice
from transports.base import Envelope, Evidence, Outcome, Refused, Sent

ORDER = ("internal", "peppol", "operator", "bank_se", "kivra", "email", "letter")
PERSON = "196505030004"


async def takes_it(envelope: Envelope) -> Outcome:
    return Sent(said("channel", "taken", "has taken it."))


def known_to(house: House, *names: str, deliver: Any = takes_it) -> dict[str, Scripted]:
    """A house with all Swedish channels, of which these know the recipient."""
    made = {
        name: Scripted(name, {None: [here(name)]} if name in names else {}, deliver)
        for name in ORDER
    }
    house.transports.clear()
    house.transports.update(channels(*made.values()))
    house.worker = house.new_worker(house.store)
    return made


def to(name: str, **delivery: Any) -> dict[str, Any]:
    """An invoice to the recipient of the fixture whom this channel reaches: all is known of each
    that any channel needs."""
    body = invoice(
        email=f"{name.replace('_', '-')}@kund.example", personal_number=PERSON, **delivery
    )
    body["invoice"]["number"] = f"SE-{ORDER.index(name)}"
    buyer = body["invoice"]["buyer"]
    buyer["name"] = f"Kund {name}"
    buyer["legal_id"] = {"value": "5567321707", "scheme": "0007"}
    return body


async def told(house: House, document_id: str) -> list[str]:
    """What each channel said, in the sentences of the timeline."""
    events = await house.events(document_id)
    return [event.data["text"] for event in events if event.type == "document.attempted"]


@pytest.mark.parametrize("name", ORDER)
async def test_each_recipient_is_found_on_the_one_step_that_reaches_it(
    house: House, name: str
) -> None:
    made = known_to(house, name)
    document_id = await house.submit(to(name))
    await house.work()

    assert (await house.is_in(document_id, State.SENT)).channel == name
    before = ORDER[: ORDER.index(name)]
    assert await house.tries(document_id) == [
        *((other, "unreachable") for other in before),
        (name, "sent"),
    ]
    assert await told(house, document_id) == [
        *(f"{other} does not know the recipient." for other in before),
        "channel has taken it.",
    ]
    assert [other for other in ORDER if made[other].asked] == [*before, name]
    assert [other for other in ORDER if made[other].calls] == [name]


async def test_all_seven_at_once(house: House) -> None:
    """Each is known to one channel only, and they are under way together."""
    made = known_to(house)
    for name, channel in made.items():
        reached = channel.resolve

        async def resolve(inquiry: Any, name: str = name, reached: Any = reached) -> Any:
            await reached(inquiry)
            known = inquiry.recipient.name == f"Kund {name}"
            return here(name) if known else await Scripted(name).resolve(inquiry)

        channel.resolve = resolve  # type: ignore[method-assign]
    ids = {name: await house.submit(to(name)) for name in ORDER}
    await house.work()
    for name, document_id in ids.items():
        assert (await house.is_in(document_id, State.SENT)).channel == name
        assert len(await house.tries(document_id)) == ORDER.index(name) + 1
    assert {name: len(channel.calls) for name, channel in made.items()} == dict.fromkeys(ORDER, 1)
    asked = [len(channel.asked) for channel in made.values()]
    assert asked == [7, 6, 5, 4, 3, 2, 1]


async def test_refused_at_every_step_it_falls_through_to_the_letter(house: House) -> None:
    """Every channel knows the recipient, and none but the last takes it."""

    async def refused_but_by_letter(envelope: Envelope) -> Outcome:
        if envelope.address == "there" and len(reached) < len(ORDER) - 1:
            reached.append(envelope)
            name = ORDER[len(reached) - 1]
            wire = Evidence("request", "text/plain", name.encode(), house.clock.now())
            return Refused(said(name, "refused", "does not take it."), (wire,))
        return await takes_it(envelope)

    reached: list[Envelope] = []
    known_to(house, *ORDER, deliver=refused_but_by_letter)
    document_id = await house.submit(to("letter"))
    await house.work()
    assert (await house.is_in(document_id, State.SENT)).channel == "letter"
    assert await told(house, document_id) == [
        *(f"{name} does not take it." for name in ORDER[:-1]),
        "channel has taken it.",
    ]
    assert len({envelope.key for envelope in reached}) == len(ORDER) - 1


async def test_taken_and_come_back_from_every_step_it_ends_as_a_letter(house: House) -> None:
    made = known_to(house, *ORDER)
    document_id = await house.submit(to("letter"))
    await house.work()
    for name, after in pairwise(ORDER):
        assert (await house.is_in(document_id, State.SENT)).channel == name
        made[name].report(Refused(said(name, "came_back", "tells that it came back.")))
        await house.work()
        assert (await house.is_in(document_id, State.SENT)).channel == after
    reported = [e for e in await house.events(document_id) if e.type == "document.reported"]
    assert [event.data["text"] for event in reported] == [
        f"{name} tells that it came back." for name in ORDER[:-1]
    ]
    assert [len(channel.calls) for channel in made.values()] == [1] * len(ORDER)


async def test_the_plan_says_of_every_step_why_it_is_in_line(house: House) -> None:
    known_to(house, "letter")
    document_id = await house.submit(to("letter"))
    await house.work()
    (routed,) = [e for e in await house.events(document_id) if e.type == "document.routed"]
    person = "In line: the recipient has a personal number (delivery.personal_number)."
    address = "In line: the recipient has an electronic address (BT-49)."
    assert {step["step"]: step["reason"] for step in routed.data["steps"]} == {
        "internal": address,
        "peppol": address,
        "operator": "In line: the recipient has an organisation number (BT-47).",
        "bank_se": person,
        "kivra": person,
        "email": "In line: the recipient has an e-mail address (delivery.email or BT-58).",
        "letter": "In line: the recipient has a complete postal address (BG-8).",
    }
    shown = [event.data for event in await house.events(document_id)]
    attempts = await house.store.attempts(SENDER.id, document_id)
    assert PERSON not in json.dumps(shown) + str(attempts)


async def test_nobody_reaches_who_is_nowhere(house: House) -> None:
    known_to(house)
    document_id = await house.submit(to("letter"))
    await house.work()
    document = await house.is_in(document_id, State.FAILED)
    assert document.text == "No channel is left. " + " ".join(
        f"{name}: {name} does not know the recipient." for name in ORDER
    )
