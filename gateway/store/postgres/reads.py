"""Reading rows by their keys: what is asked for in one turn of the event loop is read together.

A statement costs client and server ten times what a row in it costs, and a busy worker asks for
hundreds of single rows at once. While as many reads of a kind as may be are under way, the next
one gathers. Who asks for what PostgreSQL can not take (a NUL in an id) troubles nobody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from gateway.store.port import StorageUnavailable
from gateway.store.postgres.connections import Connections
from gateway.store.postgres.transactions import Row, with_asked

if TYPE_CHECKING:
    from gateway.store.postgres.connections import Record

_MOST_UNITS = 256
_AT_ONCE = 2

A = TypeVar("A")
R = TypeVar("R")

# Answers all of what is asked, in this order.
Query = Callable[[Connections, Sequence[A]], Awaitable[Sequence[R]]]


@dataclass(slots=True, eq=False)
class _Line(Generic[A, R]):
    """What waits to be read with one query, and how many reads of it are under way."""

    query: Query[A, R]
    units: list[tuple[A, asyncio.Future[R]]] = field(default_factory=list)
    under_way: int = 0
    called: bool = False


class Reads:
    """Used on the event loop it was made on."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._lines: dict[Query[Any, Any], _Line[Any, Any]] = {}
        self._reading: set[asyncio.Task[None]] = set()

    def read(self, query: Query[A, R], asked: A) -> asyncio.Future[R]:
        """The answer to one of the things that `query` answers together."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = loop.create_future()
        line = self._lines.get(query)
        if line is None:
            line = self._lines[query] = _Line(query)
        line.units.append((asked, future))
        if not line.called:
            line.called = True
            loop.call_soon(self._start, line)
        return future

    def _start(self, line: _Line[Any, Any]) -> None:
        line.called = False
        while line.units and line.under_way < _AT_ONCE:
            units, line.units = line.units[:_MOST_UNITS], line.units[_MOST_UNITS:]
            line.under_way += 1
            reading = asyncio.create_task(self._read(line, units))
            self._reading.add(reading)
            reading.add_done_callback(self._reading.discard)

    async def _read(self, line: _Line[A, R], units: Sequence[tuple[A, asyncio.Future[R]]]) -> None:
        try:
            await self._answered(line.query, units)
        finally:
            line.under_way -= 1
            self._start(line)

    async def _answered(
        self, query: Query[A, R], units: Sequence[tuple[A, asyncio.Future[R]]]
    ) -> None:
        """Answers the units together; when that fails by what is asked, each by itself."""
        try:
            answers = await query(self._connections, [asked for asked, _ in units])
        except Exception as error:  # noqa: BLE001 - whatever it is, the callers must hear it
            if len(units) > 1 and not isinstance(error, StorageUnavailable):
                for unit in units:
                    await self._answered(query, [unit])
                return
            for _, future in units:
                if not future.done():
                    future.set_exception(error)
        else:
            for (_, future), answer in zip(units, answers, strict=True):
                if not future.done():
                    future.set_result(answer)


async def each(
    connections: Connections, sql: str, columns: str, asked: Sequence[Row]
) -> list[list[Record]]:
    """The rows of one statement, by what they answer: the first column is `nth`. In `sql`,
    `{asked}` stands for what is asked, as in `Transaction.each`."""
    found: list[list[Record]] = [[] for _ in asked]
    values = zip(*asked, strict=True)
    for row in await connections.read(with_asked(sql, columns, 1), *values):
        found[row["nth"] - 1].append(row)
    return found
