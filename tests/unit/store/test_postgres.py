"""What is PostgreSQL's own: several processes on one database, its plans, its partitions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from gateway.lifecycle import State, change
from gateway.store import migrations
from gateway.store.ids import new_id
from gateway.store.lanes import Limits
from gateway.store.migrations import MigrationNeeded, SchemaTooNew
from gateway.store.port import (
    Accepted,
    Again,
    Arrival,
    Checkpoint,
    Company,
    Done,
    Event,
    Head,
    Job,
    Keep,
    LeaseLost,
    Leg,
    NewEvent,
    NewJob,
    NewPart,
    Role,
    StorageUnavailable,
    Submission,
)
from gateway.store.postgres import PostgresStore, claims, partitions, schema
from gateway.store.postgres.connections import Connections
from gateway.store.search import Question
from tests.servers import postgres

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OURS = Company("ours", "Vårt AB", "SE", (), {})


@pytest.fixture
async def url(tmp_path: Path) -> str:
    return await postgres.tables_of(tmp_path)


@pytest.fixture
async def stores(url: str, tmp_path: Path) -> AsyncIterator[list[PostgresStore]]:
    """Eight stores on the same tables, as eight processes have them."""
    stores = [await PostgresStore.open(url, tmp_path, connections=4) for _ in range(8)]
    await stores[0].add_company(OURS, NOW)
    yield stores
    for store in stores:
        await store.close()


@pytest.fixture
async def connection(url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(url)
    yield connection
    await connection.close()


async def accepted(store: PostgresStore, company_id: str = OURS.id) -> str:
    part = NewPart(Role.ORIGINAL, "invoice.xml", "application/xml", b"<Invoice/>")
    asked = Submission(new_id("doc"), company_id, "application/xml", [part], {})
    answer = await store.accept(asked, NOW)
    assert isinstance(answer, Accepted)
    return answer.document_id


def moved(before: State, after: State) -> Any:
    return change(before, after, code="test.code", text="A reason.")


# --- several processes --------------------------------------------------------------------------


async def test_what_was_there_before_search_is_found_once_it_was_named(
    url: str, stores: list[PostgresStore]
) -> None:
    store = stores[0]
    ids = []
    for key in ("k1", "k2", "k3"):
        head = Head(number="F-1", recipient_name="Nordisk AS")
        ids.append(await store.arrive(Arrival(key, OURS.id, head, [], "internal"), NOW))
    connection = await asyncpg.connect(url)
    await connection.execute(
        "TRUNCATE term, naming; INSERT INTO naming_left SELECT max(seq) FROM document"
    )
    await connection.close()
    asked = Question(companies=None, words=["nordisk"])
    assert not (await store.found(asked)).documents
    assert await store.name_older(2)
    assert [one.id for one in (await store.found(asked)).documents] == [ids[2], ids[1]]
    assert not await store.name_older(2)
    assert [one.id for one in (await store.found(asked)).documents] == ids[::-1]
    assert not await store.name_older(2)


async def test_a_reader_misses_no_event_of_eight_writers(stores: list[PostgresStore]) -> None:
    """Transactions commit in another order than they take their numbers in."""
    writing = 8

    async def write(store: PostgresStore) -> None:
        nonlocal writing
        for _ in range(25):
            await asyncio.gather(*(accepted(store) for _ in range(3)))
        writing -= 1

    writers = [asyncio.create_task(write(store)) for store in stores]
    reader, seen = stores[0], list[Event]()
    while True:
        ended = not writing
        found = await reader.feed(OURS.id, seen[-1].cursor if seen else None, 50)
        seen += found
        if ended and not found:
            break
    await asyncio.gather(*writers)
    everything = await reader.feed(OURS.id, None, 10_000)
    assert len(everything) == 8 * 25 * 3
    assert [event.id for event in seen] == [event.id for event in everything]


async def test_a_reader_misses_no_document_of_the_inbox(stores: list[PostgresStore]) -> None:
    writing = 8

    async def write(n: int, store: PostgresStore) -> None:
        nonlocal writing
        for key in range(25):
            part = NewPart(Role.DOCUMENT, "invoice.xml", "application/xml", b"<Invoice/>")
            asked = Arrival(f"{n}-{key}", OURS.id, Head(), [part], "internal")
            await store.arrive(asked, NOW)
        writing -= 1

    writers = [asyncio.create_task(write(n, store)) for n, store in enumerate(stores)]
    seen: list[str] = []
    while True:
        ended = not writing
        found = await stores[0].inbox(OURS.id, seen[-1] if seen else None, 20)
        seen += [document.id for document in found]
        if ended and not found:
            break
    await asyncio.gather(*writers)
    assert len(seen) == len(set(seen)) == 8 * 25


async def test_an_event_is_shown_once_all_before_it_have_ended(
    stores: list[PostgresStore], connection: Any
) -> None:
    async with connection.transaction():
        await connection.execute("SELECT pg_current_xact_id()")  # a transaction that takes long
        await accepted(stores[0])
        assert await stores[0].feed(OURS.id, None, 10) == []
    assert len(await stores[0].feed(OURS.id, None, 10)) == 1


async def test_news_reach_other_processes(stores: list[PostgresStore]) -> None:
    here, there = stores[0], stores[1]
    for topic in ("jobs", f"events:{OURS.id}"):
        # Until the other one listens, news may pass it by; then they come at once.
        async with asyncio.timeout(60):
            while True:
                news = asyncio.ensure_future(there.wait(topic, 600))
                await accepted(here)
                done, _ = await asyncio.wait({news}, timeout=1)
                if done:
                    break
                news.cancel()


async def test_workers_that_claim_at_once_share_no_job(stores: list[PostgresStore]) -> None:
    await stores[0].put([NewJob(f"k{n}", "timer", NOW) for n in range(200)], NOW)

    async def work(n: int, store: PostgresStore) -> list[Job]:
        mine: list[Job] = []
        while jobs := await store.claim(f"w{n}", NOW, 30, 7):
            mine += jobs
        return mine

    shares = await asyncio.gather(*(work(n, store) for n, store in enumerate(stores)))
    keys = [job.key for jobs in shares for job in jobs]
    assert len(keys) == len(set(keys))
    # Whoever found rows locked by others may have gone away; what is left is there for the next.
    keys += [job.key for job in await work(0, stores[0])]
    assert sorted(keys) == sorted(f"k{n}" for n in range(200))


async def test_a_lane_keeps_its_cap_among_processes(stores: list[PostgresStore]) -> None:
    await stores[0].set_lanes({"email": Limits(at_once=10)}, NOW)
    await stores[0].put([NewJob(f"k{n}", "timer", NOW, lane="email") for n in range(50)], NOW)
    claims = [store.claim(f"w{n}", NOW, 30, 4) for n, store in enumerate(stores) for _ in range(4)]
    taken = [job for jobs in await asyncio.gather(*claims) for job in jobs]
    assert 0 < len(taken) <= 10
    taken += await stores[0].claim("last", NOW, 30, 50)
    assert len(taken) == len({job.id for job in taken}) == 10


async def test_turns_that_cross_wait_and_do_not_fall(stores: list[PostgresStore]) -> None:
    """Steps, reports and verbs on the same documents from all sides: each ends, one way or the
    other, and a document's events tell its versions in order."""
    ids = [await accepted(stores[0]) for _ in range(12)]
    jobs = {job.document_id: job for job in await stores[0].claim("worker", NOW, 30, 50)}
    legs = {id_: Leg(id_, 0, "email", uuid4(), "trying") for id_ in ids}
    for id_ in ids:
        await stores[0].checkpoint(jobs[id_], Checkpoint(Keep(), legs=[legs[id_]]), NOW)

    def told(version: int) -> list[NewEvent]:
        return [NewEvent("test", {"version": version})]

    async def step(store: PostgresStore, n: int) -> None:
        for id_ in sorted(ids, key=lambda id_: hash((id_, n))):
            try:
                await store.checkpoint(jobs[id_], Checkpoint(Keep(), events=told(n)), NOW)
            except LeaseLost:
                pass

    async def tell(store: PostgresStore, n: int) -> None:
        for id_ in sorted(ids, key=lambda id_: hash((id_, n, "r"))):
            again = Checkpoint(Again(NOW, "late"), moved(State.RECEIVED, State.RECEIVED))
            await store.report(legs[id_].key, f"r{n}", again, NOW)

    async def act(store: PostgresStore, n: int) -> None:
        for id_ in sorted(ids, key=lambda id_: hash((id_, n, "a"))):
            document = await store.document(OURS.id, id_)
            assert document is not None
            await store.act(
                OURS.id,
                id_,
                moved(State.RECEIVED, State.RECEIVED),
                NOW,
                version=document.version,
                job=Again(NOW, "verb"),
                events=told(document.version + 1),
            )

    each = [does(stores[n % 8], n) for n, does in enumerate([step, tell, act, tell, act, step] * 4)]
    async with asyncio.timeout(100):
        await asyncio.gather(*each)
    documents = (await stores[0].documents(OURS.id, limit=50)).documents
    assert all(document.version > 8 for document in documents)


