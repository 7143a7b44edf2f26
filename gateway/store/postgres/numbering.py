"""The numbers of transactions, by which feeds are ordered, in a database that was restored.

A cluster that a dump is loaded into counts its transactions from the beginning. What the dump
brought along has higher numbers, and new events would come before it, behind every reader. So an
offset is added to all numbers, and raised once when the cluster is found to be another one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.store.postgres.connections import Connection

_SAME = """
    SELECT numbering.system_identifier = cluster.system_identifier::text
    FROM numbering, pg_control_system() AS cluster
"""
# Looks at every event: a minute or so, once in the life of a cluster.
_RAISE = """
    UPDATE numbering SET system_identifier = cluster.system_identifier, offset_tx = greatest(
        offset_tx,
        1 - pg_snapshot_xmin(pg_current_snapshot())::text::bigint + greatest(
            (SELECT max(tx) FROM event),
            (SELECT max(greatest(tx, born_tx)) FROM document)))
    FROM pg_control_system() AS cluster
"""


async def go_on(connection: Connection) -> None:
    """Sees to it that this cluster's next numbers are higher than those that are in use. Nobody
    may have written here before it was called."""
    if await connection.fetchval(_SAME):
        return
    async with connection.transaction():
        await connection.execute("SET LOCAL statement_timeout = 0")
        await connection.execute("LOCK TABLE numbering IN ACCESS EXCLUSIVE MODE")
        if not await connection.fetchval(_SAME):
            await connection.execute(_RAISE)
