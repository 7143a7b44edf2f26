from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.figures import amount, day, money, percent, price, quantity


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("value", "english", "swedish"),
    [
        ("0", "0.00", "0,00"),
        ("-0.00", "0.00", "0,00"),
        ("-0.001", "0.00", "0,00"),
        ("12.5", "12.50", "12,50"),
        ("-1234567.89", "−1,234,567.89", "−1 234 567,89"),
        ("999.995", "1,000.00", "1 000,00"),
        ("1E+3", "1,000.00", "1 000,00"),
    ],
)
def test_amounts(value: str, english: str, swedish: str) -> None:
    assert amount(Decimal(value), "en") == english
    assert plain(amount(Decimal(value), "sv")) == swedish
    assert plain(amount(Decimal(value), "nb")) == swedish


def test_money_has_its_currency_where_the_language_puts_it() -> None:
    assert plain(money(Decimal("1234.5"), "SEK", "en")) == "SEK 1,234.50"
    assert plain(money(Decimal("1234.5"), "SEK", "sv")) == "1 234,50 SEK"
    assert " " not in money(Decimal("1234.5"), "SEK", "sv"), "it is never broken over two lines"


@pytest.mark.parametrize(
    ("value", "as_price", "as_quantity"),
    [
        ("1", "1,00", "1"),
        ("1.10", "1,10", "1,1"),
        ("0.0810", "0,081", "0,081"),
        ("1000.00", "1 000,00", "1 000"),
        ("1E+2", "100,00", "100"),
        ("-3", "−3,00", "−3"),
    ],
)
def test_prices_and_quantities_keep_their_decimals(
    value: str, as_price: str, as_quantity: str
) -> None:
    assert plain(price(Decimal(value), "sv")) == as_price
    assert plain(quantity(Decimal(value), "sv")) == as_quantity


def test_percentages() -> None:
    assert percent(Decimal("25.00"), "en") == "25%"
    assert plain(percent(Decimal("12.5"), "sv")) == "12,5 %"


@pytest.mark.parametrize(
    ("language", "written"), [("en", "5 Jan 2026"), ("sv", "2026-01-05"), ("nb", "05.01.2026")]
)
def test_days(language: str, written: str) -> None:
    assert plain(day(date(2026, 1, 5), language)) == written


@given(st.decimals(-(10**12), 10**12, places=2), st.sampled_from(["en", "sv", "nb"]))
def test_an_amount_can_be_read_back(value: Decimal, language: str) -> None:
    written = amount(value, language).replace("−", "-")
    separators = (",", ".") if language == "en" else ("\N{NO-BREAK SPACE}", ",")
    assert Decimal(written.replace(separators[0], "").replace(separators[1], ".")) == value
