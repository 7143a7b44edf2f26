"""Search in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import count

from gateway.store.cursors import Cursors
from gateway.store.port import Page
from gateway.store.postgres import naming, rows
from gateway.store.postgres.connections import Connections
from gateway.store.postgres.transactions import Transactions
from gateway.store.search import Facets, FailingRule, Question
from gateway.store.seeking import documents, spread
from gateway.store.seeking.statements import Asking, Sql, T

_COLUMNS = ", ".join(f"d.{name}" for name in rows.DOCUMENT_COLUMNS.split(", "))


class _Dialect:
    position = "strpos"
    by_seq = ""

    def at(self, moment: datetime) -> datetime:
        return rows.moment(moment)

    def newest(self, size: int) -> str:
        # Without a limit of its own each is read to its end, by several processes, and sorted.
        return f"({{}} ORDER BY seq DESC LIMIT {size})"

    def among(self, column: str, seqs: Sequence[int]) -> Sql:
        return Sql(f"{column} = ANY(?::bigint[])", (list(seqs),))


_DIALECT = _Dialect()


class SearchRows:
    """Implements `gateway.store.search.Search`; a part of `PostgresStore`."""

    _connections: Connections
    _transactions: Transactions
    _cursors: Cursors

    async def found(self, question: Question, *, after: str | None = None, limit: int = 50) -> Page:
        """A page of what was found."""
        before = documents.opened(self._cursors, after)
        asking = documents.page(question, before, limit, _COLUMNS, _DIALECT)
        sought, at = await self._answered(asking)
        return Page(
            tuple(rows.document(row[1:]) for row in sought.rows),
            documents.sealed(self._cursors, sought.next),
            at,
        )

    async def facets(self, question: Question, *, values: int = 10) -> Facets:
        """How what is found is spread."""
        return await self._answered(spread.facets(question, values, _DIALECT))

    async def suggested(
        self, companies: Collection[str] | None, begin: str, limit: int = 10
    ) -> Sequence[tuple[str, str]]:
        """What begins like this."""
        return await self._answered(spread.suggested(companies, begin, limit, _DIALECT))

    async def failing_rules(
        self, companies: Collection[str] | None, since: datetime, limit: int = 50
    ) -> Sequence[FailingRule]:
        """The rules that most documents were found to break."""
        found = await self._answered(spread.failing_rules(companies, since, limit, _DIALECT))
        return [FailingRule(*row) for row in found]

    async def name_older(self, limit: int) -> bool:
        """Gives older documents their terms."""
        return await self._transactions.write(naming.name_older, limit)

    async def _answered(self, asking: Asking[T]) -> T:
        """Asks what is wanted until there is an answer."""
        try:
            wanted = next(asking)
            while True:
                found = await self._connections.read(_numbered(wanted.text), *wanted.values)
                wanted = asking.send([tuple(row) for row in found])
        except StopIteration as ended:
            answer: T = ended.value
            return answer


@lru_cache(512)
def _numbered(text: str) -> str:
    """The statement with `$1`, `$2` ... for its `?`."""
    numbers = count(1)
    first, *rest = text.split("?")
    return first + "".join(f"${next(numbers)}{piece}" for piece in rest)
