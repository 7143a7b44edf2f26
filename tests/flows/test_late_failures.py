"""Taken by a channel and come back later: the document goes on with the step after."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.delivery.verbs import Verb
from gateway.lifecycle import State
from gateway.store.port import Role
from tests.flows.channel import OK, Scripted, here, said
from tests.flows.house import SENDER, START, House
from tests.flows.test_unknown_is_never_no import set_up, to_everybody
from transports.base import Delivered, Envelope, Evidence, Outcome, Refused, Sent

# Who takes it first, what becomes of it, and who has it then.
KINDS = {
    "an e-mail bounces": ("email", "bounced", "letter"),
    "the bank rejects one of a batch": ("bank_se", "rejected", "kivra"),
    "the operator rejects it": ("operator", "rejected", "email"),
    "the consumer declines it": ("vipps", "rejected", "email"),
    "a claim is rejected by the bank": ("avtalegiro", "rejected", "letter"),
    "a letter is returned": ("letter", "returned", "email"),
}


async def takes_responsibility(envelope: Envelope) -> Outcome:
    return Sent(OK, expects="report", until=START + timedelta(days=30))


def pair(house: House, kind: str) -> tuple[Scripted, Scripted]:
    name, _, after = KINDS[kind]
    first = Scripted(name, {None: [here(name)]}, takes_responsibility)
    second = Scripted(after, {None: [here(after)]}, takes_responsibility)
    set_up(house, first, second)
    return first, second


async def sent(house: House, kind: str) -> str:
    name, _, after = KINDS[kind]
    body = to_everybody(name)
    body["delivery"]["channels"] = [name, after]
    document_id = await house.submit(body)
    await house.work()
    assert (await house.is_in(document_id, State.SENT)).channel == name
    return document_id


def comes_back(kind: str) -> Refused:
    name, word, _ = KINDS[kind]
    wire = Evidence("report", "text/plain", kind.encode(), START)
    return Refused(said(name, word, "tells that it came back."), (wire,))


@pytest.mark.parametrize("kind", KINDS)
async def test_it_goes_on_with_the_step_after(house: House, kind: str) -> None:
    first, second = pair(house, kind)
    document_id = await sent(house, kind)
    await house.later(timedelta(days=2))
    first.report(comes_back(kind))
    await house.work()

    name, word, after = KINDS[kind]
    document = await house.is_in(document_id, State.SENT)
    assert document.channel == after
    assert len(first.calls) == len(first.asked) == 1, "it is not asked again"
    assert len(second.calls) == 1
    legs = await house.legs(document_id)
    assert (legs[name].state, legs[after].state) == ("refused", "sent")
    assert legs[name].key != legs[after].key
    (told,) = [e for e in await house.events(document_id) if e.type == "document.reported"]
    assert told.data["code"] == f"{name}.{word}"
    assert told.data["text"] == f"{name} tells that it came back."
    kept = await house.parts(document_id, Role.EVIDENCE)
    assert [part.name for part in kept] == ["report"]


@pytest.mark.parametrize("kind", KINDS)
async def test_told_twice_it_goes_on_once(house: House, kind: str) -> None:
    first, second = pair(house, kind)
    document_id = await sent(house, kind)
    for id in ("1", "1", "2"):
        first.report(comes_back(kind), id=id)
        await house.work()
    await house.is_in(document_id, State.SENT)
    assert len(second.calls) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_back_from_the_last_one_it_has_failed_with_both_reasons(
    house: House, kind: str
) -> None:
    first, second = pair(house, kind)
    document_id = await sent(house, kind)
    first.report(comes_back(kind))
    await house.work()
    name, _, after = KINDS[kind]
    second.report(Refused(said(after, "came_back", "tells that it came back.")))
    await house.work()
    document = await house.is_in(document_id, State.FAILED)
    assert f"{name}: {name} tells that it came back." in document.text
    assert f"{after}: {after} tells that it came back." in document.text


async def test_what_comes_late_for_a_round_before_is_noted_and_changes_nothing(
    house: House,
) -> None:
    """Sent once more on purpose: the first one's bounce must not send a third one."""
    first, second = pair(house, "an e-mail bounces")
    document_id = await sent(house, "an e-mail bounces")
    await house.do(document_id, Verb.RESEND)
    await house.work()
    await house.is_in(document_id, State.SENT)
    earlier, later = first.calls
    assert earlier.key != later.key
    first.report(comes_back("an e-mail bounces"), earlier)
    await house.work()
    await house.is_in(document_id, State.SENT)
    assert second.calls == []

    first.report(Delivered(OK), later, id="2")
    await house.work()
    await house.is_in(document_id, State.DELIVERED)
    states = [leg.state for leg in await house.store.legs(SENDER.id, document_id)]
    assert states == ["refused", "skipped", "delivered", "planned"]
