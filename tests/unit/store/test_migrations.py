"""Migrations: an older file becomes a newer one, once, whole, and with all that is in it."""

from __future__ import annotations

import asyncio
import runpy
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from gateway.lifecycle import State
from gateway.store import migrations
from gateway.store.port import Checkpoint, Done
from gateway.store.search import Question
from gateway.store.sqlite import SchemaTooNew, SqliteStore, schema

VERSIONS = sorted(Path(migrations.__file__).parent.glob("versions/[0-9]*.py"))
BEFORE = (Path(__file__).parent / "before_versions.sql").read_text(encoding="utf-8")
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)


def old_file(data_dir: Path) -> Path:
    """A file from before the first version."""
    data_dir.mkdir()
    file = data_dir / "budkavle.sqlite"
    connection = sqlite3.connect(file)
    connection.executescript(BEFORE)
    connection.close()
    return file


def shape(file: Path) -> dict[tuple[str, str], list[object]]:
    """The columns of tables and indexes, and the text of triggers."""
    connection = schema.connect_for_reading(file)
    found = {
        (kind, name): sql.split()
        if kind == "trigger"
        else connection.execute(f"PRAGMA {kind}_xinfo({name})").fetchall()
        for kind, name, sql in connection.execute("SELECT type, name, sql FROM sqlite_schema")
    }
    connection.close()
    return found


def version_of(file: Path) -> str | None:
    connection = schema.connect_for_reading(file)
    found = schema.version(connection)
    connection.close()
    return found


async def opened_and_closed(data_dir: Path) -> None:
    store = await SqliteStore.open(data_dir)
    await store.close()


async def test_what_was_there_before_search_is_found_once_it_was_named(tmp_path: Path) -> None:
    old_file(tmp_path / "old")
    store = await SqliteStore.open(tmp_path / "old")
    asked = Question(companies=None, numbers=["f-1"])
    assert not (await store.found(asked)).documents
    assert await store.name_older(1)
    (found,) = (await store.found(asked)).documents
    assert found.id == "doc_1"
    assert not await store.name_older(1)
    assert not await store.name_older(1)
    assert [one.id for one in (await store.found(asked)).documents] == ["doc_1"]
    await store.close()


async def test_a_file_from_before_the_first_version_is_taken_over(tmp_path: Path) -> None:
    file = old_file(tmp_path / "old")
    assert version_of(file) == schema.BEFORE
    store = await SqliteStore.open(tmp_path / "old")
    assert version_of(file) == migrations.NEWEST
    document = await store.document("acme", "doc_1")
    assert document is not None
    assert (document.state, document.version) == (State.WAITING, 4)
    (part,) = await store.parts("acme", "doc_1")
    assert await store.content("acme", "doc_1", part.sha256) == b"x"
    (event,) = await store.feed("acme", None, 10)
    assert event.id == "evt_1"
    (job,) = await store.claim("worker", NOW, 30, 10)
    assert (job.id, job.key, job.document_id) == (41, "doc_1", "doc_1")
    assert (job.kind, job.lane, job.data) == ("deliver", "deliver", {"leg": 1})
    assert (job.tries, job.fence) == (3, 8)
    await store.checkpoint(job, Checkpoint(Done()), NOW)
    await store.close()
    with sqlite3.connect(file) as database:  # an id that was used before is not used again
        assert database.execute(
            "SELECT seq FROM sqlite_sequence WHERE name = 'job'"
        ).fetchone() == (99,)
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    database.close()


async def test_a_file_that_was_taken_over_is_like_a_new_one(tmp_path: Path) -> None:
    file = old_file(tmp_path / "old")
    await opened_and_closed(tmp_path / "old")
    await opened_and_closed(tmp_path / "new")
    taken_over, new = shape(file), shape(tmp_path / "new" / "budkavle.sqlite")
    assert taken_over.keys() == new.keys()
    assert {name for name in new if taken_over[name] != new[name]} == set()


async def test_a_migration_happens_whole_or_not_at_all(tmp_path: Path) -> None:
    file = old_file(tmp_path / "old")
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE job_dead (in_the_way)")
    database.close()
    before = shape(file)
    for _ in range(2):  # the lock is let go
        with pytest.raises(Exception, match="job_dead already exists"):
            await SqliteStore.open(tmp_path / "old")
    assert shape(file) == before
    with sqlite3.connect(file) as database:
        database.execute("DROP TABLE job_dead")
    database.close()
    await opened_and_closed(tmp_path / "old")
    assert version_of(file) == migrations.NEWEST


@pytest.mark.parametrize(
    "newer",
    ["UPDATE alembic_version SET version_num = '9999'", "DROP TABLE alembic_version"],
    ids=["later version", "unknown"],
)
async def test_a_newer_file_is_left_alone(tmp_path: Path, newer: str) -> None:
    await opened_and_closed(tmp_path / "data")
    file = tmp_path / "data" / "budkavle.sqlite"
    with sqlite3.connect(file) as database:
        database.execute(newer)
    database.close()
    before = shape(file)
    for _ in range(2):  # the lock is let go
        with pytest.raises(SchemaTooNew, match=r"9999|user_version 2"):
            await SqliteStore.open(tmp_path / "data")
    assert shape(file) == before


@pytest.mark.parametrize("old", [False, True], ids=["new file", "old file"])
async def test_many_processes_at_once_migrate_once(tmp_path: Path, old: bool) -> None:
    file = old_file(tmp_path / "data") if old else tmp_path / "new.sqlite"
    migrate = (
        "import sys\nfrom pathlib import Path\nfrom gateway.store.sqlite import schema\n"
        "connection = schema.connect(Path(sys.argv[1]))\nprint(flush=True)\nsys.stdin.readline()\n"
        "schema.migrate(connection)\nprint(schema.version(connection))\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", migrate, str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        await asyncio.to_thread(process.stdout.readline)
    for process in processes:  # all are ready: now
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = [await asyncio.to_thread(process.communicate) for process in processes]
    assert [out.strip() for out, _ in said] == [migrations.NEWEST] * 4
    assert [process.returncode for process in processes] == [0] * 4
    await opened_and_closed(tmp_path / "other")
    assert shape(file) == shape(tmp_path / "other" / "budkavle.sqlite")


async def test_a_start_with_nothing_to_migrate_does_without_alembic(tmp_path: Path) -> None:
    await opened_and_closed(tmp_path / "data")
    start = (
        "import asyncio, sys\nfrom pathlib import Path\n"
        "from gateway.store.sqlite import SqliteStore\n"
        "asyncio.run(SqliteStore.open(Path(sys.argv[1])))\n"
        "print({'alembic', 'sqlalchemy'} & set(sys.modules))\n"
    )
    ran = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", start, str(tmp_path / "data")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "set()\n"


def test_the_history_is_one_line_with_a_text_for_each_database_and_no_way_back() -> None:
    before = None
    for file in VERSIONS:
        version = runpy.run_path(str(file))
        assert (version["revision"], version["down_revision"]) == (file.name[:4], before)
        assert "downgrade" not in version
        for dialect in get_args(migrations.Dialect):
            assert file.with_suffix(f".{dialect}.sql").read_text(encoding="utf-8").strip()
            script = migrations.script(dialect, before)
            assert f"'{file.name[:4]}'" in script
        before = version["revision"]
    assert before == migrations.NEWEST


def test_a_version_that_nobody_knows_is_too_new() -> None:
    with pytest.raises(SchemaTooNew, match="0999"):
        migrations.script("sqlite", "0999")
