"""The sync comes before the 202, and documents that come at once share one.

No work is done meanwhile, since its lane is paused: every sync is an accept's.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import pytest

from gateway.clock import SystemClock
from gateway.layers import load
from gateway.sandbox import RECEIVER, SENDER, plant
from gateway.store.opening import open_store
from tests.e2e.invoices import submission
from tests.e2e.server import Server
from tests.servers import tracing

HEADERS = {"Content-Type": "application/json", "Authorization": f"Bearer {SENDER.key}"}

# A call that another thread interrupts is traced in two lines. What was read stands in the second,
# what is sent in the first; a sync counts where it ends.
_SEEN = {
    "asked": re.compile(r'\d+ +(?:recvfrom\(\d+, |<\.\.\. recvfrom resumed>)"POST /v1/documents'),
    "synced": re.compile(r"\d+ +(?:fdatasync\(|<\.\.\. fdatasync resumed>).*= 0"),
    "answered": re.compile(r'\d+ +send(?:to|msg)\(.*"HTTP/1.1 202'),
}


async def seen(tmp_path: Path, submissions: int, clients: int) -> Sequence[str]:
    """What the gateway did, in order, while so many were handed in by so many at once."""
    settings = {"BUDKAVLE_DATA": str(tmp_path / "data"), "BUDKAVLE_WORKER__PROCESSES": "0"}
    store = await open_store(load({}, environment=settings).settings)
    await plant(store, SystemClock())
    await store.pause("prepare", True)
    await store.close()
    left = iter(range(submissions))
    log = tmp_path / "trace"

    async def client(session: aiohttp.ClientSession, url: str) -> None:
        for n in left:
            body = json.dumps(submission(f"S-{n}", to=RECEIVER))
            async with session.post(f"{url}/v1/documents", data=body, headers=HEADERS) as answer:
                assert answer.status == 202, await answer.text()

    watched = ("-o", str(log), "-s", "40", "--trace=fdatasync,recvfrom,sendto,sendmsg")
    async with (
        Server(settings) as server,
        tracing.attached(server.pid, *watched),
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=clients)) as session,
    ):
        await asyncio.gather(*(client(session, server.url) for _ in range(clients)))
    return [
        what
        for line in tracing.lines(log)
        for what, pattern in _SEEN.items()
        if pattern.match(line)
    ]


@pytest.mark.slow
async def test_each_202_has_its_sync_before_it(tmp_path: Path) -> None:
    found = " ".join(await seen(tmp_path, 20, 1))
    # Besides, the gateway's own schedules may have something to write at any time.
    assert re.fullmatch(r"(synced )*(asked (synced )+answered( synced)* ?){20}", found), found


@pytest.mark.slow
async def test_documents_at_once_share_a_sync(tmp_path: Path) -> None:
    found = await seen(tmp_path, 320, 32)
    assert found.count("answered") == 320
    assert 0 < found.count("synced") < 320 / 2
