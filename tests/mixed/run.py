"""A mixed run: many invoices over all channels, some of them to partners that misbehave.

Everything is the sandbox's: a real gateway, real partners on loopback, a clock that is put forward
when all that is left is waiting. At the end every document is compared with its fate, and what each
partner has taken with what it should have.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

from gateway.client import Client
from gateway.sandbox import Sandbox
from tests.mixed.fates import FATES, Fate

SUBMITTED_AT_ONCE = 16

# Nothing has changed for so long, in looks at all documents: they wait for the clock.
QUIET_LOOKS = 4
LOOK_S = 0.25

# Partners report by the clock too, and say nothing of when.
PARTNERS_STEP = timedelta(minutes=10)

# More than any deadline of a step (3 days) and than a letter takes to come back.
CLOCK_LIMIT = timedelta(days=45)

_NUMBER = re.compile(r"M-\d{5}")


@dataclass
class One:
    """An invoice of the run: its fate, and the document as it was last seen."""

    number: str
    fate: Fate
    id: str = ""
    seen: Mapping[str, Any] = field(default_factory=dict)

    @property
    def there(self) -> bool:
        """Whether it is where it was foretold to end."""
        return bool(self.seen) and (self.seen["state"], self.seen["channel"]) == (
            self.fate.ends,
            self.fate.channel,
        )


@dataclass(frozen=True)
class Result:
    """What came of a run. `differences`: everything that is not as foretold, a sentence each."""

    outcomes: Mapping[tuple[str, str], int]  # by channel and state
    faults: int
    clock_moved: timedelta
    differences: Sequence[str]

    def report(self) -> str:
        """Channel by outcome, with sums; and what is not as foretold."""
        channels = sorted({channel for channel, _ in self.outcomes})
        states = sorted({state for _, state in self.outcomes})
        rows = [["", *states, "all"]]
        for channel in channels:
            counts = [self.outcomes.get((channel, state), 0) for state in states]
            rows.append([channel, *map(str, counts), str(sum(counts))])
        sums = [
            sum(number for (_, its), number in self.outcomes.items() if its == state)
            for state in states
        ]
        rows.append(["all", *map(str, sums), str(sum(sums))])
        lines = ["".join(f"{cell:>13}" for cell in row) for row in rows]
        lines.append(
            f"{self.faults} with a fault; the clock was put {self.clock_moved!s:.20} forward."
        )
        lines += self.differences or ["All as foretold."]
        return "\n".join(lines)


def draw(documents: int, seed: int, faults: float, fates: Sequence[Fate] = FATES) -> list[One]:
    """The invoices of a run: each kind of fate as often as the next, `faults` of them with one, in
    an order that the seed decides."""
    chance = random.Random(seed)
    good = cycle([fate for fate in fates if not fate.fault])
    bad = cycle([fate for fate in fates if fate.fault])
    drawn = [next(bad) if n < documents * faults else next(good) for n in range(documents)]
    chance.shuffle(drawn)
    return [One(f"M-{n:05}", fate) for n, fate in enumerate(drawn)]


async def run(data: Path, ones: Sequence[One], *, limit_s: float, patience_s: float = 60) -> Result:
    """Sends them all, and follows them to their ends, for `limit_s` at most. Partners that do not
    answer are given up after `patience_s`: on a busy machine good ones take their time too."""
    async with AsyncExitStack() as up:
        sandbox = await up.enter_async_context(Sandbox(data, patience_s=patience_s))
        clients = {
            key: await up.enter_async_context(Client(sandbox.gateway.url, key))
            for key in {one.fate.sender.key for one in ones}
        }
        begun, late = sandbox.clock.now(), []
        try:
            async with asyncio.timeout(limit_s):
                await _submit(ones, clients)
                await _follow(ones, clients, sandbox)
        except TimeoutError:
            late.append(f"It had not ended after {limit_s:g} s.")
        return Result(
            outcomes=Counter(
                (one.seen.get("channel") or "none", one.seen.get("state", "unseen")) for one in ones
            ),
            faults=sum(one.fate.fault for one in ones),
            clock_moved=sandbox.clock.now() - begun,
            differences=[*late, *elsewhere(ones), *copies(ones, sandbox.received())],
        )


async def _submit(ones: Sequence[One], clients: Mapping[str, Client]) -> None:
    room = asyncio.Semaphore(SUBMITTED_AT_ONCE)

    async def submit(one: One) -> None:
        async with room:
            accepted = await clients[one.fate.sender.key].submit(one.fate.body(one.number))
            one.id = accepted.id

    await asyncio.gather(*map(submit, ones))


async def _follow(ones: Sequence[One], clients: Mapping[str, Client], sandbox: Sandbox) -> None:
    """Looks until all are where they should be, or nothing moves any more; puts the clock forward
    when all that is left is waiting."""
    by_id = {one.id: one for one in ones}
    moved, quiet, before = timedelta(), 0, ""
    while True:
        for client in clients.values():
            for document in await client.documents(direction="out"):
                by_id[document["id"]].seen = document
        if all(one.there for one in ones):
            return
        now = str([(one.seen["state"], one.seen["updated_at"]) for one in ones])
        quiet, before = (quiet + 1 if now == before else 0), now
        if quiet < QUIET_LOOKS:
            await asyncio.sleep(LOOK_S)
            continue
        step = _step(ones, sandbox.clock.now())
        if moved + step > CLOCK_LIMIT:
            return
        sandbox.put_forward(step)
        moved, quiet = moved + step, 0


def _step(ones: Sequence[One], now: datetime) -> timedelta:
    """To when the next one goes on by itself; a while for the partners, where none does."""
    times = [one.seen["next_at"] for one in ones if one.seen["next_at"] and not one.there]
    due = min(map(datetime.fromisoformat, times), default=now)
    return max(due - now, PARTNERS_STEP)


def elsewhere(ones: Sequence[One]) -> list[str]:
    """Those that did not end as foretold, a sentence each."""
    return [_where(one) for one in ones if not one.there]


def _where(one: One) -> str:
    seen, fate = one.seen, one.fate
    return (
        f"{one.number} ({fate.name}) is {seen.get('state')} by {seen.get('channel')}, and not"
        f" {fate.ends} by {fate.channel}: {seen.get('code')} {seen.get('text')}"
    )


def copies(ones: Sequence[One], received: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    """How often each partner has each invoice, where that is not as foretold. Rows that name none
    of `ones` are not counted."""
    fates = {one.number: one.fate.name for one in ones}
    found: Counter[tuple[str, str]] = Counter()
    for partner, rows in received.items():
        for row in rows:
            named = set(_NUMBER.findall(str(row)))
            found.update((partner, number) for number in named & fates.keys())
    wanted = Counter(
        {
            (partner, one.number): number
            for one in ones
            for partner, number in one.fate.copies.items()
        }
    )
    return [
        f"{number} ({fates[number]}) was taken {found[partner, number]} times by the sandbox's"
        f" {partner}, and not {wanted[partner, number]}"
        for partner, number in sorted({*found, *wanted})
        if found[partner, number] != wanted[partner, number]
    ]
