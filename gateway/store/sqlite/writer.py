"""The one thread that writes, and its group commit.

All units that wait are written in one transaction: one fdatasync for as many callers as came
meanwhile. A caller hears of its unit only after the commit. A unit that fails takes nobody with it:
units of one operation go together under a savepoint, and when one of them raises they are done
again one by one. When the disk refuses, all units of the transaction fail with StorageUnavailable,
the connection is thrown away, and the next units try with a new one.

Each statement gives up the interpreter and must win it back from a busy event loop, so their number
counts for more than their work. What is one statement, and alone, is a transaction by itself.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from gateway.store.port import StorageUnavailable
from gateway.store.sqlite.batching import Batching
from gateway.store.sqlite.faults import is_storage_fault, translated
from gateway.store.sqlite.rows import Row
from gateway.store.topics import Topics

# Bounds the memory and the time of one transaction; 64 HTTP clients never fill it.
_MOST_UNITS = 512
# What goes to the thread together: all steps of a worker's busiest lane (48 of its 64 places), so
# that they come back together; of what is written alone half of 64 clients, so that the loop hears
# the others meanwhile. Measured; docs/decisions/0014.
_MOST_AT_ONCE, _MOST_ALONE = 64, 32
# Rows in one INSERT. SQLite allows 32,766 values in one statement; document has 24 columns here.
_MOST_ROWS = 64
# Rows of a statement that takes any number of them. Each kept statement keeps what it was given
# last: with one for each number, blobs of 60 KB would hold 125 MB.
_SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, _MOST_ROWS)


@dataclass(slots=True)
class Transaction:
    """What an operation writes with, and whom it wakes when it is on disk."""

    connection: sqlite3.Connection
    topics: set[str] = field(default_factory=set)

    def begin(self) -> None:
        """Makes one of all that follows; before that, each statement is one by itself."""
        if not self.connection.in_transaction:
            self.run("BEGIN IMMEDIATE")

    def end(self) -> None:
        """All of it is on disk."""
        if self.connection.in_transaction:
            self.run("COMMIT")

    def undo(self) -> None:
        """None of it was written, nobody is woken."""
        if self.connection.in_transaction:
            self.run("ROLLBACK")
        self.topics.clear()

    def run(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """One statement."""
        return self.connection.execute(sql, values)

    def insert(self, into: str, rows: Sequence[Row], then: str = "") -> None:
        """Many rows: `into` is `table (columns)`, `then` an upsert clause."""
        self.each(f"INSERT INTO {into}", rows, then)

    def insert_at_once(self, into: str, rows: Sequence[Row]) -> None:
        """Many rows by one statement, whatever their number; more than it takes, in a transaction.

        `into` is a view that takes no notice of rows of nothing but NULL: they fill it up.
        """
        if len(rows) > _MOST_ROWS:
            self.begin()
        for first in range(0, len(rows), _MOST_ROWS):
            chunk = rows[first : first + _MOST_ROWS]
            size = next(size for size in _SIZES if size >= len(chunk))
            nothing = (None,) * len(chunk[0])
            filled = [*chunk, *[nothing] * (size - len(chunk))]
            self._insert(f"INSERT INTO {into}", filled, "")

    def asked(self, columns: str, rows: Sequence[Row], then: str) -> list[Row]:
        """The answers of `then`, a statement that reads the rows as the table `asked`."""
        return self.each(f"WITH asked ({columns}) AS (", rows, f") {then}")

    def each(self, first: str, rows: Sequence[Row], then: str) -> list[Row]:
        """Many rows with few statements: `first VALUES (...), (...) then`, and what they answer."""
        answers: list[Row] = []
        done = 0
        while done < len(rows):
            size = _chunk(min(len(rows) - done, _MOST_ROWS))
            answers += self._insert(first, rows[done : done + size], then)
            done += size
        return answers

    def _insert(self, first: str, rows: Sequence[Row], then: str) -> sqlite3.Cursor:
        one = f"({', '.join('?' * len(rows[0]))})"
        return self.connection.execute(
            f"{first} VALUES {', '.join([one] * len(rows))} {then}",
            [value for row in rows for value in row],
        )


def _chunk(rows: int) -> int:
    """How many of the rows go into the next statement: 1, 2, 3, 4, 6, 8, 12 ... A statement for
    each number would not be found again in the cache."""
    power = 1 << (rows.bit_length() - 1)
    return power + power // 2 if rows >= power + power // 2 else power


A = TypeVar("A")
R = TypeVar("R")

# Writes all units, and answers each one's result or the exception that its caller shall get. It
# raises when one of several units can not be written: then each is called by itself.
Operation = Callable[[Transaction, Sequence[A]], Sequence[R | Exception]]


@dataclass(slots=True, eq=False)
class _Unit(Generic[A, R]):
    operation: Operation[A, R]
    argument: A
    future: asyncio.Future[R]


class Writer:
    """Started by its constructor; `close` writes what is queued and ends the thread.

    `alone`: the operations that need no BEGIN when nobody else's units wait: each writes by one
    statement, or begins a transaction itself.
    """

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        topics: Topics,
        alone: Collection[Operation[Any, Any]] = (),
    ) -> None:
        self._connect = connect
        self._topics = topics
        self._alone = alone
        self._loop = asyncio.get_running_loop()
        self._connection: sqlite3.Connection | None = None
        self._queue: SimpleQueue[list[_Unit[Any, Any]] | None] = SimpleQueue()
        self._asked = Batching(self._queue.put, _MOST_AT_ONCE)
        self._asked_alone = Batching(self._queue.put, _MOST_ALONE)
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    def write(self, operation: Operation[A, R], argument: A) -> asyncio.Future[R]:
        """The result of one unit, once it is on disk. Called on the event loop."""
        future: asyncio.Future[R] = self._loop.create_future()
        if self._closed:
            future.set_exception(StorageUnavailable("the store is closed"))
            return future
        asked = self._asked_alone if operation in self._alone else self._asked
        asked.add(_Unit(operation, argument, future))
        return future

    async def close(self) -> None:
        """Writes what is queued and lets go of the file."""
        if not self._closed:
            self._closed = True
            self._asked.flush()
            self._asked_alone.flush()
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    # --- in the thread ---

    def _work(self) -> None:
        going_on = True
        while going_on:
            units, going_on = self._waiting()
            if units:
                results, topics = self._commit(units)
                self._loop.call_soon_threadsafe(self._answer, units, results, topics)
        if self._connection is not None:
            self._connection.close()

    def _waiting(self) -> tuple[list[_Unit[Any, Any]], bool]:
        """All units that wait, at least one; and whether more may come."""
        units: list[_Unit[Any, Any]] = []
        asked = self._queue.get()
        while asked is not None:
            units += asked
            if len(units) >= _MOST_UNITS or self._queue.empty():
                return units, True
            asked = self._queue.get()
        return units, False

    def _commit(self, units: Sequence[_Unit[Any, Any]]) -> tuple[list[Any], set[str]]:
        try:
            if self._connection is None:
                self._connection = self._connect()
            transaction = Transaction(self._connection)
            results = self._alone_results(transaction, units)
            if results is None:
                transaction.begin()
                results = self._results(transaction, units)
            transaction.end()
        except Exception as error:  # noqa: BLE001 - whatever it is, the callers must hear it
            self._start_afresh()
            return [translated(error) for _ in units], set()
        return results, transaction.topics

    def _alone_results(
        self, transaction: Transaction, units: Sequence[_Unit[Any, Any]]
    ) -> list[Any] | None:
        """What an operation answers that needs no BEGIN; None: nothing was written so."""
        operation = units[0].operation
        if operation not in self._alone or any(unit.operation is not operation for unit in units):
            return None
        try:
            results = operation(transaction, [unit.argument for unit in units])
        except Exception as error:
            if is_storage_fault(error):
                raise
            transaction.undo()
            return None  # one by one it shows whose fault it was
        return [result for _, result in zip(units, results, strict=True)]

    def _results(self, transaction: Transaction, units: Sequence[_Unit[Any, Any]]) -> list[Any]:
        groups: dict[Operation[Any, Any], list[_Unit[Any, Any]]] = {}
        for unit in units:
            groups.setdefault(unit.operation, []).append(unit)
        result_of: dict[_Unit[Any, Any], Any] = {}
        for operation, group in groups.items():
            arguments = [unit.argument for unit in group]
            result_of |= zip(group, _together(transaction, operation, arguments), strict=True)
        return [result_of[unit] for unit in units]

    def _start_afresh(self) -> None:
        """After a fault nothing is sure of the connection: the next units get a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()  # rolls back
            except sqlite3.Error:
                pass

    # --- on the event loop ---

    def _answer(
        self, units: Sequence[_Unit[Any, Any]], results: Sequence[Any], topics: set[str]
    ) -> None:
        for unit, result in zip(units, results, strict=True):
            if unit.future.done():  # the caller has gone away; the unit stands
                continue
            if isinstance(result, Exception):
                unit.future.set_exception(result)
            else:
                unit.future.set_result(result)
        self._topics.tell(topics)


def _together(
    transaction: Transaction, operation: Operation[A, R], arguments: Sequence[A]
) -> Sequence[R | Exception]:
    """All at once under a savepoint; when that raises, one by one. Raises storage faults only."""
    told = set(transaction.topics)
    transaction.run("SAVEPOINT unit")
    try:
        results = operation(transaction, arguments)
    except Exception as error:
        if is_storage_fault(error):
            raise
        transaction.run("ROLLBACK TO unit")
        transaction.run("RELEASE unit")
        transaction.topics = told
        if len(arguments) == 1:
            return [translated(error)]
        return [_together(transaction, operation, [argument])[0] for argument in arguments]
    transaction.run("RELEASE unit")
    return results
