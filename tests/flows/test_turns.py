"""Several workers: each channel is asked by one of them at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

from gateway.delivery.collect import Collecting
from gateway.delivery.turn import Turn
from tests.flows.channel import Channel, takes_it
from tests.flows.house import START, House
from transports.base import Inbound, Repeat, Report, nothing_late

LASTS_S = 40


class Asked(Channel):
    """Counts how often it is asked."""

    def __init__(self, name: str) -> None:
        super().__init__(takes_it, Repeat.SAFE, name)
        self.times = 0

    def collect(self) -> AsyncIterator[Report | Inbound]:
        self.times += 1
        return nothing_late()


def worker(house: House, channel: Channel, owner: str) -> Collecting:
    turn = Turn(house.store, house.clock, channel.name, owner, LASTS_S)
    return Collecting(house.store, channel, house.clock, turn)


async def test_one_asks_as_long_as_it_lives(house: House) -> None:
    channels = [Asked("kivra"), Asked("kivra")]
    first, second = (worker(house, one, f"w{n}") for n, one in enumerate(channels))
    for _ in range(20):
        await first.in_turn()
        await second.in_turn()
        house.clock.move(timedelta(seconds=10))
    assert [one.times for one in channels] == [20, 0]


async def test_the_next_one_takes_over_when_it_is_gone(house: House) -> None:
    channels = [Asked("kivra"), Asked("kivra")]
    first, second = (worker(house, one, f"w{n}") for n, one in enumerate(channels))
    await first.in_turn()
    house.clock.move(timedelta(seconds=LASTS_S - 1))
    await second.in_turn()
    assert channels[1].times == 0
    house.clock.move(timedelta(seconds=1))
    await second.in_turn()
    await first.in_turn()
    assert [one.times for one in channels] == [1, 1]


async def test_each_channel_has_its_own(house: House) -> None:
    channels = [Asked("kivra"), Asked("vipps")]
    for n, one in enumerate(channels):
        await worker(house, one, f"w{n}").in_turn()
    assert [one.times for one in channels] == [1, 1]


async def test_a_clock_that_was_set_back_leaves_nobody_waiting_for_ever(house: House) -> None:
    channels = [Asked("kivra"), Asked("kivra")]
    first, second = (worker(house, one, f"w{n}") for n, one in enumerate(channels))
    house.clock.move(timedelta(days=365))
    await first.in_turn()
    house.clock.move(START - house.clock.now())
    await second.in_turn()
    assert channels[1].times == 1
