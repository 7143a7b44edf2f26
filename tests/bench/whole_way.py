"""Documents accepted, and carried all the way, beside a bare aiohttp POST of the same body.

64 clients, invoices of about 10 KB: UBL, and JSON, which holds many more lines in as many bytes.
Three servers, each a process of its own: the bare POST; a gateway that only accepts; a gateway that
also carries, to a company on it: no partner's speed is measured. The client is this process, and
costs next to nothing (`client`). Rounds alternate, so that a busy machine troubles all alike;
figures are medians. What a document costs of a server's processor is told beside the rates: it
hardly depends on what else the machine does.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from itertools import count
from pathlib import Path

import aiohttp

from gateway.intake.prepare import Prepared, prepare
from gateway.sandbox import RECEIVER, SENDER
from tests.bench.client import post_all
from tests.e2e.invoices import submission
from transports.base import File

ROUNDS = 5
PER_ROUND = 400
CLIENTS = 64
JSON, XML = "application/json", "application/xml"
MEANWHILE = "accepted while others are carried"

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
                ubl = [_ubl() for _ in range(PER_ROUND)]
                json_ = [_json() for _ in range(PER_ROUND)]
                for name, server, media_type, bodies in (
                    ("bare POST", bare, XML, ubl),
                    ("accepted, UBL", accepting, XML, ubl),
                    ("accepted, JSON", accepting, JSON, json_),
                ):
                    before = server.processor_s()
                    took = await post_all(server.url, SENDER.key, media_type, bodies, CLIENTS)
                    if n >= 0:
                        note(name, took, server.processor_s() - before)
                before = gateway.processor_s()
                accepted, carried = await _carry(gateway.url, ubl)
                if n >= 0:  # the first round warms up
                    note(MEANWHILE, accepted, 0)
                    note("end to end, UBL", carried, gateway.processor_s() - before)
    rate = {name: statistics.median(seen) for name, seen in rates.items()}
    cost = {name: statistics.median(seen) for name, seen in costs.items()}
    del cost[MEANWHILE]
    return {
        **{f"{name}: per second": figure for name, figure in rate.items()},
        **{f"{name}: ms of processor": figure for name, figure in cost.items()},
        **{f"{name} / bare": rate[name] / rate["bare POST"] for name in rate if name[:4] != "bare"},
    }


def _json(lines: int = 62) -> bytes:
    """A body of about 10 KB, with a number of its own."""
    asked = submission(f"B-{next(_numbers)}", to=RECEIVER)
    (line,) = asked["invoice"]["lines"]
    asked["invoice"]["lines"] = [line | {"id": str(n)} for n in range(1, lines + 1)]
    return json.dumps(asked).encode()


def _ubl(lines: int = 11) -> bytes:
    """The same invoice as UBL, with as many lines as make about 10 KB."""
    made = prepare(File("i.json", JSON, _json(lines)), (), {}, at=date(2026, 11, 2))
    assert isinstance(made, Prepared), made
    return made.document


async def _carry(url: str, bodies: Sequence[bytes]) -> tuple[float, float]:
    """Seconds until all are accepted, and until all are delivered."""
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {SENDER.key}"}) as session:
        cursor = await _end_of_feed(session, url)
        began = time.perf_counter()
        accepted = await post_all(url, SENDER.key, XML, bodies, CLIENTS)
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
