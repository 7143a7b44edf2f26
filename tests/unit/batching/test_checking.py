from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.api.checking import Checked, Checking
from transports.base import File


class _Fault(Exception):
    """What a bug raises."""


def _check(original: File, /, *, any_document: bool) -> Checked:
    if original.content == b"faulty":
        raise _Fault
    if original.content == b"ends":  # no future takes this one as its exception
        raise StopIteration
    return {"content": original.content, "any": any_document}


def _file(content: bytes) -> File:
    return File("document.xml", "application/xml", content)


async def test_one_that_raises_takes_nobody_with_it() -> None:
    checking = Checking(_check)
    contents = [b"a", b"faulty", b"b", b"ends", b"c"]
    async with asyncio.timeout(60):
        answers = await asyncio.gather(
            *(checking.check(_file(content), any_document=True) for content in contents),
            return_exceptions=True,
        )
    right, wrong = answers[::2], answers[1::2]
    assert right == [{"content": content, "any": True} for content in contents[::2]]
    assert [type(answer) for answer in wrong] == [_Fault, RuntimeError]


async def test_one_that_comes_alone_and_raises_is_answered() -> None:
    checking = Checking(_check)
    async with asyncio.timeout(60):
        with pytest.raises(_Fault):
            await checking.check(_file(b"faulty"), any_document=False)
        assert await checking.check(_file(b"a"), any_document=False)


async def test_without_a_thread_all_are_told() -> None:
    checking = Checking(_check)
    asyncio.get_running_loop().set_default_executor(executor := ThreadPoolExecutor(1))
    executor.shutdown()
    async with asyncio.timeout(60):
        answers = await asyncio.gather(
            *(checking.check(_file(b"a"), any_document=False) for _ in range(3)),
            return_exceptions=True,
        )
    assert [type(answer) for answer in answers] == [RuntimeError] * 3
