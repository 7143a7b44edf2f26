"""Backup and restore of a real store: whole, of one moment, and nothing is sent twice."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sqlite3
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from gateway.archive import backup as backups
from gateway.archive.backup import (
    DATABASE,
    SUMS,
    NotPossible,
    back_up,
    backing_up,
    between_backups,
    put_back,
)
from gateway.archive.restored import CODE, go_on
from gateway.archive.retention import signing_key
from gateway.audit.chain import Whole
from gateway.delivery.verbs import Verb
from gateway.lifecycle import State
from gateway.store.port import NewPart, Role, Submission
from gateway.store.sqlite import SqliteStore
from tests.contracts.test_store_keeping import checked
from tests.flows.house import SENDER, START, invoice, open_house

LARGE = b"x" * 70_000  # too large for a row


def wrong(backup: Path) -> list[str]:
    return [said.text for said in backups.examine(backup) if said.holds is False]


async def large(store: SqliteStore, n: int, now: datetime = START) -> str:
    part = NewPart(Role.ORIGINAL, "o", "application/json", LARGE + b"%d" % n)
    given = Submission(f"doc_{n}", SENDER.id, "application/json", [part], {})
    await store.accept(given, now)
    return given.document_id


async def opened(data: Path) -> SqliteStore:
    store = await SqliteStore.open(data)
    await store.add_company(SENDER, START)
    return store


async def test_a_backup_of_a_store_that_is_written_to_is_whole(tmp_path: Path) -> None:
    store = await opened(tmp_path / "data")
    stopping = asyncio.Event()

    async def write(worker: int) -> int:
        n = 0
        while not stopping.is_set():
            await large(store, worker * 100_000 + n)
            n += 1
        return n

    await large(store, 999_999)  # there is something to copy
    writers = [asyncio.create_task(write(worker)) for worker in range(4)]
    made = []
    for n in range(5):
        to = tmp_path / f"backup{n}"
        made.append(await asyncio.to_thread(back_up, tmp_path / "data", to, START))
    stopping.set()
    written = sum(await asyncio.gather(*writers))
    await store.close()
    assert [wrong(one.path) for one in made] == [[]] * 5
    counts = [one.files for one in made]
    assert counts == sorted(counts) and counts[0] > 0 and counts[-1] <= 1 + written


async def test_what_is_put_back_is_what_was_copied(tmp_path: Path) -> None:
    store = await opened(tmp_path / "data")
    ids = [await large(store, n) for n in range(3)]
    key = (await signing_key(store)).public
    back_up(tmp_path / "data", tmp_path / "backup", START)
    await large(store, 99)
    await store.close()
    assert put_back(tmp_path / "backup", tmp_path / "new") == START
    again = await SqliteStore.open(tmp_path / "new")
    page = await again.documents(SENDER.id)
    assert sorted(document.id for document in page.documents) == ids
    for n, id_ in enumerate(ids):
        (part,) = await again.parts(SENDER.id, id_)
        assert await again.content(SENDER.id, id_, part.sha256) == LARGE + b"%d" % n
    assert (await signing_key(again)).public == key
    assert isinstance(await checked(again), Whole)
    await again.close()


async def test_files_in_a_bucket_stay_there(tmp_path: Path) -> None:
    store = await opened(tmp_path / "data")
    await large(store, 1)
    await store.close()
    made = back_up(tmp_path / "data", tmp_path / "backup", START, bucket="ours")
    assert made.files == 0 and not wrong(made.path)
    assert any("bucket ours" in said.text for said in backups.examine(made.path))
    assert put_back(made.path, tmp_path / "new") == START


async def whole_backup(tmp_path: Path) -> Path:
    store = await opened(tmp_path / "data")
    for n in range(2):
        await large(store, n)
    await store.close()
    return back_up(tmp_path / "data", tmp_path / "backup", START).path


async def test_every_damage_is_found_and_not_put_back(tmp_path: Path) -> None:
    whole = await whole_backup(tmp_path)
    files = [path for path in whole.rglob("*") if path.is_file() and path.name != SUMS]
    assert len(files) == 4  # database, backup.json, two blobs
    for n, file in enumerate(files):
        content = file.read_bytes()
        changed = content[:-1] + bytes([content[-1] ^ 1])
        for m, damage in enumerate((None, b"", changed)):
            broken = tmp_path / f"broken{n}{m}"
            shutil.copytree(whole, broken)
            target = broken / file.relative_to(whole)
            target.unlink() if damage is None else target.write_bytes(damage)
            try:
                assert wrong(broken), (file, damage)
            except NotPossible:
                assert file.name == "backup.json"
            new = tmp_path / f"new{n}{m}"
            try:
                put_back(broken, new)
            except (NotPossible, OSError):
                assert not (new / DATABASE).exists()
            else:
                assert file.name == "backup.json"


async def test_a_row_without_its_file_is_found(tmp_path: Path) -> None:
    whole = await whole_backup(tmp_path)
    blob = next(path for path in (whole / "blobs").rglob("*") if path.is_file())
    blob.unlink()
    sums = [line for line in (whole / SUMS).read_text().splitlines() if blob.name not in line]
    (whole / SUMS).write_text("\n".join(sums) + "\n")
    assert ["a row names it, and it is missing." in text for text in wrong(whole)] == [True]
    with pytest.raises(NotPossible, match="missing"):
        put_back(whole, tmp_path / "new")


async def test_a_list_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    whole = await whole_backup(tmp_path)
    with (whole / SUMS).open("a") as sums:
        sums.write(f"{'0' * 64}  blobs/../../data/{DATABASE}\n")
    with pytest.raises(NotPossible, match="no backup has"):
        put_back(whole, tmp_path / "new")


async def test_nothing_is_overwritten(tmp_path: Path) -> None:
    whole = await whole_backup(tmp_path)
    with pytest.raises(NotPossible, match="not empty"):
        back_up(tmp_path / "data", whole, START)
    with pytest.raises(NotPossible, match="not empty"):
        put_back(whole, tmp_path / "data")
    with pytest.raises(NotPossible, match="data directory"):
        back_up(tmp_path / "nothing", tmp_path / "b", START)


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from gateway.archive import backup

at, left = sys.argv[3], int(sys.argv[4])
real = os.fsync

def fsync(handle):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    real(handle)

os.fsync = fsync
if at == "backup":
    backup.back_up(Path(sys.argv[1]), Path(sys.argv[2]), datetime.now(UTC))
else:
    backup.put_back(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def killed(what: str, source: Path, target: Path, left: int) -> bool:
    """Does it in a process that is killed at one of its syncs; whether it was."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, source, target, what, str(left)], capture_output=True
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0


