"""Whether a gateway's memory grows with what it has done.

Small invoices are accepted and carried by a gateway on SQLite, a thousand at a time. The slope is
that of a straight line through what the gateway and its processes hold after each thousand; the
first tenth warms up and does not count.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import linear_regression

from gateway.sandbox import RECEIVER
from tests.bench.servers import gateway
from tests.bench.stores import SQLITE
from tests.bench.whole_way import JSON, carry
from tests.e2e.invoices import submission

DOCUMENTS = 10_000
AT_ONCE = 1_000


def measure(documents: int = DOCUMENTS) -> Mapping[str, float]:
    """MB held at the first and the last, and MB more with each 10,000 documents."""
    return asyncio.run(_measure(documents))


async def _measure(documents: int) -> Mapping[str, float]:
    held: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        async with gateway(SQLITE, Path(folder)) as running:
            for first in range(0, documents, AT_ONCE):
                numbers = range(first, first + AT_ONCE)
                bodies = [json.dumps(submission(f"M-{n}", to=RECEIVER)).encode() for n in numbers]
                await carry(running.url, bodies, JSON)
                done = first + AT_ONCE
                if done > documents // 10:
                    held[done] = running.memory_bytes() / 1e6
                    sys.stderr.write(f"{done:10,} {held[done]:10.1f} MB\n")
        size = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
    slope, _ = linear_regression(list(held), list(held.values()))
    first_mb, *_, last_mb = held.values()
    return {
        "documents": documents,
        "MB, at first": first_mb,
        "MB, at last": last_mb,
        "MB more with 10,000 documents": slope * 10_000,
        "KB on disk for each": size / 1e3 / documents,
    }


def main() -> None:
    """Prints the figures, one a line; the argument is how many documents."""
    for name, value in measure(*map(int, sys.argv[1:])).items():
        sys.stdout.write(f"{name:46} {value:10.2f}\n")


if __name__ == "__main__":
    main()
