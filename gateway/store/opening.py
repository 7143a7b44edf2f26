"""The store that the settings ask for."""

from __future__ import annotations

from gateway.blobs.opening import place, ring
from gateway.config import Settings
from gateway.store.port import Store
from gateway.store.sqlite import SqliteStore


async def open_store(settings: Settings) -> Store:
    """Opens it, with its place for blobs and its key ring. Raises what `SqliteStore.open` raises,
    and ConfigError."""
    return await SqliteStore.open(settings.data, place=place(settings), ring=ring(settings))
