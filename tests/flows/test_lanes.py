"""Lanes at work: channels' limits, breakers, pauses, priorities, and companies that take turns."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway.delivery.worker import Worker
from gateway.lifecycle import State
from gateway.store.ids import new_id
from gateway.store.lanes import Limits
from gateway.store.port import Company, NewPart, Role, Submission
from tests.flows.channel import OK, Channel
from tests.flows.house import SENDER, House, invoice
from transports.base import Envelope, Outcome, Repeat, Sent, TryLater, Unknown

EMAIL = invoice(email="a@b.example")
ALONE = Limits(at_once=1, trip_after=None)


def worker_with(house: House, channel: Channel, limits: Limits, **how: Any) -> Worker:
    channels = {**house.transports, channel.name: channel}
    return Worker(house.store, channels, house.clock, limits={channel.name: limits}, **how)


async def sent(envelope: Envelope) -> Outcome:
    return Sent(OK)


async def away(envelope: Envelope) -> Outcome:
    return TryLater(OK, answered=False)


async def lane(house: House, name: str = "email") -> Any:
    lanes = await house.store.lanes(house.clock.now())
    return next(lane for lane in lanes if lane.name == name)


# --- limits -----------------------------------------------------------------------------------


async def test_a_channel_gets_no_more_than_its_rate_allows(house: House) -> None:
    channel = Channel(sent, Repeat.SAFE)
    worker = worker_with(house, channel, Limits(rate_per_s=2, burst=3))
    for _ in range(10):
        await house.submit(EMAIL)
    seen = []
    for _ in range(5):
        await worker.run_due()
        seen.append(len(channel.calls))
        house.clock.move(timedelta(seconds=1))
    assert seen == [3, 5, 7, 9, 10]


async def test_a_clock_that_jumps_neither_floods_a_channel_nor_stops_it(house: House) -> None:
    channel = Channel(sent, Repeat.SAFE)
    worker = worker_with(house, channel, Limits(rate_per_s=1, burst=2))
    seen = []
    for hours in (0, 3, -6, 0, 0):
        house.clock.move(timedelta(hours=hours))
        for _ in range(4):
            await house.submit(EMAIL)
        await worker.run_due()
        seen.append(len(channel.calls))
        house.clock.move(timedelta(seconds=1))
    assert seen == [2, 4, 5, 6, 7], "a burst after three hours; one when it goes back"


# --- the breaker --------------------------------------------------------------------------------


async def test_a_channel_that_nobody_answers_on_is_left_in_peace_and_tried_again(
    house: House,
) -> None:
    channel = Channel(away, Repeat.SAFE)
    worker = worker_with(house, channel, Limits(at_once=1, trip_after=3, rest_s=60))
    documents = [await house.submit(EMAIL) for _ in range(20)]
    await worker.run_due()
    assert len(channel.calls) == 3, "after three in a row nothing more is tried"
    assert sum([(await house.document(d)).state is State.ROUTING for d in documents]) == 17

    house.clock.move(timedelta(seconds=61))
    await worker.run_due()
    assert len(channel.calls) == 4, "one looks whether anybody is there"

    house.clock.move(timedelta(seconds=61))
    await worker.run_due()
    assert len(channel.calls) == 4, "nobody was: twice the rest"

    back = Channel(sent, Repeat.SAFE)
    house.clock.move(timedelta(hours=1))
    await worker_with(house, back, Limits(at_once=1, trip_after=3, rest_s=60)).run_due()
    assert len(back.calls) == 20
    for document_id in documents:
        await house.is_in(document_id, State.SENT)


async def test_a_clock_that_goes_back_does_not_keep_a_channel_closed(house: House) -> None:
    channel = Channel(away, Repeat.SAFE)
    limits = Limits(at_once=1, trip_after=1, rest_s=60)
    await house.submit(EMAIL)
    await worker_with(house, channel, limits).run_due()
    house.clock.move(-timedelta(hours=5))
    document_id = await house.submit(EMAIL)
    back = Channel(sent, Repeat.SAFE)
    for _ in range(20):
        house.clock.move(timedelta(minutes=1))
        await worker_with(house, back, limits).run_due()
    await house.is_in(document_id, State.SENT)


async def test_what_is_about_one_document_says_nothing_of_the_channel(house: House) -> None:
    async def refuse_for_now(envelope: Envelope) -> Outcome:
        return TryLater(OK)

    channel = Channel(refuse_for_now, Repeat.SAFE)
    for _ in range(10):
        await house.submit(EMAIL)
    await worker_with(house, channel, Limits(at_once=2, trip_after=3)).run_due()
    assert len(channel.calls) == 10


async def test_the_breaker_keeps_documents_from_being_held_by_a_silent_partner(
    house: House,
) -> None:
    """A partner that can not be asked, and takes messages without a word: each is a document that
    a person must settle. Five, not all."""

    async def silent(envelope: Envelope) -> Outcome:
        return Unknown(OK, answered=False)

    channel = Channel(silent, Repeat.HOLD)
    documents = [await house.submit(EMAIL) for _ in range(12)]
    await worker_with(house, channel, Limits(at_once=1, trip_after=5)).run_due()
    states = [(await house.document(d)).state for d in documents]
    assert (states.count(State.HELD), states.count(State.ROUTING)) == (5, 7)


async def test_a_call_that_is_cut_off_counts_as_not_answered(house: House) -> None:
    async def hang(envelope: Envelope) -> Outcome:
        return await asyncio.Future()

    channel = Channel(hang, Repeat.HOLD)
    await house.submit(EMAIL)
    limits = Limits(at_once=1, trip_after=1)
    await worker_with(house, channel, limits, call_limit_s=0.01).run_due()
    assert (await lane(house)).meter.fails == 1


# --- what operators do ----------------------------------------------------------------------------


async def test_nothing_is_taken_from_a_lane_that_is_paused(house: House) -> None:
    channel = Channel(sent, Repeat.SAFE)
    worker = worker_with(house, channel, ALONE)
    await house.store.pause("email", True)
    document_id = await house.submit(EMAIL)
    await worker.run_due()
    assert channel.calls == []
    assert (await lane(house)).waiting == 1
    await house.store.pause("email", False)
    await worker.run_due()
    await house.is_in(document_id, State.SENT)


async def test_nobody_goes_round_a_pause(house: House) -> None:
    """A channel without limits takes documents straight from their check: not while it pauses."""
    await house.store.pause("internal", True)
    document_id = await house.submit(invoice(here=True))
    worker = Worker(house.store, house.transports, house.clock, poll_s=0.01)
    async with running(worker):
        async with asyncio.timeout(60):
            while (await house.document(document_id)).state is not State.ROUTING:
                await asyncio.sleep(0.01)
        for _ in range(3):
            await house.store.wait("jobs", 0.02)
        await house.is_in(document_id, State.ROUTING)
        assert (await lane(house, "internal")).waiting == 1
        await house.store.pause("internal", False)
        async with asyncio.timeout(60):
            while (await house.document(document_id)).state is not State.DELIVERED:
                await asyncio.sleep(0.01)


# --- turns ----------------------------------------------------------------------------------------


async def company(house: House, n: int) -> Company:
    made = replace(SENDER, id=f"com_turn_{n:03}", participants=(f"9999:{n}",))
    await house.store.add_company(made, house.clock.now())
    return made


async def state_of(house: House, one: Company, document_id: str) -> State:
    found = await house.store.document(one.id, document_id)
    assert found is not None
    return found.state


async def hand_in(house: House, company_id: str, priority: int = 0) -> str:
    document_id = new_id("doc")
    original = NewPart(Role.ORIGINAL, "i.json", "application/json", BODY)
    asked = Submission(
        document_id, company_id, "application/json", [original], {}, priority=priority
    )
    await house.store.accept(asked, house.clock.now())
    return document_id


BODY = json.dumps(EMAIL).encode()
CALL = timedelta(milliseconds=200)


class Slow(Channel):
    """A channel that takes 0.2 s by the house's clock, which goes on only when nobody could do
    anything at the same time any more: all that are called together are done together."""

    def __init__(self, house: House, places: int) -> None:
        super().__init__(self._carry, Repeat.SAFE)
        self.at_once = places
        self.done_at: dict[str, datetime] = {}
        self._house = house
        self._called: dict[str, asyncio.Future[None]] = {}

    async def _carry(self, envelope: Envelope) -> Outcome:
        called = self._called[envelope.document_id] = asyncio.get_running_loop().create_future()
        await called
        self.done_at[envelope.document_id] = self._house.clock.now()
        return Sent(OK)

    async def tick(self) -> None:
        """0.2 s go by: all calls under way are done."""
        self._house.clock.move(CALL)
        called, self._called = self._called, {}
        for future in called.values():
            future.set_result(None)

    @property
    def under_way(self) -> int:
        return len(self._called)


@asynccontextmanager
async def running(worker: Worker) -> AsyncIterator[None]:
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        worker.stop()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def full(channel: Slow, wanted: int) -> None:
    """Waits, with a bound, until so many calls are under way."""
    async with asyncio.timeout(60):
        while channel.under_way < wanted:
            await asyncio.sleep(0.001)


@pytest.mark.slow
async def test_a_flood_of_one_company_delays_the_others_by_a_bounded_factor(house: House) -> None:
    """100 companies; one hands in 1,500 at once, then each of the others one. With an idle gateway
    a document waits for its own call alone; now its median is within three times that."""
    places = 8
    companies = [await company(house, n) for n in range(100)]
    flooding, others = companies[0], companies[1:]
    channel = Slow(house, places)
    worker = worker_with(
        house, channel, Limits(at_once=places, trip_after=None), poll_s=0.01, lease_s=1e6
    )
    async with running(worker):
        alone = await hand_in(house, others[0].id)
        began = house.clock.now()
        await full(channel, 1)
        await channel.tick()
        async with asyncio.timeout(60):
            while alone not in channel.done_at:
                await asyncio.sleep(0.001)
        idle = channel.done_at[alone] - began
        assert idle == CALL

        for _ in range(1500):
            await hand_in(house, flooding.id)
        await full(channel, places)
        waited = []
        for turn in range(0, len(others), 3):  # three of the others hand in each 0.2 s
            asked = {
                await hand_in(house, one.id): house.clock.now() for one in others[turn : turn + 3]
            }
            async with asyncio.timeout(60):
                for one, document_id in zip(others[turn : turn + 3], asked, strict=True):
                    while await state_of(house, one, document_id) is State.RECEIVED:
                        await asyncio.sleep(0.001)  # until it is in the lane
            waited.append(asked)
            await channel.tick()
            await full(channel, places)
        for _ in range(3):
            await channel.tick()
            await full(channel, places)
        times = sorted(channel.done_at[d] - at for asked in waited for d, at in asked.items())
        assert len(times) == 99, "all of them are done, of the flood many are not"
        assert len(channel.done_at) < 600
        assert times[49] <= 3 * idle
        assert times[-1] <= 4 * idle


async def test_the_higher_priority_goes_first_within_its_company_only(house: House) -> None:
    channel = Channel(sent, Repeat.SAFE)
    one, other = await company(house, 1), await company(house, 2)
    low = await hand_in(house, one.id, -1)
    usual = await hand_in(house, one.id)
    high = await hand_in(house, one.id, 1)
    theirs = await hand_in(house, other.id, -1)
    worker = worker_with(house, channel, ALONE, concurrency=1)
    await worker.run_due()
    order = [envelope.document_id for envelope in channel.calls]
    assert [d for d in order if d != theirs] == [high, usual, low]
    assert order.index(theirs) <= 1, "nobody's high priority is before another company's turn"
