from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.delivery.schedules import Schedule


async def nothing(now: datetime) -> bool:
    return False


AT_NIGHT = Schedule("at_night", timedelta(days=1), nothing, timedelta(hours=3))


@pytest.mark.parametrize(
    ("now", "after"),
    [
        ("2026-11-21T02:59:59", "2026-11-21T03:00:00"),
        ("2026-11-21T03:00:00", "2026-11-22T03:00:00"),
        ("2026-12-31T23:00:00", "2027-01-01T03:00:00"),
    ],
)
def test_it_comes_round_at_its_time_of_the_day(now: str, after: str) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert AT_NIGHT.after(at) == datetime.fromisoformat(after).replace(tzinfo=UTC)


moments = st.floats(0, 4e9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(moments, st.integers(1, 10**6), st.integers(0, 10**6))
def test_the_next_time_is_later_and_never_further_than_a_round(
    now: datetime, every_s: int, offset_s: int
) -> None:
    every, offset = timedelta(seconds=every_s), timedelta(seconds=offset_s)
    schedule = Schedule("some", every, nothing, offset)
    assert now < schedule.after(now) <= now + every
    assert schedule.after(schedule.after(now)) == schedule.after(now) + every
