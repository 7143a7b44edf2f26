"""Search in SQLite: by connections that read, never by the one that writes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from datetime import datetime

from gateway.store.cursors import Cursors
from gateway.store.port import Page
from gateway.store.search import Facets, FailingRule, Question
from gateway.store.seeking import documents, spread
from gateway.store.seeking.statements import Asking, Sql, T
from gateway.store.sqlite import naming, rows
from gateway.store.sqlite.readers import Readers
from gateway.store.sqlite.rows import micros, moment
from gateway.store.sqlite.writer import Writer

_COLUMNS = ", ".join(f"d.{name}" for name in rows.DOCUMENT_COLUMNS.split(", "))


class _Dialect:
    position = "instr"
    by_seq = "NOT INDEXED"  # but by the row's own number

    def at(self, moment: datetime) -> int:
        return micros(moment)

    def newest(self, size: int) -> str:
        return "{}"  # they are merged as far as they are wanted

    def among(self, column: str, seqs: Sequence[int]) -> Sql:
        return Sql(f"{column} IN (SELECT value FROM json_each(?))", (json.dumps(seqs),))


DIALECT = _Dialect()


class SearchRows:
    """Implements `gateway.store.search.Search`; a part of `SqliteStore`."""

    _readers: Readers
    _writer: Writer
    _cursors: Cursors

    async def found(self, question: Question, *, after: str | None = None, limit: int = 50) -> Page:
        """A page of what was found."""
        before = documents.opened(self._cursors, after)

        def query(connection: sqlite3.Connection) -> Page:
            asking = documents.page(question, before, limit, _COLUMNS, DIALECT)
            sought, at = answered(connection, asking)
            return Page(
                tuple(rows.document(tuple(row)[1:]) for row in sought.rows),
                documents.sealed(self._cursors, sought.next),
                None if at is None else moment(at),
            )

        return await self._readers.read_many(query)

    async def facets(self, question: Question, *, values: int = 10) -> Facets:
        """How what is found is spread."""
        asking = spread.facets(question, values, DIALECT)
        return await self._readers.read_many(lambda c: answered(c, asking))

    async def suggested(
        self, companies: Collection[str] | None, begin: str, limit: int = 10
    ) -> Sequence[tuple[str, str]]:
        """What begins like this."""
        asking = spread.suggested(companies, begin, limit, DIALECT)
        return await self._readers.read_many(lambda c: answered(c, asking))

    async def failing_rules(
        self, companies: Collection[str] | None, since: datetime, limit: int = 50
    ) -> Sequence[FailingRule]:
        """The rules that most documents were found to break."""
        asking = spread.failing_rules(companies, since, limit, DIALECT)
        found = await self._readers.read_many(lambda c: answered(c, asking))
        return [
            FailingRule(rule, severity, documents, moment(first), moment(last))
            for rule, severity, documents, first, last in found
        ]

    async def name_older(self, limit: int) -> bool:
        """Gives older documents their terms."""
        return await self._writer.write(naming.name_older, limit)


def answered(connection: sqlite3.Connection, asking: Asking[T]) -> T:
    """Asks what is wanted until there is an answer."""
    try:
        wanted = next(asking)
        while True:
            found = connection.execute(wanted.text, wanted.values).fetchall()
            wanted = asking.send(found)
    except StopIteration as ended:
        answer: T = ended.value
        return answer
