"""The stores against the databases they write to, side by side in one run.

raw: 10 KB a row into one table, with 1 and with 64 rows a commit: the `sqlite3` module with WAL and
synchronous=FULL; asyncpg on one connection. accept: documents through `Store.accept` by 64 clients.
step: claim + checkpoint (change of state, leg, attempt, event), 64 at a time. Figures are medians
of the rounds, per second; ratios are to raw with 64 rows a commit of the same database.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import median
from uuid import uuid4

import asyncpg

from gateway.lifecycle import State, change
from gateway.store.ids import new_id
from gateway.store.port import (
    Again,
    Attempt,
    Checkpoint,
    Company,
    Done,
    Job,
    Leg,
    NewEvent,
    NewPart,
    Role,
    Store,
    Submission,
)
from gateway.store.sqlite.schema import connect
from tests.bench.stores import POSTGRES, SQLITE, new_tables, open_new

CLIENTS = 64
ONE, MANY = "raw, 1 row a commit", f"raw, {CLIENTS} rows a commit"
PAYLOAD = os.urandom(5_000).hex().encode()
NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
ROUTED = change(State.RECEIVED, State.ROUTING, code="c", text="A reason.")
SENDING = change(State.ROUTING, State.SENDING, code="c", text="A reason.")


def measure(documents: int = 3_000, rounds: int = 3) -> dict[str, float]:
    """Per second, by store: rows written as they are, documents, steps; and the ratios."""
    return asyncio.run(_measure(documents, rounds))


async def _measure(documents: int, rounds: int) -> dict[str, float]:
    figures: dict[str, float] = {}
    seen: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        for name, raw in ((SQLITE, _raw), (POSTGRES, _raw_postgres)):
            with tempfile.TemporaryDirectory() as folder:
                one = await raw(Path(folder) / "one", documents // 4, 1)
                many = await raw(Path(folder) / "many", documents, CLIENTS)
                accept, step = await _store(name, Path(folder) / "data", documents)
            for what, figure in ((ONE, one), (MANY, many), ("accept", accept), ("step", step)):
                seen.setdefault((name, what), []).append(figure)
    for (name, what), values in seen.items():
        figures[f"{name}: {what}"] = median(values)
    for name in (SQLITE, POSTGRES):
        for what in ("accept", "step"):
            ratio = figures[f"{name}: {what}"] / figures[f"{name}: {MANY}"]
            figures[f"{name}: {what} / {MANY}"] = ratio
    return figures


async def _raw(database: Path, rows: int, a_commit: int) -> float:
    connection = connect(database)
    connection.execute("CREATE TABLE t (id TEXT PRIMARY KEY, at INTEGER, payload BLOB) STRICT")
    gc.collect()
    start = time.perf_counter()
    for _ in range(rows // a_commit):
        connection.execute("BEGIN IMMEDIATE")
        for _ in range(a_commit):
            connection.execute("INSERT INTO t VALUES (?, ?, ?)", (new_id("doc"), 0, PAYLOAD))
        connection.execute("COMMIT")
    took = time.perf_counter() - start
    connection.close()
    return rows / took


async def _raw_postgres(_place: Path, rows: int, a_commit: int) -> float:
    connection = await asyncpg.connect(await new_tables())
    await connection.execute("CREATE TABLE t (id text PRIMARY KEY, at bigint, payload bytea)")
    insert = "INSERT INTO t SELECT * FROM unnest($1::text[], $2::bigint[], $3::bytea[])"
    gc.collect()
    start = time.perf_counter()
    for _ in range(rows // a_commit):
        ids = [new_id("doc") for _ in range(a_commit)]
        await connection.execute(insert, ids, [0] * a_commit, [PAYLOAD] * a_commit)
    took = time.perf_counter() - start
    await connection.close()
    return rows / took


async def _store(name: str, data_dir: Path, documents: int) -> tuple[float, float]:
    store = await open_new(name, data_dir)
    await store.add_company(Company("acme", "Acme", "SE", (), {}), NOW)
    gc.collect()
    start = time.perf_counter()
    numbers = iter(range(documents))
    await asyncio.gather(*(_client(store, numbers) for _ in range(CLIENTS)))
    accepted = time.perf_counter()
    steps = await _work(store)
    worked = time.perf_counter()
    await store.close()
    assert steps == 2 * documents
    return documents / (accepted - start), steps / (worked - accepted)


async def _client(store: Store, numbers: Iterator[int]) -> None:
    for n in numbers:
        document_id = new_id("doc")
        # Every document's own bytes: the same ones would be stored once.
        part = NewPart(Role.ORIGINAL, "i.xml", "application/xml", b"%d %s" % (n, PAYLOAD))
        asked = Submission(
            document_id, "acme", "application/xml", [part], {}, (document_id, document_id)
        )
        await store.accept(asked, NOW)


async def _work(store: Store) -> int:
    steps = count()
    while jobs := await store.claim("worker", NOW, 30, CLIENTS):
        await asyncio.gather(*(store.checkpoint(job, _step(job), NOW) for job in jobs))
        for _ in jobs:
            next(steps)
    return next(steps)


def _step(job: Job) -> Checkpoint:
    if job.kind == "prepare":
        leg = Leg(job.document_id, 0, "email", uuid4(), "trying")
        intent = Attempt(new_id("att"), job.document_id, 0, "email", NOW)
        routed = [NewEvent("document.routed", {"steps": ["email"]})]
        return Checkpoint(Again(NOW, "deliver"), ROUTED, legs=[leg], attempt=intent, events=routed)
    return Checkpoint(Done(), SENDING, channel="email", events=[NewEvent("document.sent")])


def main() -> None:
    """Prints the figures, one a line."""
    for name, value in measure().items():
        sys.stdout.write(f"{name:46} {value:10.2f}\n")


if __name__ == "__main__":
    main()
