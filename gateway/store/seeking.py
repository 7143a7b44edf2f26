"""How documents are sought: the same way in both databases, without asking them itself.

In charge of which rows are looked at, in which order, and when that is enough. What it wants to be
asked it yields as SQL with `?`, and gets the rows: `sqlite.search` and `postgres.search` ask.

Whatever a question says gives sources: lists of documents, one for each of its fields. A source
with few documents is taken whole; where there are such, what all of them have is looked at, and
nothing else. Where all sources have many, one of them is walked from the newest on, and each
document looked at is held to the whole question; only so many are, for one page. So a rare thing is
always found at once, and only what is rare among two frequent things takes several pages.

The last word has the document's own row: a source may hold what is no longer so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

from gateway.lifecycle import LYING, State
from gateway.store import terms
from gateway.store.cursors import Cursors
from gateway.store.port import Direction
from gateway.store.search import Facets, Question

Row = Sequence[Any]
T = TypeVar("T")

# So many lists are walked side by side: each takes its time to be begun.
MOST_ARMS = 64
_MOST_COMPANIES = 100  # whose own lists are walked; of more, everybody's
_MOST_COUNTED = 1_000  # documents that facets count
_MOST_BROKEN = 100_000  # rows of rules that are counted
_MOST_SUGGESTING = 100  # documents that suggestions are taken from
# Times do not quite grow with the order of arrival: what was written together, or on machines whose
# clocks differ, is out of step by so many documents at most.
_SLACK = 1_000

_BEYOND = 2**62

# Word for word as the index has it, or it would not be used.
_LYING = ", ".join(f"'{state.value}'" for state in LYING)


@dataclass(frozen=True, slots=True)
class Sql:
    """A statement, or a piece of one, and its values."""

    text: str
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is done for one page."""

    whole: int = 5_000  # a source with at most so many documents is taken whole: some milliseconds
    looked: int = 5_000  # documents are looked at: some hundredths of a second on one core


EFFORT = Effort()

Asking = Generator[Sql, Sequence[Row], T]


class Dialect(Protocol):
    """In what the two databases differ here."""

    position: str  # the function that says where in a text another one begins, 0: nowhere
    by_seq: str  # what stands behind a table that is read by `seq`, whatever else is asked for

    def at(self, moment: datetime) -> Any:
        """A time as columns have it."""
        ...

    def newest(self, size: int) -> str:
        """How each of many lists is asked when only so many of all are wanted, newest first."""
        ...

    def among(self, column: str, seqs: Sequence[int]) -> Sql:
        """That the column is one of these."""
        ...


@dataclass(frozen=True, slots=True)
class Sought:
    """Rows that answer, newest first: the first column is the place, then those asked for.

    `next`: from where to go on, None: that was all. `cut`: so many were looked at that it ended
    before there were as many as asked for.
    """

    rows: Sequence[Row]
    next: int | None
    cut: bool = False


@dataclass(frozen=True, slots=True)
class _Source:
    """Lists of documents. `ordered`: each is kept in the order of arrival, so they can be walked
    side by side; the lowest `rank` is walked first."""

    arms: Sequence[Sql]  # "table WHERE ..."; the table has a column `seq`
    rank: int = 9
    ordered: bool = True


_NOWHERE = _Source([Sql("document WHERE 1 = 0")])
_EVERYWHERE = _Source([Sql("document WHERE 1 = 1")])


# --- documents ----------------------------------------------------------------------------------


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
    if not _may_be(question):
        return Sought((), None)
    low, high = yield from _bounds(question, dialect)
    high = high if before is None else min(high, before)
    look = _Look(_condition(question, dialect), columns, limit, dialect, effort)
    if low >= high or (question.companies is not None and not question.companies):
        return look.ended()
    sources = yield from _sources(question, effort.whole)
    whole: set[int] | None = None
    walked: list[_Source] = []
    for source in sources:
        found = yield _side_by_side(source.arms, low, high, f"LIMIT {effort.whole + 1}")
        if len(found) <= effort.whole:
            seqs = {seq for (seq,) in found}
            whole = seqs if whole is None else whole & seqs
        elif source.ordered:
            walked.append(source)
    if whole is not None:
        return (yield from look.through(sorted(whole, reverse=True)))
    first = min(walked or [_EVERYWHERE], key=lambda source: source.rank)
    return (yield from look.along(first.arms, low, high))


@dataclass(slots=True)
class _Look:
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


