"""Documents accepted, and carried all the way, beside a bare aiohttp POST of the same body.

Rounds alternate, so that a busy machine troubles both alike. Each server is a process of its own;
the client is the same code for both. All documents go to a company on the gateway: no partner's
speed is measured.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import aiohttp

from gateway.sandbox import RECEIVER, SENDER
from tests.e2e.invoices import submission

ROUNDS = 5
PER_ROUND = 200
AT_ONCE = 32

_numbers = count(1)


def measure() -> Mapping[str, float]:
    """Per second, bare, accepted and end to end; and the last two as ratios to the first."""
    return asyncio.run(_measure())


async def _measure() -> Mapping[str, float]:
    took: dict[str, list[float]] = {"bare": [], "accepted": [], "end_to_end": []}
    with tempfile.TemporaryDirectory() as data:
        sandbox = ("-m", "gateway.cli", "sandbox", "--data", data, "--listen", "127.0.0.1:0")
        async with (
            _server("-m", "tests.bench.bare") as yardstick,
            _server(*sandbox) as gateway,
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {SENDER.key}"}) as session,
        ):
            await _post_all(session, yardstick, _bodies(AT_ONCE))
            await _carry(session, gateway, _bodies(AT_ONCE))
            for _ in range(ROUNDS):
                bodies = _bodies(PER_ROUND)
                took["bare"].append(await _post_all(session, yardstick, bodies))
                accepted, carried = await _carry(session, gateway, bodies)
                took["accepted"].append(accepted)
                took["end_to_end"].append(carried)
    rates = {name: PER_ROUND / statistics.median(times) for name, times in took.items()}
    return {
        "bare POST, per second": rates["bare"],
        "accepted (202, on disk), per second": rates["accepted"],
        "end to end (in the inbox), per second": rates["end_to_end"],
        "accepted / bare": rates["accepted"] / rates["bare"],
        "end to end / bare": rates["end_to_end"] / rates["bare"],
    }


def _bodies(number: int) -> list[bytes]:
    return [
        json.dumps(submission(f"B-{next(_numbers)}", to=RECEIVER)).encode() for _ in range(number)
    ]


async def _post_all(session: aiohttp.ClientSession, url: str, bodies: Sequence[bytes]) -> float:
    """Posts all, `AT_ONCE` at a time; seconds until the last answer."""
    waiting = iter(bodies)

    async def post() -> None:
        for body in waiting:
            async with session.post(
                f"{url}/v1/documents", data=body, headers={"Content-Type": "application/json"}
            ) as response:
                await response.read()
                assert response.status == 202, await response.text()

    began = time.perf_counter()
    await asyncio.gather(*(post() for _ in range(AT_ONCE)))
    return time.perf_counter() - began


async def _carry(
    session: aiohttp.ClientSession, url: str, bodies: Sequence[bytes]
) -> tuple[float, float]:
    """Seconds until all are accepted, and until all are delivered."""
    cursor = await _end_of_feed(session, url)
    began = time.perf_counter()
    accepted = await _post_all(session, url, bodies)
    delivered = 0
    while delivered < len(bodies):
        async with session.get(
            f"{url}/v1/events", params={"after": cursor, "wait": "10", "limit": "1000"}
        ) as response:
            page = await response.json()
        cursor = page["next"]
        delivered += sum(event["type"] == "document.delivered" for event in page["events"])
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
async def _server(*arguments: str) -> AsyncIterator[str]:
    """A process that tells in its first line where it listens; its address."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    try:
        yield json.loads(await process.stdout.readline())["url"]
    finally:
        process.terminate()
        await process.wait()
