"""`budkavle` as people and scripts run it: a process, with a pipe or a terminal behind it."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of it."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


async def budkavle(
    *arguments: str | Path,
    environment: Mapping[str, str] | None = None,
    given: bytes | None = None,
    cwd: Path = ROOT,
    limit_s: float = 180,
) -> Ran:
    """Runs a command with pipes."""
    process = await asyncio.create_subprocess_exec(
        *_command(arguments),
        stdin=asyncio.subprocess.PIPE if given is not None else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment_of(environment),
        cwd=cwd,
    )
    out, err = await asyncio.wait_for(process.communicate(given), limit_s)
    assert process.returncode is not None
    return Ran(process.returncode, out.decode(), err.decode())


async def on_terminal(
    *arguments: str | Path, environment: Mapping[str, str] | None = None, limit_s: float = 180
) -> Ran:
    """Runs a command whose standard output is a terminal, 200 columns wide."""
    ours, theirs = pty.openpty()
    wide = {"COLUMNS": "200", "LINES": "50", "TERM": "xterm-256color", **(environment or {})}
    process = await asyncio.create_subprocess_exec(
        *_command(arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=theirs,
        stderr=asyncio.subprocess.PIPE,
        env=environment_of(wide),
        cwd=ROOT,
    )
    os.close(theirs)
    shown = asyncio.create_task(asyncio.to_thread(_read_all, ours))
    _, err = await asyncio.wait_for(process.communicate(), limit_s)
    assert process.returncode is not None
    return Ran(process.returncode, await shown, err.decode())


def _read_all(terminal: int) -> str:
    read = bytearray()
    try:
        while chunk := os.read(terminal, 65536):
            read += chunk
    except OSError:  # EIO: the other side has closed it
        pass
    os.close(terminal)
    return read.decode()


def _command(arguments: tuple[str | Path, ...]) -> list[str]:
    return [sys.executable, "-m", "gateway.cli", *map(str, arguments)]


def environment_of(given: Mapping[str, str] | None) -> dict[str, str]:
    """This process's environment, without the settings somebody may have for a real gateway."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BUDKAVLE_")}
    return {**clean, "PYTHONPATH": str(ROOT), **(given or {})}