# --- what must hold -----------------------------------------------------------------------------


_TEXTS = ("companies", "channels", "codes", "kinds", "rules", "words")


def _may_be(question: Question) -> bool:
    """Whether a database could hold all that is asked for: none does that with a NUL in a text, or
    with half a character."""
    asked = (value for name in _TEXTS for value in getattr(question, name) or ())
    return all(
        "\0" not in value and not any("\ud800" <= c <= "\udfff" for c in value) for value in asked
    )


def _condition(question: Question, dialect: Dialect) -> Sql:
    """What a row must be, whichever list it was found in."""
    held: list[Sql] = [Sql("1 = 1")]
    if question.companies is not None:
        held.append(_one_of("d.company_id", sorted(question.companies)))
    if question.direction is not None:
        held.append(Sql("d.direction = ?", (question.direction.value,)))
    for column, wanted in (
        ("d.state", [state.value for state in question.states]),
        ("d.channel", question.channels),
        ("d.kind", question.kinds),
    ):
        if wanted:
            held.append(_one_of(column, wanted))
    has = f"{dialect.position}(%s, ?)"
    if question.codes:
        begins = has % "d.code" + " = 1"
        held.append(_any(Sql(begins, (code,)) for code in question.codes))
    if question.inbox:
        lies = _one_of("i.state", [state.value for state in question.inbox])
        text = f"EXISTS (SELECT 1 FROM inbox AS i WHERE i.document_id = d.id AND {lies.text})"
        held.append(Sql(text, lies.values))
    if question.rules:
        broke = _one_of("b.rule", question.rules)
        text = f"EXISTS (SELECT 1 FROM broken_rule AS b WHERE b.seq = d.seq AND {broke.text})"
        held.append(Sql(text, broke.values))
    named = has % "n.words" + " > 0"
    for mark, asked in _marked(question):
        held.append(_any(Sql(named, (f" {mark}{terms.folded(one)} ",)) for one in asked))
    held += [
        _any([Sql("d.id = ?", (word,)), Sql(named, (f"={terms.folded(word)}",))])
        for word in question.words
    ]
    if question.since is not None:
        held.append(Sql("d.created_at >= ?", (dialect.at(question.since),)))
    if question.until is not None:
        held.append(Sql("d.created_at < ?", (dialect.at(question.until),)))
    return Sql(
        " AND ".join(one.text for one in held), tuple(value for one in held for value in one.values)
    )


def _marked(question: Question) -> list[tuple[str, Sequence[str]]]:
    """The fields that are terms, with what such a term begins with."""
    each = [
        (terms.NUMBER, question.numbers),
        (terms.PARTY, question.parties),
        (terms.MESSAGE, question.messages),
        (terms.REFERENCE, question.references),
    ]
    return [(mark, tuple(wanted)) for mark, wanted in each if wanted]


def _one_of(column: str, wanted: Iterable[str]) -> Sql:
    values = tuple(wanted)
    if not values:
        return Sql("1 = 0")
    return Sql(f"{column} IN ({', '.join('?' * len(values))})", values)


def _any(pieces: Iterable[Sql]) -> Sql:
    each = list(pieces)
    text = " OR ".join(piece.text for piece in each)
    return Sql(f"({text})", tuple(value for piece in each for value in piece.values))


# --- where to look ------------------------------------------------------------------------------


def _sources(question: Question, most: int) -> Asking[list[_Source]]:
    found: list[_Source] = []
    for word in question.words:
        found += yield from _of_word(word, most)
    for _, wanted in _marked(question):
        values = sorted({terms.folded(one) for one in wanted})
        found.append(_Source([Sql("term WHERE value = ?", (value,)) for value in values], 1))
    if question.rules:
        arms = [Sql("broken_rule WHERE rule = ?", (rule,)) for rule in sorted(set(question.rules))]
        found.append(_Source(arms, 2))
    if question.inbox and set(LYING).issuperset(question.inbox):
        lying = _one_of("inbox.state", sorted(state.value for state in question.inbox))
        # With a limit it is done by itself, beginning with what lies: there is little of that.
        text = (
            "(SELECT (SELECT own.seq FROM document AS own WHERE own.id = document_id) AS seq"
            f" FROM inbox WHERE inbox.state IN ({_LYING}) AND {lying.text}"
            f" LIMIT {_BEYOND}) AS lying WHERE 1 = 1"
        )
        found.append(_Source([Sql(text, lying.values)], ordered=False))
    companies = question.companies
    if companies is not None and len(companies) <= _MOST_COMPANIES:
        found.append(_Source(_lists(question, sorted(companies)), 0))
    elif question.states or question.channels or question.codes:
        found += yield from _standing(question)
    return [source for source in found if len(source.arms) <= 4 * _MOST_COMPANIES]


