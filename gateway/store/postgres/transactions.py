"""Writing: what is asked for at once is written together, in one transaction a batch.

All units of one operation that come in one turn of the event loop make a batch: a few statements
for as many callers, and one sync. While as many batches of an operation as may be are under way,
the next one gathers. A caller hears of its unit only after COMMIT has returned. A unit that fails
takes nobody with it: when a batch raises, its halves are written by themselves.

When the connection is lost, nothing is guessed. Lost before COMMIT was sent, nothing was written,
and the batch is written again. Lost while COMMIT was under way, the database is asked whether the
events of the batch are there. A batch without events may be repeated by its caller: it writes
under a fence, or the same thing once more.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import asyncpg

from gateway.store.port import Contradiction, StorageUnavailable
from gateway.store.postgres.connections import Connections
from gateway.store.postgres.faults import (
    TooEarly,
    is_loss,
    is_storage_fault,
    passes,
    translated,
)

if TYPE_CHECKING:
    from gateway.store.postgres.connections import Connection, Record

_MOST_UNITS = 256  # in a batch; bounds its time and its locks
_AT_ONCE = 2  # batches of one operation: while one waits for the disk, another one is made
_TRIES = 6
_DOUBT_S = 8.0  # how long an answer is sought on a COMMIT that was cut off

Row = Sequence[Any]
A = TypeVar("A")
R = TypeVar("R")


@dataclass(slots=True)
class Transaction:
    """What an operation writes with, and whom it wakes when it is on disk."""

    connection: Connection
    topics: set[str] = field(default_factory=set)
    witness: tuple[str, str] | None = None  # (document id, event id) of an event it has appended
    xid: str | None = None  # its number in the database, once something was written by `flush`
    after_tx: int = 0  # the newest number, as feeds have it, that what it has locked was written by
    _late: list[_Late] = field(default_factory=list)

    async def fetch(self, sql: str, *values: Any) -> list[Record]:
        """The rows of one statement."""
        return await self.connection.fetch(sql, *values)

    async def run(self, sql: str, *values: Any) -> int:
        """One statement; answers how many rows it touched."""
        status = await self.connection.execute(sql, *values)
        return int(status.rpartition(" ")[2])

    async def each(self, sql: str, columns: str, rows: Sequence[Row]) -> list[Record]:
        """One statement for many rows, in which `{asked}` stands for them as a table: of
        `columns` ("name type, name type"), and `nth`, their order from 1. No rows: nothing is
        done."""
        if not rows:
            return []
        return await self.connection.fetch(with_asked(sql, columns, 1), *zip(*rows, strict=True))

    def later(self, sql: str, columns: str, rows: Sequence[Row], else_: str | None = None) -> None:
        """The same, but all of them go to the database together: no two may touch the same row,
        or see what another one does. With `else_`, it is a Contradiction of this text when
        `sql`, which then ends with RETURNING, has fewer rows than were asked."""
        if rows:
            self._late.append(_Late(sql, columns, rows, else_))

    async def flush(self) -> None:
        """Writes what was put off. Raises Contradiction and TooEarly."""
        late, self._late = self._late, []
        if not late:
            return
        found = await self.connection.fetchrow(
            _together(tuple((one.sql, one.columns, one.else_ is not None) for one in late)),
            *(values for one in late for values in zip(*one.rows, strict=True)),
        )
        assert found is not None
        self.xid, tx, *counts = found
        for one, count in zip(late, counts, strict=True):
            if one.else_ is not None and count < len(one.rows):
                raise Contradiction(one.else_)
        if tx < self.after_tx:
            raise TooEarly


@dataclass(frozen=True, slots=True)
class _Late:
    """A statement that was put off."""

    sql: str
    columns: str
    rows: Sequence[Row]
    else_: str | None


@lru_cache(512)
def with_asked(sql: str, columns: str, first: int) -> str:
    """The statement, with arrays of the columns for `{asked}`, numbered from `first` on."""
    names, types = zip(*(column.split() for column in columns.split(", ")), strict=True)
    arrays = ", ".join(f"${n}::{type_}[]" for n, type_ in enumerate(types, first))
    table = f"unnest({arrays}) WITH ORDINALITY AS asked ({', '.join(names)}, nth)"
    return sql.replace("{asked}", table)


@lru_cache(512)
def _together(late: Sequence[tuple[str, str, bool]]) -> str:
    """One statement of many: it answers the transaction's numbers, and the rows of each."""
    withs, counts, first = [], [], 1
    for n, (sql, columns, counted) in enumerate(late):
        withs.append(f"_{n} AS ({with_asked(sql, columns, first)})")
        counts.append(f"(SELECT count(*) FROM _{n})" if counted else "NULL")
        first += len(columns.split(", "))
    numbers = "pg_current_xact_id()::text, this_tx()"
    return f"WITH {', '.join(withs)} SELECT {numbers}, {', '.join(counts)}"


# Writes all units, and answers each one's result or the exception that its caller shall get. It
# raises when one of several units can not be written: then each is called by itself.
Operation = Callable[[Transaction, Sequence[A]], Awaitable[Sequence[R | Exception]]]


@dataclass(slots=True, eq=False)
class _Unit(Generic[A, R]):
    argument: A
    future: asyncio.Future[R]


