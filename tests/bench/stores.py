"""Both stores, new and empty, for benches that open them themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from gateway.store.port import Store
from gateway.store.postgres import PostgresStore, schema
from gateway.store.sqlite import SqliteStore
from tests.servers import postgres

SQLITE, POSTGRES = "SQLite", "PostgreSQL"
STORES = (SQLITE, POSTGRES)


async def open_new(name: str, folder: Path) -> Store:
    """A store with a data directory in the folder, and tables of its own."""
    return await opened(folder, await tables(name))


async def tables(name: str) -> str | None:
    """The address of new, empty tables, where the store is asked for one."""
    return await new_tables() if name == POSTGRES else None


async def opened(folder: Path, url: str | None) -> Store:
    """The store of this data directory, with its tables at `url` in PostgreSQL."""
    return await (SqliteStore.open(folder) if url is None else PostgresStore.open(url, folder))


async def new_tables() -> str:
    """The address of empty tables in PostgreSQL."""
    url = await postgres.new_schema()
    await schema.migrate(url, datetime.now(UTC))
    return url
