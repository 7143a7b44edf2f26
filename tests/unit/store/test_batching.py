from __future__ import annotations

import asyncio

from gateway.store.sqlite.batching import Batching


async def turns(n: int) -> None:
    """Lets the event loop turn."""
    for _ in range(n):
        await asyncio.sleep(0)


async def test_what_is_added_in_one_turn_goes_together() -> None:
    batches: list[list[int]] = []
    batching = Batching(batches.append, 10)
    for n in range(3):
        batching.add(n)
    assert batches == []
    await turns(3)
    assert batches == [[0, 1, 2]]
    batching.add(3)
    await turns(3)
    assert batches == [[0, 1, 2], [3]]


async def test_a_batch_waits_as_long_as_each_turn_brings_more() -> None:
    batches: list[list[int]] = []
    batching = Batching(batches.append, 10)
    for n in range(5):
        batching.add(n)
        await turns(1)
    await turns(3)
    assert batches == [[0, 1, 2, 3, 4]]


async def test_a_full_batch_does_not_wait() -> None:
    batches: list[list[int]] = []
    batching = Batching(batches.append, 2)
    for n in range(5):
        batching.add(n)
    assert batches == [[0, 1], [2, 3]]
    batching.flush()
    assert batches == [[0, 1], [2, 3], [4]]
    await turns(4)
    assert batches == [[0, 1], [2, 3], [4]]  # nothing is handed over twice, nor an empty batch
