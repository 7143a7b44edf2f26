"""Blobs when their place is in trouble: gone, full, forbidden. Nothing is lost, and it mends."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from gateway.blobs.files import Files
from gateway.blobs.s3 import S3
from gateway.store.port import StorageUnavailable
from gateway.store.sqlite import SqliteStore
from tests.contracts.test_blobs import LARGE, NOW, OURS, World, bucket
from tests.servers import objects
from tests.servers.relay import Relay


@pytest.fixture
async def relay(s3_port: int) -> AsyncIterator[Relay]:
    async with Relay(s3_port) as relay:
        yield relay


@pytest.fixture
async def far(relay: Relay, tmp_path: Path) -> AsyncIterator[World]:
    """A store whose bucket is behind a wire."""
    place = S3(bucket(relay.port, connect_timeout_s=30, answer_timeout_s=60, give_up_s=0.5))
    store = await SqliteStore.open(tmp_path / "data", place=place)
    await store.add_company(OURS, NOW)
    yield World(store, tmp_path)
    await store.close()


async def test_a_bucket_that_is_gone_refuses_clearly_and_mends_by_itself(
    far: World, relay: Relay
) -> None:
    before = os.urandom(LARGE)
    document = await far.accept(before)
    await relay.cut()
    says = f"the bucket {objects.BUCKET} can not be used"
    for work in (
        far.accept(os.urandom(LARGE)),
        far.read(document),
        far.blobs.place.probe(),
        far.names(),
    ):
        with pytest.raises(StorageUnavailable, match=says):
            await work
    small = await far.accept(b"<Invoice/>")  # needs no bucket
    assert await far.read(small) == b"<Invoice/>"
    await relay.mend()
    assert await far.read(document) == before
    after = os.urandom(LARGE)
    assert await far.read(await far.accept(after)) == after
    counts = await far.store.counts(NOW)
    assert counts["documents"]["received"] == 3


async def test_a_wire_that_breaks_while_a_file_is_put_is_tried_again(
    far: World, relay: Relay
) -> None:
    content = os.urandom(12_000_000)
    async with far.blobs.draft(OURS.id, NOW) as draft:
        await draft.write(content)
        spooled = await draft.finish()
        putting = asyncio.create_task(far.blobs.keep(OURS.id, spooled, NOW))
        while not relay.busy:
            await asyncio.sleep(0)
        await relay.cut()
        await relay.mend()
        try:
            blob = await putting
        except StorageUnavailable:  # it gave up: then the caller does it again, with the same file
            blob = await far.blobs.keep(OURS.id, spooled, NOW)
    assert await far.blobs.get(blob) == content


async def test_an_answer_that_never_comes_is_waited_for_so_long(far: World, relay: Relay) -> None:
    place = S3(bucket(relay.port, answer_timeout_s=0.3, give_up_s=0.1))
    relay.silent = True
    with pytest.raises(StorageUnavailable, match="can not be used"):
        await place.probe()


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"secret_access_key": "wrong-secret-key"}, "refuses the access key"),
        ({"access_key_id": "nobody"}, "refuses the access key"),
    ],
)
async def test_a_key_that_is_wrong_is_said_and_never_shown(
    s3_port: int,
    other: dict[str, str],
    says: str,
) -> None:
    place = S3(bucket(s3_port, **other))
    with pytest.raises(StorageUnavailable, match=says) as refused:
        await place.probe()
    for secret in (objects.SECRET_KEY, "wrong-secret-key"):
        assert secret not in f"{refused.value} {refused.value!r} {refused.value.__cause__}"
    assert objects.SECRET_KEY not in repr(bucket(s3_port))


# --- a disk that refuses ----------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB."""
    where = tmp_path / "disk"
    where.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a small disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(where)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.decode().strip()}")
    yield where
    subprocess.run(["umount", str(where)], check=True)


async def test_a_disk_that_is_full_refuses_clearly_and_mends_by_itself(
    small_disk: Path, tmp_path: Path
) -> None:
    store = await SqliteStore.open(tmp_path / "data", place=Files(small_disk / "blobs"))
    store.blobs.spool = small_disk / "spool"
    await store.add_company(OURS, NOW)
    world = World(store, tmp_path)
    first = os.urandom(2_000_000)
    document = await world.accept(first)
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * 1_500_000)
    content = os.urandom(3_000_000)
    with pytest.raises(StorageUnavailable, match="No space left"):
        await world.accept(content)
    with pytest.raises(StorageUnavailable, match="No space left"):
        async with world.blobs.draft(OURS.id, NOW) as draft:
            await draft.write(content)
            await draft.finish()
    assert list((small_disk / "spool").iterdir()) == []
    assert len(await world.names()) == 1  # no half of a file either
    assert await world.read(document) == first
    filler.unlink()
    again = os.urandom(1_000_000)
    assert await world.read(await world.accept(again)) == again
    await store.close()


async def test_a_disk_that_turns_read_only_refuses_and_still_reads(
    small_disk: Path, tmp_path: Path
) -> None:
    store = await SqliteStore.open(tmp_path / "data", place=Files(small_disk / "blobs"))
    store.blobs.spool = small_disk / "spool"
    await store.add_company(OURS, NOW)
    world = World(store, tmp_path)
    content, other = os.urandom(LARGE), os.urandom(LARGE)
    document = await world.accept(content)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(StorageUnavailable, match="Read-only file system"):
        await world.accept(other)
    with pytest.raises(StorageUnavailable, match="Read-only file system"):
        async with world.blobs.draft(OURS.id, NOW) as draft:
            await draft.write(other)
    assert await world.read(document) == content
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    assert await world.read(await world.accept(other)) == other
    await store.close()


async def test_a_directory_that_can_not_be_written(tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_bytes(b"a file where the directory should be")
    store = await SqliteStore.open(tmp_path / "data", place=Files(blocked))
    await store.add_company(OURS, NOW)
    world = World(store, tmp_path)
    content = os.urandom(LARGE)
    with pytest.raises(StorageUnavailable, match="a file can not be written or read"):
        await world.accept(content)
    with pytest.raises(StorageUnavailable, match="a file can not be written or read"):
        await world.blobs.place.probe()
    blocked.unlink()
    await world.blobs.place.probe()
    assert await world.read(await world.accept(content)) == content
    await store.close()
