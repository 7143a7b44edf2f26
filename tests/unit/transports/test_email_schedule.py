from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transports.email.schedule import Hours, opens, zone_of

STOCKHOLM = ZoneInfo("Europe/Stockholm")
WEEKDAYS = frozenset(range(5))
OFFICE = Hours(time(8), time(17), WEEKDAYS)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-23T06:59:59", "2026-11-23T07:00"),  # Monday, a second before eight in winter
        ("2026-11-23T07:00:00", None),
        ("2026-11-23T15:59:59", None),
        ("2026-11-23T16:00:00", "2026-11-24T07:00"),  # the end is not within
        ("2026-11-27T16:00:00", "2026-11-30T07:00"),  # Friday evening
        ("2026-11-21T12:00:00", "2026-11-23T07:00"),  # Saturday noon
        ("2026-07-06T05:59:00", "2026-07-06T06:00"),  # summer time
        ("2026-03-27T20:00:00", "2026-03-30T06:00"),  # the clock was put forward in between
        ("2026-10-23T20:00:00", "2026-10-26T07:00"),  # and back
    ],
)
def test_office_hours(now: str, expected: str | None) -> None:
    found = opens(OFFICE, STOCKHOLM, utc(now))
    assert found == (utc(expected) if expected else None)
    assert found is None or found.utcoffset() == timedelta()


def test_an_hour_that_is_not_there_begins_when_the_clock_was_put_forward() -> None:
    """29 March 2026: 02:00 to 03:00 is not there."""
    night = Hours(time(2, 30), time(5), frozenset(range(7)))
    assert opens(night, STOCKHOLM, utc("2026-03-28T23:00:00")) == utc("2026-03-29T01:30:00")


def test_hours_that_are_not_there_at_all_wait_for_the_next_day() -> None:
    night = Hours(time(2, 15), time(2, 45), frozenset(range(7)))
    assert opens(night, STOCKHOLM, utc("2026-03-28T23:00:00")) == utc("2026-03-30T00:15:00")


def test_a_single_day_whose_hours_are_not_there_waits_for_the_next_week() -> None:
    sunday = Hours(time(2, 15), time(2, 45), frozenset({6}))
    assert opens(sunday, STOCKHOLM, utc("2026-03-28T23:00:00")) == utc("2026-04-05T00:15:00")


def test_an_hour_that_is_there_twice_is_within_both_times() -> None:
    """25 October 2026: 02:00 to 03:00 is there twice."""
    night = Hours(time(2), time(3), frozenset(range(7)))
    assert opens(night, STOCKHOLM, utc("2026-10-25T00:30:00")) is None
    assert opens(night, STOCKHOLM, utc("2026-10-25T01:30:00")) is None
    assert opens(night, STOCKHOLM, utc("2026-10-25T02:00:00")) == utc("2026-10-26T01:00:00")


def test_until_midnight() -> None:
    late = Hours(time(20), None, frozenset({4}))
    assert opens(late, STOCKHOLM, utc("2026-11-27T22:59:59")) is None
    assert opens(late, STOCKHOLM, utc("2026-11-27T23:00:00")) == utc("2026-12-04T19:00:00")


TIMES = st.times().map(lambda at: at.replace(microsecond=0))


@given(
    hours=st.builds(
        lambda one, other, days: Hours(
            min(one, other), max(one, other) if one != other else None, days
        ),
        TIMES,
        TIMES,
        st.frozensets(st.integers(0, 6), min_size=1),
    ),
    zone=st.sampled_from(
        ["Europe/Stockholm", "Atlantic/Reykjavik", "America/New_York", "Australia/Lord_Howe"]
    ).map(ZoneInfo),
    now=st.integers(1_580_000_000, 2_050_000_000).map(lambda s: datetime.fromtimestamp(s, UTC)),
)
def test_they_are_open_when_they_open_and_within_two_weeks(
    hours: Hours, zone: ZoneInfo, now: datetime
) -> None:
    found = opens(hours, zone, now)
    if found is None:
        assert now.astimezone(zone).weekday() in hours.days
        return
    assert now < found <= now + timedelta(days=15)
    assert opens(hours, zone, found) is None


@pytest.mark.parametrize(
    ("country", "name"),
    [("NO", "Europe/Oslo"), ("SE", "Europe/Stockholm"), ("XX", "Europe/Stockholm")],
)
def test_the_time_zone_is_that_of_the_sender(country: str, name: str) -> None:
    assert zone_of(OFFICE, country).key == name
    own = Hours(time(8), None, WEEKDAYS, ZoneInfo("Atlantic/Reykjavik"))
    assert zone_of(own, country).key == "Atlantic/Reykjavik"


def test_they_are_said_as_people_write_them() -> None:
    assert OFFICE.said(STOCKHOLM) == "mon, tue, wed, thu, fri 08:00-17:00 (Europe/Stockholm)"
    assert Hours(time(20), None, frozenset({6})).said(STOCKHOLM) == (
        "sun 20:00-24:00 (Europe/Stockholm)"
    )
