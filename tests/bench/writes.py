"""What is written for an invoice: commits, and bytes of the database's log.

Invoices of about 10 KB are handed to the store by 64 clients, then carried by a worker with a
channel that does nothing. Counted, not timed. In SQLite a reader stands in one old moment
meanwhile, so that the log is not begun anew and holds every commit.
"""

from __future__ import annotations

import asyncio
import sqlite3
import struct
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import asyncpg

from gateway import log
from gateway.clock import SystemClock
from gateway.delivery.worker import Worker
from gateway.sandbox import SENDER, plant
from gateway.store.ids import new_id
from gateway.store.port import NewPart, Role, Store, Submission
from tests.bench.delivery import NoOp
from tests.bench.stores import STORES, opened, tables
from tests.bench.whole_way import CLIENTS, XML, ubl

DOCUMENTS = 640


class Log(NamedTuple):
    """How far the log has come."""

    commits: int
    bytes: int
    kept: int  # bytes of tables and indexes


def measure(documents: int = DOCUMENTS) -> Mapping[str, float]:
    """Commits and KB for each invoice."""
    log.setup("warning")
    return asyncio.run(_measure(documents))


async def _measure(documents: int) -> Mapping[str, float]:
    figures: dict[str, float] = {}
    clock = SystemClock()
    bodies = [ubl() for _ in range(documents)]
    for name in STORES:
        with tempfile.TemporaryDirectory() as folder:
            url = await tables(name)
            store = await opened(Path(folder), url)
            await plant(store, clock)
            worker = Worker(store, {"internal": NoOp()}, clock, concurrency=CLIENTS)
            reading = _sqlite_log(Path(folder)) if url is None else _postgres_log(url)
            async with reading as read:
                logs = [await read()]
                await _accept(store, bodies)
                logs.append(await read())
                await worker.run_due()
                logs.append(await read())
            await store.close()
        for what, (before, after) in zip(("accepted", "carried"), pairwise(logs), strict=True):
            if url is not None:
                kept = (after.kept - before.kept) / 1e3 / documents
                figures[f"{name}: KB of tables and indexes for each {what}"] = kept
            commits, written = after.commits - before.commits, after.bytes - before.bytes
            figures[f"{name}: commits for each {what}"] = commits / documents
            figures[f"{name}: KB of log for each {what}"] = written / 1e3 / documents
    return figures


async def _accept(store: Store, bodies: Sequence[bytes]) -> None:
    waiting = iter(bodies)

    async def client() -> None:
        for body in waiting:
            part = NewPart(Role.ORIGINAL, "invoice.xml", XML, body)
            asked = Submission(new_id("doc"), SENDER.company.id, XML, [part], {})
            await store.accept(asked, SystemClock().now())

    await asyncio.gather(*(client() for _ in range(CLIENTS)))


@asynccontextmanager
async def _postgres_log(url: str) -> AsyncIterator[Callable[[], Awaitable[Log]]]:
    connection = await asyncpg.connect(url)

    async def read() -> Log:
        # The server's counters: transactions that wrote nothing have no number, and are not told.
        row = await connection.fetchrow(
            "SELECT pg_snapshot_xmax(pg_current_snapshot()),"
            " pg_current_wal_insert_lsn() - '0/0'::pg_lsn,"
            " pg_database_size(current_database())"
        )
        assert row is not None
        return Log(int(row[0]), int(row[1]), int(row[2]))

    try:
        yield read
    finally:
        await connection.close()


@asynccontextmanager
async def _sqlite_log(folder: Path) -> AsyncIterator[Callable[[], Awaitable[Log]]]:
    reader = sqlite3.connect(folder / "budkavle.sqlite", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM document").fetchall()

    async def read() -> Log:
        return _frames((folder / "budkavle.sqlite-wal").read_bytes())

    try:
        yield read
    finally:
        reader.close()


def _frames(wal: bytes) -> Log:
    """Commits in a log of SQLite, and its bytes (https://www.sqlite.org/fileformat2.html, 4.1)."""
    (page_size,) = struct.unpack_from(">I", wal, 8)
    salts, frame = wal[16:24], 24 + page_size
    commits = written = 0
    for at in range(32, len(wal) - frame + 1, frame):
        if wal[at + 8 : at + 16] != salts:  # left over from before the log was begun anew
            break
        written += frame
        commits += struct.unpack_from(">I", wal, at + 4)[0] > 0
    return Log(commits, written, 0)  # tables come later, with the checkpoint


def main() -> None:
    """Prints the figures, one a line."""
    for name, value in measure().items():
        sys.stdout.write(f"{name:46} {value:10.2f}\n")


if __name__ == "__main__":
    main()
