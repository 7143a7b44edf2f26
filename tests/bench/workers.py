"""Two workers beside one on the same PostgreSQL, with a channel that takes 0.2 s.

Each worker is a process; the documents were prepared, and held, before the clock runs. The rounds
alternate; the figure is the median ratio of the times.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from gateway import log
from gateway.clock import SystemClock
from gateway.delivery.verbs import Verb, act
from gateway.delivery.worker import Worker
from gateway.sandbox import RECEIVER, SENDER, plant
from gateway.store.ids import new_id
from gateway.store.port import NewPart, Role, Submission
from gateway.store.postgres import PostgresStore
from tests.bench.delivery import NoOp
from tests.bench.stores import new_tables
from tests.e2e.invoices import submission
from transports.base import Envelope, Outcome

DOCUMENTS = 600
ROUNDS = 3
CALL_S = 0.2


class Slow(NoOp):
    """A channel that has everything delivered, after a while."""

    async def deliver(self, envelope: Envelope) -> Outcome:
        """Delivered."""
        await asyncio.sleep(CALL_S)
        return await super().deliver(envelope)


def measure(rounds: int = ROUNDS) -> Mapping[str, float]:
    """Deliveries per second with one worker and with two, and the ratio."""
    log.setup("warning")
    seen: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(rounds):
        for workers in seen:
            seen[workers].append(asyncio.run(_round(workers)))
    one, two = (median(times) for times in seen.values())
    return {
        "one worker: deliveries per second": DOCUMENTS / one,
        "two workers: deliveries per second": DOCUMENTS / two,
        "two / one": one / two,
    }


async def _round(workers: int) -> float:
    """Seconds until all are delivered."""
    url = await new_tables()
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as data:
        store = await PostgresStore.open(url, Path(data))
        await plant(store, clock)
        company = SENDER.company.id
        ids = [new_id("doc") for _ in range(DOCUMENTS)]
        await asyncio.gather(*(_hold(store, n, id_) for n, id_ in enumerate(ids)))
        await Worker(store, {"internal": NoOp()}, clock).run_due()
        await store.pause("deliver", True)
        at_work = [await _start(url, data) for _ in range(workers)]
        await asyncio.gather(
            *(act(store, clock, company, id_, Verb.RELEASE, "bench") for id_ in ids)
        )
        began = time.perf_counter()
        await store.pause("deliver", False)
        while (await store.counts(clock.now()))["documents"].get("delivered", 0) < DOCUMENTS:
            await asyncio.sleep(0.02)
        took = time.perf_counter() - began
        for process in at_work:
            process.terminate()
            await process.wait()
        await store.close()
    return took


async def _hold(store: PostgresStore, n: int, document_id: str) -> None:
    body = json.dumps(submission(f"W-{n}", to=RECEIVER)).encode()
    original = NewPart(Role.ORIGINAL, "document.json", "application/json", body)
    asked = Submission(
        document_id, SENDER.company.id, original.media_type, [original], {"hold": True}
    )
    await store.accept(asked, SystemClock().now())


async def _start(url: str, data: str) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.workers", url, data),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    await process.stdout.readline()
    return process


async def _work(url: str, data: str) -> None:
    store = await PostgresStore.open(url, Path(data))
    worker = Worker(store, {"internal": Slow()}, SystemClock())
    sys.stdout.write("at work\n")
    sys.stdout.flush()
    await worker.run()


def main() -> None:
    """Prints the figures, one a line; with arguments, it is one of the workers."""
    if len(sys.argv) > 1:
        log.setup("warning")
        asyncio.run(_work(*sys.argv[1:]))
    for name, value in measure().items():
        sys.stdout.write(f"{name:46} {value:10.2f}\n")


if __name__ == "__main__":
    main()
