"""The century of a personal number."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

from schemas.swedish_persons import twelve_digits

TODAY = date(2026, 11, 22)


def written(born: date, serial: str = "123", sign: str = "", *, added: int = 0) -> str:
    ten = f"{born:%y%m}{born.day + added:02}{serial}"
    return f"{ten[:6]}{sign}{serial}{luhn.calc_check_digit(ten)}"


@pytest.mark.parametrize(
    ("number", "twelve"),
    [
        ("196505030004", "196505030004"),
        ("19650503-0004", "196505030004"),
        ("650503-0004", "196505030004"),
        ("6505030004", "196505030004"),
        ("650503 0004", "196505030004"),
        ("197701032380", "197701032380"),
        ("7701032380", "197701032380"),
        ("191212121212", "191212121212"),
        ("121212+1212", "191212121212"),
        ("701063-2391", "197010632391"),  # a coordination number
    ],
)
def test_a_number_has_its_century(number: str, twelve: str) -> None:
    assert twelve_digits(number, TODAY) == twelve


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("121212-1213", "check digit"),
        ("12121212", "ten or twelve"),
        ("1912121212121", "ten or twelve"),
        ("١٢١٢١٢١٢١٢", "ten or twelve"),
        ("121212/1212", "ten or twelve"),
        (written(date(2012, 2, 28), added=1).replace("120229", "130229"), "check digit"),
        ("1212121212", "two persons"),  # 14 or 114
        (written(date(2026, 12, 24)), "can be living"),  # not born yet, and not so old without +
        (written(date(2000, 1, 1), sign="+"), "can be living"),  # would be 126
    ],
)
def test_what_can_not_be_is_told_without_the_number(number: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as raised:
        twelve_digits(number, TODAY)
    assert number not in str(raised.value)


def test_the_sign_of_somebody_who_turns_a_hundred_this_year() -> None:
    born = date(1926, 12, 24)
    assert twelve_digits(written(born, sign="+"), TODAY).startswith("19261224")
    with pytest.raises(ValueError, match="can be living"):
        twelve_digits(written(born, sign="-"), TODAY)


def test_a_child_is_meant_where_the_sign_says_so() -> None:
    assert twelve_digits("121212-1212", TODAY) == "201212121212"


@given(
    st.dates(date(1927, 1, 1), date(2010, 11, 22)),
    st.integers(0, 999).map("{:03}".format),
    st.sampled_from((0, 60)),
)
def test_whoever_is_of_age_and_below_a_hundred_needs_no_sign(
    born: date, serial: str, added: int
) -> None:
    number = written(born, serial, added=added)
    assert twelve_digits(number, TODAY) == f"{born:%Y}" + number[2:]
    assert twelve_digits(twelve_digits(number, TODAY), TODAY) == twelve_digits(number, TODAY)
