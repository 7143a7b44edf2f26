"""What is SQLite's own: durability settings, query plans, the lock, a disk that refuses."""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from gateway.blobs.port import SMALL_BYTES, Address, Blob
from gateway.lifecycle import InboxState, State, change, inbox_change
from gateway.store.access import everything_for
from gateway.store.accounts import Account
from gateway.store.cursors import Cursors
from gateway.store.ids import new_id
from gateway.store.inbox import Turn
from gateway.store.parts import StoredPart
from gateway.store.port import (
    Accepted,
    Again,
    Arrival,
    Attempt,
    Checkpoint,
    Company,
    ContentLost,
    Direction,
    Done,
    Head,
    Keep,
    Leg,
    NewEvent,
    NewJob,
    NewPart,
    Role,
    StorageUnavailable,
    Submission,
)
from gateway.store.sqlite import (
    DirectoryInUse,
    SqliteStore,
    access,
    accounts,
    arrivals,
    blobs,
    checkpoints,
    companies,
    company_keys,
    documents,
    events,
    inbox,
    jobs,
    journeys,
    schema,
)
from gateway.store.sqlite.claims import Claim, Claims
from gateway.store.sqlite.counts import counts
from gateway.store.sqlite.writer import Transaction
from gateway.trust.reach import Reach
from tests.servers.disk import full_disk

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
COMPANY = Company("acme", "Acme", "SE", ("0007:1",), {})
CURSORS = Cursors(b"k" * 16)
CLAIM = Claim(jobs.Hold("w", NOW, 30), 10, {})


def submission(content: bytes = b"<Invoice/>") -> Submission:
    part = NewPart(Role.ORIGINAL, "i.xml", "application/xml", content)
    return Submission(new_id("doc"), COMPANY.id, "application/xml", [part], {}, ("k", "sha"))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(tmp_path / "data")
    await store.add_company(COMPANY, NOW)
    yield store
    await store.close()


# --- durability -------------------------------------------------------------------------------


def test_a_commit_is_on_disk_when_it_returns(tmp_path: Path) -> None:
    connection = schema.connect(tmp_path / "x.sqlite")
    settings = {
        name: connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys")
    }
    connection.close()
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_reader_can_not_write(tmp_path: Path) -> None:
    writer = schema.connect(tmp_path / "x.sqlite")
    schema.migrate(writer)
    reader = schema.connect_for_reading(tmp_path / "x.sqlite")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("DELETE FROM job")
    reader.close()
    writer.close()


# --- query plans ------------------------------------------------------------------------------

# Small whatever happens: one row per state, the companies and one's participants, the lanes, the
# jobs at work right now, and what a statement brings with it or has found by index.
MAY_BE_SCANNED = (
    *("document_count", "company", "lane", "job USING COVERING INDEX job_leased"),
    *("job USING INDEX job_leased", "asked", "json_each", "(subquery", "found", "turn"),
    *("CONSTANT", "1 CONSTANT", "2 CONSTANT"),
    "registration USING COVERING INDEX registration_by_state",  # a company has a few
)

# What is ready is counted for metrics, and the first of it is where a claim begins.
READY = "job USING INDEX job_ready", "job USING COVERING INDEX job_ready"
COUNTS_READY, FIRST_READY = "count(*) AS n, min(due_at)", "ORDER BY lane LIMIT 1"


