"""strace, where the machine has it: what a process asks of the system, and errors for an answer."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import pytest

_ENOUGH_S = 60


@cache
def _why_not() -> str | None:
    if shutil.which("strace") is None:
        return "strace is not on this machine"
    tried = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, check=False)
    return "strace may not trace on this machine" if tried.returncode else None


def strace(*options: str) -> Sequence[str]:
    """The command; skips the test where there is none."""
    if why_not := _why_not():
        pytest.skip(why_not)
    return ("strace", "-f", *options)


@asynccontextmanager
async def attached(pid: int, *options: str) -> AsyncIterator[None]:
    """Traces a process that runs, its threads too, as long as the context lasts."""
    tracer = await asyncio.create_subprocess_exec(
        *strace(*options), "-p", str(pid), stderr=asyncio.subprocess.PIPE
    )
    assert tracer.stderr is not None
    try:
        async with asyncio.timeout(_ENOUGH_S):
            while b"attached" not in (line := await tracer.stderr.readline()):
                assert line, "strace has ended"
        yield
    finally:
        tracer.terminate()
        await tracer.communicate()


def lines(log: Path) -> Sequence[str]:
    """What was traced with `-o log`."""
    return log.read_text(errors="replace").splitlines()
