"""A file that comes over several tries: what was marked is there, sealed or not, and no more."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.blobs.blobs import Blobs
from gateway.blobs.partial import Partial
from gateway.blobs.port import Spooled
from gateway.blobs.ring import Ring, add_master
from gateway.store.port import Company
from gateway.store.sqlite import SqliteStore

OURS = Company("com_ours", "Ours AB", "SE", ("0007:1",), {})
NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
CONTENT = bytes(range(256)) * 1000


@pytest.fixture(params=["plain", "sealed"])
async def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Blobs]:
    ring = None
    if request.param == "sealed":
        add_master(tmp_path / "ring", "first")
        ring = Ring.read(tmp_path / "ring")
    store = await SqliteStore.open(tmp_path / "data", ring=ring)
    await store.add_company(OURS, NOW)
    yield store.blobs
    await store.close()


class Notes:
    """What was marked last."""

    def __init__(self) -> None:
        self.last: Mapping[str, Any] = {}

    async def mark(self, notes: Mapping[str, Any]) -> None:
        self.last = notes


def coming(blobs: Blobs, notes: Notes) -> Partial:
    return Partial(blobs, OURS.id, NOW, notes.last, notes.mark, piece_bytes=50_000)


def spool(blobs: Blobs) -> list[Path]:
    return list(blobs.spool.iterdir()) if blobs.spool.exists() else []


async def bytes_of(blobs: Blobs, whole: Spooled) -> bytes:
    return b"".join([chunk async for chunk in blobs.waiting(OURS.id, whole)])


async def test_it_is_put_together_from_all_tries(blobs: Blobs) -> None:
    notes, about = Notes(), {"etag": '"v1"'}
    async with coming(blobs, notes) as partial:
        await partial.begin(about)
        await partial.write(CONTENT[:120_000])
        await partial.pause()
    async with coming(blobs, notes) as partial:
        assert (partial.size, partial.about) == (120_000, about)
        assert partial.head == CONTENT[: len(partial.head)] != b""
        await partial.write(CONTENT[120_000:])
        whole = await partial.whole()
    assert whole is not None
    assert (whole.size_bytes, whole.sha256) == (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    assert await bytes_of(blobs, whole) == CONTENT
    assert spool(blobs) == [whole.path]
    assert (await blobs.keep(OURS.id, whole, NOW)).size_bytes == len(CONTENT)


async def test_what_was_not_marked_is_not_there(blobs: Blobs) -> None:
    notes = Notes()
    async with coming(blobs, notes) as partial:
        await partial.write(CONTENT[:50_000])  # a piece
        await partial.write(CONTENT[50_000:60_000])
    assert len(spool(blobs)) == 1
    async with coming(blobs, notes) as partial:
        assert partial.size == 50_000


@pytest.mark.parametrize("harm", ["gone", "cut off", "changed"])
async def test_a_piece_that_is_not_what_it_was_begins_it_anew(blobs: Blobs, harm: str) -> None:
    notes = Notes()
    async with coming(blobs, notes) as partial:
        await partial.begin({"etag": '"v1"'})
        for at in range(0, 150_000, 50_000):
            await partial.write(CONTENT[at : at + 50_000])
    name = notes.last["pieces"][1][0]
    piece = blobs.spool / name
    held = piece.read_bytes()
    match harm:
        case "gone":
            piece.unlink()
        case "cut off":
            piece.write_bytes(held[:-1])
        case _:
            piece.write_bytes(held[:-1] + bytes([held[-1] ^ 1]))
    async with coming(blobs, notes) as partial:
        assert (partial.size, dict(partial.about), partial.head) == (0, {}, b"")
    assert spool(blobs) == []


async def test_a_piece_that_is_lost_meanwhile_is_told_at_the_end(blobs: Blobs) -> None:
    notes = Notes()
    async with coming(blobs, notes) as partial:
        await partial.write(CONTENT[:50_000])
        await partial.write(CONTENT[50_000:100_000])
        spool(blobs)[0].unlink()
        assert await partial.whole() is None


async def test_beginning_anew_leaves_nothing(blobs: Blobs) -> None:
    notes = Notes()
    async with coming(blobs, notes) as partial:
        await partial.write(CONTENT)
        await partial.write(CONTENT[:10])
        await partial.begin({})
        assert (partial.size, partial.head, spool(blobs)) == (0, b"", [])
        await partial.write(b"other")
        whole = await partial.whole()
        assert whole is not None and await bytes_of(blobs, whole) == b"other"
        await partial.drop()
    assert spool(blobs) == []
