"""The connections to PostgreSQL: how they are set up, lent, and given up.

In charge of one pool for reading and writing. Not in charge of transactions (`transactions`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Self

import asyncpg

from gateway.store.port import StorageUnavailable
from gateway.store.postgres.faults import is_loss, translated

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Record = asyncpg.Record

STATEMENT_S = 15.0  # no statement of ours takes a tenth of it; with it, no caller hangs for ever
_LOCK_S = 5.0
_IDLE_S = 10.0  # a process that hangs in a transaction would hold back the feeds of all
_CONNECT_S = 5.0
_ACQUIRE_S = 10.0

# All statements are written for one plan: small sets that look up rows by index. With these the
# planner keeps to it, also while a table is empty or its statistics are of yesterday.
_SETTINGS = {
    "application_name": "budkavle",
    "timezone": "UTC",
    "statement_timeout": f"{STATEMENT_S:.0f}s",
    "lock_timeout": f"{_LOCK_S:.0f}s",
    "idle_in_transaction_session_timeout": f"{_IDLE_S:.0f}s",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
}


class Connections:
    """A pool; made by `open`. Errors come as the port's exceptions."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], url: str) -> None:
        self._pool = pool
        self._url = url
        self._closed = False

    @classmethod
    async def open(cls, url: str, size: int) -> Self:
        """Connects. Raises StorageUnavailable, also when commits are not made durable there."""
        try:
            pool = await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=size,
                max_inactive_connection_lifetime=300,
                reset=_keep_as_it_is,
                timeout=_CONNECT_S,
                # The server's own limit comes first; this one is for a server that says nothing.
                command_timeout=STATEMENT_S + 5,
                statement_cache_size=256,
                max_cached_statement_lifetime=0,
                server_settings=_SETTINGS,
            )
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise StorageUnavailable(f"the database can not be reached: {error}") from error
        connections = cls(pool, url)
        try:
            await connections._check_durable()
        except BaseException:
            pool.terminate()
            raise
        return connections

    async def _check_durable(self) -> None:
        for name in ("synchronous_commit", "fsync"):
            ((value,),) = await self.read("SELECT current_setting($1)", name)
            if value == "off":
                raise StorageUnavailable(
                    f"the database has {name} = off: it would lose accepted documents when the "
                    f"power goes; set {name} = on"
                )

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[Connection]:
        """A connection of the pool, outside a transaction. What goes wrong inside is not
        translated; a connection that is left inside a transaction is thrown away."""
        if self._closed:
            raise StorageUnavailable("the store is closed")
        connection = await self._pool.acquire(timeout=_ACQUIRE_S)
        try:
            yield connection
        finally:
            try:
                if connection.is_in_transaction():
                    connection.terminate()
            except asyncpg.InterfaceError:  # it is lost, and the pool has taken it back by itself
                pass
            await self._pool.release(connection)

    async def read(self, sql: str, *values: Any) -> Sequence[Record]:
        """The rows of one statement: it sees one moment. Raises StorageUnavailable.

        A connection that turns out to be lost is replaced once: reading twice changes nothing.
        """
        again = True
        while True:
            try:
                async with self.lent() as connection:
                    return await connection.fetch(sql, *values)
            except Exception as error:
                if again and is_loss(error):
                    again = False
                    continue
                raise translated(error) from error

    async def alone(self) -> asyncpg.Connection[asyncpg.Record]:
        """A connection outside the pool, for who listens."""
        return await _connect(self._url, "budkavle news", STATEMENT_S)

    async def close(self) -> None:
        """Waits for what is under way, and disconnects."""
        self._closed = True
        try:
            async with asyncio.timeout(_ACQUIRE_S):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()


@asynccontextmanager
async def reached(url: str, name: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """A connection for something that may take long. Raises StorageUnavailable, also for what goes
    wrong inside, where it is the database's fault."""
    try:
        connection = await _connect(url, name, None)
        try:
            yield connection
        finally:
            await connection.close(timeout=_CONNECT_S)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise translated(error) from error


async def _connect(
    url: str, name: str, limit_s: float | None
) -> asyncpg.Connection[asyncpg.Record]:
    return await asyncpg.connect(
        url,
        timeout=_CONNECT_S,
        command_timeout=limit_s,
        server_settings={"application_name": name, "timezone": "UTC"},
    )


async def _keep_as_it_is(connection: Any) -> None:
    """Nobody here changes a connection's settings: resetting them would cost a round trip."""
