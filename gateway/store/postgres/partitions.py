"""Partitions: what only grows lies apart by the month in which its document was made.

In charge of making them ahead. A partition is found by the document's id, which begins with the
time it was made. Old ones go when retention has emptied them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.store.postgres.connections import Connection

TABLES = ("attempt", "part", "event")
_AHEAD = 3  # months; a gateway whose schedule stood still for so long still finds its partitions


def months_from(now: datetime, count: int) -> list[datetime]:
    """The first moments of this month and of those after it."""
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    months = [first]
    while len(months) < count:
        months.append((months[-1] + timedelta(days=31)).replace(day=1))
    return months


def bound(at: datetime) -> str:
    """An id that all documents made from this moment on sort after, and all others before."""
    digits = f"{int(at.timestamp()) * 1000:012x}"
    return f"doc_{digits[:8]}-{digits[8:]}-"


async def make(connection: Connection, now: datetime) -> int:
    """Makes the partitions of this month and the next ones that are not there; answers how many.

    Rows that came before their partition are moved into it. In a transaction of the caller, who
    sees to it that nobody else does the same.
    """
    made = 0
    for table in TABLES:
        for first, end in pairwise(months_from(now, _AHEAD + 2)):
            name = f"{table}_{first:%Y_%m}"
            if await connection.fetchval("SELECT to_regclass($1)", name) is None:
                await _make(connection, table, name, bound(first), bound(end))
                made += 1
    return made


async def _make(connection: Connection, table: str, name: str, low: str, high: str) -> None:
    # Rows would stand in the way of the partition they belong to; they were few, or none.
    await connection.execute(f"LOCK TABLE {table}_else IN ACCESS EXCLUSIVE MODE")
    await connection.execute(
        f"""
        CREATE TABLE {name} (LIKE {table} INCLUDING ALL);
        WITH early AS (
            DELETE FROM {table}_else WHERE document_id >= '{low}' AND document_id < '{high}'
            RETURNING *)
        INSERT INTO {name} SELECT * FROM early;
        ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ('{low}') TO ('{high}');
        """
    )
