"""Which invoices go together, how long they wait, and who is told what."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

import pytest

from transports.bank_se.batches import Batches, Bounds, Closed


class Sending:
    """What a batch is handed to, and the timer."""

    def __init__(self, *, waits: bool = False) -> None:
        self.sent: list[list[bytes]] = []
        self.timers: list[tuple[float, asyncio.Event]] = []
        self.waits = waits
        self.go_on = asyncio.Event()
        self.cancelled = 0

    async def __call__(self, entries: Sequence[bytes]) -> int:
        self.sent.append(sorted(entries))
        if self.waits:
            try:
                await self.go_on.wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        return len(self.sent)

    async def sleep(self, seconds: float) -> None:
        over = asyncio.Event()
        self.timers.append((seconds, over))
        await over.wait()

    def batches(self, **bounds: int) -> Batches[int]:
        return Batches(self, Bounds(wait_s=7, **bounds), self.sleep)


async def settle() -> None:
    """Lets every task go as far as it can."""
    for _ in range(20):
        await asyncio.sleep(0)


def carried(batches: Batches[int], *entries: bytes) -> list[asyncio.Task[int]]:
    return [asyncio.create_task(batches.carry(UUID(int=entry[0]), entry)) for entry in entries]


async def test_those_that_come_in_time_go_together() -> None:
    sending = Sending()
    batches = sending.batches()
    early = carried(batches, b"a", b"b")
    await settle()
    assert sending.sent == []
    ((seconds, over),) = sending.timers
    assert seconds == 7
    over.set()
    assert await asyncio.gather(*early) == [1, 1]
    late = carried(batches, b"c")
    await settle()
    sending.timers[1][1].set()
    assert await asyncio.gather(*late) == [2]
    assert sending.sent == [[b"a", b"b"], [b"c"]]


async def test_a_full_batch_goes_at_once() -> None:
    sending = Sending()
    batches = sending.batches(entries=2)
    tasks = carried(batches, b"a", b"b", b"c")
    await asyncio.gather(*tasks[:2])
    assert sending.sent == [[b"a", b"b"]]
    sending.timers[-1][1].set()
    assert await tasks[2] == 2


async def test_bytes_are_bounded_and_a_large_one_goes_alone() -> None:
    sending = Sending()
    batches = sending.batches(size_bytes=5)
    tasks = carried(batches, b"aaa", b"bbb", b"cccccccc")
    await settle()
    assert sending.sent == [[b"aaa"], [b"bbb"]]
    sending.timers[-1][1].set()
    await asyncio.gather(*tasks)
    assert sending.sent[-1] == [b"cccccccc"]


async def test_the_same_entry_twice_is_one() -> None:
    sending = Sending()
    tasks = carried(sending.batches(), b"a", b"a")
    await settle()
    sending.timers[0][1].set()
    assert await asyncio.gather(*tasks) == [1, 1]
    assert sending.sent == [[b"a"]]


async def test_another_entry_under_the_same_key_goes_in_another_batch() -> None:
    sending = Sending()
    tasks = carried(sending.batches(), b"a", b"ab")
    await settle()
    assert sending.sent == [[b"a"]]
    sending.timers[-1][1].set()
    assert await asyncio.gather(*tasks) == [1, 2]


async def test_only_so_many_go_at_once() -> None:
    sending = Sending(waits=True)
    tasks = carried(sending.batches(entries=1, at_once=2), b"a", b"b", b"c")
    await settle()
    assert sending.sent == [[b"a"], [b"b"]]
    sending.go_on.set()
    await asyncio.gather(*tasks)
    assert sending.sent[2] == [b"c"]


async def test_who_was_cancelled_in_time_does_not_go() -> None:
    sending = Sending()
    first, second = carried(sending.batches(), b"a", b"b")
    await settle()
    first.cancel()
    await settle()
    sending.timers[0][1].set()
    assert await second == 1
    assert sending.sent == [[b"b"]]


async def test_when_all_are_cancelled_the_batch_is() -> None:
    sending = Sending(waits=True)
    batches = sending.batches(entries=2)
    tasks = carried(batches, b"a", b"b")
    await settle()
    for task in tasks:
        task.cancel()
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(end, asyncio.CancelledError) for end in ends)
    await settle()
    assert sending.cancelled == 1
    sending.waits = False
    again = carried(batches, b"a", b"b")
    assert await asyncio.gather(*again) == [2, 2], "the channel goes on"


async def test_one_who_comes_after_all_were_cancelled_has_a_batch_of_their_own() -> None:
    sending = Sending()
    batches = sending.batches()
    (gone,) = carried(batches, b"a")
    await settle()
    gone.cancel()
    (here,) = carried(batches, b"b")
    await settle()
    sending.timers[-1][1].set()
    assert await here == 1
    assert sending.sent == [[b"b"]]


async def test_what_goes_wrong_in_sending_reaches_everybody() -> None:
    async def fails(entries: Sequence[bytes]) -> int:
        raise RuntimeError("no disk")

    batches: Batches[int] = Batches(fails, Bounds(entries=2))
    ends = await asyncio.gather(*carried(batches, b"a", b"b"), return_exceptions=True)
    assert [str(end) for end in ends] == ["no disk", "no disk"]


async def test_closing_tells_everybody() -> None:
    sending = Sending(waits=True)
    batches = sending.batches(entries=1)
    under_way = carried(batches, b"a")
    await settle()
    waiting = carried(sending.batches(), b"b")
    await settle()
    await batches.close()
    (end,) = await asyncio.gather(*under_way, return_exceptions=True)
    assert isinstance(end, Closed)
    await batches.close()
    waiting[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting[0]
