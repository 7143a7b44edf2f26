"""Seeking documents: page by page, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.store.cursors import Cursors
from gateway.store.search import Question
from gateway.store.seeking.sources import EVERYWHERE, Source, bounds, condition, may_be, sources_of
from gateway.store.seeking.statements import Asking, Dialect, Row, Sql


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is done for one page."""

    whole: int = 5_000  # a source with at most so many documents is taken whole: some milliseconds
    looked: int = 5_000  # documents are looked at: some hundredths of a second on one core


EFFORT = Effort()


@dataclass(frozen=True, slots=True)
class Sought:
    """Rows that answer, newest first: the first column is the place, then those asked for.

    `next`: from where to go on, None: that was all. `cut`: so many were looked at that it ended
    before there were as many as asked for.
    """

    rows: Sequence[Row]
    next: int | None
    cut: bool = False


def seek(
    question: Question,
    before: int | None,
    limit: int,
    columns: str,
    dialect: Dialect,
    effort: Effort = EFFORT,
) -> Asking[Sought]:
    """Up to `limit` documents that answer, older than the place `before`. `columns` are of
    `document`, which is `d`."""
    if not may_be(question):
        return Sought((), None)
    low, high = yield from bounds(question, dialect)
    high = high if before is None else min(high, before)
    look = Look(condition(question, dialect), columns, limit, dialect, effort)
    if low >= high or (question.companies is not None and not question.companies):
        return look.ended()
    sources = yield from sources_of(question, effort.whole)
    whole: set[int] | None = None
    walked: list[Source] = []
    for source in sources:
        found = yield _side_by_side(source.arms, low, high, f"LIMIT {effort.whole + 1}")
        if len(found) <= effort.whole:
            seqs = {seq for (seq,) in found}
            whole = seqs if whole is None else whole & seqs
        elif source.ordered:
            walked.append(source)
    if whole is not None:
        return (yield from look.through(sorted(whole, reverse=True)))
    first = min(walked or [EVERYWHERE], key=lambda source: source.rank)
    return (yield from look.along(first.arms, low, high))


@dataclass(slots=True)
class Look:
    """Looks at documents, and keeps those that answer until there is one more than a page."""

    condition: Sql
    columns: str
    limit: int
    dialect: Dialect
    effort: Effort
    rows: list[Row] = field(default_factory=list)

    def through(self, seqs: Sequence[int]) -> Asking[Sought]:
        """Of these, which are all that there are."""
        size, first = 2 * (self.limit + 1), 0
        while first < len(seqs) and not self._full:
            yield from self._at(seqs[first : first + size])
            first, size = first + size, 4 * size
        return self.ended()

    def along(self, arms: Sequence[Sql], low: int, high: int) -> Asking[Sought]:
        """Of all in these lists, as far as may be looked at."""
        size, left = 2 * (self.limit + 1), max(self.effort.looked, self.limit + 1)
        while left > 0:
            size = min(size, left)
            each = self.dialect.newest(size) if len(arms) > 1 else "{}"
            found = yield _side_by_side(arms, low, high, f"ORDER BY seq DESC LIMIT {size}", each)
            seqs = [seq for (seq,) in found]
            yield from self._at(seqs)
            if self._full or len(seqs) < size:
                return self.ended()
            high, left, size = seqs[-1], left - size, 4 * size
        return Sought(self.rows, high, cut=True)

    def ended(self) -> Sought:
        """Nothing else is to be looked at, or the page is full."""
        shown = self.rows[: self.limit]
        return Sought(shown, shown[-1][0] if self._full else None)

    @property
    def _full(self) -> bool:
        return len(self.rows) > self.limit

    def _at(self, seqs: Sequence[int]) -> Asking[None]:
        if not seqs:
            return
        chosen = self.dialect.among("d.seq", sorted(set(seqs)))
        found = yield Sql(
            f"SELECT d.seq, {self.columns} FROM document AS d {self.dialect.by_seq}"
            " LEFT JOIN naming AS n ON n.seq = d.seq"
            f" WHERE {chosen.text} AND {self.condition.text}"
            f" ORDER BY d.seq DESC LIMIT {self.limit + 1 - len(self.rows)}",
            (*chosen.values, *self.condition.values),
        )
        self.rows += found


def _side_by_side(arms: Sequence[Sql], low: int, high: int, then: str, each: str = "{}") -> Sql:
    lists = (f"SELECT seq FROM {arm.text} AND seq < ? AND seq >= ?" for arm in arms)
    values = [value for arm in arms for value in (*arm.values, high, low)]
    return Sql(f"{' UNION ALL '.join(map(each.format, lists))} {then}", tuple(values))


def page(
    question: Question, before: int | None, limit: int, columns: str, dialect: Dialect
) -> Asking[tuple[Sought, Any]]:
    """The same; and where it was cut, when the last document came that was looked at."""
    sought = yield from seek(question, before, limit, columns, dialect)
    if not sought.cut:
        return sought, None
    found = yield Sql("SELECT created_at FROM document WHERE seq = ?", (sought.next,))
    return sought, found[0][0] if found else None


# Places are everybody's, and no company may count what others send.
_CURSORS = "search"


def sealed(cursors: Cursors, place: int | None) -> str | None:
    """The cursor of a place."""
    return None if place is None else cursors.sealed(_CURSORS, [(0, place)])[0]


def opened(cursors: Cursors, cursor: str | None) -> int | None:
    """The place of a cursor. Raises BadCursor."""
    return None if cursor is None else cursors.opened(_CURSORS, cursor)[1]