def _tour(connection: sqlite3.Connection) -> None:
    """Every statement of every operation."""
    tx = Transaction(connection)
    companies.add(tx, [companies.AddCompany(COMPANY, NOW)])
    companies.every(connection)
    companies.of_participant(connection, "0007:1")
    accounts.add(tx, [Account("acc", "A", NOW)])
    accounts.change(tx, [accounts.ChangeCompany(COMPANY.id, {"name": "N"}, NOW)])
    reach = Reach("acc", (COMPANY.id,))
    where = f"WHERE id IN ({accounts.WITHIN}) AND id > '' ORDER BY id LIMIT 9"
    companies.those(connection, where, accounts.reached(reach))
    key = everything_for(COMPANY.id, "f" * 64, "l", NOW)
    assert access.put(tx, [access.NewKey(key, "f" * 64, NOW)]) == [None]
    assert access.holder(connection, "f" * 64, COMPANY.id) is not None
    access.within(connection, reach, "id > :after ORDER BY id LIMIT 9", {"after": ""})
    access.rotate(tx, [access.Rotate(reach, key.id, "e" * 64, NOW, NOW)])
    access.issue(tx, [("d" * 64, key.id, "read", 1, 2)])
    access.use(tx, [{key.id: NOW}])
    access.revoke(tx, [access.Revoke(reach, key.id, NOW)])

    blob = Blob(COMPANY.id, "0" * 64, 1, b"x", None, None)
    part = StoredPart(NewPart(Role.ORIGINAL, "n", "t", b"x"), blob)
    asked = [documents.Accept(submission(), (part,), NOW) for _ in range(3)]
    documents.accept(tx, asked)
    came = Arrival("k", COMPANY.id, Head(number="1"), [part.part], "internal")
    (inbound,) = arrivals.arrive(tx, [arrivals.Arrive(came, (part,), NOW)])
    assert inbound is not None
    inbox.lying(connection, COMPANY.id, inbound, 10)
    inbox.waits(connection, COMPANY.id)
    inbox.twin(connection, COMPANY.id, inbound)
    inbox.lend(tx, [inbox.Loan(COMPANY.id, "lse_1", NOW, NOW, 10)])
    back = inbox_change(InboxState.NEW, InboxState.BLOCKED, code="c", text="t")
    turn = Turn(COMPANY.id, inbound, 1, back, [])
    inbox.take_turns(tx, [inbox.Turning(turn, (), NOW)])
    out = inbox_change(InboxState.BLOCKED, InboxState.NEW, code="c", text="t")
    inbox.change(tx, COMPANY.id, inbound, out, None)
    inbox.confirm(tx, [inbox.Confirm(COMPANY.id, inbound, NOW)])
    for direction in (None, *Direction):
        for state in (None, State.SENT):
            for number in (None, "F-1"):
                wanted = documents.Filter(COMPANY.id, direction, state, number)
                documents.page(connection, wanted, inbound, 10)
                documents.page(connection, wanted, None, 10)

    ((job,),) = Claims().claim(tx, [CLAIM])
    jobs.renew(tx, [jobs.Renewal([job], NOW, 30)])
    jobs.holds(connection, job, NOW)
    counts(connection, NOW)
    leg = Leg(job.document_id, 0, "email", uuid4(), "sent")
    attempt = Attempt(new_id("att"), job.document_id, 0, "email", NOW)
    routed = change(State.RECEIVED, State.ROUTING, code="c", text="t")
    held = change(State.ROUTING, State.HELD, code="c", text="t")
    told = [NewEvent("x")]
    for work in (
        Checkpoint(Keep({"a": 1}), routed, Head(number="F-1"), "email", (), [leg], attempt, told),
        Checkpoint(Again(NOW), legs=[leg], attempt=attempt),
    ):
        assert checkpoints.checkpoint(tx, [checkpoints.Step(job, work, (part,), NOW)]) == [None]
    ((job,),) = Claims().claim(tx, [CLAIM])
    checkpoints.checkpoint(tx, [checkpoints.Step(job, Checkpoint(Done()), (), NOW)])
    late = checkpoints.LateResult(leg.key, "r", Checkpoint(Again(NOW, "x"), held), (part,), NOW)
    assert checkpoints.report(tx, [late]) == [True]
    released = change(State.HELD, State.ROUTING, code="c", text="t")
    verb = checkpoints.Act(COMPANY.id, job.document_id, 5, released, Again(NOW), told, NOW)
    assert checkpoints.act(tx, [verb]) == [True]
    jobs.reap(tx, [NOW])
    jobs.free_all(connection)

    events.feed(connection, CURSORS, COMPANY.id, None, 10, None)
    events.feed(connection, CURSORS, COMPANY.id, None, 10, job.document_id)
    documents.one(connection, COMPANY.id, job.document_id)
    journeys.parts(connection, COMPANY.id, job.document_id)
    journeys.legs(connection, COMPANY.id, job.document_id)
    journeys.attempts(connection, COMPANY.id, job.document_id)
    assert journeys.leg_of_key(connection, leg.key) is not None
    assert blobs.find(connection, COMPANY.id, job.document_id, "0" * 64) == blob
    blobs.named(connection, [Address(COMPANY.id, "2026-11-21", "0" * 64)])

    (key_id,) = company_keys.add(tx, [company_keys.NewKey(COMPANY.id, "m", b"w", NOW)])
    company_keys.rewrap(tx, [(key_id, "n", b"v")])
    assert company_keys.of(connection, COMPANY.id) == company_keys.of(connection, None)
    company_keys.drop(tx, [COMPANY.id])


