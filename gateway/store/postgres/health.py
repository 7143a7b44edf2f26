"""What an operator should know of a PostgreSQL server before the gateway works with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.store.postgres import schema
from gateway.store.postgres.connections import reached

OLDEST_VERSION = 14


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that must be changed, and how."""

    text: str
    do: str


@dataclass(frozen=True, slots=True)
class Health:
    """What was found. `schema` None: there are no tables."""

    server_version: str
    schema: str | None
    last_event_at: datetime | None
    faults: tuple[Fault, ...]


async def look(url: str) -> Health:
    """Looks at the server. Raises StorageUnavailable when it can not be reached."""
    async with reached(url, "budkavle doctor") as connection:
        settings = {
            name: await connection.fetchval("SELECT current_setting($1)", name)
            for name in ("server_version", "fsync", "synchronous_commit", "transaction_read_only")
        }
        found = await schema.version(connection)
        last = None
        if found is not None:
            # The last one written, by the sequence of its documents.
            last = await connection.fetchval(
                "SELECT updated_at FROM document ORDER BY id DESC LIMIT 1"
            )
    faults = [
        Fault(
            f"{name} is off: accepted documents are lost when the power goes.", f"Set {name} = on."
        )
        for name in ("fsync", "synchronous_commit")
        if settings[name] == "off"
    ]
    if settings["transaction_read_only"] == "on":
        faults.append(Fault("It can only be read.", "Name the primary server in [store]."))
    if connection.get_server_version().major < OLDEST_VERSION:
        faults.append(Fault("It is too old.", f"Use version {OLDEST_VERSION} or newer."))
    return Health(settings["server_version"], found, last, tuple(faults))
