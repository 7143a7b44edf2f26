from __future__ import annotations

import asyncio

from gateway.store.topics import Topics


async def test_who_listens_is_woken_once_per_wait() -> None:
    topics = Topics()
    first, second = topics.wait("a", 60), topics.wait("a", 60)
    topics.tell(["a", "b"])
    assert first.done()
    assert second.done()
    third = topics.wait("a", 60)
    assert not third.done()  # news before the call are no news
    third.cancel()


async def test_news_between_the_call_and_the_await_are_not_missed() -> None:
    topics = Topics()
    news = topics.wait("a", 3600)
    topics.tell(["a"])
    async with asyncio.timeout(60):
        await news


async def test_nothing_is_kept_of_those_who_went_away() -> None:
    topics = Topics()
    gone, late, woken = (topics.wait(name, 0.001) for name in ("a", "b", "c"))
    gone.cancel()
    topics.tell(["c"])
    async with asyncio.timeout(60):
        await late
    await asyncio.gather(gone, late, woken, return_exceptions=True)
    assert topics._waiting == {}


async def test_everybody_can_be_woken() -> None:
    topics = Topics()
    waiting = [topics.wait(name, 3600) for name in "abc"]
    topics.tell_all()
    assert all(one.done() for one in waiting)
