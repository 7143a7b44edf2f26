"""Where documents that answer a question can lie, and what a row must be to answer it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.lifecycle import LYING, State
from gateway.store import terms
from gateway.store.port import Direction
from gateway.store.search import Question
from gateway.store.seeking.statements import Asking, Dialect, Sql, any_of, one_of

# So many lists are walked side by side: each takes its time to be begun.
MOST_ARMS = 64
_MOST_COMPANIES = 100  # whose own lists are walked; of more, everybody's
# Times do not quite grow with the order of arrival: what was written together, or on machines whose
# clocks differ, is out of step by so many documents at most.
_SLACK = 1_000

BEYOND = 2**62

# Word for word as the index has it, or it would not be used.
_LYING = ", ".join(f"'{state.value}'" for state in LYING)


@dataclass(frozen=True, slots=True)
class Source:
    """Lists of documents. `ordered`: each is kept in the order of arrival, so they can be walked
    side by side; the lowest `rank` is walked first."""

    arms: Sequence[Sql]  # "table WHERE ..."; the table has a column `seq`
    rank: int = 9
    ordered: bool = True


NOWHERE = Source([Sql("document WHERE 1 = 0")])
EVERYWHERE = Source([Sql("document WHERE 1 = 1")])


# --- what must hold -----------------------------------------------------------------------------


_TEXTS = ("companies", "channels", "codes", "kinds", "rules", "words")


def may_be(question: Question) -> bool:
    """Whether a database could hold all that is asked for: none does that with a NUL in a text, or
    with half a character."""
    asked = (value for name in _TEXTS for value in getattr(question, name) or ())
    return all(
        "\0" not in value and not any("\ud800" <= c <= "\udfff" for c in value) for value in asked
    )


def condition(question: Question, dialect: Dialect) -> Sql:
    """What a row must be, whichever list it was found in."""
    held: list[Sql] = [Sql("1 = 1")]
    if question.companies is not None:
        held.append(one_of("d.company_id", sorted(question.companies)))
    if question.direction is not None:
        held.append(Sql("d.direction = ?", (question.direction.value,)))
    for column, wanted in (
        ("d.state", [state.value for state in question.states]),
        ("d.channel", question.channels),
        ("d.kind", question.kinds),
    ):
        if wanted:
            held.append(one_of(column, wanted))
    has = f"{dialect.position}(%s, ?)"
    if question.codes:
        begins = has % "d.code" + " = 1"
        held.append(any_of(Sql(begins, (code,)) for code in question.codes))
    if question.inbox:
        lies = one_of("i.state", [state.value for state in question.inbox])
        text = f"EXISTS (SELECT 1 FROM inbox AS i WHERE i.document_id = d.id AND {lies.text})"
        held.append(Sql(text, lies.values))
    if question.rules:
        broke = one_of("b.rule", question.rules)
        text = f"EXISTS (SELECT 1 FROM broken_rule AS b WHERE b.seq = d.seq AND {broke.text})"
        held.append(Sql(text, broke.values))
    named = has % "n.words" + " > 0"
    for mark, asked in _marked(question):
        held.append(any_of(Sql(named, (f" {mark}{terms.folded(one)} ",)) for one in asked))
    held += [
        any_of([Sql("d.id = ?", (word,)), Sql(named, (f"={terms.folded(word)}",))])
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


# --- where to look ------------------------------------------------------------------------------


def sources_of(question: Question, most: int) -> Asking[list[Source]]:
    """The lists that a question gives; of more than `most` documents is many."""
    found: list[Source] = []
    for word in question.words:
        found += yield from _of_word(word, most)
    for _, wanted in _marked(question):
        values = sorted({terms.folded(one) for one in wanted})
        found.append(Source([Sql("term WHERE value = ?", (value,)) for value in values], 1))
    if question.rules:
        arms = [Sql("broken_rule WHERE rule = ?", (rule,)) for rule in sorted(set(question.rules))]
        found.append(Source(arms, 2))
    if question.inbox and set(LYING).issuperset(question.inbox):
        lying = one_of("inbox.state", sorted(state.value for state in question.inbox))
        # With a limit it is done by itself, beginning with what lies: there is little of that.
        text = (
            "(SELECT (SELECT own.seq FROM document AS own WHERE own.id = document_id) AS seq"
            f" FROM inbox WHERE inbox.state IN ({_LYING}) AND {lying.text}"
            f" LIMIT {BEYOND}) AS lying WHERE 1 = 1"
        )
        found.append(Source([Sql(text, lying.values)], ordered=False))
    companies = question.companies
    if companies is not None and len(companies) <= _MOST_COMPANIES:
        found.append(Source(_lists(question, sorted(companies)), 0))
    elif question.states or question.channels or question.codes:
        found += yield from _standing(question)
    return [source for source in found if len(source.arms) <= 4 * _MOST_COMPANIES]


def _of_word(word: str, most: int) -> Asking[list[Source]]:
    """Documents with this id, or with terms that begin like this."""
    if word.startswith("doc_"):
        return [Source([Sql("document WHERE id = ?", (word,))], 1)]
    value = terms.folded(word)
    if not value:  # nothing but punctuation: no term has that
        return [NOWHERE]
    span = (value, value + terms.END)
    begin = Sql("term WHERE value >= ? AND value < ?", span)
    first = yield Sql(f"SELECT seq FROM {begin.text} LIMIT {most + 1}", span)
    if len(first) <= most:
        return [Source([begin], ordered=False)]
    different = yield from beginning(value)
    if len(different) > MOST_ARMS:  # so many documents that they are met on any way
        return []
    return [Source(different, 1)]


def beginning(value: str) -> Asking[list[Sql]]:
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


def _standing(question: Question) -> Asking[list[Source]]:
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
        return [NOWHERE]
    return [Source(arms, 3)] if len(arms) <= MOST_ARMS else []


def bounds(question: Question, dialect: Dialect) -> Asking[tuple[int, int]]:
    """Between which places all documents of the time lie; the second one is not among them."""
    low, high = 0, BEYOND
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
        high = after[0][0] if after else BEYOND
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
