"""What the databases themselves refuse to do to the audit, and what only PostgreSQL can drop."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from gateway.audit.chain import NewEntry
from gateway.store.postgres import schema
from gateway.store.sqlite import SqliteStore
from tests.contracts.stores import NOW, OURS, accepted
from tests.contracts.test_store_keeping import done
from tests.e2e.command import budkavle
from tests.servers.postgres import open_store, tables_of

ENTRY = NewEntry("operator:ann", "key.added", "ledger")
FORBIDDEN = (
    "UPDATE audit_entry SET actor = 'operator:eve' WHERE seq = 2",
    "UPDATE audit_entry SET seq = 9 WHERE seq = 3",
    "DELETE FROM audit_entry WHERE seq = 1",
    "DELETE FROM audit_entry",
)


async def test_sqlite_refuses_to_change_the_audit(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path)
    for _ in range(3):
        await store.audit(ENTRY, NOW)
    connection = sqlite3.connect(tmp_path / "budkavle.sqlite", isolation_level=None)
    for sql in FORBIDDEN:
        with pytest.raises(sqlite3.IntegrityError, match="never"):
            connection.execute(sql)
    connection.close()
    assert len(await store.audit_entries(0, 10)) == 3
    await store.close()


async def test_postgresql_refuses_to_change_the_audit(tmp_path: Path) -> None:
    store = await open_store(tmp_path)
    for _ in range(3):
        await store.audit(ENTRY, NOW)
    connection = await asyncpg.connect(await tables_of(tmp_path))
    for sql in FORBIDDEN:
        with pytest.raises(asyncpg.RaiseError, match="never"):
            await connection.execute(sql)
    await connection.close()
    assert len(await store.audit_entries(0, 10)) == 3
    await store.close()


async def with_partitions(place: Path) -> None:
    """Other tests of retention drop those of today too: their clocks are years ahead."""
    await schema.migrate(await tables_of(place), datetime.now(UTC))


async def test_postgresql_drops_events_of_a_month_unless_one_must_stay(tmp_path: Path) -> None:
    await with_partitions(tmp_path)
    store = await open_store(tmp_path)
    await store.add_company(OURS, NOW)
    await done(store)
    await accepted(store)
    later = datetime.now(UTC) + timedelta(days=40)  # ids are of the machine's own time
    assert await store.drop_months(datetime.now(UTC)) == 0
    await store.drop_months(later)
    assert len(await store.feed(OURS.id, None, 10)) == 3
    await store.close()


async def test_postgresql_drops_a_month_of_which_nothing_must_stay(tmp_path: Path) -> None:
    await with_partitions(tmp_path)
    store = await open_store(tmp_path)
    await store.add_company(OURS, NOW)
    ids = [await done(store, b"%d" % n) for n in range(3)]
    later = datetime.now(UTC) + timedelta(days=40)
    parts = [len(await store.parts(OURS.id, id_)) for id_ in ids]
    assert await store.drop_months(later) >= 1
    assert [len(await store.parts(OURS.id, id_)) for id_ in ids] == parts == [3, 3, 3]
    assert not await store.feed(OURS.id, None, 10)
    assert len((await store.documents(OURS.id)).documents) == 3
    await accepted(store)  # goes where rows without a partition go
    assert len(await store.feed(OURS.id, None, 10)) == 1
    await store.close()
    await with_partitions(tmp_path)


async def test_a_recovered_database_holds_what_was_under_way(tmp_path: Path) -> None:
    store = await open_store(tmp_path)
    await store.add_company(OURS, NOW)
    document_id = await accepted(store)
    cursor = (await store.feed(OURS.id, None, 10))[-1].cursor
    await store.close()
    url = await tables_of(tmp_path)
    environment = {"BUDKAVLE_STORE__URL": url, "BUDKAVLE_DATA": str(tmp_path / "data")}
    ran = await budkavle("restore", "--recovered", NOW.isoformat(), environment=environment)
    assert ran.code == 0 and ran.lines[0]["held"] == 1, ran
    again = await open_store(tmp_path)
    document = await again.document(OURS.id, document_id)
    assert document is not None and document.code == "held.restored"
    with pytest.raises(ValueError, match="cursor"):
        await again.feed(OURS.id, cursor, 10)
    await again.close()
