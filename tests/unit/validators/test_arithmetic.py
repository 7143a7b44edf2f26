"""XPath's numbers, where they differ from Python's."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators.arithmetic import (
    EXACT,
    divide,
    number,
    plain,
    quotient,
    round_half_up,
    shifted,
    to_cents,
    within,
)

AMOUNTS = st.decimals(
    allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9
)


@pytest.mark.parametrize(
    ("value", "rounded"), [("2.5", "3"), ("-2.5", "-2"), ("2.49", "2"), ("-2.51", "-3")]
)
def test_half_goes_up(value: str, rounded: str) -> None:
    assert round_half_up(Decimal(value)) == Decimal(rounded)


@pytest.mark.parametrize(
    ("value", "cents"), [("1.005", "1.01"), ("-1.005", "-1.00"), ("7", "7"), ("0.1", "0.10")]
)
def test_to_cents(value: str, cents: str) -> None:
    assert to_cents(Decimal(value)) == Decimal(cents)


@given(AMOUNTS)
def test_cents_are_the_nearest(value: Decimal) -> None:
    assert abs(to_cents(value) - value) <= Decimal("0.005")


def test_division_has_eighteen_digits_and_half_goes_to_zero() -> None:
    with localcontext(EXACT):
        assert divide(Decimal(1), Decimal(3)) == Decimal("0." + "3" * 18)
        half = Decimal(15).scaleb(-19)
        assert divide(half, Decimal(1)) == half  # as many digits more as the dividend has decimals
        price = divide(Decimal("12345.678901"), Decimal("0.3"))  # five more than the divisor
        assert price == Decimal("41152.26300" + "3" * 18)
        assert divide(Decimal(1), Decimal(2) ** 19) == Decimal("0.000001907348632812")


def test_sums_are_exact_beyond_pythons_28_digits() -> None:
    with localcontext(EXACT):
        assert Decimal("1e30") + Decimal("0.01") - Decimal("1e30") == Decimal("0.01")


def test_a_double_keeps_its_binary_digits() -> None:
    assert shifted("1000.1", -1) == Decimal("999.1000000000000227373675443232059478759765625")
    assert shifted("1000.1", -1) > Decimal("999.1")


@pytest.mark.parametrize("text", ["", "x", "1,5", "0x1", "1_0", "nan", "inf", "1 2", "\u0661"])
def test_no_number(text: str) -> None:
    assert math.isnan(number(text))


@pytest.mark.parametrize(("text", "value"), [(" 12 ", 12.0), ("1e2", 100.0), ("-INF", -math.inf)])
def test_number(text: str, value: float) -> None:
    assert number(text) == value


def test_slack_takes_its_ends_in() -> None:
    assert within(Decimal("1.00"), Decimal("1.02"))
    assert not within(Decimal("1.00"), Decimal("1.0201"))


@pytest.mark.parametrize(
    ("value", "text"), [("1E+3", "1000"), ("1.5", "1.50"), ("1.23400", "1.234"), ("-0.10", "-0.10")]
)
def test_plain(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text


@pytest.mark.parametrize(
    ("dividend", "divisor", "expected"),
    [(1.0, 4.0, 0.25), (1.0, 0.0, math.inf), (-1.0, 0.0, -math.inf), (1.0, -0.0, -math.inf)],
)
def test_division_of_doubles(dividend: float, divisor: float, expected: float) -> None:
    assert quotient(dividend, divisor) == expected


@pytest.mark.parametrize("dividend", [0.0, math.nan])
def test_division_of_doubles_that_is_no_number(dividend: float) -> None:
    assert math.isnan(quotient(dividend, 0.0))
