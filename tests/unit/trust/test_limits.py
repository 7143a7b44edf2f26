"""Limits: failures in a window, requests in a minute, and memory that stays bounded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.clock import MovableClock
from gateway.trust import limits
from gateway.trust.limits import MOST_NAMES, Buckets, Failures

AT = datetime(2026, 11, 22, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def test_after_so_many_failures_nobody_listens_until_the_window_is_over() -> None:
    clock = MovableClock(AT)
    failures = Failures(clock, 3, MINUTE)
    for _ in range(2):
        failures.add("a")
    clock.move(20 * SECOND)
    assert failures.wait_s("a") == 0
    failures.add("a")
    assert failures.wait_s("a") == 40 and failures.wait_s("b") == 0
    clock.move(39.5 * SECOND)
    assert failures.wait_s("a") == 1
    clock.move(SECOND)
    assert failures.wait_s("a") == 0
    for _ in range(3):
        assert failures.wait_s("a") == 0
        failures.add("a")
    assert failures.wait_s("a") == 60


def test_those_seen_least_lately_are_forgotten() -> None:
    failures, buckets = Failures(MovableClock(AT), 1, MINUTE), Buckets(MovableClock(AT), 1)
    for n in range(MOST_NAMES + 1):
        failures.add(str(n))
        buckets.take(str(n))
    assert failures.wait_s("0") == 0 and failures.wait_s("1") == 60
    assert buckets.take("0").wait_s == 0 and buckets.take(str(MOST_NAMES)).wait_s == 60


def test_a_bucket_gives_a_minutes_worth_at_once_and_then_evenly() -> None:
    clock = MovableClock(AT)
    buckets = Buckets(clock, 60)
    taken = [buckets.take("a") for _ in range(61)]
    assert [left.remaining for left in taken[:3]] == [59, 58, 57]
    assert all(left.wait_s == 0 for left in taken[:60])
    assert taken[60] == limits.Left(60, 0, 60, 1)
    assert buckets.take("b").wait_s == 0
    clock.move(SECOND)
    assert (buckets.take("a").wait_s, buckets.take("a").wait_s) == (0, 1)
    clock.move(10 * MINUTE)
    assert buckets.take("a").remaining == 59


@given(st.integers(1, 1000), st.lists(st.floats(0, 30), max_size=60))
def test_nobody_gets_more_than_a_bucket_and_what_flows_in(
    per_minute: int, pauses: list[float]
) -> None:
    clock = MovableClock(AT)
    buckets = Buckets(clock, per_minute)
    got = 0
    for pause in pauses:
        clock.move(pause * SECOND)
        got += buckets.take("a").wait_s == 0
    assert got <= per_minute + sum(pauses) * per_minute / 60 + 1e-3


@given(st.integers(1, 1000))
def test_who_waits_as_long_as_told_gets_one(per_minute: int) -> None:
    clock = MovableClock(AT)
    buckets = Buckets(clock, per_minute)
    while not (left := buckets.take("a")).wait_s:
        pass
    clock.move(left.wait_s * SECOND)
    assert buckets.take("a").wait_s == 0