def test_no_statement_reads_a_whole_table(tmp_path: Path) -> None:
    connection = schema.connect(tmp_path / "x.sqlite")
    schema.migrate(connection)
    connection.executescript(documents.SUBMITTED)
    statements: set[str] = set()
    connection.set_trace_callback(statements.add)
    _tour(connection)
    connection.set_trace_callback(None)
    statements = {s for s in statements if not s.lstrip().startswith("--")}  # inside triggers
    assert len(statements) > 60
    scans = []
    for statement in statements:
        for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {statement}"):
            words = step.removeprefix("SCAN ")
            if words.startswith(READY) and (COUNTS_READY in statement or FIRST_READY in statement):
                continue
            if step.startswith("SCAN ") and not words.startswith(MAY_BE_SCANNED):
                scans.append((step, statement))
            # A document's attempts and the companies of one claim are a handful, sorted.
            if "TEMP B-TREE" in step and not re.search(r"FROM (attempt|turn)\b", statement):
                scans.append((step, statement))
    connection.close()
    assert scans == []


def _page(connection: sqlite3.Connection, **wanted: Any) -> None:
    asked = {"direction": None, "state": None, "number": None, **wanted}
    documents.page(connection, documents.Filter(COMPANY.id, **asked), None, 10)


def _arrive(connection: sqlite3.Connection) -> None:
    unit = arrivals.Arrive(Arrival("k", COMPANY.id, Head(), [], "internal"), (), NOW)
    arrivals.arrive(Transaction(connection), [unit])


# A search that begins with the company alone would read all of its rows: these need their own way.
OWN_WAY: dict[str, Callable[[sqlite3.Connection], Any]] = {
    "document_list": _page,
    "document_by_state": lambda c: _page(c, state=State.SENT),
    "document_by_number": lambda c: _page(c, number="F-1"),
    "inbox_by_state": lambda c: inbox.of(c, COMPANY.id, InboxState.NEW, None, 10, 0),
    "document_arrival": _arrive,
    "event_of_company": lambda c: events.feed(c, CURSORS, COMPANY.id, None, 10, None),
    "event_of_document": lambda c: events.feed(c, CURSORS, COMPANY.id, None, 10, "doc_"),
    "job_waiting": lambda c: Claims().claim(Transaction(c), [CLAIM]),
}


@pytest.mark.parametrize("index", OWN_WAY)
def test_hot_statements_have_their_own_index(tmp_path: Path, index: str) -> None:
    connection = schema.connect(tmp_path / "x.sqlite")
    schema.migrate(connection)
    companies.add(Transaction(connection), [companies.AddCompany(COMPANY, NOW)])
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    OWN_WAY[index](connection)
    connection.set_trace_callback(None)
    plan = connection.execute(f"EXPLAIN QUERY PLAN {statements[0]}").fetchall()
    connection.close()
    assert any(f"INDEX {index} (" in step for *_, step in plan), plan


# --- the data directory -----------------------------------------------------------------------