async def test_a_documents_events_are_in_the_order_in_which_they_were_written(
    stores: list[PostgresStore], connection: Any
) -> None:
    """Also when a transaction that began earlier, and has the lower number, came later to it."""
    _, middle, high = ids = sorted([await accepted(stores[0]) for _ in range(3)])
    legs = {id_: Leg(id_, 0, "email", uuid4(), "sent") for id_ in ids}
    for job in await stores[0].claim("worker", NOW, 30, 3):
        await stores[0].checkpoint(job, Checkpoint(Done(), legs=[legs[job.document_id]]), NOW)

    async def tell(store: PostgresStore, id_: str, what: str) -> None:
        work = Checkpoint(Done(), events=[NewEvent(what)])
        assert await store.report(legs[id_].key, what, work, NOW)

    async with connection.transaction():
        await connection.execute("SELECT 1 FROM document WHERE id = $1 FOR UPDATE", middle)
        # One transaction that has the first of them, waits for the second, and wants the third.
        early = [asyncio.ensure_future(tell(stores[0], id_, "second")) for id_ in ids]
        async with asyncio.timeout(60):
            while not await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                await asyncio.sleep(0.01)
        await tell(stores[1], high, "first")
    await asyncio.gather(*early)
    told = [event.type for event in await stores[0].feed(OURS.id, None, 50, high)]
    assert told == ["document.received", "first", "second"]


