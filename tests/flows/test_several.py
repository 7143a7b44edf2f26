"""Several possible recipients: the document is held until one is chosen, or the next step taken."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.delivery.choosing import choose
from gateway.delivery.verbs import Denied, Verb
from gateway.lifecycle import State
from gateway.store.port import Document, Role
from schemas.forms import Form
from tests.flows.channel import Scripted, here, said, takes_it
from tests.flows.house import RECEIVER, SENDER, House, invoice
from transports.base import (
    MOST_CANDIDATES,
    Candidate,
    Envelope,
    Outcome,
    Refused,
    Several,
    TryLater,
)

TWO = Several(
    said("operator", "several", "knows two companies of this name."),
    (
        Candidate("5560360793", "Snickeri AB, Stockholm"),
        Candidate("5560160680", "Snickeri AB, Malmö", Form.SVEFAKTURA),
    ),
)


def set_up(house: House, deliver=takes_it) -> Scripted:  # type: ignore[no-untyped-def]
    operator = Scripted("operator", {None: [TWO]}, deliver)
    house.transports.update(operator=operator, email=Scripted("email", {None: [here("email")]}))
    house.worker = house.new_worker(house.store)
    return operator


async def held(house: House) -> str:
    body = invoice(channels=["operator", "email"], email="kund@customer.example")
    body["invoice"]["buyer"]["legal_id"] = {"value": "5567321707", "scheme": "0007"}
    document_id = await house.submit(body)
    await house.work()
    return document_id


async def chosen(house: House, document_id: str, address: str) -> object:
    return await choose(
        house.store, house.clock, SENDER.id, document_id, address, "the one in Malmö", actor="key:x"
    )


async def test_it_is_held_and_the_candidates_are_told(house: House) -> None:
    operator = set_up(house)
    document_id = await held(house)
    document = await house.is_in(document_id, State.HELD)
    assert document.code == "route.several"
    assert (
        "Several recipients fit: Snickeri AB, Stockholm (5560360793); Snickeri AB, Malmö"
        " (5560160680)." in document.text
    )
    (event,) = [e for e in await house.events(document_id) if e.type == "document.held"]
    assert event.data["candidates"] == [
        {"address": "5560360793", "text": "Snickeri AB, Stockholm"},
        {"address": "5560160680", "text": "Snickeri AB, Malmö"},
    ]
    assert await house.tries(document_id) == [("operator", "several")]
    await house.later(timedelta(days=9))
    await house.is_in(document_id, State.HELD)
    assert operator.calls == []


async def test_the_one_chosen_gets_it_and_the_channel_is_not_asked_again(house: House) -> None:
    operator = set_up(house)
    document_id = await held(house)
    done = await chosen(house, document_id, "5560160680")
    assert isinstance(done, Document)
    assert done.text == "Chosen by you: Snickeri AB, Malmö (5560160680)."
    await house.work()

    document = await house.is_in(document_id, State.DELIVERED)
    assert document.channel == "operator"
    (envelope,) = operator.calls
    assert (envelope.address, envelope.form) == ("5560160680", Form.SVEFAKTURA)
    assert operator.asked == [None]
    (event,) = [e for e in await house.events(document_id) if e.type == "document.chosen"]
    assert event.data["address"] == "5560160680"
    assert event.data["reason"] == "the one in Malmö"
    assert len(await house.parts(document_id, Role.CHOICE)) == 2
    entries = await house.store.audit_entries(0, 100)
    (entry,) = [each for each in entries if each.action == "document.chosen"]
    assert (entry.actor, entry.company_id) == ("key:x", SENDER.id)


async def test_who_was_chosen_stays_so_on_every_attempt(house: House) -> None:
    answers: list[Outcome] = [
        TryLater(said("operator", "busy", "is busy.")),
        Refused(said("operator", "refused", "does not take it.")),
    ]

    async def answer(envelope: Envelope) -> Outcome:
        return answers.pop(0)

    operator = set_up(house, answer)
    document_id = await held(house)
    await chosen(house, document_id, "5560360793")
    await house.work()
    await house.is_in(document_id, State.WAITING)
    await house.later(timedelta(hours=1))

    assert (await house.is_in(document_id, State.DELIVERED)).channel == "email"
    assert [envelope.address for envelope in operator.calls] == ["5560360793"] * 2
    assert operator.asked == [None]


async def test_only_one_of_those_named_can_be_chosen(house: House) -> None:
    set_up(house)
    document_id = await held(house)
    assert await chosen(house, document_id, "5565656565") == TWO.candidates
    await house.is_in(document_id, State.HELD)


async def test_another_company_can_not_choose(house: House) -> None:
    set_up(house)
    document_id = await held(house)
    nothing = await choose(
        house.store, house.clock, RECEIVER.id, document_id, "5560160680", "because"
    )
    assert nothing is None
    await house.is_in(document_id, State.HELD)


async def test_what_is_held_for_something_else_has_nothing_to_choose(house: House) -> None:
    document_id = await house.submit(invoice(hold=True))
    await house.work()
    done = await chosen(house, document_id, "5560160680")
    assert isinstance(done, Denied)
    assert done.text == "It is not held for a recipient to be chosen."


async def test_retry_has_the_channel_asked_again(house: House) -> None:
    operator = set_up(house)
    document_id = await held(house)
    await house.do(document_id, Verb.RETRY)
    await house.work()
    await house.is_in(document_id, State.HELD)
    assert operator.asked == [None, None]
    await chosen(house, document_id, "5560160680")
    await house.work()
    await house.is_in(document_id, State.DELIVERED)
    assert len(operator.calls) == 1


@pytest.mark.parametrize("of_customer", [False, True])
async def test_who_wants_nothing_held_gets_the_next_step(house: House, of_customer: bool) -> None:
    own = {"hold_several": False}
    settings = {"customers": {"SE:5567321707": own}, "hold_several": True} if of_customer else own
    await house.store.add_company(replace(SENDER, settings=settings), house.clock.now())
    operator = set_up(house)
    document_id = await held(house)
    document = await house.is_in(document_id, State.DELIVERED)
    assert (document.channel, operator.calls) == ("email", [])
    (attempt, _) = await house.attempts(document_id)
    assert (attempt.outcome, attempt.code) == ("unreachable", "route.several")
    assert attempt.public_text is not None
    assert "you want no document to be held for that (hold_several)" in attempt.public_text


def test_no_more_are_shown_than_a_person_reads() -> None:
    many = tuple(Candidate(str(n), f"Company {n}") for n in range(1000))
    assert len(Several(TWO.verdict, many).candidates) == MOST_CANDIDATES
    with pytest.raises(ValueError, match="two addresses"):
        Several(TWO.verdict, many[:1] * 2)
