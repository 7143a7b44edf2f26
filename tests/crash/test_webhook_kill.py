"""The gateway is killed, again and again, while it brings events to a ledger; none is lost.

The gateway is a real process that is sent SIGKILL; the ledger's server lives in this process and is
the witness of what came. Every second kill falls between its having an event and its answer.
"""

from __future__ import annotations

import asyncio
import json
import random
from itertools import pairwise
from pathlib import Path

import pytest

from gateway.client import Client
from gateway.clock import SystemClock
from gateway.sandbox import RECEIVER, SENDER, plant
from gateway.store.sqlite import SqliteStore
from tests.e2e.invoices import submission
from tests.e2e.server import Server
from tests.servers.sink import Hang, Sink

DOCUMENTS = 24
KILLS = 4


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_every_event_arrives_in_order_and_repeats_are_known(tmp_path: Path) -> None:
    dice = random.Random(3)
    store = await SqliteStore.open(tmp_path)
    await plant(store, SystemClock())
    await store.close()
    async with Sink() as sink:
        server = Server(
            {
                "BUDKAVLE_DATA": str(tmp_path),
                "BUDKAVLE_LOG__LEVEL": "error",
                "BUDKAVLE_WEBHOOKS__ALLOW_HTTP": "true",
                "BUDKAVLE_WEBHOOKS__ALLOW_PRIVATE": "true",
            }
        )
        await server.start()
        async with Client(server.url, SENDER.key) as ledger:
            await ledger.add_webhook(f"{sink.url}/a")

        for kill in range(KILLS):
            async with Client(server.url, SENDER.key) as ledger:
                # All at once, so that there are events left to be brought when it is killed.
                await asyncio.gather(
                    *(
                        ledger.submit(
                            submission_bytes(f"W-{kill}-{n}"), idempotency_key=f"{kill}-{n}"
                        )
                        for n in range(DOCUMENTS // KILLS)
                    )
                )
            count = len(sink.taken) + 1
            if kill % 2:
                sink.plan("/a", Hang())  # the next one is never answered
            else:
                count += dice.randint(0, 4)
            await sink.until(lambda count=count: len(sink.taken) >= count, 120)
            await server.kill()
            await server.start()

        async with Client(server.url, SENDER.key) as ledger:
            settled = [
                await ledger.settled(document["id"])
                for document in (await ledger.get("/v1/documents", limit=200))["documents"]
            ]
            assert {document["state"] for document in settled} == {"delivered"}
            events = [event async for event in ledger.events()]
            async with asyncio.timeout(60):
                while (await ledger.webhooks())[0]["cursor"] != events[-1]["cursor"]:
                    await asyncio.sleep(0.05)
        code, log = await server.stop()
        assert code == 0 and not log, log

    came = [taken.id for taken in sink.taken]
    assert list(dict.fromkeys(came)) == [event["id"] for event in events]
    # What came twice came twice in a row, and was the same message.
    for before, after in pairwise(sink.taken):
        if before.id == after.id:
            assert before.body == after.body
    repeats = len(came) - len(events)
    assert KILLS // 2 <= repeats <= KILLS
    assert sum(before == after for before, after in pairwise(came)) == repeats


def submission_bytes(number: str) -> bytes:
    return json.dumps(submission(number, to=RECEIVER)).encode()