async def test_a_backup_that_was_killed_is_told_from_a_whole_one(tmp_path: Path) -> None:
    await whole_backup(tmp_path)
    kills = 0
    while killed("backup", tmp_path / "data", tmp_path / f"b{kills}", kills):
        half = tmp_path / f"b{kills}"
        if (half / SUMS).exists() and (half / SUMS).read_bytes():
            assert not wrong(half)  # the kill came after the last byte was written
        else:
            assert not (half / SUMS).exists() or not (half / SUMS).read_bytes()
        kills += 1
    assert kills > 5
    assert not wrong(tmp_path / f"b{kills}")


async def test_a_restore_that_was_killed_leaves_no_data_directory(tmp_path: Path) -> None:
    whole = await whole_backup(tmp_path)
    kills = 0
    while killed("restore", whole, tmp_path / f"n{kills}", kills):
        database = tmp_path / f"n{kills}" / DATABASE
        if database.exists():  # only its name was not synced yet
            connection = sqlite3.connect(database)
            assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
            connection.close()
        kills += 1
    assert kills > 5


def test_one_backup_at_a_time_and_the_sweep_waits(tmp_path: Path) -> None:
    with backing_up(tmp_path) as held:
        assert held
        with backing_up(tmp_path, wait=False) as second:
            assert not second
    with backing_up(tmp_path, wait=False) as after:
        assert after


async def test_no_sweep_while_a_backup_is_made(tmp_path: Path) -> None:
    swept = []

    async def sweep(now: datetime) -> bool:
        swept.append(now)
        return True

    between = between_backups(tmp_path, sweep)
    with backing_up(tmp_path):
        assert not await between(START)
    assert not swept
    assert await between(START)
    assert swept == [START]


# --- what was under way -------------------------------------------------------------------------


async def restored(tmp_path: Path, *, nothing_sent: bool = False) -> int:
    put_back(tmp_path / "backup", tmp_path / "new")
    store = await SqliteStore.open(tmp_path / "new")
    held = await go_on(store, START, START, "operator:ann", nothing_sent=nothing_sent)
    await store.close()
    return held


async def test_after_a_restore_nothing_is_sent_twice(tmp_path: Path) -> None:
    async with open_house(tmp_path / "data") as house:
        sent = await house.submit(invoice(email="a@example.com"))
        await house.work()
        waiting = await house.submit(invoice(email="b@example.com", post_code=None))
        back_up(tmp_path / "data", tmp_path / "backup", START)
        await house.work()  # sent after the backup was made
        await house.is_in(waiting, State.SENT)
    assert await restored(tmp_path) == 1
    async with open_house(tmp_path / "new") as again:
        await again.work()
        assert not again.mail.received
        document = await again.is_in(waiting, State.HELD)
        assert document.code == CODE and "2026-11-21" in document.text
        await again.is_in(sent, State.SENT)
        await again.do(waiting, Verb.CANCEL)
        await again.is_in(waiting, State.CANCELLED)
        entries = await again.store.audit_entries(0, 10)
        assert [entry.action for entry in entries][:2] == ["documents.held", "store.restored"]


async def test_what_is_released_after_a_restore_goes_on(tmp_path: Path) -> None:
    async with open_house(tmp_path / "data") as house:
        waiting = await house.submit(invoice(email="b@example.com"))
        back_up(tmp_path / "data", tmp_path / "backup", START)
    assert await restored(tmp_path) == 1
    async with open_house(tmp_path / "new") as again:
        await again.do(waiting, Verb.RELEASE)
        await again.work()
        await again.is_in(waiting, State.SENT)
        assert len(again.mail.received) == 1


async def test_a_gateway_that_was_moved_goes_on_as_if_nothing_was(tmp_path: Path) -> None:
    async with open_house(tmp_path / "data") as house:
        waiting = await house.submit(invoice(email="b@example.com"))
    back_up(tmp_path / "data", tmp_path / "backup", START)
    assert await restored(tmp_path, nothing_sent=True) == 0
    async with open_house(tmp_path / "new") as again:
        await again.work()
        await again.is_in(waiting, State.SENT)


async def test_readers_of_the_feed_miss_nothing_after_a_restore(tmp_path: Path) -> None:
    async with open_house(tmp_path / "data") as house:
        back_up(tmp_path / "data", tmp_path / "backup", START)
        await house.submit(invoice(email="a@example.com"))
        await house.work()
        lost = (await house.store.feed(SENDER.id, None, 100))[-1].cursor
    await restored(tmp_path)
    async with open_house(tmp_path / "new") as again:
        await again.submit(invoice(email="c@example.com"))
        new = await again.store.feed(SENDER.id, lost, 100)
        assert [event.type for event in new] == ["document.received"]
