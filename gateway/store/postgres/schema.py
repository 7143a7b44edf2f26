"""Which version the tables have, and how an older database becomes a newer one.

The history and its texts are `gateway.store.migrations`'s. On PostgreSQL many processes use one
database, so nobody migrates by the way: `budkavle migrate` does, and a store that finds another
version than its own refuses to open.

Times are timestamptz. Ids are text that sorts by byte, as on SQLite. There are no foreign keys
between tables that every document writes to: each would look up and lock one more row for each row
written, the company's for every document of it. A write holds the row of its document, and checks
what it names.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from gateway.audit.chain import NewEntry, Told
from gateway.store import migrations
from gateway.store.postgres import audit, partitions
from gateway.store.postgres.connections import reached
from gateway.store.postgres.transactions import Transaction

if TYPE_CHECKING:
    from gateway.store.postgres.connections import Connection

# Of the lock that one migration at a time holds; any number that nobody else uses.
_LOCK = 0x62_75_64_6B_61_76_6C_65


async def version(connection: Connection) -> str | None:
    """The version of the tables, None when there are none."""
    if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
        return None
    found = await connection.fetchval("SELECT version_num FROM alembic_version")
    return None if found is None else str(found)


async def check(connection: Connection) -> None:
    """Raises MigrationNeeded or SchemaTooNew unless the tables are of this program's version."""
    found = await version(connection)
    if found == migrations.NEWEST:
        return
    if found is not None and found not in migrations.VERSIONS:
        raise migrations.SchemaTooNew(found)
    raise migrations.MigrationNeeded(found)


async def migrate(url: str, now: datetime) -> tuple[str | None, str]:
    """Brings the database to the newest version, whole or not at all; answers the version it had
    and the one it has. Also makes the partitions of the months to come.

    Who comes while another is at it waits, and finds it done. Raises SchemaTooNew and
    StorageUnavailable.
    """
    async with reached(url, "budkavle migrate") as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        found = await version(connection)
        if found != migrations.NEWEST:
            await connection.execute(migrations.script("postgresql", found))
            if found is not None:
                data = {"from": found, "to": migrations.NEWEST}
                entry = NewEntry("gateway", "store.migrated", "store", data=data)
                await audit.append(Transaction(connection), [Told(entry, now)])
        await partitions.make(connection, now)
        return found, migrations.NEWEST
