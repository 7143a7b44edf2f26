"""The gateway is killed, again and again, while it fetches attachments; each comes, whole and once.

The gateway is a real process that is sent SIGKILL; the store of files lives in this process. Each
kill falls into a file that is half there.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from gateway.client import Client
from gateway.clock import SystemClock
from gateway.sandbox import RECEIVER, SENDER, plant
from gateway.store.sqlite import SqliteStore
from tests.e2e.invoices import submission
from tests.e2e.server import Server
from tests.servers.store_of_files import Served, Stalled, StoreOfFiles

KILLS = 2
STALLS_AFTER = 5_000_000
# No try brings so much that the file is there before the last kill.
LARGE = b"%PDF-1.4\n" + bytes(range(256)) * 43_000 + b"%%EOF\n"
SMALL = b"%PDF-1.4\nterms\n%%EOF\n"


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_every_attachment_comes_whole_and_once(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path)
    await plant(store, SystemClock())
    await store.close()
    async with StoreOfFiles() as files:
        files.files |= {"/large.pdf": Served(LARGE), "/small.pdf": Served(SMALL)}
        server = Server(
            {
                "BUDKAVLE_DATA": str(tmp_path),
                "BUDKAVLE_LOG__LEVEL": "error",
                "BUDKAVLE_FETCH__ALLOW_HTTP": "true",
                "BUDKAVLE_FETCH__ALLOW_PRIVATE": "true",
                # A kill ends a stall, and nothing else does.
                "BUDKAVLE_FETCH__IDLE_S": "3600",
                "BUDKAVLE_FETCH__LIMIT_S": "3600",
            }
        )
        await server.start()
        stalled = [Stalled(STALLS_AFTER) for _ in range(KILLS)]
        files.plan("/large.pdf", *stalled)
        body = submission("K-1", to=RECEIVER)
        body["delivery"] = {"fetch": [{"url": f"{files.url}/{name}"} for name in NAMES]}
        async with Client(server.url, SENDER.key) as ledger:
            accepted = await ledger.submit(json.dumps(body).encode())
        for kill in range(KILLS):
            async with asyncio.timeout(240):
                while len(files.at("/large.pdf")) <= kill or not _piece(tmp_path):
                    await asyncio.sleep(0.01)
            await server.kill()
            await server.start()
        async with Client(server.url, SENDER.key) as ledger:
            document = await ledger.settled(accepted.id)
            assert document["state"] == "delivered", document
            told = [event["type"] async for event in ledger.events(document_id=accepted.id)]
            assert told.count("document.fetched") == 2
            found = (await ledger.get(f"/v1/documents/{accepted.id}/evidence"))["files"]
            kept = [file for file in found if file["role"] == "attachment"]
            contents = [await ledger.get_bytes(file["href"]) for file in kept]
        code, log = await server.stop()
        assert code == 0 and not log, log
    assert len(LARGE) > KILLS * STALLS_AFTER and contents == [SMALL, LARGE]
    assert len(files.at("/small.pdf")) == 1


NAMES = ("small.pdf", "large.pdf")


def _piece(data: Path) -> bool:
    """Whether a piece of the large file is on the disk."""
    try:
        return any(file.stat().st_size > 4_000_000 for file in (data / "spool").iterdir())
    except FileNotFoundError:  # there is none yet, or one went in this moment
        return False
