"""The order of dates as XML Schema has them."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators.calendar import instant_of, moment_of


@given(st.dates(), st.dates())
def test_same_order_as_the_calendar(one: date, other: date) -> None:
    assert (moment_of(one.isoformat()) < moment_of(other.isoformat())) == (one < other)


@given(st.dates(date(1, 1, 2)))
def test_a_day_is_a_day(day: date) -> None:
    before = date.fromordinal(day.toordinal() - 1)
    assert moment_of(day.isoformat()) - moment_of(before.isoformat()) == 24 * 60


def test_time_zones_and_far_years() -> None:
    assert (
        moment_of("2026-01-01+01:00") < moment_of(" 2026-01-01Z ") < moment_of("2026-01-01-01:00")
    )
    assert moment_of("2026-01-01") == moment_of("2026-01-01Z")
    assert moment_of("-0044-03-15") < moment_of("0001-01-01") < moment_of("12026-01-01")


@pytest.mark.parametrize("text", ["", "2026-1-1", "2026-01-01T00:00:00", "today"])
def test_no_date(text: str) -> None:
    with pytest.raises(ValueError, match="no xs:date"):
        moment_of(text)


@given(st.datetimes(), st.datetimes())
def test_same_order_as_the_clock(one: datetime, other: datetime) -> None:
    texts = one.isoformat(), other.isoformat()
    assert (instant_of(texts[0]) < instant_of(texts[1])) == (one < other)


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ("2026-11-21T24:00:00", "2026-11-22T00:00:00Z"),
        ("2026-11-21T12:00:00+01:00", " 2026-11-21T11:00:00 "),
        ("2026-11-21T23:30:00.50-05:30", "2026-11-22T05:00:00.5"),
    ],
)
def test_one_instant_in_two_spellings(one: str, same: str) -> None:
    assert instant_of(one) == instant_of(same)


def test_no_instant() -> None:
    with pytest.raises(ValueError, match=r"is no xs:dateTime"):
        instant_of("2026-11-21")
