"""What an answer means, and when the next try comes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.outside.client import Answer, NoAnswer
from gateway.webhooks.judging import DELAYS, delay, judged

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def answer(status: int, content: bytes = b"", **headers: str) -> Answer:
    return Answer(
        status, {name.replace("_", "-"): value for name, value in headers.items()}, content, True
    )


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (200, "webhook.taken"),
        (204, "webhook.taken"),
        (299, "webhook.taken"),
        (301, "webhook.redirected"),
        (307, "webhook.redirected"),
        (400, "webhook.refused"),
        (404, "webhook.refused"),
        (410, "webhook.gone"),
        (429, "webhook.refused"),
        (500, "webhook.refused"),
        (999, "webhook.refused"),
        (100, "webhook.refused"),
    ],
)
def test_only_2xx_is_a_yes_and_only_410_is_the_end(status: int, code: str) -> None:
    found = judged(answer(status), NOW)
    assert (found.code, found.taken, found.gone, found.status) == (
        code,
        200 <= status < 300,
        status == 410,
        status,
    )


def test_no_answer_is_no_yes() -> None:
    found = judged(NoAnswer("outside.timeout", "Too late."), NOW)
    assert (found.taken, found.gone, found.status, found.code, found.text) == (
        False,
        False,
        None,
        "outside.timeout",
        "Too late.",
    )


@pytest.mark.parametrize(
    ("value", "asked"),
    [
        ("120", timedelta(minutes=2)),
        ("0", timedelta()),
        ("Sat, 21 Nov 2026 10:30:00 GMT", timedelta(hours=1)),
        ("Sat, 21 Nov 2026 08:30:00 GMT", timedelta()),
        ("99999999999999999999", timedelta(seconds=10**8)),
        ("-1", None),
        ("soon", None),
        ("", None),
        ("٣", None),
        ("Sat, 99 Nov 2026 08:30:00 GMT", None),
    ],
)
def test_retry_after_is_read(value: str, asked: timedelta | None) -> None:
    assert judged(answer(503, retry_after=value), NOW).asked == asked
    assert judged(answer(503, RETRY_AFTER=value), NOW).asked == asked


@given(st.text())
def test_no_retry_after_makes_it_stumble(value: str) -> None:
    asked = judged(answer(429, retry_after=value), NOW).asked
    wait = delay("evt_1", 1, asked)
    assert wait is not None and timedelta() <= wait <= timedelta(hours=24)


def test_the_tries_end_after_some_75_hours() -> None:
    waits = [delay("evt_1", tries, None) for tries in range(1, len(DELAYS) + 2)]
    assert waits.pop() is None
    total = sum((wait for wait in waits if wait is not None), timedelta())
    assert timedelta(hours=60) < total < timedelta(hours=91)
    assert sum(DELAYS, timedelta()) == timedelta(hours=75, minutes=35, seconds=5)
    assert delay("evt_1", 1, None) != delay("evt_2", 1, None)  # not all together


def test_an_endpoint_that_asks_for_patience_gets_it_within_reason() -> None:
    asked = delay("evt_1", 1, timedelta(hours=2))
    assert asked is not None and timedelta(hours=2) <= asked < timedelta(hours=2, minutes=1)
    assert delay("evt_1", 1, timedelta(days=365)) == timedelta(hours=24)


@given(st.binary())
def test_what_it_answered_is_shown_short_and_plain(content: bytes) -> None:
    text = judged(answer(500, content), NOW).text
    assert len(text) <= 300 and text.isprintable()


def test_the_beginning_of_an_answer_is_kept() -> None:
    assert (
        judged(answer(500, b"  Down\r\n\x00 for a \xff while "), NOW).text == "Down for a � while"
    )
