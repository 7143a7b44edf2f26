"""A statement: its sums, and its forms for programs and people."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from pypdf import PdfReader

from gateway.store.usage import Sum
from gateway.usage import months
from gateway.usage.paper import paper
from gateway.usage.statement import COLUMNS, Statement, figure, statement, to_csv

NAMES = {"com_1": "Vårt AB", "com_2": "=HYPERLINK(evil)"}
SUMS = [
    Sum("com_2", "acc", "email", "SE", "out", "invoice", "SEK", Decimal("0.500"), 0, 1),
    Sum("com_1", "acc", "peppol", "NO", "out", "invoice", "NOK", Decimal("0.125"), 3, 0),
    Sum("com_1", "acc", "letter", "SE", "out", "credit_note", "SEK", Decimal("12.90"), 5, 2),
    Sum("com_1", "acc", "kivra", "SE", "out", "invoice", None, None, 2, 0),
]
SHOWN = statement("2026-11", "2026-11", SUMS, NAMES)


def test_it_is_summed_up_by_currency_and_nothing_is_rounded() -> None:
    assert SHOWN.totals == {"NOK": Decimal("0.375"), "SEK": Decimal("38.20")}
    assert SHOWN.unpriced == 2
    assert [(name, len(rows)) for _, name, rows in SHOWN.companies()] == [
        ("=HYPERLINK(evil)", 1),
        ("Vårt AB", 3),
    ]


@pytest.mark.parametrize(
    ("closed", "is_closed"), [(None, False), ("2026-10", False), ("2026-12", True)]
)
def test_it_says_whether_it_may_change(closed: str | None, is_closed: bool) -> None:
    assert statement("2026-11", closed, [], {}).closed is is_closed


def test_the_csv_is_read_back_and_computes_nothing() -> None:
    content = to_csv(SHOWN)
    assert content.count(b"\r\n") == 5
    head, *rows = csv.reader(io.StringIO(content.decode(), newline=""), strict=True)
    assert tuple(head) == COLUMNS
    found = [dict(zip(head, row, strict=True)) for row in rows]
    assert found[0]["company"] == "'=HYPERLINK(evil)"
    assert [row["amount"] for row in found] == ["-0.50", "0.375", "38.70", ""]
    assert [row["price"] for row in found] == ["0.50", "0.125", "12.90", ""]
    assert {row["status"] for row in found} == {"closed"}


@pytest.mark.parametrize(
    ("amount", "written"),
    [("0", "0.00"), ("100", "100.00"), ("1.5", "1.50"), ("0.1250", "0.125"), ("-3", "-3.00")],
)
def test_an_amount_has_two_decimals_or_as_many_as_it_has(amount: str, written: str) -> None:
    assert figure(Decimal(amount)) == written


def text_of(content: bytes) -> str:
    pages = PdfReader(io.BytesIO(content)).pages
    return " ".join("\n".join(page.extract_text() for page in pages).split())


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Usage 2026-11", "SEK 38.70", "NOK 0.375", "Total", "2 deliveries have no price")),
        ("sv", ("Användning 2026-11", "38,70 SEK", "Totalt", "2 leveranser saknar pris")),
        ("nb", ("Bruk 2026-11", "38,70 SEK", "Totalt", "2 leveranser mangler pris")),
    ],
)
def test_people_read_it_in_their_language(language: str, words: tuple[str, ...]) -> None:
    text = text_of(paper(SHOWN, "Byrån AB", date(2026, 12, 5), language)).replace("\xa0", " ")
    for word in ("Byrån AB", "Vårt AB", *words):
        assert word in text


def test_long_statements_have_the_head_of_the_table_on_every_page() -> None:
    many = [
        Sum("com_1", "", f"channel-{n:03}", "SE", "out", "invoice", "SEK", Decimal(n), 1, 0)
        for n in range(150)
    ]
    content = paper(statement("2026-11", None, many, NAMES), "Byrån", date(2026, 11, 5), "en")
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]
    assert len(pages) > 2
    assert all("Delivered" in page for page in pages[:-1])
    assert all(f"channel-{n:03}" in "".join(pages) for n in range(150))


def test_the_same_statement_is_the_same_to_the_byte() -> None:
    once, again = (paper(SHOWN, "Byrån", date(2026, 12, 5), "en") for _ in range(2))
    assert once == again


def test_an_empty_statement_says_so() -> None:
    nothing = Statement("2026-11", closed=False, rows=())
    assert "Nothing was delivered." in text_of(paper(nothing, "Byrån", date(2026, 11, 5), "en"))


def test_months_follow_each_other() -> None:
    assert (months.after("2026-12"), months.before("2027-01")) == ("2027-01", "2026-12")
    assert (months.after("2026-02"), months.before("2026-03")) == ("2026-03", "2026-02")
    assert months.first_day("2026-11") == date(2026, 11, 1)
    assert [months.is_month(text) for text in ("2026-11", "2026-13", "26-11", "0000-01")] == [
        *(True, False, False, False)
    ]
