"""What the log is made of beside its language: facets, suggestions, the table."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.console.log import table
from gateway.console.log.facets import chosen, facets
from gateway.console.log.query import WORDS, parse
from gateway.console.log.rows import Row
from gateway.console.log.suggestions import suggestions, typed
from gateway.console.pages import Words
from gateway.store.search import Facets

AT = datetime(2026, 11, 22, 12, 40, 5, tzinfo=UTC)
ROW = Row(
    *("com_ours", "doc_1", "Norrsken AB", "out", "invoice", "10042", "Norrsken AB", "Kund"),
    *(Decimal("-1250.5"), "SEK", "failed", "none", "email", "email.bounced", "It came back."),
    *(None, AT, AT),
)


# --- facets -------------------------------------------------------------------------------------


def test_a_value_narrows_the_query_and_takes_itself_back() -> None:
    query, _ = parse("company:norr state:failed code:email. x")
    of = {
        "state": [("failed", 3)],
        "channel": [("email", 2), ("letter", 1)],
        "company": [("com_a", 2), ("com_b", 1)],
        "code": [("email.bounced", 3)],
        "strange": [("x", 1)],
    }
    found = facets(Facets(3, True, of), query, {"com_a": "Norrsken AB"})
    assert [facet.word for facet in found] == ["channel", "company", "code"]
    shown = {value.value: value for facet in found for value in facet.values}
    assert shown["email"].query == "state:failed company:norr channel:email code:email. x"
    assert shown["com_a"].query == "state:failed company:com_a code:email. x"
    assert (shown["com_a"].label, shown["com_b"].label) == ("Norrsken AB", "com_b")
    assert shown["email.bounced"].query == "state:failed company:norr code:email.bounced x"
    narrowed, _ = parse(shown["email"].query)
    again = facets(Facets(2, True, {"channel": [("email", 2), ("x", 0)]}), narrowed, {})
    assert again[0].values[0].chosen and again[0].values[0].query == str(query)


def test_each_piece_of_a_query_can_be_left_out() -> None:
    query, _ = parse('company:com_a "two words" number:1')
    pieces = chosen(query, {"com_a": "Norrsken AB"})
    assert [(one.label, one.query) for one in pieces] == [
        ("Norrsken AB", 'number:1 "two words"'),
        ("1", 'company:com_a "two words"'),
        ("two words", "company:com_a number:1"),
    ]


# --- suggestions --------------------------------------------------------------------------------

LOOKED_UP = [("numbers", "10042"), ("words", "Norrsken AB"), ("parties", "0007:1"), ("x", "y")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("state:fa", ("state:failed",)),
        ("x STATE:failed,he", ("x state:failed,held",)),
        ("channel:p", ("channel:peppol",)),
        ("since:last", ("since:last-week", "since:last-month")),
        ("company:n", ('company:"Norrsken AB"',)),
        ('company:"Norrsken A', ('company:"Norrsken AB"',)),
        ('x company:"a, b","n', ('x company:"a, b","Norrsken AB"',)),
        ('"norrsken a', ("number:10042", '"Norrsken AB"', "party:0007:1")),
        ("number:1", ("number:10042",)),
        ("party:0", ("party:0007:1",)),
        ("rule:b", ()),
        ("", ("number:10042", '"Norrsken AB"', "party:0007:1")),
        ("x n", ("x number:", "x number:10042", 'x "Norrsken AB"', "x party:0007:1")),
    ],
)
def test_what_is_typed_goes_on(text: str, expected: tuple[str, ...]) -> None:
    found = suggestions(typed(text), LOOKED_UP, ["Norrsken AB"], {"peppol", "email"})
    assert found == expected
    for query in found:
        assert query.endswith(":") or parse(query)[1] == ()


@given(st.text(max_size=40) | st.sampled_from([f"{word}:" for word in WORDS]))
@settings(max_examples=100, deadline=None)
def test_there_are_suggestions_for_whatever_is_typed(text: str) -> None:
    piece = typed(text)
    assert text.startswith(piece.before)
    for query in suggestions(piece, LOOKED_UP, ["Norrsken AB"], {"peppol"}):
        assert query.startswith(piece.before) and len(query) > len(piece.before)


FORMULA = re.compile(r"[=+@]|-(?![0-9]+$)")  # with a minus sign, a number is none


# --- the table ----------------------------------------------------------------------------------


async def written(pages: Sequence[Sequence[Row]], language: str = "en", most: int = 100) -> str:
    async def each() -> AsyncIterator[Sequence[Row]]:
        for page in pages:
            yield page

    pieces = [piece async for piece in table.lines(each(), Words(language), most)]
    return b"".join(pieces).decode()


def cells(text: str, mark: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix(table.BEGIN)), delimiter=mark))


async def test_a_table_is_as_spreadsheets_there_have_it() -> None:
    english, swedish = await written([[ROW]]), await written([[ROW]], "sv")
    assert english.startswith("\ufeffId,Company,") and swedish.startswith("\ufeffId;Företag;")
    assert cells(english)[1][7] == "-1250.5" and cells(swedish, ";")[1][7] == "-1250,5"
    assert cells(english)[1][13] == "2026-11-22 12:40:05"
    assert len(cells(english)[0]) == len(cells(english)[1]) == len(table.COLUMNS)


@pytest.mark.parametrize(("rows", "cut"), [(4, False), (5, True), (6, True)])
async def test_a_table_has_an_end_and_says_so(rows: int, cut: bool) -> None:
    pages = [[ROW] * 2, [], [ROW] * 2, [ROW] * (rows - 4)]
    lines = cells(await written(pages, most=4))
    assert len(lines) == 1 + 4 + cut
    assert ("The newest 4 are here" in lines[-1][0]) is cut


@given(st.text(alphabet="=+-@;,\"' \ta1\n", max_size=12))
@settings(max_examples=150, deadline=None)
async def test_no_cell_begins_a_formula_wherever_it_is_opened(text: str) -> None:
    row = replace(ROW, number=text, recipient=text, why=text, amount=None)
    for language in ("en", "sv"):
        for mark in ",;":
            for line in cells(await written([[row]], language), mark):
                assert not any(FORMULA.match(cell) for cell in line)