def _of_word(word: str, most: int) -> Asking[list[_Source]]:
    """Documents with this id, or with terms that begin like this."""
    if word.startswith("doc_"):
        return [_Source([Sql("document WHERE id = ?", (word,))], 1)]
    value = terms.folded(word)
    if not value:  # nothing but punctuation: no term has that
        return [_NOWHERE]
    span = (value, value + terms.END)
    begin = Sql("term WHERE value >= ? AND value < ?", span)
    first = yield Sql(f"SELECT seq FROM {begin.text} LIMIT {most + 1}", span)
    if len(first) <= most:
        return [_Source([begin], ordered=False)]
    different = yield from _beginning(value)
    if len(different) > MOST_ARMS:  # so many documents that they are met on any way
        return []
    return [_Source(different, 1)]


def _beginning(value: str) -> Asking[list[Sql]]:
    """Lists of the first terms that begin so: one more than are walked, where there are as many."""
    end = value + terms.END
    different = yield Sql(
        f"""
        WITH RECURSIVE each (value) AS (
            SELECT min(value) FROM term WHERE value >= ? AND value < ?
            UNION ALL
            SELECT (SELECT min(value) FROM term WHERE term.value > each.value AND term.value < ?)
            FROM each WHERE value IS NOT NULL)
        SELECT value FROM each WHERE value IS NOT NULL LIMIT {MOST_ARMS + 1}
        """,
        (value, end, end),
    )
    return [Sql("term WHERE value = ?", (one,)) for (one,) in different]


def _lists(question: Question, companies: Sequence[str]) -> list[Sql]:
    directions = list(Direction) if question.direction is None else [question.direction]
    each = [(company, direction.value) for company in companies for direction in directions]
    if not question.states:
        return [Sql("document WHERE company_id = ? AND direction = ?", one) for one in each]
    states = sorted({state.value for state in question.states})
    text = "document WHERE company_id = ? AND direction = ? AND state = ?"
    return [Sql(text, (*one, state)) for one in each for state in states]


def _standing(question: Question) -> Asking[list[_Source]]:
    """The combinations of state, code and channel that there are, as far as they are asked for."""
    states = sorted({state.value for state in question.states or State})
    there = yield Sql(
        f"""
        WITH RECURSIVE wanted (state) AS (VALUES {", ".join("(?)" for _ in states)}),
        coded (state, code) AS (
            SELECT state, (SELECT min(code) FROM document AS d WHERE d.state = wanted.state)
            FROM wanted
            UNION ALL
            SELECT state, (SELECT min(code) FROM document AS d
                WHERE d.state = coded.state AND d.code > coded.code)
            FROM coded WHERE code IS NOT NULL),
        standing (state, code, channel) AS (
            SELECT state, code, (SELECT min(channel) FROM document AS d
                WHERE d.state = coded.state AND d.code = coded.code AND d.channel > '')
            FROM coded WHERE code IS NOT NULL
            UNION ALL
            SELECT state, code, (SELECT min(channel) FROM document AS d WHERE d.state =
                standing.state AND d.code = standing.code AND d.channel > standing.channel)
            FROM standing WHERE channel IS NOT NULL)
        SELECT state, code, channel FROM standing
        """,
        tuple(states),
    )
    codes, channels = tuple(question.codes), set(question.channels)
    arms = [
        Sql("document WHERE state = ? AND code = ? AND channel IS NULL", (state, code))
        if channel is None
        else Sql("document WHERE state = ? AND code = ? AND channel = ?", (state, code, channel))
        for state, code, channel in there
        if (not codes or code.startswith(codes)) and (not channels or channel in channels)
    ]
    if not arms:
        return [_NOWHERE]
    return [_Source(arms, 3)] if len(arms) <= MOST_ARMS else []


