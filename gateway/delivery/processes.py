"""A few processes that do heavy work beside the gateway's own, each piece within limits.

In charge of starting and replacing them, and of the time a piece of work may take. Not in charge of
what they do (`child`). They are fresh programs, never forks: a fork would hold the lock of the data
directory and the connections of its parent.

Why not a library's pool: docs/decisions/0005-heavy-work-in-processes.md.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import sys
from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

from gateway.delivery.child import LENGTH, Answer, Task, message
from gateway.delivery.workshop import NotLoaded, WorkFailed

T = TypeVar("T")

# A process makes room for a fresh one after so many pieces of work: what leaks somewhere in a
# parser does not add up for ever.
TASKS: Final = 10_000

# How long a process may take to start, on a machine that is busy with others.
_START_S: Final = 60.0

# How long an idle process may take to end by itself.
_GOODBYE_S: Final = 2.0


class Processes:
    """A `Workshop` of `number` processes; more work waits in line. Use `close` at the end.

    `limit_s` is how long a piece of work may take, and `processor_s` how much time of the processor
    (by default as much); then its process is killed. `memory_bytes` bounds the address space of
    each process. Each calls `begin`, a function of a module, before there is work, so that the
    first has not to wait for what that reads and builds; the process ends when it raises. Those
    that are `sealed` can open nothing after that, neither a file nor a connection.
    """

    def __init__(
        self,
        number: int,
        *,
        limit_s: float,
        memory_bytes: int,
        processor_s: float | None = None,
        tasks: int = TASKS,
        begin: Callable[[], object] = os.getpid,
        sealed: bool = False,
    ) -> None:
        self._limit_s = limit_s
        self._processor_s = processor_s or limit_s
        self._tasks = tasks
        self._program = program(memory_bytes, begin, sealed=sealed)
        self._started: set[_Child] = set()
        self._free: asyncio.LifoQueue[_Child | None] = asyncio.LifoQueue()
        for _ in range(number):  # a place without a process: it is started when it is needed
            self._free.put_nowait(None)

    async def run(self, size_bytes: int, work: Callable[..., T], *arguments: Any) -> T:
        """What `work(*arguments)` answers. Raises WorkFailed, also for whatever the work raises:
        with its trace; NotLoaded when it lacked a module."""
        place = await self._free.get()
        child: _Child | None = None
        try:
            child = place if place and place.runs else await self._start()
            answer = await child.ask(Task(work, arguments, self._processor_s), self._limit_s)
        except BaseException:  # nobody knows what it is doing: also when the caller was cut off
            if child is not None:
                child.kill()
            child = None
            raise
        finally:
            if child is not None and child.asked >= self._tasks:
                child.dismiss()
                child = None
            self._free.put_nowait(child)
        if answer.missing:
            modules = ", ".join(answer.missing)
            raise NotLoaded(f"a sealed process needed what was not loaded before: {modules}")
        if answer.fault is not None:
            raise WorkFailed(answer.fault)
        return cast(T, answer.value)

    async def start(self) -> None:
        """Starts them all; without it each is started when it is needed."""
        places = [self._free.get_nowait() for _ in range(self._free.qsize())]
        for place in places:
            self._free.put_nowait(place or await self._start())

    async def close(self) -> None:
        """Ends the processes, at once those that are at work."""
        await asyncio.gather(*(child.end() for child in self._started))

    async def _start(self) -> _Child:
        child = await _Child.start(self._program)
        self._started = {other for other in self._started if other.runs} | {child}
        return child


def program(
    memory_bytes: int, begin: Callable[[], object] = os.getpid, *, sealed: bool = False
) -> tuple[str, ...]:
    """The command line of a process. `-P`: it imports nothing from the directory it starts in."""
    code = (
        f"from {begin.__module__} import {begin.__name__} as begin; begin(); "
        f"from gateway.delivery.child import main; main({memory_bytes}, sealed={sealed})"
    )
    return sys.executable, "-P", "-c", code


def _environment() -> dict[str, str]:
    """Ours, without the gateway's settings: what reads strangers' files needs no passwords."""
    return {name: value for name, value in os.environ.items() if not name.startswith("BUDKAVLE_")}


class _Child:
    """One process, and the two pipes to it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.asked = 0
        self._ready = False

    @classmethod
    async def start(cls, program: tuple[str, ...]) -> _Child:
        return cls(
            await asyncio.create_subprocess_exec(
                *program,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=_environment(),
            )
        )

    async def ask(self, task: Task, limit_s: float) -> Answer:
        """Has it done. Raises WorkFailed when it takes too long or the process ends."""
        self.asked += 1
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            if not self._ready:  # its start is none of the work's time
                async with asyncio.timeout(_START_S):
                    await self._hear()
                self._ready = True
            async with asyncio.timeout(limit_s):
                self._process.stdin.write(message(task))
                await self._process.stdin.drain()
                return await self._hear()
        except TimeoutError:
            raise WorkFailed(f"the work took more than {limit_s:g} s and was cut off") from None
        except (asyncio.IncompleteReadError, ConnectionError):
            code = await self._process.wait()
            raise WorkFailed(f"the process ended in the middle of the work (code {code})") from None

    async def _hear(self) -> Answer:
        assert self._process.stdout is not None
        head = await self._process.stdout.readexactly(LENGTH.size)
        body = await self._process.stdout.readexactly(LENGTH.unpack(head)[0])
        return cast(Answer, pickle.loads(body))  # noqa: S301  (from our own child)

    @property
    def runs(self) -> bool:
        assert self._process.stdout is not None
        return self._process.returncode is None and not self._process.stdout.at_eof()

    def dismiss(self) -> None:
        """Lets it end by itself, idle as it is."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()

    async def end(self) -> None:
        self.dismiss()
        try:
            async with asyncio.timeout(_GOODBYE_S):
                await self._process.wait()
        except TimeoutError:
            self.kill()
            await self._process.wait()
