"""The way into a channel: places, a line, and those who come back."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest

from gateway.delivery.lane import SOON, SPACING, Lane

NOW = datetime(2026, 11, 21, tzinfo=UTC)


async def test_so_many_calls_at_once_and_then_in_line_and_then_come_back() -> None:
    lane = Lane(places=1, room=2)
    inside: list[str] = []
    gone = asyncio.Event()

    async def call(name: str) -> None:
        async with lane:
            inside.append(name)
            await gone.wait()

    async with asyncio.TaskGroup() as group:
        group.create_task(call("first"))
        await asyncio.sleep(0)
        assert lane.come_back_at(NOW) is None
        group.create_task(call("second"))
        await asyncio.sleep(0)
        assert inside == ["first"]
        assert lane.come_back_at(NOW) == NOW + SOON + SPACING
        gone.set()
    assert inside == ["first", "second"]
    assert lane.come_back_at(NOW) is None


async def test_those_who_come_back_do_so_one_after_the_other() -> None:
    lane = Lane(places=1, room=1)
    async with lane:
        back = [lane.come_back_at(NOW) for _ in range(3)]
        assert back == [NOW + SOON + SPACING * n for n in (1, 2, 3)]
        later = NOW + timedelta(hours=1)
        assert lane.come_back_at(later) == later + SOON + SPACING


async def test_one_that_gives_up_in_line_leaves_its_room() -> None:
    lane = Lane(places=1, room=2)
    async with lane:
        waiting = asyncio.create_task(lane.__aenter__())
        await asyncio.sleep(0)
        assert lane.come_back_at(NOW) is not None
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert lane.come_back_at(NOW) is None


async def test_an_error_leaves_the_place() -> None:
    lane = Lane(places=1, room=1)
    async with AsyncExitStack() as stack:
        with pytest.raises(ZeroDivisionError):
            async with lane:
                raise ZeroDivisionError
        await stack.enter_async_context(lane)
        assert lane.come_back_at(NOW) is not None
