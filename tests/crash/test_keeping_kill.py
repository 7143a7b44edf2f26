"""kill -9 of a process that takes in, lets go, exports and writes its audit: nothing is half."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.archive import exports
from gateway.archive.days import Days
from gateway.archive.exports import Dividing, documents_of
from gateway.archive.retention import Round, run
from gateway.audit.chain import NewEntry, Told, Whole
from gateway.clock import MovableClock
from gateway.lifecycle import State, change
from gateway.store.ids import new_id
from gateway.store.keeping import Period
from gateway.store.port import Company, NewPart, Role, Submission
from gateway.store.sqlite import SqliteStore
from tests.contracts.test_store_keeping import checked

KILLS = 5
SEED = 20261121
ROOT = Path(__file__).parents[2]
ACME = Company("acme", "Acme", "SE", (), {})
THEN = datetime(2020, 1, 1, tzinfo=UTC)  # when what goes was taken in
NOW = datetime(2026, 11, 21, tzinfo=UTC)
YEAR = timedelta(days=365)
CANCELLED = change(State.RECEIVED, State.CANCELLED, code="test.gone", text="It may go.")


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


AGES = {"key_days": 365, "message_days": 365, "audit_days": 400}


async def live(data: Path) -> None:
    """Takes in old and new documents, tells of it, lets go, exports; until it is killed."""
    store = await SqliteStore.open(data)
    await store.add_company(ACME, THEN)
    n = 0
    while True:
        n += 1
        await asyncio.gather(*(_one(store, n * 100 + k) for k in range(8)))
        if n % 4 == 0:
            round_ = Round(store, Days(*[365] * 4), now=NOW, **AGES)
            await run(round_, store, NOW, "gateway", dry_run=False)
        if n % 3 == 0:
            wish = exports.asked(ACME.id, NOW - YEAR, NOW - timedelta(days=n), None, NOW)
            await store.add_export(wish, exports.job_of(wish), exports.told(wish, "key:x"))
            others = {"prepare": 0}
            for job in await store.claim("w", NOW, 30, 10, others):
                await Dividing(store, MovableClock(NOW), 20_000)(job)


async def _one(store: SqliteStore, n: int) -> None:
    old = n % 2 == 0
    at = THEN if old else NOW - YEAR / 2
    id_ = new_id("doc")
    content = (b"same" if n % 3 == 0 else str(n).encode()) * (20_000 if n % 5 == 0 else 100)
    part = NewPart(Role.ORIGINAL, "o", "application/json", content)
    await store.accept(Submission(id_, ACME.id, "application/json", [part], {}), at)
    told = Told(NewEntry("operator:x", "document.cancelled", id_, ACME.id), NOW)
    how = {"version": 1, "job": None, "events": []}
    assert await store.act(ACME.id, id_, CANCELLED, at, told=told, **how)  # type: ignore[arg-type]
    say("old" if old else "new", id_, (await store.audit_head()).seq)


def killed(data: Path, after: int) -> list[list[str]]:
    """What the process said until it was killed, after so many lines."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.crash.test_keeping_kill", data],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout is not None and process.stderr is not None
    said = []
    for n, line in enumerate(process.stdout):
        if n == after:
            process.send_signal(signal.SIGKILL)  # what it says until it is dead counts too
        said.append(line.decode().split())
    assert process.wait() == -signal.SIGKILL, process.stderr.read().decode()
    process.stdout.close()
    process.stderr.close()
    return said


async def test_nothing_is_half_after_a_kill(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    new: set[str] = set()
    newest = 0
    for _ in range(KILLS):
        said = await asyncio.to_thread(killed, tmp_path, chance.randint(20, 300))
        new |= {id_ for age, id_, _ in said if age == "new"}
        newest = max([newest, *(int(seq) for _, _, seq in said)])
        store = await SqliteStore.open(tmp_path)
        whole = await checked(store)
        assert isinstance(whole, Whole) and whole.head.seq >= newest, whole
        await _is_whole(store, new)
        await _exports_are_whole(store)
        await store.close()
        _blobs_are_counted(tmp_path / "budkavle.sqlite")
    assert len(new) > 20


async def _is_whole(store: SqliteStore, new: set[str]) -> None:
    seen, after = set(), None
    while True:
        page = await store.documents(ACME.id, limit=200, after=after)
        for document in page.documents:
            seen.add(document.id)
            (part,) = await store.parts(ACME.id, document.id)
            assert await store.content(ACME.id, document.id, part.sha256)
            assert await store.feed(ACME.id, None, 10, document.id)
        after = page.next
        if after is None:
            break
    assert new <= seen, "what is young was taken away"


async def _exports_are_whole(store: SqliteStore) -> None:
    """Those cut off go on, and each has every document of its period once."""
    for job in await store.claim("after", NOW + YEAR, 30, 100, {"prepare": 0}):
        await Dividing(store, MovableClock(NOW), 20_000)(job)
        export = await store.export(ACME.id, job.data["export_id"])
        assert export is not None and export.ready_at is not None
        for direction in export.directions:
            period = Period(ACME.id, direction, export.start, export.end)
            there = [each.document_id async for each in documents_of(store, period, None)]
            listed = [
                each.document_id
                for file in export.files
                if file.direction == direction
                async for each in documents_of(store, period, file.after, file.through)
            ]
            assert listed == there


def _blobs_are_counted(database: Path) -> None:
    connection = sqlite3.connect(database)
    wrong = connection.execute(
        """
        SELECT blob.sha256, uses, count(part.seq) AS n
        FROM blob LEFT JOIN part USING (company_id, sha256)
        GROUP BY blob.id HAVING n <> uses OR n = 0
        """
    ).fetchall()
    assert not wrong
    strays = connection.execute(
        """
        SELECT part.sha256 FROM part LEFT JOIN blob USING (company_id, sha256)
        WHERE blob.id IS NULL
        """
    ).fetchall()
    assert not strays
    connection.close()


if __name__ == "__main__":
    asyncio.run(live(Path(sys.argv[1])))
