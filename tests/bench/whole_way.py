"""Documents accepted, and carried all the way, beside a bare aiohttp POST of the same body.

64 clients, invoices of about 10 KB: UBL, and JSON, which holds many more lines in as many bytes.
Servers are processes of their own: the bare POST; for each store a gateway that only accepts, and
one that also carries, to a company on it: no partner's speed is measured. The client is this
process, and costs next to nothing (`client`). Rounds alternate, so that a busy machine troubles all
alike; figures are medians. What a document costs of a server's processor, and of
PostgreSQL's own processes, is told beside the rates: it hardly depends on what else the machine
does.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import date
from itertools import count
from pathlib import Path
from typing import NamedTuple

import aiohttp

from gateway.intake.prepare import Prepared, prepare
from gateway.sandbox import RECEIVER, SENDER
from tests.bench.client import post_all
from tests.bench.servers import database, gateway, server
from tests.bench.stores import STORES, tables
from tests.e2e.invoices import submission
from transports.base import File

ROUNDS = 5
PER_ROUND = 400
CLIENTS = 64
JSON, XML = "application/json", "application/xml"
BARE = "bare POST"

_numbers = count(1)


def measure(rounds: int = ROUNDS) -> Mapping[str, float]:
    """Rates per second, milliseconds of processor per document, and ratios to the bare POST."""
    return asyncio.run(_measure(rounds))


async def _measure(rounds: int) -> Mapping[str, float]:
    rates: dict[str, list[float]] = {}
    costs: dict[str, list[float]] = {}

    def note(name: str, seconds: float, processor_s: float | None) -> None:
        rates.setdefault(name, []).append(PER_ROUND / seconds)
        if processor_s is not None:
            costs.setdefault(name, []).append(1000 * processor_s / PER_ROUND)

    async with AsyncExitStack() as up:
        folder = Path(up.enter_context(tempfile.TemporaryDirectory()))
        takers = {BARE: await up.enter_async_context(server("-m", "tests.bench.bare"))}
        gateways = {}
        for name in STORES:
            at = str(folder / f"accepting-{name}")
            accepting = server(
                "-m", "tests.bench.accepting", at, *filter(None, [await tables(name)])
            )
            takers[f"{name}: accepted"] = await up.enter_async_context(accepting)
            gateways[name] = await up.enter_async_context(gateway(name, folder / name))
        postgresql = await database()
        for n in range(-1, rounds):  # the first round warms up
            bodies = {
                XML: [ubl() for _ in range(PER_ROUND)],
                JSON: [_json() for _ in range(PER_ROUND)],
            }
            for name, taker in takers.items():
                for what, media_type in (("UBL", XML), ("JSON", JSON)):
                    before = taker.processor_s()
                    seconds = await post_all(
                        taker.url, SENDER.key, media_type, bodies[media_type], CLIENTS
                    )
                    if n >= 0:
                        note(f"{name}, {what}", seconds, taker.processor_s() - before)
            for name, carrier in gateways.items():
                before, before_there = carrier.processor_s(), postgresql.processor_s()
                took = await carry(carrier.url, bodies[XML])
                if n >= 0:
                    note(f"{name}: accepted while others are carried", took.accepted_s, None)
                    used = carrier.processor_s() - before
                    note(f"{name}: end to end, UBL", took.delivered_s, used)
                    there_s = postgresql.processor_s() - before_there
                    costs.setdefault(f"{name}: end to end, the database's own", []).append(
                        1000 * there_s / PER_ROUND
                    )
    rate = {name: statistics.median(seen) for name, seen in rates.items()}
    cost = {name: statistics.median(seen) for name, seen in costs.items()}
    bare = rate[f"{BARE}, UBL"]
    return {
        **{f"{name}: per second": figure for name, figure in rate.items()},
        **{f"{name}: ms of processor": figure for name, figure in cost.items()},
        **{f"{name} / bare": rate[name] / bare for name in rate if not name.startswith(BARE)},
    }


def _json(lines: int = 62) -> bytes:
    """A body of about 10 KB, with a number of its own."""
    asked = submission(f"B-{next(_numbers)}", to=RECEIVER)
    (line,) = asked["invoice"]["lines"]
    asked["invoice"]["lines"] = [line | {"id": str(n)} for n in range(1, lines + 1)]
    return json.dumps(asked).encode()


def ubl(lines: int = 11) -> bytes:
    """The same invoice as UBL, with as many lines as make about 10 KB."""
    made = prepare(File("i.json", JSON, _json(lines)), (), {}, at=date(2026, 11, 2))
    assert isinstance(made, Prepared), made
    return made.document


class Carried(NamedTuple):
    """How long it took until all were accepted, and until all were delivered; and the cursor of
    the feed behind that."""

    accepted_s: float
    delivered_s: float
    cursor: str


async def carry(
    url: str, bodies: Sequence[bytes], media_type: str = XML, after: str | None = None
) -> Carried:
    """Hands in documents, and waits until they are delivered. `after`: where the feed ends."""
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {SENDER.key}"}) as session:
        cursor = after or await end_of_feed(session, url)
        began = time.perf_counter()
        accepted_s = await post_all(url, SENDER.key, media_type, bodies, CLIENTS)
        delivered = 0
        while delivered < len(bodies):
            async with session.get(
                f"{url}/v1/events", params={"after": cursor, "wait": "10", "limit": "1000"}
            ) as response:
                page = await response.json()
            cursor = page["next"]
            delivered += sum(event["type"] == "document.delivered" for event in page["events"])
            await asyncio.sleep(0.05)  # one who asks without a pause would be measured too
        return Carried(accepted_s, time.perf_counter() - began, cursor)


async def end_of_feed(session: aiohttp.ClientSession, url: str) -> str:
    """The cursor behind all events that are there."""
    cursor: str | None = None
    while True:
        query = {"limit": "1000"} | ({"after": cursor} if cursor else {})
        async with session.get(f"{url}/v1/events", params=query) as response:
            page = await response.json()
        cursor = page["next"]
        if not page["events"]:
            assert cursor is not None
            return cursor


def main() -> None:
    """Prints the figures, one a line."""
    for name, value in measure().items():
        sys.stdout.write(f"{name:52} {value:10.2f}\n")


if __name__ == "__main__":
    main()
