"""Connections to the file, and the version of its tables (`gateway.store.migrations`)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from gateway.audit.chain import NewEntry
from gateway.store import cursors, migrations
from gateway.store.sqlite import audit
from gateway.store.sqlite.writer import Transaction

# A file that the first version takes over: its `user_version` is 1, and alembic does not know it.
BEFORE = "before"

# NORMAL instead of FULL is five times faster and loses acknowledged documents when the power goes.
# auto_vacuum counts only before the first table. 16 MB of cache; a long log shrinks to 64 MB.
_WRITING = """
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA cache_size = -16384;
PRAGMA journal_size_limit = 67108864;
"""


def connect(database: Path) -> sqlite3.Connection:
    """A connection that may write, durably: a commit returns after fdatasync of the log."""
    connection = sqlite3.connect(
        database, isolation_level=None, check_same_thread=False, cached_statements=512
    )
    try:
        connection.executescript(_WRITING)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def connect_for_reading(database: Path) -> sqlite3.Connection:
    """A connection that can not write."""
    connection = sqlite3.connect(
        f"{database.absolute().as_uri()}?mode=ro",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    try:
        connection.execute("PRAGMA query_only = ON")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def cursor_key(connection: sqlite3.Connection) -> bytes:
    """The key of the event cursors, made the first time."""
    connection.execute(
        "INSERT INTO secret (name, value) VALUES ('cursors', ?) ON CONFLICT DO NOTHING",
        (cursors.new_key(),),
    )
    (key,) = connection.execute("SELECT value FROM secret WHERE name = 'cursors'").fetchone()
    return bytes(key)


def version(connection: sqlite3.Connection) -> str | None:
    """The version of the file's tables, None when it has none; BEFORE: from before the first."""
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'alembic_version'").fetchone():
        (found,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(found)
    (before,) = connection.execute("PRAGMA user_version").fetchone()
    return (None, BEFORE)[before] if before in (0, 1) else f"user_version {before}"


def migrate(connection: sqlite3.Connection) -> None:
    """Brings the file to the newest version, whole or not at all. Who comes while another is at it
    waits, and finds it done. Raises SchemaTooNew."""
    found = version(connection)
    if found == migrations.NEWEST:
        return
    # Written before others have to wait.
    migrations.script("sqlite", migrations.VERSIONS[0] if found == BEFORE else found)
    with _patience(connection):
        connection.execute("BEGIN IMMEDIATE")
    try:
        found = before = version(connection)
        if found == BEFORE:
            _run(connection, migrations.take_over())
            found = version(connection)
        _run(connection, migrations.script("sqlite", found))
        if before is not None:
            data = {"from": before, "to": migrations.NEWEST}
            entry = NewEntry("gateway", "store.migrated", "store", data=data)
            audit.add(Transaction(connection), entry, datetime.now(UTC))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def _patience(connection: sqlite3.Connection) -> Iterator[None]:
    """Waits a minute for the lock, not sqlite3's five seconds: a large file takes its time."""
    (usual,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute("PRAGMA busy_timeout = 60000")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA busy_timeout = {usual}")


def _run(connection: sqlite3.Connection, script: str) -> None:
    """One statement after the other: `executescript` would commit first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement).fetchall()  # to the end, also where it answers
            statement = ""