# --- what is kept -------------------------------------------------------------------------------


async def test_documents_are_counted_as_they_are(
    stores: list[PostgresStore], connection: Any
) -> None:
    for _ in range(5):
        await accepted(stores[0])
    for job in await stores[0].claim("worker", NOW, 30, 3):
        await stores[0].checkpoint(job, Checkpoint(Done(), moved(State.RECEIVED, State.HELD)), NOW)
    for _ in range(2):
        counted = (await stores[0].counts(NOW))["documents"]
        assert {state: n for state, n in counted.items() if n} == {"received": 2, "held": 3}
        await stores[0].reap(NOW)  # sums up
    assert await connection.fetchval("SELECT count(*) FROM document_count") == 2
    await connection.execute("DELETE FROM document WHERE state = 'held'")
    assert (await stores[0].counts(NOW))["documents"]["held"] == 0


async def test_rows_lie_in_the_month_of_their_document(
    stores: list[PostgresStore], connection: Any
) -> None:
    now = datetime.now(UTC)
    async with connection.transaction():  # other tests of this database have dropped months
        await partitions.make(connection, now)
    await accepted(stores[0])
    month = f"{now:%Y_%m}"
    for table in ("part", "event"):
        assert await connection.fetchval(f"SELECT count(*) FROM {table}_{month}") == 1
        assert await connection.fetchval(f"SELECT count(*) FROM {table}_else") == 0


async def test_rows_that_came_before_their_partition_are_moved(
    stores: list[PostgresStore], connection: Any
) -> None:
    ahead = datetime(2124, 2, 29, tzinfo=UTC)
    id_ = f"{partitions.bound(ahead)}7000-8000-000000000000"
    for table in ("event", "event_else"):
        assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0
    await connection.execute(
        "INSERT INTO event VALUES ($1, 1, 1, 'evt_x', 'ours', 'test', $2, '{}')", id_, ahead
    )
    try:
        async with connection.transaction():
            assert await partitions.make(connection, ahead) == 3 * 4
            assert await partitions.make(connection, ahead) == 0
        assert await connection.fetchval("SELECT count(*) FROM event_2124_02") == 1
        (event,) = await stores[0].feed(OURS.id, None, 10)
        assert event.document_id == id_
    finally:
        for month in partitions.months_from(ahead, 4):
            for table in partitions.TABLES:
                await connection.execute(f"DROP TABLE IF EXISTS {table}_{month:%Y_%m}")


