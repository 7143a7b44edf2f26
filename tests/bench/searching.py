"""Searching: pages of the console over many documents, and what the worker does meanwhile.

An archive of documents is written by the database itself (`tests.bench.archive`). On SQLite a
console in this process is asked by an operator in another one, page after page: queries of the log,
and documents; beside it a bare aiohttp page of the same size. A tenth of the machine is kept busy.
Then a worker carries documents in the process of the console, alone and while ten operators browse,
by turns. On PostgreSQL the store itself is asked (`--postgres`).
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import quote

from aiohttp import web

from gateway import log
from gateway.clock import SystemClock
from gateway.console.log.query import parse
from gateway.delivery.verbs import Verb, act
from gateway.delivery.worker import Worker
from gateway.sandbox import RECEIVER, SENDER
from gateway.store.ids import new_id
from gateway.store.port import NewPart, Role, Store, Submission
from gateway.store.sqlite import SqliteStore
from tests.bench import archive, browsing
from tests.bench.browsing import Round
from tests.bench.delivery import NoOp
from tests.bench.stores import new_tables, opened
from tests.console.office import open_office
from tests.e2e.invoices import submission

DOCUMENTS = 100_000
OPERATORS = 10
_THINK_S = 2.0  # how long an operator looks at a page
_TIMES = 10  # each page, when one after the other is asked for
_CARRIED = 300
_ROUNDS = 3
_PAGE = b"<!doctype html><title>Bare</title>" + b"<p>A row of a list.</p>" * 2000

BARE = "a bare aiohttp page"


def queries(total: int) -> list[str]:
    """What operators ask: few and many hits, across companies and within one."""
    middle = total // 2 + 1
    return [
        "",
        "state:failed",
        "state:failed channel:peppol",
        "state:held,waiting",
        "channel:vipps state:delivered",
        "code:email.bounced",
        "direction:in kind:credit_note",
        "rule:BR-7",
        f"number:F-{middle}",
        f"F-{middle}",
        "party:0192:900000003",
        "party:900000003 kind:credit_note",
        "kami",
        "ka ab",
        f"ref:{middle * 7 + 1_000_000}",
        "inbox:blocked",
        "company:com_000000000110",
        "company:com_000000000110 state:failed",
        "since:140d until:133d state:sent",
        "kind:reminder",  # there is none: all that may be looked at is
    ]


def measure(documents: int = DOCUMENTS, there: Path | None = None) -> Mapping[str, float]:
    """Milliseconds and ratios on SQLite, and what is left of the worker. `there`: the data
    directory of an archive of so many documents, which is copied."""
    return asyncio.run(_sqlite(documents, there))


async def _sqlite(documents: int, there: Path | None) -> Mapping[str, float]:
    log.setup("warning")
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        if there is not None:
            shutil.copytree(there, data, dirs_exist_ok=True)
        store = await SqliteStore.open(data)
        await store.close()
        if there is None:
            archive.fill_sqlite(data / "budkavle.sqlite", documents, time.time_ns() // 1000)
        async with open_office(data, channels=["internal"]) as office:
            await office.store.add_company(SENDER.company, SystemClock().now())
            worker = Worker(office.store, {"internal": NoOp()}, SystemClock())
            shown = await _ready(office.store, worker, 20)
            await worker.run_due()
            async with office.browser() as browser, _bare() as bare:
                await office.operator(browser)
                cookies = (f"{c.key}={c.value}" for c in browser.session.cookie_jar)
                pages = {
                    "log": [
                        f"{office.url}/console/log?q={quote(query)}" for query in queries(documents)
                    ],
                    "document": [
                        f"{office.url}/console/documents/{SENDER.company.id}/{id_}" for id_ in shown
                    ],
                    BARE: [bare],
                }
                asked = Round("; ".join(cookies), pages, _TIMES)
                with _busy():
                    await browsing.elsewhere(Round(asked.cookie, pages))  # warm
                    took = await browsing.elsewhere(asked)
                return {**_waits(took), **await _beside(office.store, worker, asked)}


def _waits(took: Mapping[str, Sequence[float]]) -> dict[str, float]:
    figures = {}
    hundredths = {kind: quantiles(seconds, n=100) for kind, seconds in took.items()}
    for kind, each in hundredths.items():
        figures[f"{kind}: ms, p50"] = 1000 * each[49]
        figures[f"{kind}: ms, p95"] = 1000 * each[94]
    for kind in took.keys() - {BARE}:
        figures[f"{kind}: p95 / {BARE}"] = hundredths[kind][94] / hundredths[BARE][94]
    return figures


async def _beside(store: Store, worker: Worker, asked: Round) -> dict[str, float]:
    """How many documents the worker carries, alone and beside ten operators; by turns."""
    alone, beside = [], []
    pages = {kind: pages for kind, pages in asked.pages.items() if kind != BARE}
    for _ in range(_ROUNDS):
        for operators, seen in ((0, alone), (OPERATORS, beside)):
            await _ready(store, worker, _CARRIED)
            gc.collect()
            browsers = None
            if operators:
                many = Round(asked.cookie, pages, 0, operators, _THINK_S, for_s=20)
                browsers = asyncio.create_task(browsing.elsewhere(many))
                await asyncio.sleep(2)  # until they have begun
            began = time.perf_counter()
            await worker.run_due()
            seen.append(_CARRIED / (time.perf_counter() - began))
            if browsers:
                await browsers
    return {
        "the worker, documents per second": median(alone),
        f"the same while {OPERATORS} operators browse": median(beside),
        "what is left of it": median(beside) / median(alone),
    }


async def _ready(store: Store, worker: Worker, count: int) -> list[str]:
    """Documents that were prepared and are ready to be carried."""
    clock, ids = SystemClock(), [new_id("doc") for _ in range(count)]
    for document_id in ids:
        body = json.dumps(submission(document_id, to=RECEIVER)).encode()
        original = NewPart(Role.ORIGINAL, "document.json", "application/json", body)
        asked = Submission(
            document_id, SENDER.company.id, original.media_type, [original], {"hold": True}
        )
        await store.accept(asked, clock.now())
    await worker.run_due()
    for document_id in ids:
        await act(store, clock, SENDER.company.id, document_id, Verb.RELEASE, "bench")
    return ids


@asynccontextmanager
async def _bare() -> AsyncIterator[str]:
    """A page that is there already, from the same process and event loop."""

    async def page(request: web.Request) -> web.Response:
        return web.Response(body=_PAGE, content_type="text/html")

    app = web.Application()
    app.add_routes([web.get("/", page)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


@contextmanager
def _busy() -> Iterator[None]:
    """A tenth of the machine has something else to do."""
    pid = os.fork()
    if pid == 0:
        share_s = 0.01 * (os.cpu_count() or 1)  # of each tenth of a second
        while os.getppid() != 1:
            end = time.monotonic() + min(share_s, 0.1)
            while time.monotonic() < end:
                pass
            time.sleep(max(0.1 - share_s, 0))
        os._exit(0)
    try:
        yield
    finally:
        os.kill(pid, 15)
        os.waitpid(pid, 0)


# --- PostgreSQL -----------------------------------------------------------------------------------


def measure_postgres(documents: int, url: str | None = None) -> Mapping[str, float]:
    """Milliseconds of the store's operations on PostgreSQL: a page of each query, its facets, and
    both together as the log asks. `url`: an archive that is there already."""
    return asyncio.run(_postgres(documents, url))


async def _postgres(documents: int, url: str | None) -> Mapping[str, float]:
    if url is None:
        url = await new_tables()
        await archive.fill_postgres(url, documents, time.time_ns() // 1000)
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as folder:
        store = await opened(Path(folder), url)
        took: dict[str, list[float]] = {"page": [], "facets": [], "log": []}
        for n in range(-1, _TIMES):  # the first time warms up
            for text in queries(documents):
                query, faults = parse(text)
                assert not faults, faults
                named = {one: [one] for one in query.values("company")}
                question = query.question(clock.now(), None, named)
                began = time.perf_counter()
                await store.found(question)
                between = time.perf_counter()
                await store.facets(question)
                after = time.perf_counter()
                await asyncio.gather(store.found(question), store.facets(question))
                if n >= 0:
                    took["page"].append(between - began)
                    took["facets"].append(after - between)
                    took["log"].append(time.perf_counter() - after)
        await store.close()
    figures = {}
    for kind, seconds in took.items():
        figures[f"PostgreSQL: {kind}, ms, p50"] = 1000 * median(seconds)
        figures[f"PostgreSQL: {kind}, ms, p95"] = 1000 * quantiles(seconds, n=100)[94]
    return figures


def main() -> None:
    """Prints the figures, one a line."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--documents", type=int, default=DOCUMENTS)
    asked.add_argument("--postgres", action="store_true", help="on PostgreSQL, not on SQLite")
    asked.add_argument("--archive", help="that was filled before: a directory, or the tables' URL")
    given = asked.parse_args()
    figures = (
        measure_postgres(given.documents, given.archive)
        if given.postgres
        else measure(given.documents, Path(given.archive) if given.archive else None)
    )
    for name, value in figures.items():
        sys.stdout.write(f"{name:50} {value:10.2f}\n")


if __name__ == "__main__":
    main()
