"""How the store is read, by connections that can not write: at once, or in a thread.

A row found by its key costs some tens of microseconds, a thread ten times as much before it has
begun: so what reads a handful of rows is read where it is asked for (`read`). What may read many
(lists, the feed) goes to a bounded pool of threads and holds nobody up (`read_many`).
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from gateway.store.port import StorageUnavailable
from gateway.store.sqlite.faults import translated
from gateway.store.sqlite.schema import connect_for_reading

T = TypeVar("T")


class Readers:
    """A connection for each thread that reads; the event loop's is one of them."""

    def __init__(self, database: Path, threads: int) -> None:
        self._database = database
        self._own = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._closed = False
        self._pool = ThreadPoolExecutor(threads, "store-reader")

    def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """The answer of `query`, which asks once: one statement sees one moment.

        Raises StorageUnavailable.
        """
        self._check_open()
        return self._ask(query)

    async def read_many(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """The answer of `query`, all of it from one moment, in a thread; more reads than threads
        wait their turn. Raises StorageUnavailable."""
        self._check_open()
        return await asyncio.get_running_loop().run_in_executor(
            self._pool, self._ask_at_once, query
        )

    def _check_open(self) -> None:
        if self._closed:
            raise StorageUnavailable("the store is closed")

    def _ask(self, query: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return query(self._connection())
        except (sqlite3.Error, OSError) as error:
            raise translated(error) from error

    def _ask_at_once(self, query: Callable[[sqlite3.Connection], T]) -> T:
        def ask(connection: sqlite3.Connection) -> T:
            connection.execute("BEGIN")
            try:
                return query(connection)
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

        return self._ask(ask)

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = connect_for_reading(self._database)
            self._open.append(connection)
        return connection

    def close(self) -> None:
        """Lets the running reads end, and closes."""
        self._closed = True
        self._pool.shutdown()
        for connection in self._open:
            connection.close()
