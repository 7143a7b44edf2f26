"""The language of the search box: read, written, and never at a loss."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.console.log import days
from gateway.console.log.query import (
    FREE,
    LONGEST,
    MOST,
    WORDS,
    Fault,
    Query,
    Term,
    What,
    parse,
)
from gateway.lifecycle import InboxState, State
from gateway.store.port import Direction
from gateway.store.search import Question

NOW = datetime(2026, 11, 22, 12, 40, 5, tzinfo=UTC)  # a Sunday


def read(text: str) -> Query:
    query, faults = parse(text)
    assert faults == ()
    return query


def wrong(text: str) -> list[tuple[What, int]]:
    return [(fault.what, fault.at) for fault in parse(text)[1]]


def asked(text: str) -> Question:
    return read(text).question(NOW, None, {})


def test_every_word_says_its_field() -> None:
    question = asked(
        "state:failed,held inbox:attachment-error direction:in channel:peppol code:email. "
        'rule:br-co-10 kind:credit_note number:"F 10,2" party:0192:918130047 message:a@b ref:0012 '
        'since:2026-11-01 until:2026-11-02 norrsken "två ord"'
    )
    assert question == Question(
        None,
        direction=Direction.IN,
        states=[State.FAILED, State.HELD],
        inbox=[InboxState.ATTACHMENT_ERROR],
        channels=["peppol"],
        codes=["email."],
        rules=["BR-CO-10"],
        kinds=["credit_note"],
        numbers=["F 10,2"],
        parties=["0192:918130047"],
        messages=["a@b"],
        references=["0012"],
        words=["norrsken", "två ord"],
        since=datetime(2026, 11, 1, tzinfo=UTC),
        until=datetime(2026, 11, 3, tzinfo=UTC),
    )


def test_companies_are_those_that_were_named_of_those_that_one_may_see() -> None:
    query = read("company:norr company:com_b")
    named = {"norr": ["com_a", "com_b"], "com_b": ["com_b"]}
    assert query.question(NOW, ["com_a", "com_b", "com_c"], named).companies == ["com_a", "com_b"]
    nobody = {"norr": [], "com_b": []}
    assert query.question(NOW, None, nobody).companies == []
    assert read("x").question(NOW, ["com_a"], {}).companies == ["com_a"]
    assert read("x").question(NOW, None, {}).companies is None


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("", ""),
        ("  \t ", ""),
        ("norrsken state:HELD state:failed", "state:held,failed norrsken"),
        ("state:held state:held x x", "state:held x"),
        ("since:TODAY", "since:today"),
        ("direction:in,out", "direction:in,out"),
        ("party:556036-0793", "party:556036-0793"),
        ("rule:br-co-10", "rule:BR-CO-10"),
        ("0192:918130047", "0192:918130047"),
        ('"state:failed"', '"state:failed"'),
        ('number:"a ""b"" c"', 'number:"a ""b"" c"'),
        ("company:Norr", "company:Norr"),
        ("a,b", '"a,b"'),
        ("number:a,b", "number:a,b"),
        ("x\x00y\ud800", "x y"),
    ],
)
def test_it_is_always_written_the_same_way(text: str, written: str) -> None:
    assert str(read(text)) == written
    assert str(read(written)) == written


@pytest.mark.parametrize(
    ("word", "begin", "end"),
    [
        ("today", "2026-11-22", "2026-11-23"),
        ("yesterday", "2026-11-21", "2026-11-22"),
        ("7d", "2026-11-15", "2026-11-16"),
        ("0d", "2026-11-22", "2026-11-23"),
        ("this-week", "2026-11-16", "2026-11-23"),
        ("last-week", "2026-11-09", "2026-11-16"),
        ("this-month", "2026-11-01", "2026-12-01"),
        ("last-month", "2026-10-01", "2026-11-01"),
        ("2026-02", "2026-02-01", "2026-03-01"),
        ("2026-12", "2026-12-01", "2027-01-01"),
        ("2024-02-29", "2024-02-29", "2024-03-01"),
        ("2026-11-22T09:30", "2026-11-22T09:30", "2026-11-22T09:30"),
        ("24h", "2026-11-21T12:40:05", "2026-11-21T12:40:05"),
    ],
)
def test_a_time_is_a_span(word: str, begin: str, end: str) -> None:
    span = tuple(datetime.fromisoformat(one).replace(tzinfo=UTC) for one in (begin, end))
    assert days.span(word, NOW) == span
    question = asked(f"since:{word} until:{word}")
    assert (question.since, question.until) == span


@pytest.mark.parametrize("word", days.EXPECTED)
def test_every_form_of_a_time_that_is_told_is_one(word: str) -> None:
    assert days.span(word, NOW) is not None


@pytest.mark.parametrize(
    "word", ["2026-13", "2026-11-31", "2026-11-22T25:00", "d", "99999d", "1999-01-01", "-1d", "nu"]
)
def test_what_is_no_time_is_told(word: str) -> None:
    query, (fault,) = parse(f"since:{word} x")
    assert fault == Fault(What.TIME, 6, f"since:{word}", days.EXPECTED)
    assert str(query) == "x"


def test_all_that_is_wrong_is_told_at_once_and_the_rest_is_read() -> None:
    query, faults = parse('colour:red state:fail,held,xyz kind: since:7d since:1d number:"open')
    assert [(fault.what, fault.at) for fault in faults] == [
        (What.WORD, 0),
        (What.ONE_OF, 17),
        (What.ONE_OF, 27),
        (What.EMPTY, 36),
        (What.TWICE, 46),
        (What.QUOTE, 62),
    ]
    assert faults[1].expected[0] == "failed" and set(faults[1].expected) == set(State)
    assert set(faults[0].expected) == set(WORDS)
    assert str(query) == "state:held number:open since:7d"


def test_a_word_that_is_nearly_one_is_guessed() -> None:
    assert parse("chanel:x")[1][0].expected[0] == "channel"


def test_a_query_has_its_limits() -> None:
    assert wrong("x " * LONGEST) == [(What.MANY, MOST * 2), (What.LONG, LONGEST)]
    assert wrong("n" * 201) == [(What.LONG, 0)]
    assert wrong("number:" + ",".join("abcdefghijklmnopqrstuvwxyz" * 3)) == [
        (What.MANY, 7 + 2 * MOST)
    ]


def test_what_a_facet_adds_it_takes_away_again() -> None:
    query = read("state:failed x")
    more = query.with_term(Term("channel", "peppol")).with_term(Term("state", "held"))
    assert str(more) == "state:failed,held channel:peppol x"
    assert more.without(Term("channel", "peppol")).without(Term("state", "held")) == query
    assert str(read("since:7d").with_term(Term("since", "today"))) == "since:today"


def test_every_example_reads() -> None:
    for word in WORDS.values():
        assert read(f"{word.name}:{word.example}").values(word.name)


VALUES = st.text(min_size=1, max_size=30)


@st.composite
def terms(draw: st.DrawFn) -> Term:
    word = draw(st.sampled_from([FREE, *WORDS]))
    if word == FREE:
        return Term(FREE, draw(VALUES))
    if values := WORDS[word].values:
        return Term(word, draw(st.sampled_from(values)))
    if WORDS[word].once:
        return Term(word, draw(st.sampled_from(days.EXPECTED)))
    return Term(word, draw(st.one_of(st.just(WORDS[word].example), VALUES)))


@given(st.lists(terms(), max_size=8))
@settings(max_examples=200, deadline=None)
def test_what_was_written_is_read_as_it_was_meant(given_terms: list[Term]) -> None:
    query, _ = parse(" ".join(map(str, given_terms)))
    assert parse(str(query)) == (query, ())


@given(st.text(max_size=200) | st.text(alphabet='st:ae",  \x00,', max_size=40))
@settings(max_examples=300, deadline=None)
def test_whatever_is_typed_has_an_answer(text: str) -> None:
    query, faults = parse(text)
    assert parse(str(query)) == (query, ())
    assert all(0 <= fault.at <= len(text) for fault in faults)
    question = query.question(NOW, ["com_a"], dict.fromkeys(query.values("company"), ()))
    assert question.companies is not None and set(question.companies) <= {"com_a"}