def test_months_follow_each_other_over_the_year() -> None:
    months = partitions.months_from(datetime(2026, 12, 31, 23, 59, tzinfo=UTC), 4)
    assert [f"{month:%Y-%m-%d}" for month in months] == [
        "2026-12-01",
        "2027-01-01",
        "2027-02-01",
        "2027-03-01",
    ]
    before, after = partitions.bound(months[1]), new_id("doc")
    assert len(before) == len(after) - len("7000-8000-000000000000")


async def test_feeds_go_on_in_a_database_that_was_restored(
    stores: list[PostgresStore], connection: Any, url: str, tmp_path: Path
) -> None:
    """Its transactions begin to count from the beginning: new events still come last."""
    first = await accepted(stores[0])
    (old,) = await stores[0].feed(OURS.id, None, 10)
    # As a dump from a cluster that has counted further looks like.
    await connection.execute("UPDATE event SET tx = tx + 1000000")
    await connection.execute("UPDATE document SET tx = tx + 1000000, born_tx = born_tx + 1000000")
    await connection.execute("UPDATE numbering SET system_identifier = 'another'")
    try:
        restored = await PostgresStore.open(url, tmp_path)
        second = await accepted(restored)
        told = await restored.feed(OURS.id, None, 10)
        assert [event.document_id for event in told] == [first, second]
        assert told[0].cursor != old.cursor
        assert [e.document_id for e in await restored.feed(OURS.id, told[0].cursor, 9)] == [second]
        await restored.close()
    finally:
        await connection.execute(
            "UPDATE numbering SET offset_tx = 0,"
            " system_identifier = (SELECT system_identifier FROM pg_control_system())"
        )


# --- the schema ---------------------------------------------------------------------------------


async def test_tables_of_another_version_are_refused(url: str, tmp_path: Path) -> None:
    connection = await asyncpg.connect(url)
    newest = migrations.NEWEST
    try:
        for found, error in (("9999", SchemaTooNew), ("0001", MigrationNeeded)):
            await connection.execute("UPDATE alembic_version SET version_num = $1", found)
            with pytest.raises(error, match=found):
                await PostgresStore.open(url, tmp_path)
    finally:
        await connection.execute("UPDATE alembic_version SET version_num = $1", newest)
        await connection.close()


async def test_an_empty_database_is_refused_until_it_is_migrated(tmp_path: Path) -> None:
    url = await postgres.new_schema()
    with pytest.raises(MigrationNeeded, match="budkavle migrate"):
        await PostgresStore.open(url, tmp_path)
    now = datetime.now(UTC)
    found = await asyncio.gather(*(schema.migrate(url, now) for _ in range(4)))
    assert sorted(found, key=str) == [
        *[(migrations.NEWEST, migrations.NEWEST)] * 3,
        (None, migrations.NEWEST),
    ]
    store = await PostgresStore.open(url, tmp_path)
    await store.close()


async def test_a_database_that_would_lose_what_was_accepted_is_refused(
    url: str, tmp_path: Path
) -> None:
    with pytest.raises(StorageUnavailable, match="synchronous_commit = off"):
        await PostgresStore.open(f"{url}&synchronous_commit=off", tmp_path)


# --- plans --------------------------------------------------------------------------------------


async def test_a_claim_reads_no_future_job(connection: Any, url: str) -> None:
    """100,000 timers of the coming days cost a claim nothing."""
    await connection.execute(
        """
        INSERT INTO job (key, company_id, document_id, kind, lane, data, state, due_at)
        SELECT 'f' || n, 'ours', '', 'timer', 'timer', '{}', 'waiting', $1
        FROM generate_series(1, 100000) AS n
        """,
        NOW + timedelta(days=3),
    )
    # Of what other tests have left: of little, VACUUM by itself leaves the indexes as they are.
    await connection.execute("VACUUM (INDEX_CLEANUP ON) job")
    pool = await Connections.open(url, 1)
    async with pool.lent() as lent:
        for sql in (claims.MAKE_READY, claims.LANES):
            explained = await lent.fetchval(
                f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", *([NOW] if "$1" in sql else [])
            )
            (plan,) = json.loads(explained)
            top = plan["Plan"]
            assert top["Shared Hit Blocks"] + top["Shared Read Blocks"] < 30, plan
    await pool.close()
