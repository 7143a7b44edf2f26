"""The store that the settings ask for."""

from __future__ import annotations

from datetime import datetime

from gateway.blobs.opening import place, ring
from gateway.config import Settings
from gateway.store.port import Store
from gateway.store.sqlite import SqliteStore


async def open_store(settings: Settings) -> Store:
    """Opens it, with its place for blobs and its key ring. Raises what `SqliteStore.open` or
    `PostgresStore.open` raises, and ConfigError."""
    if settings.store is None:
        return await SqliteStore.open(settings.data, place=place(settings), ring=ring(settings))
    from gateway.store.postgres import PostgresStore  # its driver is not loaded for nothing

    return await PostgresStore.open(
        settings.store.address,
        settings.data,
        place=place(settings),
        ring=ring(settings),
        connections=settings.store.connections,
    )


async def migrate(settings: Settings, now: datetime) -> str | None:
    """Brings the database to the version of this program, made when there is none; answers the
    version it had, where that is known. Raises what opening raises."""
    if settings.store is None:
        await (await open_store(settings)).close()  # opening migrates
        return None
    from gateway.store.postgres import schema

    found, _ = await schema.migrate(settings.store.address, now)
    return found
