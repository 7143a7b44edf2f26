"""What the worker itself costs: documents that are ready, carried by a channel that does nothing.

On both stores; the rounds alternate.

Each is claimed, its intent written, the channel called, the outcome written. The documents were
prepared, and held, before the clock runs; releasing them is not measured. Figures are medians of
the rounds, per second of wall clock and per second of processor.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from statistics import median

from gateway import log
from gateway.clock import SystemClock
from gateway.delivery.verbs import Verb, act
from gateway.delivery.worker import Worker
from gateway.lifecycle import State
from gateway.sandbox import RECEIVER, SENDER, plant
from gateway.store.ids import new_id
from gateway.store.port import NewPart, Role, Submission
from tests.bench.stores import STORES, open_new
from tests.e2e.invoices import submission
from transports.base import (
    Delivered,
    Envelope,
    Inbound,
    Inquiry,
    Outcome,
    Reachability,
    Reachable,
    Repeat,
    Report,
    Verdict,
    nothing_late,
)

DOCUMENTS = 500
ROUNDS = 3
_SAID = Verdict("internal.done", "Done.", "Done.")


class NoOp:
    """A channel that has everything delivered, at once."""

    name = "internal"
    needs_image = False
    merge_bytes: int | None = None
    repeat = Repeat.SAFE
    at_once: int | None = None

    async def resolve(self, inquiry: Inquiry) -> Reachability:
        """Everybody is reachable."""
        return Reachable("anywhere", _SAID)

    async def deliver(self, envelope: Envelope) -> Outcome:
        """Delivered."""
        return Delivered(_SAID)

    def collect(self) -> AsyncIterator[Report | Inbound]:
        """Nothing."""
        return nothing_late()

    async def close(self) -> None:
        """Nothing."""


def measure(rounds: int = ROUNDS) -> Mapping[str, float]:
    """Deliveries per second of wall clock, and of processor (PostgreSQL's own not counted)."""
    log.setup("warning")
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in STORES}
    for _ in range(rounds):
        for name, took in seen.items():
            took.append(asyncio.run(_round(name)))
    figures = {}
    for name, took in seen.items():
        of = f"{name}: no-op deliveries, per second"
        figures[of] = DOCUMENTS / median(wall for wall, _ in took)
        figures[f"{of} of processor"] = DOCUMENTS / median(processor for _, processor in took)
    return figures


async def _round(name: str) -> tuple[float, float]:
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as data:
        store = await open_new(name, Path(data))
        await plant(store, clock)
        company = SENDER.company.id
        worker = Worker(store, {"internal": NoOp()}, clock)
        ids = [new_id("doc") for _ in range(DOCUMENTS)]
        for n, document_id in enumerate(ids):
            body = json.dumps(submission(f"N-{n}", to=RECEIVER)).encode()
            original = NewPart(Role.ORIGINAL, "document.json", "application/json", body)
            asked = Submission(
                document_id, company, original.media_type, [original], {"hold": True}, None
            )
            await store.accept(asked, clock.now())
        await worker.run_due()
        for document_id in ids:
            await act(store, clock, company, document_id, Verb.RELEASE, "bench")
        gc.collect()  # the garbage of the preparation is not the delivery's
        wall, processor = time.perf_counter(), time.process_time()
        await worker.run_due()
        took = time.perf_counter() - wall, time.process_time() - processor
        last = await store.document(company, ids[-1])
        assert last is not None and last.state is State.DELIVERED
        await store.close()
    return took


def main() -> None:
    """Prints the figures, one a line."""
    for name, value in measure().items():
        sys.stdout.write(f"{name:50} {value:10.2f}\n")


if __name__ == "__main__":
    main()
