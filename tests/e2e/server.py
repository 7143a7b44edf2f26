"""`budkavle serve` as a process of its own, that can be stopped, killed and started again."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import tempfile
from collections.abc import Mapping
from types import TracebackType
from typing import IO

from tests.e2e.command import ROOT, environment_of

PATIENCE_S = 180.0


class Server:
    """The process; `url` is where it listens, `outer_url` where partners reach it, and `up` is set
    while it does."""

    def __init__(self, settings: Mapping[str, str], *arguments: str) -> None:
        self._environment = environment_of(settings)
        self._arguments = arguments
        self._process: asyncio.subprocess.Process | None = None
        self._log: IO[bytes] | None = None  # no pipe: nobody reads it, and a full one stops all
        self.url = ""
        self.outer_url = ""
        self.up = asyncio.Event()

    async def start(self) -> None:
        """Starts it; returns when it answers."""
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - `_ended` closes it
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway.cli", "serve", "--listen", "127.0.0.1:0"),
            *self._arguments,
            env=self._environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=self._log,
            cwd=ROOT,
        )
        assert self._process.stdout is not None
        first = await asyncio.wait_for(self._process.stdout.readline(), PATIENCE_S)
        if not first:
            raise AssertionError(await self._ended())
        said = json.loads(first)
        self.url, self.outer_url = said["url"], said.get("outer_url", "")
        self.up.set()

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    async def kill(self) -> str:
        """SIGKILL; answers its log."""
        assert self._process is not None and self._process.returncode is None, "it died by itself"
        self.up.clear()
        self._process.kill()
        return await self._ended()

    async def stop(self, sign: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Tells it to stop; its exit code and its log."""
        assert self._process is not None
        self.up.clear()
        self._process.send_signal(sign)
        log = await asyncio.wait_for(self._ended(), PATIENCE_S)
        assert self._process.returncode is not None
        return self._process.returncode, log

    async def _ended(self) -> str:
        assert self._process is not None and self._log is not None
        await self._process.wait()
        with self._log as log:
            log.seek(0)
            return log.read().decode()

    async def __aenter__(self) -> Server:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None and self._process.returncode is None:
            await self.kill()