def _bounds(question: Question, dialect: Dialect) -> Asking[tuple[int, int]]:
    """Between which places all documents of the time lie; the second one is not among them."""
    low, high = 0, _BEYOND
    if question.since is not None:
        first = yield from _first_at(dialect.at(question.since))
        before = yield Sql(
            f"SELECT seq FROM document WHERE seq < ? ORDER BY seq DESC LIMIT 1 OFFSET {_SLACK}",
            (first,),
        )
        low = before[0][0] if before else 0
    if question.until is not None:
        end = yield from _first_at(dialect.at(question.until))
        after = yield Sql(
            f"SELECT seq FROM document WHERE seq >= ? ORDER BY seq LIMIT 1 OFFSET {_SLACK}", (end,)
        )
        high = after[0][0] if after else _BEYOND
    return low, high


def _first_at(at: Any) -> Asking[int]:
    """The place of the first document that came then, or later: halved again and again, as times
    grow with places."""
    row = "FROM document WHERE seq >= (low + high) / 2 ORDER BY seq LIMIT 1"
    found = yield Sql(
        f"""
        WITH RECURSIVE narrowed (low, high) AS (
            SELECT (SELECT min(seq) FROM document), (SELECT max(seq) + 1 FROM document)
            UNION ALL
            SELECT CASE WHEN (SELECT created_at {row}) < ? THEN (SELECT seq {row}) + 1 ELSE low END,
                CASE WHEN (SELECT created_at {row}) < ? THEN high ELSE (low + high) / 2 END
            FROM narrowed WHERE low < high)
        SELECT max(low) FROM narrowed
        """,
        (at, at),
    )
    return int(found[0][0] or 0)


# --- facets and suggestions ---------------------------------------------------------------------

_FACETS = {
    "state": "d.state",
    "channel": "d.channel",
    "company": "d.company_id",
    "code": "d.code",
    "kind": "d.kind",
    "direction": "d.direction",
}


def facets(question: Question, values: int, dialect: Dialect) -> Asking[Facets]:
    """How what is found is spread."""
    columns = ", ".join(_FACETS.values())
    sought = yield from seek(question, None, _MOST_COUNTED, columns, dialect)
    spread = {
        name: Counter(row[n] for row in sought.rows if row[n] is not None)
        for n, name in enumerate(_FACETS, 1)
    }
    return Facets(
        len(sought.rows),
        sought.next is None,
        {
            name: sorted(count.items(), key=lambda one: (-one[1], one[0]))[:values]
            for name, count in spread.items()
        },
    )


def suggested(
    companies: Collection[str] | None, begin: str, limit: int, dialect: Dialect
) -> Asking[list[tuple[str, str]]]:
    """What the newest documents with it have that begins like this."""
    value = terms.folded(begin)
    if not value or limit < 1:
        return []
    question = Question(companies=companies, words=(begin,))
    columns = "d.number, d.sender, d.recipient, d.sender_name, d.recipient_name"
    if companies is None:  # of so many terms that begin so, the first will do
        look = _Look(_condition(question, dialect), columns, _MOST_SUGGESTING, dialect, EFFORT)
        arms = yield from _beginning(value)
        sought = yield from look.along(arms[:MOST_ARMS] or [_NOWHERE.arms[0]], 0, _BEYOND)
    else:
        sought = yield from seek(question, None, _MOST_SUGGESTING, columns, dialect)
    found: dict[tuple[str, str], None] = {}
    for _, number, sender, recipient, *names in sought.rows:
        if number and terms.folded(number).startswith(value):
            found[("numbers", number)] = None
        for party in (sender, recipient):
            if party and any(term.startswith(value) for term in terms.of_party(party)):
                found[("parties", party)] = None
        for name in names:
            if name and any(term.startswith(value) for term in terms.of_name(name)):
                found[("words", name)] = None
    return list(found)[:limit]


def failing_rules(
    companies: Collection[str] | None, since: datetime, limit: int, dialect: Dialect
) -> Asking[Sequence[Row]]:
    """Rule, severity, how many documents, and when the first and the last one was found."""
    low, _ = yield from _bounds(Question(companies=None, since=since), dialect)
    mine = Sql("1 = 1") if companies is None else _one_of("company_id", sorted(companies))
    return (
        yield Sql(
            f"""
            SELECT rule, min(severity), count(*), min(at), max(at) FROM (
                SELECT rule, severity, company_id, at FROM broken_rule WHERE seq >= ?
                ORDER BY seq DESC LIMIT {_MOST_BROKEN}) AS newest
            WHERE at >= ? AND {mine.text}
            GROUP BY rule ORDER BY count(*) DESC, rule LIMIT ?
            """,
            (low, dialect.at(since), *mine.values, limit),
        )
    )
