"""How long to wait: later each time, spread out, never for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from gateway.delivery.backoff import DELAYS, JITTER, LONGEST, Backoff

BACKOFF = Backoff()
NOW = datetime(2026, 11, 21, tzinfo=UTC)
keys = st.uuids()
tries = st.integers(1, 1000)


@given(keys, tries)
def test_the_delay_is_the_table_s_give_or_take_the_jitter(key: UUID, n: int) -> None:
    usual = DELAYS[min(n, len(DELAYS)) - 1]
    assert usual * (1 - JITTER) <= BACKOFF.delay(key, n) <= usual * (1 + JITTER)


@given(keys, tries)
def test_the_same_question_has_the_same_answer(key: UUID, n: int) -> None:
    assert BACKOFF.delay(key, n) == BACKOFF.delay(key, n)


@given(keys, tries, st.timedeltas())
def test_a_channel_gets_what_it_asks_for_within_reason(key: UUID, n: int, asked: timedelta) -> None:
    delay = BACKOFF.delay(key, n, asked)
    assert min(asked, LONGEST) <= delay <= LONGEST
    assert delay >= timedelta()


@given(keys, st.integers(1, len(DELAYS) - 1))
def test_each_delay_is_longer_than_the_one_before(key: UUID, n: int) -> None:
    assert BACKOFF.delay(key, n) < BACKOFF.delay(key, n + 1)


def test_documents_that_failed_together_come_back_apart() -> None:
    delays = {BACKOFF.delay(UUID(int=n), 1) for n in range(100)}
    assert len(delays) > 90


def test_each_channel_has_its_deadline() -> None:
    assert BACKOFF.deadline("email", NOW) - NOW == timedelta(days=3)
    assert BACKOFF.deadline("a channel nobody has set", NOW) - NOW == timedelta(hours=24)
