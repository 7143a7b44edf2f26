"""How long one document takes when nobody else is there: until the 202, and until it is delivered.

A gateway of each store in a process of its own, and one client that hands in an invoice of about
10 KB, waits by long poll until it is delivered to a company on the same gateway, and then hands in
the next. The stores take turns. A bare aiohttp POST beside it.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import quantiles

import aiohttp

from gateway.sandbox import SENDER
from tests.bench.servers import gateway, server
from tests.bench.stores import STORES
from tests.bench.whole_way import BARE, XML, end_of_feed, ubl

DOCUMENTS = 200


def measure(documents: int = DOCUMENTS) -> Mapping[str, float]:
    """Milliseconds: the median, and what 99 of 100 stay below."""
    seen = asyncio.run(_measure(documents))
    figures = {}
    for name, seconds in seen.items():
        hundredths = quantiles(seconds, n=100)
        figures[f"{name}: ms, p50"] = 1000 * hundredths[49]
        figures[f"{name}: ms, p99"] = 1000 * hundredths[98]
    return figures


async def _measure(documents: int) -> Mapping[str, Sequence[float]]:
    seen: dict[str, list[float]] = {}
    headers = {"Authorization": f"Bearer {SENDER.key}", "Content-Type": XML}
    async with AsyncExitStack() as up:
        folder = Path(up.enter_context(tempfile.TemporaryDirectory()))
        session = await up.enter_async_context(aiohttp.ClientSession(headers=headers))
        bare = await up.enter_async_context(server("-m", "tests.bench.bare"))
        running = {
            name: await up.enter_async_context(gateway(name, folder / name)) for name in STORES
        }
        cursors = {name: await end_of_feed(session, one.url) for name, one in running.items()}
        for n in range(-20, documents):  # the first ones warm up
            body = ubl()
            took = {BARE: await _post(session, bare.url, body)}
            for name, one in running.items():
                began = time.perf_counter()
                took[f"{name}, accepted"] = await _post(session, one.url, body)
                cursors[name] = await _delivered(session, one.url, cursors[name])
                took[f"{name}, delivered"] = time.perf_counter() - began
            for name, seconds in took.items():
                if n >= 0:
                    seen.setdefault(name, []).append(seconds)
    return seen


async def _post(session: aiohttp.ClientSession, url: str, body: bytes) -> float:
    began = time.perf_counter()
    async with session.post(f"{url}/v1/documents", data=body) as response:
        answer = await response.read()
        assert response.status == 202, answer
    return time.perf_counter() - began


async def _delivered(session: aiohttp.ClientSession, url: str, cursor: str) -> str:
    """Waits for the next delivery; the cursor behind it."""
    while True:
        query = {"after": cursor, "wait": "10"}
        async with session.get(f"{url}/v1/events", params=query) as response:
            page = await response.json()
        cursor = page["next"]
        if any(event["type"] == "document.delivered" for event in page["events"]):
            return cursor


def main() -> None:
    """Prints the figures, one a line."""
    for name, value in measure().items():
        sys.stdout.write(f"{name:46} {value:10.2f}\n")


if __name__ == "__main__":
    main()
