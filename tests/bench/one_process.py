"""Documents accepted over HTTP with the client in the same process, on one event loop.

64 clients of aiohttp's own, UBL of about 10 KB. Beside us stand handlers that do the least there
is: read the body and answer; put the body into SQLite by one thread that commits for all who wait;
put it into PostgreSQL with a commit of its own on one of 12 connections. The rounds take turns;
each figure is a median. The client costs more than the bare handler, so ratios here are kinder than
those of `whole_way`, where servers are processes of their own.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, redirect_stderr
from pathlib import Path
from queue import SimpleQueue
from statistics import median

import aiohttp
import asyncpg
from aiohttp import web

from gateway import log
from gateway.api.app import make_runner
from gateway.sandbox import SENDER
from gateway.store.ids import new_id
from gateway.store.sqlite.schema import connect
from tests.bench.accepting import app_of
from tests.bench.stores import STORES, new_tables, open_new
from tests.bench.whole_way import CLIENTS, XML, ubl

ROUNDS = 7
PER_ROUND = 640
CONNECTIONS = 12
BARE = "bare POST"

Keep = Callable[[bytes], Awaitable[object]]


def measure(rounds: int = ROUNDS) -> Mapping[str, float]:
    """Per second, and ratios to the bare POST."""
    # The log is made, and each line written by itself, as in a service.
    with Path(os.devnull).open("w", buffering=1) as nowhere, redirect_stderr(nowhere):
        log.setup(form="json")
        return asyncio.run(_measure(rounds))


async def _measure(rounds: int) -> Mapping[str, float]:
    rates: dict[str, list[float]] = {}
    async with AsyncExitStack() as up:
        folder = Path(up.enter_context(tempfile.TemporaryDirectory()))
        group_commit = await up.enter_async_context(_group_commit(folder / "raw"))
        rows = await up.enter_async_context(_rows())
        apps = {
            BARE: _bare(_nothing),
            "raw SQLite, group commit": _bare(group_commit),
            "raw PostgreSQL, a commit each": _bare(rows),
        }
        for name in STORES:
            store = await open_new(name, folder / name)
            up.push_async_callback(store.close)
            apps[f"accepted, {name}"] = await app_of(store)
        urls = {name: await up.enter_async_context(_served(app)) for name, app in apps.items()}
        session = await up.enter_async_context(aiohttp.ClientSession())
        for n in range(-1, rounds):
            bodies = [ubl() for _ in range(PER_ROUND)]
            for name, url in urls.items():
                took = await _post_all(session, url, bodies)
                if n >= 0:  # the first round warms up
                    rates.setdefault(name, []).append(PER_ROUND / took)
    rate = {name: median(seen) for name, seen in rates.items()}
    return {
        **{f"{name}: per second": figure for name, figure in rate.items()},
        **{f"{name} / bare": rate[name] / rate[BARE] for name in rate if name != BARE},
    }


async def _post_all(session: aiohttp.ClientSession, url: str, bodies: Sequence[bytes]) -> float:
    """Seconds until the last 202."""
    headers = {"Authorization": f"Bearer {SENDER.key}", "Content-Type": XML}
    waiting = iter(bodies)

    async def client() -> None:
        for body in waiting:
            async with session.post(f"{url}/v1/documents", data=body, headers=headers) as response:
                answer = await response.read()
                assert response.status == 202, answer

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return time.perf_counter() - began


@asynccontextmanager
async def _served(app: web.Application) -> AsyncIterator[str]:
    runner = make_runner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def _bare(keep: Keep) -> web.Application:
    async def take(request: web.Request) -> web.Response:
        await keep(await request.read())
        return web.json_response({"id": "none", "state": "received"}, status=202)

    app = web.Application()
    app.add_routes([web.post("/v1/documents", take)])
    return app


async def _nothing(body: bytes) -> None:
    """What the bare POST does with a body."""


@asynccontextmanager
async def _group_commit(database: Path) -> AsyncIterator[Keep]:
    """Rows in one table; one thread commits for all who wait."""
    connection = connect(database)
    connection.execute("CREATE TABLE t (id TEXT PRIMARY KEY, payload BLOB) STRICT")
    loop = asyncio.get_running_loop()
    waiting: SimpleQueue[tuple[bytes, asyncio.Future[None]] | None] = SimpleQueue()

    def answer(futures: Sequence[asyncio.Future[None]]) -> None:
        for future in futures:
            future.set_result(None)

    def work() -> None:
        while (first := waiting.get()) is not None:
            units = [first]
            while len(units) < CLIENTS and not waiting.empty():
                if (unit := waiting.get()) is None:
                    waiting.put(None)
                    break
                units.append(unit)
            connection.execute("BEGIN IMMEDIATE")
            rows = [(new_id("doc"), body) for body, _ in units]
            connection.executemany("INSERT INTO t VALUES (?, ?)", rows)
            connection.execute("COMMIT")
            loop.call_soon_threadsafe(answer, [future for _, future in units])
        connection.close()

    async def keep(body: bytes) -> None:
        future: asyncio.Future[None] = loop.create_future()
        waiting.put((body, future))
        await future

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield keep
    finally:
        waiting.put(None)
        await asyncio.to_thread(thread.join)


@asynccontextmanager
async def _rows() -> AsyncIterator[Keep]:
    """Rows in one table of PostgreSQL, each with a commit of its own."""
    async with asyncpg.create_pool(
        await new_tables(), min_size=CONNECTIONS, max_size=CONNECTIONS
    ) as pool:
        await pool.execute("CREATE TABLE t (id text PRIMARY KEY, payload bytea)")

        async def keep(body: bytes) -> None:
            await pool.execute("INSERT INTO t VALUES ($1, $2)", new_id("doc"), body)

        yield keep


def main() -> None:
    """Prints the figures, one a line."""
    for name, value in measure().items():
        sys.stdout.write(f"{name:46} {value:10.2f}\n")


if __name__ == "__main__":
    main()
