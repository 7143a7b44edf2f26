"""What may be sent again, and when."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.client.request import LONGEST_PAUSE_S, Request, retry_after

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5", 5.0),
        ("Sun, 22 Nov 2026 09:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 08:00:00 GMT", 0.0),
        ("soon", None),
        ("-1", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str | None, seconds: float | None) -> None:
    assert retry_after(text, AT) == seconds


@pytest.mark.parametrize(
    ("request_", "repeatable"),
    [
        (Request("GET", "/v1/events"), True),
        (Request("POST", "/v1/documents", headers={"Idempotency-Key": "k"}), True),
        (Request("POST", "/v1/documents/doc_1/cancel"), False),
        (Request("DELETE", "/v1/webhooks/1"), False),
        (Request("PUT", "/v1/logo"), False),
    ],
)
def test_only_what_does_no_more_when_done_twice(request_: Request, repeatable: bool) -> None:
    pause = request_.again_after(1, 3, None, None)
    assert (pause is not None) == request_.repeatable == repeatable


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 413, 422, 500])
def test_a_refusal_is_a_refusal(status: int) -> None:
    assert Request("GET", "/v1/events").again_after(1, 3, status, None) is None


def test_pauses_grow_and_what_is_asked_for_is_kept() -> None:
    ask = Request("GET", "/v1/events")
    assert ask.again_after(1, 4, 503, None) == 0.2
    assert ask.again_after(3, 4, 429, None) == pytest.approx(3.2)
    assert ask.again_after(1, 4, 429, LONGEST_PAUSE_S) == LONGEST_PAUSE_S
    assert ask.again_after(1, 4, 429, LONGEST_PAUSE_S + 1) is None
    assert ask.again_after(4, 4, 429, 1) is None
