"""Work in other processes: what it answers, and what becomes of work that gets out of hand."""

from __future__ import annotations

import asyncio
import math
import operator
import os
import platform
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from gateway.delivery.child import Answer, Task, message
from gateway.delivery.processes import Processes, program
from gateway.delivery.warming import warm_up
from gateway.delivery.workshop import LITTLE_BYTES, InProcess, WorkFailed

MEMORY = 256 * 1024 * 1024


@asynccontextmanager
async def processes(
    number: int = 1, *, limit_s: float = 60, tasks: int = 100
) -> AsyncIterator[Processes]:
    opened = Processes(number, limit_s=limit_s, memory_bytes=MEMORY, tasks=tasks)
    try:
        yield opened
    finally:
        await opened.close()


async def test_work_is_done_in_another_process_that_is_used_again() -> None:
    async with processes() as workshop:
        first = await workshop.run(0, os.getpid)
        assert first != os.getpid()
        assert await workshop.run(0, os.getpid) == first
        assert await workshop.run(0, math.gcd, 12, 18) == 6


async def test_they_are_started_before_there_is_work_with_what_the_work_needs() -> None:
    workshop = Processes(2, limit_s=60, memory_bytes=MEMORY, begin=platform.node)
    await workshop.start()
    cached = "__import__('sys').modules['platform']._uname_cache is not None"
    assert await workshop.run(0, eval, cached) is True, "it was called"
    seen = await asyncio.gather(*(workshop.run(0, os.getpid) for _ in range(20)))
    assert len(set(seen)) == 2
    await workshop.close()


async def test_much_goes_there_and_back() -> None:
    async with processes() as workshop:
        content = os.urandom(5_000_000)
        assert await workshop.run(len(content), bytes.swapcase, content) == content.swapcase()


async def test_so_many_run_at_once_and_the_others_wait_in_line() -> None:
    async with processes(2) as workshop:
        seen = await asyncio.gather(*(workshop.run(0, os.getpid) for _ in range(20)))
    assert len(set(seen)) == 2


async def test_what_the_work_raises_comes_with_its_trace() -> None:
    async with processes() as workshop:
        child = await workshop.run(0, os.getpid)
        with pytest.raises(WorkFailed, match="ZeroDivisionError"):
            await workshop.run(0, operator.truediv, 1, 0)
        assert await workshop.run(0, os.getpid) == child, "no reason to end it"


async def test_work_that_takes_too_long_is_cut_off_and_its_process_replaced() -> None:
    async with processes(limit_s=2) as workshop:
        await workshop.start()
        child = await workshop.run(0, os.getpid)
        with pytest.raises(WorkFailed, match="took more than 2 s"):
            await workshop.run(0, time.sleep, 1000)
        with pytest.raises(ProcessLookupError):
            await _gone(child)
        assert await workshop.run(0, math.gcd, 4, 6) == 2


async def test_a_signal_for_the_gateway_s_group_is_none_for_it() -> None:
    async with processes() as workshop:
        child = await workshop.run(0, os.getpid)
        os.kill(child, signal.SIGTERM)
        os.kill(child, signal.SIGINT)
        assert await workshop.run(0, os.getpid) == child


def test_should_the_gateway_be_gone_the_kernel_ends_what_eats_the_processor() -> None:
    task = message(Task(sum, (range(10**15),), limit_s=0))
    ended = subprocess.run(program(MEMORY), input=task, stdout=subprocess.PIPE, timeout=300)
    assert (ended.returncode, ended.stdout) == (-signal.SIGXCPU, message(Answer()))


async def test_work_that_takes_too_much_memory_fails_and_harms_nobody() -> None:
    async with processes() as workshop:
        with pytest.raises(WorkFailed, match="MemoryError"):
            await workshop.run(0, bytes, 10 * MEMORY)
        assert await workshop.run(0, math.gcd, 4, 6) == 2


async def test_a_process_that_dies_in_the_middle_is_replaced() -> None:
    async with processes() as workshop:
        with pytest.raises(WorkFailed, match=r"ended in the middle of the work \(code -6\)"):
            await workshop.run(0, os.abort)
        assert await workshop.run(0, math.gcd, 4, 6) == 2


async def test_a_process_that_dies_while_it_is_idle_is_replaced() -> None:
    async with processes() as workshop:
        child = await workshop.run(0, os.getpid)
        os.kill(child, signal.SIGKILL)
        with pytest.raises(ProcessLookupError):
            await _gone(child)
        with suppress(WorkFailed):  # nobody may have heard of its end yet
            await workshop.run(0, os.getpid)
        assert await workshop.run(0, os.getpid) != child


async def test_after_so_many_pieces_of_work_a_process_makes_room_for_a_fresh_one() -> None:
    async with processes(tasks=2) as workshop:
        seen = [await workshop.run(0, os.getpid) for _ in range(6)]
    assert seen[0] == seen[1] != seen[2] == seen[3] != seen[4]


async def test_who_is_cut_off_takes_the_work_along() -> None:
    async with processes() as workshop:
        child = await workshop.run(0, os.getpid)
        asked = asyncio.create_task(workshop.run(0, time.sleep, 1000))
        await asyncio.sleep(0)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert await workshop.run(0, os.getpid) != child


async def test_it_has_none_of_the_gateway_s_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUDKAVLE_LETTER__TOKEN", "secret")
    async with processes() as workshop:
        assert await workshop.run(0, os.getenv, "BUDKAVLE_LETTER__TOKEN") is None
        assert await workshop.run(0, os.getenv, "PATH") == os.environ["PATH"]


async def test_closing_ends_them_all() -> None:
    async with processes(2) as workshop:
        seen = set(await asyncio.gather(*(workshop.run(0, os.getpid) for _ in range(4))))
    for child in seen:
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)


@pytest.mark.parametrize("size", [0, LITTLE_BYTES, LITTLE_BYTES + 1])
async def test_without_processes_it_is_done_in_this_one(size: int) -> None:
    assert await InProcess().run(size, os.getpid) == os.getpid()
    with pytest.raises(ZeroDivisionError):
        await InProcess().run(size, operator.truediv, 1, 0)


async def _gone(pid: int) -> None:
    """Raises ProcessLookupError once the process is no more; waits with a bound."""
    async with asyncio.timeout(60):
        while True:
            os.kill(pid, 0)
            await asyncio.sleep(0.01)


def test_a_process_begins_with_a_document_that_can_be_sent() -> None:
    assert warm_up(), "one that is rejected would build less than the first one needs"