async def test_a_second_store_is_told_who_has_the_directory(
    store: SqliteStore, tmp_path: Path
) -> None:
    other = (
        "import asyncio, sys\nfrom pathlib import Path\n"
        "from gateway.store.sqlite import DirectoryInUse, SqliteStore\n"
        "try:\n    asyncio.run(SqliteStore.open(Path(sys.argv[1])))\n"
        "except DirectoryInUse as error:\n    print(error)\n"
    )
    ran = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", other, str(tmp_path / "data")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"{tmp_path / 'data'} is in use by process {os.getpid()}" in ran.stdout
    with pytest.raises(DirectoryInUse):
        await SqliteStore.open(tmp_path / "data")


async def test_the_directory_is_free_after_closing(tmp_path: Path) -> None:
    for _ in range(2):
        store = await SqliteStore.open(tmp_path / "data")
        await store.close()


async def test_what_was_held_is_free_at_the_next_start(tmp_path: Path) -> None:
    """Nobody else can hold it: it need not wait for the lease to run out."""
    store = await SqliteStore.open(tmp_path / "data")
    await store.put([NewJob("timer", "timer", NOW)], NOW)
    (job,) = await store.claim("worker", NOW, 30, 1)
    await store.close()
    again = await SqliteStore.open(tmp_path / "data")
    (heir,) = await again.claim("worker", NOW, 30, 1)
    assert (heir.id, heir.fence) == (job.id, job.fence + 1)
    await again.close()


async def test_closing_again_does_nothing(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "data")
    await store.close()
    other = await SqliteStore.open(tmp_path / "data")
    await store.close()
    with pytest.raises(DirectoryInUse):  # it did not let go of the other's lock
        await SqliteStore.open(tmp_path / "data")
    await other.close()


async def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "budkavle.sqlite").write_bytes(b"not a database " * 1000)
    for _ in range(2):  # the lock is let go
        with pytest.raises(StorageUnavailable, match=r"budkavle\.sqlite can not be used"):
            await SqliteStore.open(folder)


async def test_a_caller_who_goes_away_takes_nothing_back(store: SqliteStore) -> None:
    asked = [submission(), submission()]
    first = asyncio.ensure_future(store.accept(asked[0], NOW))
    while not store._writer._queue.qsize() and not first.done():
        await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    answer = await store.accept(asked[1], NOW)  # the same idempotency key
    assert answer == Accepted(asked[0].document_id, replayed=True)


async def test_the_directory_is_nobody_elses(store: SqliteStore, tmp_path: Path) -> None:
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0


# --- a disk that refuses ----------------------------------------------------------------------


@pytest.mark.parametrize("size", [1_000, 60_000, 3_000_000])
async def test_a_full_disk_refuses_clearly_and_mends_by_itself(
    store: SqliteStore, tmp_path: Path, size: int
) -> None:
    good = submission(b"x" * size)
    await store.accept(good, NOW)
    before = (await store.documents(COMPANY.id), await store.feed(COMPANY.id, None, 100))
    with full_disk(tmp_path / "data" / "budkavle.sqlite-wal"):
        for n in range(3):
            refused = Submission(
                new_id("doc"),
                COMPANY.id,
                "application/xml",
                [NewPart(Role.ORIGINAL, "i.xml", "application/xml", bytes([n]) * size * 3)],
                {},
            )
            with pytest.raises(StorageUnavailable):
                await store.accept(refused, NOW)
        # What is there can be read.
        assert await store.document(COMPANY.id, good.document_id) is not None
    assert (await store.documents(COMPANY.id), await store.feed(COMPANY.id, None, 100)) == before
    assert await store.accept(refused, NOW) == Accepted(refused.document_id)
    (part,) = await store.parts(COMPANY.id, refused.document_id)
    content = await store.content(COMPANY.id, refused.document_id, part.sha256)
    assert content == bytes([2]) * size * 3
    assert not list((tmp_path / "data" / "blobs").rglob("*.tmp"))