@dataclass(slots=True, eq=False)
class _Line(Generic[A, R]):
    """The units of one operation that wait, and how many batches of it are under way."""

    operation: Operation[A, R]
    units: list[_Unit[A, R]] = field(default_factory=list)
    under_way: int = 0
    called: bool = False


class Transactions:
    """Used on the event loop it was made on. `tell` hears the topics of each batch."""

    def __init__(self, connections: Connections, tell: Callable[[set[str]], None]) -> None:
        self._connections = connections
        self._tell = tell
        self._lines: dict[Operation[Any, Any], _Line[Any, Any]] = {}
        self._batches: set[asyncio.Task[None]] = set()
        self._closed = False

    def write(self, operation: Operation[A, R], argument: A) -> asyncio.Future[R]:
        """The result of one unit, once it is on disk."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = loop.create_future()
        if self._closed:
            future.set_exception(StorageUnavailable("the store is closed"))
            return future
        line = self._lines.get(operation)
        if line is None:
            line = self._lines[operation] = _Line(operation)
        line.units.append(_Unit(argument, future))
        if not line.called:
            line.called = True
            loop.call_soon(self._start, line)
        return future

    async def close(self) -> None:
        """Writes what is queued."""
        self._closed = True
        while any(line.units for line in self._lines.values()) or self._batches:
            for line in self._lines.values():
                self._start(line)
            await asyncio.wait(self._batches)

    def _start(self, line: _Line[Any, Any]) -> None:
        line.called = False
        while line.units and line.under_way < _AT_ONCE:
            units, line.units = line.units[:_MOST_UNITS], line.units[_MOST_UNITS:]
            line.under_way += 1
            batch = asyncio.create_task(self._batch(line, units))
            self._batches.add(batch)
            batch.add_done_callback(self._batches.discard)

    async def _batch(self, line: _Line[A, R], units: Sequence[_Unit[A, R]]) -> None:
        try:
            await self._written(line.operation, units)
        finally:
            line.under_way -= 1
            self._start(line)

    async def _written(self, operation: Operation[A, R], units: Sequence[_Unit[A, R]]) -> None:
        """Answers the units, together or in halves."""
        arguments = [unit.argument for unit in units]
        results: Sequence[R | Exception]
        try:
            results = await self._committed(operation, arguments)
        except Exception as error:  # noqa: BLE001 - whatever it is, the callers must hear it
            if len(units) > 1 and not is_storage_fault(error):
                half = len(units) // 2
                await self._written(operation, units[:half])
                return await self._written(operation, units[half:])
            results = [translated(error) for _ in units]
        for unit, result in zip(units, results, strict=True):
            if unit.future.done():  # the caller has gone away; the unit stands
                continue
            if isinstance(result, Exception):
                unit.future.set_exception(result)
            else:
                unit.future.set_result(result)
        return None

    async def _committed(
        self, operation: Operation[A, R], arguments: Sequence[A]
    ) -> Sequence[R | Exception]:
        tries = 0
        while True:
            tries += 1
            try:
                return await self._once(operation, arguments)
            except Exception as error:
                if tries == _TRIES or not (passes(error) or is_loss(error)):
                    raise
            await asyncio.sleep(random.uniform(0, 0.01 * 2**tries))  # noqa: S311 - not to meet again

    async def _once(
        self, operation: Operation[A, R], arguments: Sequence[A]
    ) -> Sequence[R | Exception]:
        async with self._connections.lent() as connection:
            await connection.execute("BEGIN")
            transaction = Transaction(connection)
            try:
                results = await operation(transaction, arguments)
                await transaction.flush()
            except BaseException:
                await _rolled_back(connection)
                raise
            doubt = None
            try:
                await connection.execute("COMMIT")
            except Exception as error:
                if not is_storage_fault(error):
                    raise
                doubt = error  # judged below, on another connection
        if doubt is not None and not await self._was_committed(transaction):
            raise doubt
        self._tell(transaction.topics)
        return results

    async def _was_committed(self, transaction: Transaction) -> bool:
        """Whether a transaction whose COMMIT was cut off is on disk. Raises StorageUnavailable
        when nobody can tell.

        A number alone proves nothing: one that was lost in a crash of the server is given again.
        """
        if transaction.witness is None or transaction.xid is None:
            raise StorageUnavailable("the connection was lost while it was being written")
        try:
            async with asyncio.timeout(_DOUBT_S):
                while True:
                    try:
                        return await self._is_there(transaction.xid, transaction.witness)
                    except StorageUnavailable:
                        await asyncio.sleep(0.1)
        except TimeoutError:
            raise StorageUnavailable(
                "the connection was lost while it was being written; whether it was is not known"
            ) from None

    async def _is_there(self, xid: str, witness: tuple[str, str]) -> bool:
        """Raises StorageUnavailable as long as it is under way."""
        try:
            ((status,),) = await self._connections.read(
                "SELECT pg_xact_status($1::text::xid8)", xid
            )
        except asyncpg.InvalidParameterValueError:
            status = None  # a number that was lost in a crash, and was not given again yet
        if status == "in progress":
            raise StorageUnavailable("it is being written")
        return bool(
            await self._connections.read(
                "SELECT 1 FROM event WHERE document_id = $1 AND id = $2", *witness
            )
        )


async def _rolled_back(connection: Connection) -> None:
    """Ends the transaction; a connection that can not even do that is thrown away by its pool."""
    try:
        await connection.execute("ROLLBACK")
    except Exception as error:
        if not is_storage_fault(error):
            raise
