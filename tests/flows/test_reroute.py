"""Another route by a person's wish, and the same one once more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.delivery.envelope import particulars
from gateway.delivery.rerouting import NewRoute, NoWay, reroute
from gateway.delivery.verbs import Denied, Verb
from gateway.lifecycle import State
from gateway.store.port import Document, Role
from tests.flows.channel import Scripted, channels, here, said
from tests.flows.house import RECEIVER, SENDER, House, invoice
from transports.base import (
    Envelope,
    Outcome,
    PostalAddress,
    ReachabilityUnknown,
    Refused,
    Repeat,
    Sent,
    Unknown,
)

NEW_HOME = PostalAddress("", ("Nygatan 7",), "621 55", "Visby", "SE")
LETTER = NewRoute(channels=("letter",), postal_address=NEW_HOME)


async def has_it(envelope: Envelope) -> Outcome:
    return Sent(said("email", "sent", "has it."))


async def will_not(envelope: Envelope) -> Outcome:
    return Refused(said("email", "refused", "does not take it."))


async def nobody_knows(envelope: Envelope) -> Outcome:
    return Unknown(said("email", "broke", "broke off."))


def set_up(house: House, by_mail: Any = has_it) -> tuple[Scripted, Scripted]:
    email = Scripted("email", {None: [here("email")]}, by_mail)
    letter = Scripted("letter", {None: [here("letter")]}, has_it)
    house.transports.clear()
    house.transports.update(channels(email, letter))
    house.worker = house.new_worker(house.store)
    return email, letter


async def handed_in(house: House, **delivery: Any) -> str:
    document_id = await house.submit(invoice(email="kund@customer.example", **delivery))
    await house.work()
    return document_id


async def asked(house: House, document_id: str, route: NewRoute, company: str = SENDER.id) -> Any:
    return await reroute(
        *(house.store, house.clock, company, document_id, route, "they have moved"),
        configured=frozenset(house.transports),
        actor="key:x",
    )


async def test_another_channel_and_another_address(house: House) -> None:
    email, letter = set_up(house)
    document_id = await handed_in(house)
    assert (await house.is_in(document_id, State.SENT)).channel == "email"
    assert isinstance(await asked(house, document_id, LETTER), Document)
    await house.work()

    assert (await house.is_in(document_id, State.SENT)).channel == "letter"
    (envelope,) = letter.calls
    assert envelope.recipient.postal_address == replace(NEW_HOME, name="Holmens Bageri AB")
    assert envelope.recipient.email == "kund@customer.example"
    assert len({envelope.key, email.calls[0].key}) == 2
    events = await house.events(document_id)
    assert [event.type for event in events][-5:] == [
        "document.sent",
        "document.rerouted",
        "document.routed",
        "document.attempted",
        "document.sent",
    ]
    assert events[-4].data == {
        "code": "rerouted.by_person",
        "text": "Sent by another route because you asked for it. The recipient may get it twice.",
        "reason": "they have moved",
    }
    legs = await house.store.legs(SENDER.id, document_id)
    assert [(leg.channel, leg.state) for leg in legs] == [
        ("email", "sent"),
        ("letter", "skipped"),
        ("letter", "sent"),
    ]
    entries = await house.store.audit_entries(0, 100)
    assert [entry.action for entry in entries if entry.subject == document_id] == [
        "document.rerouted"
    ]


@pytest.mark.parametrize("state", ["held", "waiting", "failed", "unknown"])
async def test_from_wherever_it_is_stuck(house: House, state: str) -> None:
    answers = {"failed": will_not, "unknown": nobody_knows}
    email, letter = set_up(house, answers.get(state, has_it))
    if state == "unknown":
        email.repeat = Repeat.HOLD
    if state == "waiting":
        email._reaches[None] = [ReachabilityUnknown(said("email", "down", "is down."))]
    document_id = await handed_in(house, channels=["email"], hold=state == "held")
    before = await house.document(document_id)
    assert before.state == {"unknown": "held"}.get(state, state)
    done = await asked(house, document_id, NewRoute(channels=("letter",)))
    assert isinstance(done, Document)
    assert ("may get it twice" in done.text) is (state == "unknown")
    await house.work()
    assert (await house.is_in(document_id, State.SENT)).channel == "letter"
    assert len(letter.calls) == 1


async def test_held_in_between_it_still_takes_the_new_route(house: House) -> None:
    """The new legs are on disk with the verb: nothing of it is in a job that a hold takes away."""
    email, _ = set_up(house, will_not)
    document_id = await handed_in(house, channels=["email"])
    await asked(house, document_id, LETTER)
    await house.do(document_id, Verb.HOLD)
    await house.do(document_id, Verb.RELEASE)
    await house.work()
    assert (await house.is_in(document_id, State.SENT)).channel == "letter"
    assert len(email.calls) == 1


async def test_the_rest_of_what_is_known_stays_and_secrets_stay_secret(house: House) -> None:
    secret = "196505030004"
    set_up(house)
    document_id = await handed_in(house)
    route = NewRoute(recipient={"personal_number": secret, "email": "ny@customer.example"})
    await asked(house, document_id, route)
    await house.work()
    (first, second) = await house.parts(document_id, Role.ENVELOPE)
    held = [await house.store.content(SENDER.id, document_id, p.sha256) for p in (first, second)]
    assert held[0] is not None and held[1] is not None
    old, new = particulars(held[0]), particulars(held[1])
    changed = {"personal_number": secret, "email": "ny@customer.example"}
    assert new == replace(old, recipient=replace(old.recipient, **changed))
    shown = str([event.data for event in await house.events(document_id)])
    plans = [
        await house.store.content(SENDER.id, document_id, part.sha256)
        for part in await house.parts(document_id, Role.PLAN)
    ]
    assert secret not in shown + str(plans) + str(await house.document(document_id))


async def test_a_plan_without_a_channel_is_told_and_changes_nothing(house: House) -> None:
    set_up(house)
    document_id = await handed_in(house)
    done = await asked(house, document_id, NewRoute(channels=("kivra",)))
    assert isinstance(done, NoWay)
    assert done.plan.steps[0].reason == "Not configured on this gateway."
    await house.is_in(document_id, State.SENT)
    assert len(await house.parts(document_id, Role.PLAN)) == 1


async def test_what_is_under_way_is_left_alone(house: House) -> None:
    set_up(house)
    document_id = await house.submit(invoice(email="kund@customer.example"))
    done = await asked(house, document_id, LETTER)
    assert isinstance(done, Denied)
    assert done.text == "A document that is received takes no reroute; it can be: hold, cancel."


async def test_what_was_held_before_it_was_checked_has_no_route_yet(house: House) -> None:
    set_up(house)
    document_id = await house.submit(invoice(email="kund@customer.example"))
    await house.do(document_id, Verb.HOLD)
    done = await asked(house, document_id, LETTER)
    assert isinstance(done, Denied) and "has not been checked yet" in done.text


async def test_another_company_can_not_reroute(house: House) -> None:
    set_up(house)
    document_id = await handed_in(house)
    assert await asked(house, document_id, LETTER, RECEIVER.id) is None
    await house.is_in(document_id, State.SENT)


async def test_sent_once_more_it_has_another_key(house: House) -> None:
    email, letter = set_up(house)
    document_id = await handed_in(house)
    for times in (2, 3):
        document = await house.do(document_id, Verb.RESEND, "they have lost it")
        assert document.text == (
            "Sent once more because you asked for it. The recipient may get it twice."
        )
        await house.work()
        await house.is_in(document_id, State.SENT)
        assert len({envelope.key for envelope in email.calls}) == times
    first, *others = email.calls
    assert {other.document.content for other in others} == {first.document.content}
    assert letter.calls == []


async def test_resent_after_a_new_route_it_takes_that_one(house: House) -> None:
    email, letter = set_up(house)
    document_id = await handed_in(house)
    await asked(house, document_id, LETTER)
    await house.work()
    await house.do(document_id, Verb.RESEND)
    await house.work()
    await house.is_in(document_id, State.SENT)
    assert (len(email.calls), len(letter.calls)) == (1, 2)
    assert {call.recipient.postal_address.city for call in letter.calls} == {"Visby"}  # type: ignore[union-attr]