async def test_a_probe_finds_out_that_the_disk_is_full(store: SqliteStore, tmp_path: Path) -> None:
    await store.accept(submission(), NOW)
    await store.probe()
    wal = tmp_path / "data" / "budkavle.sqlite-wal"
    with full_disk(wal), pytest.raises(StorageUnavailable):
        await store.probe()
    await store.probe()


async def test_all_units_of_a_refused_transaction_hear_of_it(
    store: SqliteStore, tmp_path: Path
) -> None:
    await store.accept(submission(), NOW)
    with full_disk(tmp_path / "data" / "budkavle.sqlite-wal"):
        answers = await asyncio.gather(
            *(store.arrive(_arrival(str(n), 30_000), NOW) for n in range(30)),
            return_exceptions=True,
        )
    # A first small transaction may still have found room in the pages there were.
    refused = [one for one in answers if isinstance(one, StorageUnavailable)]
    assert refused
    assert len(await store.inbox(COMPANY.id, None, 100)) == 30 - len(refused)
    again = await asyncio.gather(*(store.arrive(_arrival(str(n), 30_000), NOW) for n in range(30)))
    assert len([one for one in again if one is not None]) == len(refused)


def _arrival(key: str, size: int) -> Arrival:
    part = NewPart(Role.DOCUMENT, "i.xml", "application/xml", key.encode() * size)
    return Arrival(key, COMPANY.id, Head(), [part], "internal")


async def test_a_large_file_that_is_damaged_or_gone_is_not_handed_out(
    store: SqliteStore, tmp_path: Path
) -> None:
    asked = submission(b"x" * 100_000)
    await store.accept(asked, NOW)
    (part,) = await store.parts(COMPANY.id, asked.document_id)
    (file,) = (tmp_path / "data" / "blobs").rglob(part.sha256)
    file.write_bytes(b"y" * 100_000)
    with pytest.raises(ContentLost, match="damaged"):
        await store.content(COMPANY.id, asked.document_id, part.sha256)
    file.unlink()
    with pytest.raises(StorageUnavailable, match="can not be written or read"):
        await store.content(COMPANY.id, asked.document_id, part.sha256)


async def test_small_bytes_are_rows_and_large_ones_files(
    store: SqliteStore, tmp_path: Path
) -> None:
    folder = tmp_path / "data" / "blobs"
    await store.arrive(_arrival("k", SMALL_BYTES), NOW)
    assert not folder.exists()
    await store.arrive(_arrival("l", SMALL_BYTES + 1), NOW)
    (file,) = (path for path in folder.rglob("*") if path.is_file())
    assert file.read_bytes() == b"l" * (SMALL_BYTES + 1)
    assert file.parts[-3] == COMPANY.id


def test_jobs_of_later_days_do_not_slow_a_claim(tmp_path: Path) -> None:
    """A claim's work in SQLite's own steps is the same with none and with 20,000 ahead."""
    connection = schema.connect(tmp_path / "x.sqlite")
    schema.migrate(connection)
    connection.executescript(documents.SUBMITTED)
    tx = Transaction(connection)
    companies.add(tx, [companies.AddCompany(COMPANY, NOW)])

    def steps() -> int:
        count = 0

        def counted() -> int:
            nonlocal count
            count += 1
            return 0

        unit = documents.Accept(Submission(new_id("doc"), COMPANY.id, "t", [], {}), (), NOW)
        documents.accept(tx, [unit])
        connection.set_progress_handler(counted, 1)
        ((job,),) = Claims().claim(tx, [CLAIM])
        connection.set_progress_handler(None, 1)
        connection.execute("DELETE FROM job WHERE id = ?", (job.id,))
        return count

    connection.execute("BEGIN")
    alone = steps()
    later = [NewJob(f"recheck/{n}", "recheck", NOW + timedelta(days=3)) for n in range(20_000)]
    jobs.put(tx, [jobs.Put(later, NOW)])
    assert steps() <= alone + 50
    connection.execute("ROLLBACK")
    connection.close()


def test_an_unknown_key_is_nothing() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    schema.migrate(connection)
    assert journeys.leg_of_key(connection, UUID(int=1)) is None
    connection.close()
