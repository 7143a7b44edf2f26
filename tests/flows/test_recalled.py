"""A document that a channel has is wanted back: the channel is asked until it answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest

from gateway.delivery.recall import GIVEN_UP
from gateway.delivery.verbs import Denied, Verb, act
from gateway.lifecycle import State
from gateway.store.port import Document, Role
from tests.flows.channel import OK, Scripted, here, said
from tests.flows.house import SENDER, START, House
from tests.flows.test_crash import LEASE, Died, Dying
from tests.flows.test_unknown_is_never_no import set_up, to_everybody
from transports.base import (
    Delivered,
    Envelope,
    Evidence,
    Outcome,
    Recall,
    Recalled,
    Refused,
    Sent,
    TryLater,
    Waiting,
)

A_MINUTE = timedelta(minutes=1)
WIRE = (Evidence("question", "text/plain", b"give it back", START),)
BACK = Recalled(said("vipps", "revoked", "has given it back."), WIRE)
PAID = Refused(said("vipps", "not_revoked", "says that it is paid."), WIRE)
BUSY = TryLater(said("vipps", "busy", "is busy."), WIRE, answered=False)


class GivingBack(Scripted):
    """Gives back as its script says; `answers` are in order, the last for ever."""

    def __init__(self, *answers: Recall) -> None:
        super().__init__("vipps", {None: [here("vipps")]}, self._take)
        self.answers = list(answers)
        self.wanted: list[tuple[str, UUID]] = []
        self.before: Callable[[], Awaitable[None]] | None = None

    async def _take(self, envelope: Envelope) -> Outcome:
        return Sent(OK, expects="report", until=START + timedelta(days=30))

    async def recall(self, company_id: str, key: UUID) -> Recall:
        self.wanted.append((company_id, key))
        if self.before is not None:
            await self.before()
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


async def sent(house: House, channel: Scripted) -> str:
    letters = Scripted("letter", {None: [here("letter")]})
    set_up(house, channel, letters)
    body = to_everybody("vipps")
    body["delivery"]["channels"] = ["vipps", "letter"]
    document_id = await house.submit(body)
    await house.work()
    assert (await house.is_in(document_id, State.SENT)).channel == "vipps"
    return document_id


async def wanted_back(house: House, document_id: str) -> Document:
    done = await act(
        *(house.store, house.clock, SENDER.id, document_id, Verb.CANCEL, "because"),
        recalling={"vipps"},
    )
    assert isinstance(done, Document), done
    return done


async def waits(house: House) -> list[str]:
    """The kinds of the jobs there are, whenever they are due."""
    house.clock.move(timedelta(days=365))
    jobs = await house.store.claim("nobody", house.clock.now(), 1, 100)
    return [job.kind for job in jobs if job.document_id]


async def test_what_is_given_back_is_cancelled_and_nothing_is_expected_any_more(
    house: House,
) -> None:
    channel = GivingBack(BACK)
    document_id = await sent(house, channel)
    asked = await wanted_back(house, document_id)
    assert (asked.state, asked.code) == (State.SENT, "recall.asked")
    assert channel.wanted == [], "not in the request"
    await house.work()
    document = await house.is_in(document_id, State.CANCELLED)
    assert document.code == "vipps.revoked"
    assert channel.wanted == [(SENDER.id, channel.calls[0].key)]
    assert (await house.legs(document_id))["vipps"].state == "recalled"
    told = await house.told(document_id)
    assert told[-2:] == ["document.recalling", "document.cancelled"]
    assert [part.name for part in await house.parts(document_id, Role.EVIDENCE)] == ["question"]
    assert await waits(house) == []


async def test_delivered_is_no_reason_not_to_give_it_back(house: House) -> None:
    channel = GivingBack(BACK)
    document_id = await sent(house, channel)
    channel.report(Delivered(OK))
    await house.work()
    await house.is_in(document_id, State.DELIVERED)
    await wanted_back(house, document_id)
    await house.work()
    await house.is_in(document_id, State.CANCELLED)


async def test_what_is_not_given_back_stays_as_it_was(house: House) -> None:
    channel = GivingBack(PAID)
    document_id = await sent(house, channel)
    await wanted_back(house, document_id)
    await house.work()
    document = await house.is_in(document_id, State.SENT)
    assert (document.code, document.text) == ("vipps.not_revoked", "vipps says that it is paid.")
    assert (await house.told(document_id))[-1] == "document.not_recalled"
    assert len(channel.wanted) == 1
    assert await waits(house) == ["expect"], "the report is expected as before"


async def test_a_channel_that_is_away_is_asked_again_and_given_up_in_the_end(house: House) -> None:
    channel = GivingBack(BUSY, BUSY, BACK)
    document_id = await sent(house, channel)
    await wanted_back(house, document_id)
    for _ in range(3):
        await house.later(timedelta(minutes=15))
    await house.is_in(document_id, State.CANCELLED)
    assert len(channel.wanted) == 3

    channel = GivingBack(BUSY)
    document_id = await sent(house, channel)
    await wanted_back(house, document_id)
    for _ in range(20):
        await house.later(GIVEN_UP / 10)
    document = await house.is_in(document_id, State.SENT)
    assert document.code == "recall.given_up"
    assert (await house.told(document_id)).count("document.not_recalled") == 1


async def test_an_answer_that_comes_later_is_waited_for(house: House) -> None:
    later = Waiting(said("vipps", "asked", "was asked."), START + timedelta(hours=1))
    channel = GivingBack(later, BACK)
    document_id = await sent(house, channel)
    await wanted_back(house, document_id)
    await house.work()
    assert (await house.is_in(document_id, State.SENT)).code == "vipps.asked"
    await house.later(timedelta(minutes=30))
    assert len(channel.wanted) == 1
    await house.later(timedelta(minutes=31))
    await house.is_in(document_id, State.CANCELLED)


async def test_a_channel_that_gives_nothing_back_is_not_asked(house: House) -> None:
    async def takes(envelope: Envelope) -> Outcome:
        return Sent(OK)

    document_id = await sent(house, Scripted("vipps", {None: [here("vipps")]}, takes))
    denied = await act(
        *(house.store, house.clock, SENDER.id, document_id, Verb.CANCEL, "because"),
        recalling={"avtalegiro"},
    )
    assert isinstance(denied, Denied)
    assert denied.text == "It was handed over by vipps, and can not be taken back."


async def test_what_the_channel_reports_meanwhile_counts(house: House) -> None:
    """Between the asking and the job: it was refused, and is on its way by letter."""
    channel = GivingBack(BACK)
    document_id = await sent(house, channel)
    await wanted_back(house, document_id)
    channel.report(Refused(OK))
    await house.worker.collecting[0].once()
    await house.work()
    await house.is_in(document_id, State.DELIVERED)
    assert channel.wanted == []


async def test_a_report_that_comes_in_the_middle_of_the_question_is_seen(house: House) -> None:
    channel = GivingBack(BACK)
    document_id = await sent(house, channel)
    channel.report(Delivered(OK))
    channel.before = house.worker.collecting[0].once
    await wanted_back(house, document_id)
    await house.later(timedelta())
    for _ in range(3):
        await house.later(timedelta(minutes=15))
    await house.is_in(document_id, State.CANCELLED)


async def test_taken_back_at_the_channel_itself_it_takes_no_other(house: House) -> None:
    channel = GivingBack(BACK)
    document_id = await sent(house, channel)
    channel.report(BACK)
    await house.work()
    await house.is_in(document_id, State.CANCELLED)
    assert channel.wanted == []
    assert await waits(house) == []


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_death_at_every_write(house: House, after: bool) -> None:
    for n in count(1):
        channel = GivingBack(BUSY, BACK)
        document_id = await sent(house, channel)
        await wanted_back(house, document_id)
        dying: Any = Dying(house.store, n, after=after)
        died = False
        try:
            worker = house.new_worker(dying)
            await worker.run_due()
            house.clock.move(A_MINUTE)
            await worker.run_due()
        except Died:
            died = True
        for _ in range(5):
            await house.later(LEASE)
        await house.is_in(document_id, State.CANCELLED)
        told = await house.told(document_id)
        assert told.count("document.cancelled") == told.count("document.recalling") == 1
        assert len(set(channel.wanted)) == 1, "the same question each time"
        if not died:
            break
    assert n > 2
