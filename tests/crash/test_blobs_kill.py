"""kill -9 while large files come in: what was acknowledged is whole, the rest is swept away."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway import layers
from gateway.blobs.ring import add_master
from gateway.blobs.sweep import Sweep
from gateway.store.ids import new_id
from gateway.store.opening import open_store
from gateway.store.port import Accepted, Company, NewPart, Role, Store, Submission
from tests.servers import objects

KILLS = 4
SEED = 20261121
COMPANY = Company("acme", "Acme", "SE", (), {})
ROOT = Path(__file__).parents[2]
PIECES = 7


# --- the process that is killed ---------------------------------------------------------------


def piece_of(document_id: str) -> bytes:
    """One of the pieces that a document's file comes in; known from the id."""
    return hashlib.sha256(document_id.encode()).digest() * 2000


def say(word: str, document_id: str) -> None:
    os.write(1, f"{word} {document_id}\n".encode())  # one write: a line is whole or not there


async def submit(store: Store) -> None:
    document_id = new_id("doc")
    now = datetime.now(UTC)
    say("asked", document_id)
    async with store.blobs.draft(COMPANY.id, now) as draft:
        for _ in range(PIECES):
            await draft.write(piece_of(document_id))
        part = NewPart(Role.ATTACHMENT, "a.bin", "application/pdf", await draft.finish())
        asked = Submission(document_id, COMPANY.id, "application/xml", [part], {})
        assert await store.accept(asked, now) == Accepted(document_id)
    say("accepted", document_id)


async def serve() -> None:
    """Takes in until it is killed."""
    store = await open_store(layers.load().settings)
    await store.add_company(COMPANY, datetime.now(UTC))

    async def submitter() -> None:
        while True:
            await submit(store)

    await asyncio.gather(*(submitter() for _ in range(8)))


# --- what must be found afterwards ------------------------------------------------------------


def environment_of(tmp_path: Path, s3_port: int | None) -> dict[str, str]:
    if not (tmp_path / "ring").exists():
        add_master(tmp_path / "ring", "first")
    environment = {
        "BUDKAVLE_DATA": str(tmp_path / "data"),
        "BUDKAVLE_ENCRYPTION__RING_FILE": str(tmp_path / "ring"),
    }
    if s3_port is not None:
        environment |= {
            "BUDKAVLE_BLOBS__BUCKET": objects.BUCKET,
            "BUDKAVLE_BLOBS__ENDPOINT": f"http://127.0.0.1:{s3_port}",
            "BUDKAVLE_BLOBS__PREFIX": os.urandom(8).hex(),
            "BUDKAVLE_BLOBS__ACCESS_KEY_ID": objects.ACCESS_KEY,
            "BUDKAVLE_BLOBS__SECRET_ACCESS_KEY": objects.SECRET_KEY,
        }
    return environment


async def check(store: Store, accepted: set[str], asked: set[str]) -> set[str]:
    """The documents there are; fails when one is missing, unknown, or not whole."""
    ids, after = set(), None
    while True:
        page = await store.documents(COMPANY.id, after=after, limit=200)
        ids |= {document.id for document in page.documents}
        after = page.next
        if after is None:
            break
    assert accepted <= ids <= asked
    for document_id in ids:
        (part,) = await store.parts(COMPANY.id, document_id)
        content = await store.content(COMPANY.id, document_id, part.sha256)
        assert content == piece_of(document_id) * PIECES
    return ids


@pytest.mark.parametrize("place", ["files", "s3"])
async def test_large_files_that_were_acknowledged_are_whole(
    request: pytest.FixtureRequest, tmp_path: Path, place: str
) -> None:
    port = request.getfixturevalue("s3_port") if place == "s3" else None
    environment = environment_of(tmp_path, port)
    settings = layers.load(environment=environment).settings
    moment = random.Random(SEED)
    said: dict[str, set[str]] = {"asked": set(), "accepted": set()}
    for _ in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__))],
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, **environment, "PYTHONPATH": str(ROOT)},
        )
        assert process.stdout is not None
        kill_after = moment.randint(5, 60)
        for n, line in enumerate(process.stdout):
            if n == kill_after:
                process.send_signal(signal.SIGKILL)  # what it says until it is dead counts too
            word, document_id = line.decode().split()
            said[word].add(document_id)
        process.stdout.close()
        assert process.wait() == -signal.SIGKILL
        store = await open_store(settings)
        ids = await check(store, said["accepted"], said["asked"])
        await store.close()
    assert said["asked"] - said["accepted"]  # or the kills hit nothing

    store = await open_store(settings)
    assert any(store.blobs.spool.iterdir())  # cut off on their way in
    later = datetime.now(UTC) + timedelta(days=3)
    sweep = Sweep(store.blobs, store, later, machine_now=later)
    while await sweep.go_on():
        pass
    assert sweep.swept.leftovers > 0
    assert not any(store.blobs.spool.iterdir())
    assert len([found async for found in store.blobs.place.walk()]) == len(ids)
    assert await check(store, said["accepted"], said["asked"]) == ids
    await store.close()


if __name__ == "__main__":
    asyncio.run(serve())
