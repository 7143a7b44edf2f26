"""Documents accepted, and carried all the way, beside a bare aiohttp POST of the same body.

64 clients, JSON invoices of 10 KB. Three servers, each a process of its own: the bare POST; a
gateway that only accepts; a gateway that also carries, to a company on it: no partner's speed is
measured. The client is this process, and costs next to nothing (`client`). Rounds alternate, so
that a busy machine troubles all alike; figures are medians. What a document costs of a server's
processor is told beside the rates: it hardly depends on what else the machine does.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import aiohttp

from gateway.sandbox import RECEIVER, SENDER
from tests.bench.client import post_all
from tests.e2e.invoices import submission

ROUNDS = 5
PER_ROUND = 400
CLIENTS = 64
BODY_BYTES = 10_000

_numbers = count(1)


def measure(rounds: int = ROUNDS) -> Mapping[str, float]:
    """Rates per second, milliseconds of processor per document, and ratios to the bare POST."""
    return asyncio.run(_measure(rounds))


@dataclass(frozen=True, slots=True)
class _Server:
    url: str
    pid: int

    def processor_s(self) -> float:
        """Seconds of processor that it has used."""
        *_, used = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")
        user, system = used.split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


async def _measure(rounds: int) -> Mapping[str, float]:
    rates: dict[str, list[float]] = {}
    costs: dict[str, list[float]] = {}

    def note(name: str, seconds: float, processor_s: float) -> None:
        rates.setdefault(name, []).append(PER_ROUND / seconds)
        costs.setdefault(name, []).append(1000 * processor_s / PER_ROUND)

    with tempfile.TemporaryDirectory() as folder:
        one, other = Path(folder) / "one", Path(folder) / "other"
        sandbox = ("-m", "gateway.cli", "sandbox", "--data", str(other), "--listen", "127.0.0.1:0")
        async with (
            _server("-m", "tests.bench.bare") as bare,
            _server("-m", "tests.bench.accepting", str(one)) as accepting,
            _server(*sandbox) as gateway,
        ):
            for n in range(-1, rounds):
                bodies = [_body() for _ in range(PER_ROUND)]
                for name, server in (("bare", bare), ("accepted", accepting)):
                    before = server.processor_s()
                    took = await post_all(server.url, SENDER.key, bodies, CLIENTS)
                    if n >= 0:
                        note(name, took, server.processor_s() - before)
                before = gateway.processor_s()
                accepted, carried = await _carry(gateway.url, bodies)
                if n >= 0:  # the first round warms up
                    note("accepted meanwhile", accepted, 0)
                    note("carried", carried, gateway.processor_s() - before)
    rate = {name: statistics.median(seen) for name, seen in rates.items()}
    cost = {name: statistics.median(seen) for name, seen in costs.items()}
    return {
        "bare POST, per second": rate["bare"],
        "accepted (202, on disk), per second": rate["accepted"],
        "accepted while others are carried, per second": rate["accepted meanwhile"],
        "end to end (in the inbox), per second": rate["carried"],
        "bare POST, ms of processor": cost["bare"],
        "accepted, ms of processor": cost["accepted"],
        "end to end, ms of processor": cost["carried"],
        "accepted / bare": rate["accepted"] / rate["bare"],
        "accepted while others are carried / bare": rate["accepted meanwhile"] / rate["bare"],
        "end to end / bare": rate["carried"] / rate["bare"],
    }


def _body() -> bytes:
    """An invoice of about BODY_BYTES, with a number of its own."""
    asked = submission(f"B-{next(_numbers)}", to=RECEIVER)
    (line,) = asked["invoice"]["lines"]
    size, more = len(json.dumps(asked)), len(json.dumps(line)) + len(", ")
    lines = range(1, 2 + (BODY_BYTES - size) // more)
    asked["invoice"]["lines"] = [line | {"id": str(n)} for n in lines]
    return json.dumps(asked).encode()


async def _carry(url: str, bodies: list[bytes]) -> tuple[float, float]:
    """Seconds until all are accepted, and until all are delivered."""
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {SENDER.key}"}) as session:
        cursor = await _end_of_feed(session, url)
        began = time.perf_counter()
        accepted = await post_all(url, SENDER.key, bodies, CLIENTS)
        delivered = 0
        while delivered < len(bodies):
            async with session.get(
                f"{url}/v1/events", params={"after": cursor, "wait": "10", "limit": "1000"}
            ) as response:
                page = await response.json()
            cursor = page["next"]
            delivered += sum(event["type"] == "document.delivered" for event in page["events"])
            await asyncio.sleep(0.05)  # one who asks without a pause would be measured too
        return accepted, time.perf_counter() - began


async def _end_of_feed(session: aiohttp.ClientSession, url: str) -> str:
    cursor: str | None = None
    while True:
        query = {"limit": "1000"} | ({"after": cursor} if cursor else {})
        async with session.get(f"{url}/v1/events", params=query) as response:
            page = await response.json()
        cursor = page["next"]
        if not page["events"]:
            assert cursor is not None
            return cursor


@asynccontextmanager
async def _server(*arguments: str) -> AsyncIterator[_Server]:
    """A process that tells in its first line where it listens."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    try:
        yield _Server(json.loads(await process.stdout.readline())["url"], process.pid)
    finally:
        process.terminate()
        await process.wait()


def main() -> None:
    """Prints the figures, one a line."""
    for name, value in measure().items():
        sys.stdout.write(f"{name:46} {value:10.2f}\n")


if __name__ == "__main__":
    main()
