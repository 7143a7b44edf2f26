"""What every place for blobs must keep, sealed or not; run on files and on a real S3 server."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.blobs.blobs import Blobs
from gateway.blobs.keys import Keys
from gateway.blobs.port import SMALL_BYTES, Address, Blob, Place, Spooled
from gateway.blobs.ring import Ring, add_master
from gateway.blobs.s3 import S3, Bucket
from gateway.blobs.sweep import Sweep, Sweeps, Swept
from gateway.store.ids import new_id
from gateway.store.port import (
    Company,
    ContentLost,
    NewPart,
    Role,
    StorageUnavailable,
    Store,
    Submission,
)
from gateway.store.postgres import PostgresStore
from gateway.store.sqlite import SqliteStore
from tests.servers import objects, postgres

OURS = Company("com_ours", "Ours AB", "SE", ("0007:1",), {})
THEIRS = Company("com_theirs", "Theirs AB", "SE", ("0007:2",), {})
NOW = datetime.now(UTC)
DAY = timedelta(days=1)
LARGE = SMALL_BYTES + 1


def bucket(port: int, **other: Any) -> Bucket:
    given: dict[str, Any] = {
        "name": objects.BUCKET,
        "endpoint": f"http://127.0.0.1:{port}",
        "prefix": os.urandom(8).hex(),  # each test's own
        "access_key_id": objects.ACCESS_KEY,
        "secret_access_key": objects.SECRET_KEY,
        "give_up_s": 30,
    }
    return Bucket(**given | other)


async def opened(
    kind: str, home: Path, place: Place | None = None, ring: Ring | None = None
) -> Store:
    """The store of this kind that lives in `home`."""
    if kind == "sqlite":
        return await SqliteStore.open(home / "data", place=place, ring=ring)
    url = await postgres.tables_of(home)
    return await PostgresStore.open(url, home / "data", place=place, ring=ring)


@dataclass
class World:
    """A store with its blobs, and what a test needs to look behind them."""

    store: Store
    home: Path
    kind: str = "sqlite"

    async def reopen(self, place: Place | None, ring: Ring | None) -> None:
        """As after a restart."""
        await self.store.close()
        self.store = await opened(self.kind, self.home, place, ring)

    @property
    def blobs(self) -> Blobs:
        return self.store.blobs

    async def names(self) -> set[str]:
        """Everything that lies in the place."""
        return {found.name async for found in self.blobs.place.walk()}

    async def raw(self, blob: Blob) -> bytes:
        """The bytes as they lie there."""
        return b"".join([chunk async for chunk in self.blobs.place.read(blob.address)])

    async def overwrite(self, blob: Blob, content: bytes) -> None:
        """Damages what lies there."""
        await self.blobs.place.delete(str(blob.address))
        await self.blobs.place.put(blob.address, content)

    async def accept(self, content: bytes | Spooled, at: datetime = NOW) -> tuple[str, str]:
        """A document of OURS with these bytes: its id and their hash."""
        part = NewPart(Role.ORIGINAL, "i.xml", "application/xml", content)
        asked = Submission(new_id("doc"), OURS.id, "application/xml", [part], {})
        await self.store.accept(asked, at)
        (stored,) = await self.store.parts(OURS.id, asked.document_id)
        return asked.document_id, stored.sha256

    async def read(self, document: tuple[str, str]) -> bytes | None:
        return await self.store.content(OURS.id, *document)


@pytest.fixture(
    params=["files", "s3", "files sealed", "s3 sealed", "files sealed, postgres", "s3, postgres"]
)
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    place: Place | None = None
    if "s3" in request.param:
        place = S3(bucket(request.getfixturevalue("s3_port")))
    ring = None
    if "sealed" in request.param:
        add_master(tmp_path / "ring", "first")
        ring = Ring.read(tmp_path / "ring")
    kind = "postgres" if "postgres" in request.param else "sqlite"
    world = World(await opened(kind, tmp_path, place, ring), tmp_path, kind)
    for company in (OURS, THEIRS):
        await world.store.add_company(company, NOW)
    yield world
    await world.store.close()


async def chunks(blobs: Blobs, blob: Blob) -> list[bytes]:
    return [chunk async for chunk in blobs.stream(blob)]


# --- in and out -------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, SMALL_BYTES, LARGE, 3_000_000])
async def test_what_goes_in_comes_out(world: World, size: int) -> None:
    content = os.urandom(size)
    blob = await world.blobs.keep(OURS.id, content, NOW)
    assert blob.sha256 == hashlib.sha256(content).hexdigest()
    assert blob.size_bytes == size
    assert (blob.content is None) == (size > SMALL_BYTES)
    assert await world.blobs.get(blob) == content
    read = await chunks(world.blobs, blob)
    assert b"".join(read) == content
    assert max(map(len, read)) <= 1024 * 1024
    assert len(await world.names()) == (size > SMALL_BYTES)


@pytest.mark.parametrize("size", [0, 10, LARGE, 12_000_000])
async def test_what_comes_in_pieces_comes_out(world: World, size: int) -> None:
    content = os.urandom(size)
    async with world.blobs.draft(OURS.id, NOW) as draft:
        for at in range(0, size, 100_000):
            await draft.write(content[at : at + 100_000])
        spooled = await draft.finish()
        assert (spooled.size_bytes, spooled.sha256) == (size, hashlib.sha256(content).hexdigest())
        blob = await world.blobs.keep(OURS.id, spooled, NOW)
    assert await world.blobs.get(blob) == content
    assert list(world.blobs.spool.iterdir()) == []


async def test_a_draft_that_nobody_keeps_is_gone(world: World) -> None:
    with suppress(ZeroDivisionError):
        async with world.blobs.draft(OURS.id, NOW) as draft:
            await draft.write(b"x" * 1_000_000)
            assert len(list(world.blobs.spool.iterdir())) == 1
            raise ZeroDivisionError
    async with world.blobs.draft(OURS.id, NOW) as draft:
        await draft.write(b"x" * 1_000_000)
        await draft.finish()
    assert list(world.blobs.spool.iterdir()) == []
    assert await world.names() == set()


async def test_the_same_bytes_lie_there_once_a_day(world: World) -> None:
    content = os.urandom(LARGE)
    first, again = await asyncio.gather(
        *(world.blobs.keep(OURS.id, content, NOW) for _ in range(2))
    )
    assert first == again
    assert await world.names() == {str(first.address)}
    theirs = await world.blobs.keep(THEIRS.id, content, NOW)
    later = await world.blobs.keep(OURS.id, content, NOW + DAY)
    assert await world.names() == {str(blob.address) for blob in (first, theirs, later)}
    assert len(await world.names()) == 3


async def test_a_document_has_its_bytes_again(world: World) -> None:
    for content in (b"<Invoice/>", os.urandom(LARGE)):
        document = await world.accept(content)
        assert await world.read(document) == content
        stream = await world.store.stream(OURS.id, *document)
        assert stream is not None
        assert b"".join([chunk async for chunk in stream]) == content


# --- damage -----------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["a byte", "the end", "more", "another", "nothing", "gone"])
async def test_damaged_bytes_are_never_given_out_whole(world: World, how: str) -> None:
    content = os.urandom(2_500_000)
    blob = await world.blobs.keep(OURS.id, content, NOW)
    raw = await world.raw(blob)
    if how == "gone":
        await world.blobs.place.delete(str(blob.address))
    else:
        other = await world.raw(await world.blobs.keep(OURS.id, os.urandom(2_500_000), NOW))
        changed = {
            "a byte": raw[:1_000_000] + bytes([raw[1_000_000] ^ 1]) + raw[1_000_001:],
            "the end": raw[:-1],
            "more": raw + b"x",
            "another": other,
            "nothing": b"",
        }
        await world.overwrite(blob, changed[how])
    says = (
        "can not be|has not" if how == "gone" else f"blob {blob.sha256} is damaged in .*{OURS.id}"
    )
    kind = StorageUnavailable if how == "gone" else ContentLost
    with pytest.raises(kind, match=says):
        await world.blobs.get(blob)
    read = []
    with pytest.raises(kind):
        async for chunk in world.blobs.stream(blob):
            read.append(chunk)
    assert sum(map(len, read)) < len(content)


async def test_bytes_that_come_again_mend_what_was_damaged_the_next_day(world: World) -> None:
    content = os.urandom(LARGE)
    document = await world.accept(content)
    (name,) = await world.names()
    address = Address.parse(name)
    assert address is not None
    await world.blobs.place.delete(name)
    with pytest.raises(StorageUnavailable):
        await world.read(document)
    again = await world.accept(content, NOW + DAY)
    assert await world.read(again) == content
    assert await world.read(document) == content


async def sweep(world: World, now: datetime, **how: Any) -> Swept:
    """A whole sweep, one name at a time."""
    one = Sweep(world.blobs, world.store, now, **how)
    while await one.go_on(1):
        pass
    return one.swept


# --- the sweep --------------------------------------------------------------------------------


async def test_what_no_row_names_is_swept_once_nobody_can_want_it(world: World) -> None:
    kept = await world.accept(os.urandom(LARGE))
    orphan = await world.blobs.keep(OURS.id, os.urandom(LARGE), NOW)
    before = await world.names()
    # However old it is by its folder, what was written today is left alone.
    for now in (NOW, NOW + 10 * DAY):
        swept = await sweep(world, now)
        assert (swept.seen, swept.blobs) == (2, 0)
    assert await world.names() == before
    later = datetime.now(UTC) + 3 * DAY
    dry = await sweep(world, later, dry_run=True, machine_now=later)
    assert (dry.blobs, dry.names) == (1, [str(orphan.address)])
    assert await world.names() == before
    swept = await sweep(world, later, machine_now=later)
    assert replace(swept, names=dry.names) == dry
    assert len(await world.names()) == 1
    assert len(await world.read(kept) or b"") == LARGE


async def test_the_sweep_takes_nothing_that_an_accept_may_take_over(world: World) -> None:
    """A crash left the bytes of today; they come again while the sweep is under way."""
    content = os.urandom(LARGE)
    await world.blobs.keep(OURS.id, content, NOW)  # and no row
    end_of_next_day = datetime.combine(NOW.date() + 2 * DAY, datetime.min.time(), UTC)
    much_later = NOW + 100 * DAY
    just_before = end_of_next_day - timedelta(seconds=1)
    swept = await sweep(world, just_before, machine_now=much_later)
    assert swept.blobs == 0
    document = await world.accept(content)
    await sweep(world, much_later, machine_now=much_later)
    assert await world.read(document) == content


async def test_a_move_to_a_newer_day_leaves_the_older_one_to_the_sweep(world: World) -> None:
    content = os.urandom(LARGE)
    old = await world.accept(content)
    new = await world.accept(content, NOW + DAY)
    assert len(await world.names()) == 2
    later = NOW + 10 * DAY
    swept = await sweep(world, later, machine_now=later)
    assert swept.blobs == 1
    assert await world.read(old) == await world.read(new) == content


async def test_what_a_write_left_behind_is_swept(world: World) -> None:
    draft = world.blobs.draft(OURS.id, NOW)
    await draft.__aenter__()
    await draft.write(b"x" * 300_000)
    assert (await sweep(world, NOW)).leftovers == 0
    later = NOW + 2 * DAY
    swept = await sweep(world, later, machine_now=later)
    assert swept.leftovers == 1
    assert swept.size_bytes > 200_000
    assert list(world.blobs.spool.iterdir()) == []
    await draft.__aexit__(None, None, None)


async def test_a_schedule_sweeps_piece_by_piece(world: World) -> None:
    await world.blobs.keep(OURS.id, os.urandom(LARGE), NOW)
    sweeps = Sweeps(world.blobs, world.store)
    assert not await sweeps(NOW)
    assert not await sweeps(NOW)
    assert len(await world.names()) == 1


async def test_a_crash_between_bytes_and_row_loses_nothing(world: World) -> None:
    content = os.urandom(LARGE)
    await world.blobs.keep(OURS.id, content, NOW)  # and no row
    (orphan,) = await world.names()
    place, keys = world.blobs.place, world.blobs.keys
    await world.reopen(place, Ring.read(world.home / "ring") if keys else None)
    document = await world.accept(content)  # the same request again
    assert await world.names() == {orphan}
    assert await world.read(document) == content


# --- sealed -----------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgres"])
async def sealed(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    add_master(tmp_path / "ring", "first")
    ring = Ring.read(tmp_path / "ring")
    world = World(await opened(request.param, tmp_path, None, ring), tmp_path, request.param)
    for company in (OURS, THEIRS):
        await world.store.add_company(company, NOW)
    yield world
    await world.store.close()


async def reopened(world: World, ring: Ring | None) -> None:
    await world.reopen(None, ring)


@pytest.mark.parametrize("sealed", ["sqlite"], indirect=True)
async def test_nothing_that_is_kept_can_be_read_on_the_disk(sealed: World) -> None:
    content = b"Personal number 19121212-1212. " * 10_000
    await sealed.accept(content)
    await sealed.accept(content[:1000])
    async with sealed.blobs.draft(OURS.id, NOW) as draft:
        await draft.write(content)
        await draft.finish()
        await sealed.store.probe()
        files = [path for path in (sealed.home / "data").rglob("*") if path.is_file()]
        assert len(files) > 3
        for path in files:
            assert b"Personal number" not in path.read_bytes(), path


async def test_the_master_is_rotated_without_touching_a_blob(sealed: World) -> None:
    documents = [await sealed.accept(os.urandom(size)) for size in (100, LARGE)]
    contents = [await sealed.read(document) for document in documents]
    names = await sealed.names()
    add_master(sealed.home / "ring", "second")
    both = Ring.read(sealed.home / "ring")
    await reopened(sealed, both)
    assert sealed.blobs.keys is not None
    assert [await sealed.read(document) for document in documents] == contents
    assert await sealed.blobs.keys.rotate() == 1
    assert await sealed.blobs.keys.rotate() == 0
    assert {key.master for key in await sealed.store.company_keys()} == {"second"}
    await reopened(sealed, Ring({"second": both.masters["second"]}))
    await sealed.blobs.check()
    assert [await sealed.read(document) for document in documents] == contents
    assert await sealed.names() == names


async def test_a_ring_without_the_key_that_is_needed_says_so(sealed: World) -> None:
    document = await sealed.accept(b"x")
    (sealed.home / "other").unlink(missing_ok=True)
    add_master(sealed.home / "other", "another")
    await reopened(sealed, Ring.read(sealed.home / "other"))
    for work in (sealed.blobs.check(), sealed.read(document), sealed.accept(b"y")):
        with pytest.raises(StorageUnavailable, match="no key named first"):
            await work
    await reopened(sealed, None)
    with pytest.raises(StorageUnavailable, match=r"encryption\.ring_file"):
        await sealed.read(document)
    forged = Ring({"first": Ring.read(sealed.home / "other").masters["another"]})
    await reopened(sealed, forged)
    with pytest.raises(StorageUnavailable, match="does not open with the master first"):
        await sealed.read(document)


async def test_a_new_company_key_is_for_new_blobs(sealed: World) -> None:
    keys = sealed.blobs.keys
    assert keys is not None
    before = await sealed.blobs.keep(OURS.id, b"a" * LARGE, NOW)
    newer = await keys.renew(OURS.id, NOW)
    after = await sealed.blobs.keep(OURS.id, b"b" * LARGE, NOW)
    assert before.key_id is not None and before.key_id < newer == after.key_id
    assert await sealed.blobs.get(before) == b"a" * LARGE
    assert await sealed.blobs.get(after) == b"b" * LARGE


async def test_without_its_key_a_companys_blobs_are_unreadable_and_nobody_elses(
    sealed: World,
) -> None:
    content = os.urandom(LARGE)
    document = await sealed.accept(content)
    theirs = await sealed.blobs.keep(THEIRS.id, content, NOW)
    before = {key.id for key in await sealed.store.company_keys()}
    assert await sealed.store.drop_company_keys(OURS.id) == 1
    await reopened(sealed, Ring.read(sealed.home / "ring"))
    with pytest.raises(ContentLost, match="was deleted"):
        await sealed.read(document)
    assert await sealed.blobs.get(theirs) == content
    # The same bytes that come again are sealed with a new key, and readable.
    again = await sealed.accept(content)
    assert await sealed.read(again) == content
    (newest,) = await sealed.store.company_keys(OURS.id)
    assert newest.id not in before


async def test_a_key_that_was_deleted_is_forgotten_in_a_minute(sealed: World) -> None:
    seconds = 0.0
    keys = Keys(Ring.read(sealed.home / "ring"), sealed.store, lambda: seconds)
    blobs = Blobs(sealed.blobs.place, sealed.blobs.spool, keys)
    blob = await blobs.keep(OURS.id, b"x", NOW)
    await sealed.store.drop_company_keys(OURS.id)
    assert await blobs.get(blob) == b"x"
    seconds = 61.0
    with pytest.raises(ContentLost, match="was deleted"):
        await blobs.get(blob)


async def test_another_companys_key_opens_nothing(sealed: World) -> None:
    ours = await sealed.blobs.keep(OURS.id, b"x" * LARGE, NOW)
    theirs = await sealed.blobs.keep(THEIRS.id, b"x" * LARGE, NOW)
    await sealed.overwrite(theirs, await sealed.raw(ours))
    with pytest.raises(ContentLost, match="damaged"):
        await sealed.blobs.get(theirs)
    with pytest.raises(ContentLost, match="was deleted"):
        await sealed.blobs.get(replace(theirs, key_id=ours.key_id))


async def test_what_was_kept_before_encryption_stays_readable(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "data")
    await store.add_company(OURS, NOW)
    world = World(store, tmp_path)
    contents = [b"small", os.urandom(LARGE)]
    documents = [await world.accept(content) for content in contents]
    add_master(tmp_path / "ring", "first")
    await reopened(world, Ring.read(tmp_path / "ring"))
    assert [await world.read(document) for document in documents] == contents
    again = [await world.accept(content) for content in contents]  # sealed from now on
    assert [await world.read(document) for document in (*documents, *again)] == contents * 2
    assert all(re.search(r"\.\d+$", n) for n in await world.names() if n.count(".") == 1)
    await world.store.close()
