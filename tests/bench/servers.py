"""Processes that benches talk to."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from gateway.clock import SystemClock
from gateway.sandbox import plant
from tests.bench.stores import opened, tables
from tests.servers import postgres


@dataclass(frozen=True, slots=True)
class Server:
    """A server on loopback, in a process of its own."""

    url: str
    pid: int

    def processor_s(self) -> float:
        """Seconds of processor that it and its children have used."""
        return sum(map(_processor_s, self._family()))

    def memory_bytes(self) -> tuple[int, int]:
        """What it holds of memory, and what its children do: each one's own, without what they
        share."""
        itself, *children = map(_own_bytes, self._family())
        return itself, sum(children)

    def _family(self) -> Iterable[int]:
        yield self.pid
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            yield from map(int, (task / "children").read_text().split())


def _processor_s(pid: int) -> float:
    *_, used = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
    user, system = used.split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _own_bytes(pid: int) -> int:
    """Memory that nobody else has; 0 when the process has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))


async def database() -> Server:
    """The PostgreSQL that benches use: all processes of it. It must run on this machine."""
    url = postgres.database()
    connection = await asyncpg.connect(url)
    backend = await connection.fetchval("SELECT pg_backend_pid()")
    *_, state = Path(f"/proc/{backend}/stat").read_text().rpartition(")")
    await connection.close()
    return Server(url, pid=int(state.split()[1]))


@asynccontextmanager
async def server(*arguments: str, url: str | None = None) -> AsyncIterator[Server]:
    """A process that tells in its first line where it listens. `url` is that of its tables in
    PostgreSQL, as a setting."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=os.environ | ({"BUDKAVLE_STORE__URL": url} if url else {}),
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    try:
        yield Server(json.loads(await process.stdout.readline())["url"], process.pid)
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def gateway(store_name: str, folder: Path) -> AsyncIterator[Server]:
    """A whole gateway on one of the stores, with the sandbox's companies and keys in it."""
    url = await tables(store_name)
    store = await opened(folder, url)
    await plant(store, SystemClock())
    await store.close()
    serve = ("serve", "--data", str(folder), "--listen", "127.0.0.1:0")
    async with server("-m", "gateway.cli", *serve, url=url) as running:
        yield running
