"""What waits costs those who are served nothing: timers far ahead, and one company's flood.

On SQLite, and on PostgreSQL where it can be started. Claims are timed alternately in a store with
nothing else in it and in one with a million timers; the ratio counts. How many of the others' jobs
come first while one company floods is counted, not timed: 99 of them hand one in at the same
moment, so the middle one is the fiftieth in an idle gateway too.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from gateway.store.port import Checkpoint, Company, Done, NewJob, Store
from tests.bench.stores import STORES, open_new

TIMERS = 1_000_000
FLOOD = 100_000
COMPANIES = 100
EACH = 10
AT_ONCE = 32
ROUNDS = 200
NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)


def measure(timers: int = TIMERS, flood: int = FLOOD) -> Mapping[str, float]:
    """Ratios of claims, and how far down the line the others' jobs were."""
    return asyncio.run(_measure(timers, flood))


async def _measure(timers: int, flood: int) -> Mapping[str, float]:
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:

        async def fresh(name: str, what: str) -> Store:
            return await open_new(name, Path(folder, name, what))

        for name in STORES:
            empty, full = await fresh(name, "empty"), await fresh(name, "full")
            await _timers(full, timers)
            ratio = await _claims(empty, full)
            figures[f"{name}: a claim beside {timers:,} timers / alone"] = ratio
            await empty.close()
            await full.close()
            idle, flooded = await fresh(name, "idle"), await fresh(name, "flooded")
            alone, beside = await _flood(idle, 0), await _flood(flooded, flood)
            await idle.close()
            await flooded.close()
            key = f"{name}: {flood:,} of one company: others"
            for what, of in (("wait", "seconds"), ("jobs served before", "places")):
                one, other = median(getattr(alone, of)), median(getattr(beside, of))
                figures[f"{key}, {what}, median / idle"] = other / one
            figures[f"{key}, jobs served before, at most"] = max(beside.places)
            figures[f"{name}: a claim of {AT_ONCE} in that, ms"] = 1000 * median(beside.claims)
    return figures


@dataclass(frozen=True, slots=True)
class _Waits:
    """How each of the others' jobs fared: jobs of anybody served before it since it was there, and
    seconds until it was taken; and how long each claim took."""

    places: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    claims: list[float] = field(default_factory=list)


async def _put(store: Store, jobs: Sequence[NewJob]) -> None:
    for first in range(0, len(jobs), 5000):
        await store.put(jobs[first : first + 5000], NOW)


async def _timers(store: Store, number: int) -> None:
    later = NOW + timedelta(days=3)
    await _put(store, [NewJob(f"timer/{n}", "expect", later) for n in range(number)])


async def _claims(one: Store, other: Store) -> float:
    """The median claim of the other by that of the one; each finds a job and finishes it."""
    took: dict[int, list[float]] = {0: [], 1: []}
    for n in range(ROUNDS):
        for which, store in enumerate((one, other)):
            await store.put([NewJob(f"now/{n}", "count", NOW)], NOW)
            began = time.perf_counter()
            (job,) = await store.claim("bench", NOW, 30, AT_ONCE)
            took[which].append(time.perf_counter() - began)
            await store.checkpoint(job, Checkpoint(next=Done()), NOW)
    return median(took[1]) / median(took[0])


async def _flood(store: Store, flood: int) -> _Waits:
    names = [f"com_{n:03}" for n in range(COMPANIES)]
    for name in names:
        await store.add_company(Company(name, name, "SE", (f"9999:{name}",), {}), NOW)
    await _put(store, [NewJob(f"flood/{n}", "carry", NOW, names[0]) for n in range(flood)])
    served, waits = 0, _Waits()
    for round_ in range(EACH):
        waiting = {f"{name}/{round_}": served for name in names[1:]}
        await _put(store, [NewJob(f"{n}/{round_}", "carry", NOW, n) for n in names[1:]])
        since = time.perf_counter()
        while waiting:
            began = time.perf_counter()
            jobs = await store.claim("bench", NOW, 1e6, AT_ONCE)
            taken = time.perf_counter()
            waits.claims.append(taken - began)
            for job in jobs:
                if job.key in waiting:
                    waits.places.append(served - waiting.pop(job.key))
                    waits.seconds.append(taken - since)
                served += 1
            await asyncio.gather(
                *(store.checkpoint(job, Checkpoint(next=Done()), NOW) for job in jobs)
            )
    return waits


def main() -> None:
    """Prints the figures, one a line."""
    for name, value in measure().items():
        sys.stdout.write(f"{name:70} {value:10.2f}\n")


if __name__ == "__main__":
    main()
