"""The arithmetic of lanes: what a bucket gives, and when a breaker opens and closes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.store.lanes import (
    CLOCKS_DIFFER_S,
    LONGEST_REST_S,
    Limits,
    Meter,
    admitted,
    claimed,
    fresh,
    heard,
    refilled,
    rests,
)

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
PLAIN = Limits(trip_after=None)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


# --- rate -------------------------------------------------------------------------------------

ASKED = st.lists(st.tuples(st.floats(0, 20), st.integers(1, 50)), min_size=1, max_size=40)


@given(rate=st.floats(0.01, 1000), burst=st.integers(1, 100), asked=ASKED)
def test_a_bucket_gives_its_burst_and_its_rate_and_no_more(
    rate: float, burst: int, asked: list[tuple[float, int]]
) -> None:
    limits = Limits(rate_per_s=rate, burst=burst, trip_after=None)
    meter, at, given = fresh(limits, NOW), 0.0, 0
    for pause, wanted in asked:
        at += pause
        meter = refilled(meter, limits, after(at))
        most = admitted(meter, limits, 0, after(at))
        assert most is not None
        jobs = min(most, wanted)
        meter = claimed(meter, limits, jobs)
        given += jobs
        assert meter.tokens >= 0
        assert given <= burst + rate * at + 0.001
        if jobs < wanted:  # it gives all it has
            assert meter.tokens < 1


@given(
    rate=st.floats(0.01, 100),
    claims=st.lists(st.floats(-CLOCKS_DIFFER_S, 0), min_size=2, max_size=40),
)
def test_clocks_that_differ_bring_no_time_twice(rate: float, claims: list[float]) -> None:
    """One moment, seen by workers whose clocks are up to a minute behind the first one's."""
    limits = Limits(rate_per_s=rate, burst=1000, trip_after=None)
    meter = Meter(0.0, NOW)
    for behind in claims:
        meter = refilled(meter, limits, after(behind))
    assert meter == Meter(0.0, NOW)


def test_a_clock_that_was_set_back_counts_anew_from_there() -> None:
    limits = Limits(rate_per_s=1, burst=100)
    back = refilled(Meter(5.0, NOW), limits, after(-3600))
    assert back == Meter(5.0, after(-3600))
    assert refilled(back, limits, after(-3590)).tokens == 15
    empty = refilled(Meter(0.0, NOW), limits, after(-3600))
    assert empty == Meter(1.0, after(-3600)), "else no claim would ever write down the new time"


def test_a_smaller_burst_holds_at_once() -> None:
    limits = Limits(rate_per_s=1, burst=3)
    assert refilled(Meter(50.0, NOW), limits, after(1)).tokens == 3


@pytest.mark.parametrize(("leased", "most"), [(0, 5), (4, 1), (5, 0), (9, 0)])
def test_a_cap_counts_all_that_are_leased(leased: int, most: int) -> None:
    limits = Limits(at_once=5)
    assert admitted(fresh(limits, NOW), limits, leased, NOW) == most


def test_the_narrowest_limit_holds() -> None:
    limits = Limits(rate_per_s=1, burst=3, at_once=9)
    meter = fresh(limits, NOW)
    assert admitted(meter, limits, 0, NOW) == 3
    assert admitted(meter, limits, 8, NOW) == 1
    assert admitted(replace(meter, open_until=after(1)), limits, 0, NOW) == 0
    assert admitted(replace(meter, open_until=NOW), limits, 0, NOW) == 1


def test_without_limits_any_number_is_admitted_and_nothing_counted() -> None:
    meter = fresh(PLAIN, NOW)
    assert admitted(meter, PLAIN, 1000, NOW) is None
    assert claimed(meter, PLAIN, 1000) is meter
    assert refilled(meter, PLAIN, after(9)) is meter


# --- the breaker ------------------------------------------------------------------------------


def told(meter: Meter, limits: Limits, *answers: bool, at: float = 0) -> Meter:
    for answered in answers:
        meter = heard(meter, limits, answered, after(at))
    return meter


def test_it_opens_after_so_many_in_a_row() -> None:
    limits = Limits(trip_after=3, rest_s=30)
    meter = told(fresh(limits, NOW), limits, False, False)
    assert meter.open_until is None
    assert told(meter, limits, True, False, False).open_until is None
    assert told(meter, limits, False).open_until == after(30)


def test_one_tries_and_its_answer_decides() -> None:
    limits = Limits(trip_after=1, rest_s=30)
    meter = told(fresh(limits, NOW), limits, False)
    assert admitted(meter, limits, 0, after(29.9)) == 0
    assert admitted(meter, limits, 0, after(30)) == 1
    assert admitted(meter, limits, 1, after(30)) == 0
    closed = told(meter, limits, True, at=30)
    assert (closed.fails, closed.open_until) == (0, None)
    assert admitted(closed, limits, 7, after(30)) is None
    assert told(meter, limits, False, at=30).open_until == after(30 + 60)


def test_it_rests_longer_each_time_up_to_the_longest() -> None:
    limits = Limits(trip_after=2, rest_s=30)
    meter, at, rests = fresh(limits, NOW), 0.0, []
    for _ in range(60):
        meter = told(meter, limits, False, at=at)
        if meter.open_until is not None:
            rests.append((meter.open_until - after(at)).total_seconds())
            at += rests[-1]
    assert rests[:6] == [30, 60, 120, 240, 480, 900]
    assert set(rests[5:]) == {LONGEST_REST_S}


def test_a_rest_that_is_set_longer_than_the_longest_is_kept() -> None:
    limits = Limits(trip_after=1, rest_s=2 * LONGEST_REST_S)
    meter = told(fresh(limits, NOW), limits, False)
    assert meter.open_until == after(2 * LONGEST_REST_S)


def test_calls_from_before_it_opened_change_nothing_unless_they_were_answered() -> None:
    limits = Limits(trip_after=1, rest_s=30)
    meter = told(fresh(limits, NOW), limits, False)
    assert told(meter, limits, False, False, at=10) == meter
    assert told(meter, limits, True, at=10).open_until is None


def test_a_lane_without_a_breaker_counts_and_stays_open() -> None:
    meter = told(fresh(PLAIN, NOW), PLAIN, *[False] * 100)
    assert meter.open_until is None


def test_a_clock_that_was_set_back_does_not_keep_a_lane_closed() -> None:
    limits = Limits(trip_after=1, rest_s=30)
    tripped = heard(fresh(limits, NOW), limits, False, NOW)
    assert rests(tripped, limits, NOW)
    assert rests(tripped, limits, after(-CLOCKS_DIFFER_S))
    assert not rests(tripped, limits, after(30))
    assert not rests(tripped, limits, after(-3600 * 5))
    assert admitted(tripped, limits, 0, after(-3600 * 5)) == 1
    again = heard(tripped, limits, False, after(-3600 * 5))
    assert rests(again, limits, after(-3600 * 5)), "it trips anew"
