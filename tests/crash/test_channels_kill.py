"""The gateway is killed while every channel carries documents: each ends as its channel promises.

The gateway is a real process that is sent SIGKILL at moments that a seed decides, by how much the
partners have taken; these live in this process and tell what really left. A channel whose partner
knows documents by their keys has each one once. One that does not (e-mail) has each one at most
once, unless a person says so: what was under way is held.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gateway.client import Client, Unreachable
from gateway.clock import SystemClock
from gateway.sandbox import plant
from gateway.sandbox.partners import Partners
from gateway.store.sqlite import SqliteStore
from tests.e2e.server import Server
from tests.mixed.fates import FATES
from tests.mixed.run import One, copies, elsewhere

OF_EACH = 6
KILLS = 6
PATIENCE_S = 400.0
AGAIN_S = 0.2

# Where a call was cut off, nobody knows whether it arrived, and the partner can not be asked.
HELD = frozenset({"email"})


@dataclass
class World:
    """A gateway that is killed, and those around it that are not."""

    server: Server
    partners: Partners
    ones: Sequence[One]
    logs: list[str] = field(default_factory=list)

    async def hand_in(self, one: One) -> None:
        """As a ledger does: again and again under the same key, until it is acknowledged."""
        while not one.id:
            try:
                async with AsyncExitStack() as up:
                    await self.server.up.wait()
                    client = await up.enter_async_context(
                        Client(self.server.url, one.fate.sender.key)
                    )
                    body = one.fate.body(one.number)
                    one.id = (await client.submit(body, idempotency_key=one.number)).id
            except Unreachable:
                await asyncio.sleep(0.01)

    def taken(self) -> int:
        """How much the partners have."""
        return sum(len(rows) for rows in self.partners.received().values())

    async def kill(self, after: int) -> None:
        """Kills it when the partners have so much, and starts it again."""
        async with asyncio.timeout(PATIENCE_S):
            while self.taken() < after:
                await asyncio.sleep(0.001)
        self.logs.append(await self.server.kill())
        await self.server.start()

    async def ended(self) -> None:
        """Looks until each is where it should be, or is held as its channel promises. Raises
        TimeoutError."""
        async with asyncio.timeout(PATIENCE_S):
            while not all(has_it(one) or is_held(one) for one in self.ones):
                await asyncio.sleep(AGAIN_S)
                for key in {one.fate.sender.key for one in self.ones}:
                    async with Client(self.server.url, key) as client:
                        seen = {one["id"]: one for one in await client.documents(direction="out")}
                    for one in self.ones:
                        one.seen = seen.get(one.id, one.seen)


def has_it(one: One) -> bool:
    """Whether its channel has it, and said so. What a channel tells later may take minutes: who was
    asked by the gateway that died is left alone for a while."""
    seen, fate = one.seen, one.fate
    return bool(seen) and seen["channel"] == fate.channel and seen["state"] in {"sent", fate.ends}


def is_held(one: One) -> bool:
    seen = one.seen
    return bool(seen) and seen["state"] == "held" and seen["channel"] in HELD


def settings_file(home: Path, sections: Mapping[str, Mapping[str, Any]]) -> Path:
    """The settings as a file; values of TOML's that JSON writes alike, and paths as texts."""
    lines = []
    for name, section in sections.items():
        lines.append(f"[{name}]")
        for key, value in section.items():
            if value is not None:
                lines.append(f"{key} = {json.dumps(value, default=str)}")
    file = home / "settings.toml"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("seed", [1])
async def test_every_channel_keeps_its_promise(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    store = await SqliteStore.open(tmp_path)
    await plant(store, SystemClock())
    await store.close()
    fates = [fate for fate in FATES if not fate.fault and not fate.by_clock] * OF_EACH
    chance.shuffle(fates)
    ones = [One(f"M-{n:05}", fate) for n, fate in enumerate(fates)]
    async with Partners(tmp_path, SystemClock(), patience_s=60) as partners:
        sections = {
            "log": {"level": "error", "format": "json"},
            "worker": {"processes": 0, "lease_s": 3, "collect_every_s": 0.5, "poll_s": 0.2},
            **partners.settings(),
        }
        file = settings_file(tmp_path, sections)
        server = Server({"BUDKAVLE_DATA": str(tmp_path)}, "--config", str(file))
        world = World(server, partners, ones)
        await server.start()
        moments = sorted(chance.sample(range(1, len(ones) * 2 // 3), KILLS))
        handing_in = [asyncio.create_task(world.hand_in(one)) for one in ones]
        for moment in moments:
            await world.kill(moment)
        await asyncio.gather(*handing_in)
        with suppress(TimeoutError):
            await world.ended()
        received = partners.received()
        await server.stop()
    held = [one for one in ones if is_held(one)]
    left = [one for one in ones if one not in held]
    assert all(map(has_it, left)), "\n".join(elsewhere(left))
    assert not copies(left, received)
    # At most once, whatever became of it.
    for rows in received.values():
        texts = [str(row) for row in rows]
        assert all(sum(one.number in text for text in texts) <= 1 for one in held)
