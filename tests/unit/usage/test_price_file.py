"""Price lists as files: the same from TOML and CSV, and every fault at once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.store.usage import Price
from gateway.usage.price_file import Words, read

WORDS = Words({"peppol", "email", "letter"}, {"SE", "NO"}, {"SEK", "NOK"})

TOML = b"""
# Prices of 2026.
currency = "SEK"
valid_from = 2026-01-01

[[prices]]
channel = "peppol"
amount = 1.25

[[prices]]
channel = "letter"
country = "no"
kind = "invoice"
direction = "in"
amount = "15.00"
currency = "NOK"
valid_to = 2026-12-31

[[prices]]
channel = "company_month"
amount = 99
"""
CSV = """\ufeffchannel;country;direction;kind;valid_from;valid_to;currency;amount\r
peppol;;;;2026-01-01;;SEK;1.25\r
letter;NO;in;invoice;2026-01-01;2026-12-31;NOK;15.00\r
\r
company_month;;;;2026-01-01;;SEK;99\r
""".encode()
BEGINS = date(2026, 1, 1)
PRICES = [
    Price("peppol", "", "out", "", BEGINS, None, "SEK", Decimal("1.25")),
    Price("letter", "NO", "in", "invoice", BEGINS, date(2026, 12, 31), "NOK", Decimal("15.00")),
    Price("company_month", "", "out", "", BEGINS, None, "SEK", Decimal(99)),
]


@pytest.mark.parametrize(
    "content", [TOML, CSV, CSV.replace(b";", b",")], ids=["toml", "csv", "comma"]
)
def test_toml_and_csv_say_the_same(content: bytes) -> None:
    prices, wrong = read(content, WORDS)
    assert wrong == []
    assert [price for _, price in prices] == PRICES


def test_it_is_told_where_a_price_stands() -> None:
    assert [where for where, _ in read(TOML, WORDS)[0]] == ["price 1", "price 2", "price 3"]
    assert [where for where, _ in read(CSV, WORDS)[0]] == ["line 2", "line 3", "line 5"]


def test_everything_that_is_wrong_is_told_at_once() -> None:
    prices, wrong = read(
        b"channel,country,valid_from,currency,amount,colour\n"
        b"pigeon,XX,2026-02-30,EURO,-1,red\n"
        b"peppol,SE,2026-01-01,SEK,1.25,\n"
        b"email,,,SEK,1.00001,\n"
        b"company_month,SE,2026-01-01,SEK,1e3,\n",
        WORDS,
    )
    assert prices == []
    assert {where for where, _ in wrong} == {"line 2", "line 3", "line 4", "line 5"}
    line_2 = "\n".join(why for where, why in wrong if where == "line 2")
    for word in ("'pigeon' is no channel", "'XX'", "2026-02-30", "'EURO'", "'-1'", "'colour'"):
        assert word in line_2
    assert ("line 4", "needs valid_from") in wrong
    assert ("line 4", "amount: 1.00001 has more than 4 decimals") in wrong
    assert ("line 5", "amount: '1e3' is no amount, such as 1.25") in wrong


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\xff", "is not UTF-8"),
        (b"", "has no prices"),
        (b"channel,amount\n", "has no prices"),
        (b"[[prices]\n", "is not TOML"),
        (b"color = 1\n[[prices]]\n", "has color at its head"),
        (b"prices = 3\n", "needs a table [[prices]]"),
        (b"channel,channel\n", "names a column twice"),
        (b"channel,amount\na\n", "has 1 values in line 2, and 2 columns"),
        (b'channel,amount\n"a,1\n', "is not CSV"),
    ],
)
def test_what_can_not_be_read_is_told(content: bytes, why: str) -> None:
    prices, ((where, text),) = read(content, WORDS)
    assert (prices, where) == ([], "the file")
    assert why in text


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_it_is_it_is_read_or_told(content: bytes) -> None:
    prices, wrong = read(content, WORDS)
    assert wrong or prices


@given(st.sampled_from(sorted(TOML.decode().split())), st.text(max_size=12))
def test_a_list_with_anything_in_it_is_read_or_told(word: str, other: str) -> None:
    prices, wrong = read(TOML.decode().replace(word, other).encode("utf-8", "replace"), WORDS)
    assert wrong or prices
