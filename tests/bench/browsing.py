"""Operators who look at pages of the console, in a process of their own: what they wait for."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle, islice

import aiohttp


@dataclass(frozen=True, slots=True)
class Round:
    """What they do: each asks for all pages of each kind, `times` over, or, with `for_s`, for so
    long, and reads what came for `think_s`."""

    cookie: str
    pages: Mapping[str, Sequence[str]]  # whole addresses, by what they are
    times: int = 1
    operators: int = 1
    think_s: float = 0.0
    for_s: float = 0.0


async def browse(asked: Round) -> Mapping[str, Sequence[float]]:
    """Seconds that each page took, by what it is."""
    took: dict[str, list[float]] = {kind: [] for kind in asked.pages}
    # In turn, one of each kind: what else the machine does hits all of them alike.
    each = [[(kind, page) for page in pages] for kind, pages in asked.pages.items()]
    longest = max(map(len, each))
    turns = [one for n in range(longest) for pages in each for one in [pages[n % len(pages)]]]
    end = time.monotonic() + asked.for_s
    async with aiohttp.ClientSession(headers={"Cookie": asked.cookie}) as session:

        async def operator(n: int) -> None:
            begun = islice(cycle(turns), 7 * n, None)  # each somewhere else
            for kind, page in begun if asked.for_s else turns * asked.times:
                if asked.for_s and time.monotonic() >= end:
                    return
                began = time.perf_counter()
                async with session.get(page, allow_redirects=False) as answer:
                    await answer.read()
                    assert answer.status == 200, (answer.status, page)
                took[kind].append(time.perf_counter() - began)
                await asyncio.sleep(asked.think_s)

        await asyncio.gather(*(operator(n) for n in range(asked.operators)))
    return took


async def elsewhere(asked: Round) -> Mapping[str, Sequence[float]]:
    """The same, in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.browsing"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate(json.dumps(asdict(asked)).encode())
    assert process.returncode == 0
    took: Mapping[str, Sequence[float]] = json.loads(out)
    return took


if __name__ == "__main__":
    json.dump(asyncio.run(browse(Round(**json.load(sys.stdin)))), sys.stdout)
