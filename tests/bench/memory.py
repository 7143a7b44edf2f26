"""Whether a gateway's memory grows with what it has done.

Small invoices are accepted and carried by a gateway on SQLite, a thousand at a time. The slopes are
those of straight lines through what the gateway, and its processes for heavy work, hold after each
thousand; the first tenth warms up and does not count. A gateway that has come to its size has a
slope of nearly nothing also in the last half.
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
    gateways: dict[int, float] = {}  # MB, by how many documents were done
    children: dict[int, float] = {}
    cursor: str | None = None
    with tempfile.TemporaryDirectory() as folder:
        async with gateway(SQLITE, Path(folder)) as running:
            for first in range(0, documents, AT_ONCE):
                numbers = range(first, first + AT_ONCE)
                bodies = [json.dumps(submission(f"M-{n}", to=RECEIVER)).encode() for n in numbers]
                cursor = (await carry(running.url, bodies, JSON, cursor)).cursor
                done = first + AT_ONCE
                if done > documents // 10:
                    gateways[done], children[done] = (held / 1e6 for held in running.memory_bytes())
                    sys.stderr.write(
                        f"{done:10,} {gateways[done]:10.1f} + {children[done]:.1f} MB\n"
                    )
        size = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
    first_mb, *_, last_mb = gateways.values()
    first_beside_mb, *_, last_beside_mb = children.values()
    last_half = {done: mb for done, mb in gateways.items() if done >= documents // 2}
    return {
        "documents": documents,
        "MB of the gateway, at first": first_mb,
        "MB of the gateway, at last": last_mb,
        "MB of its processes, at first": first_beside_mb,
        "MB of its processes, at last": last_beside_mb,
        "MB more with 10,000 documents: the gateway": _slope(gateways),
        "MB more with 10,000 documents: in the last half": _slope(last_half),
        "MB more with 10,000 documents: its processes": _slope(children),
        "KB on disk for each": size / 1e3 / documents,
    }


def _slope(held: Mapping[int, float]) -> float:
    """Of MB by documents, with 10,000 of them."""
    slope, _ = linear_regression(list(held), list(held.values()))
    return slope * 10_000


def main() -> None:
    """Prints the figures, one a line; the argument is how many documents."""
    for name, value in measure(*map(int, sys.argv[1:])).items():
        sys.stdout.write(f"{name:50} {value:10.2f}\n")


if __name__ == "__main__":
    main()
