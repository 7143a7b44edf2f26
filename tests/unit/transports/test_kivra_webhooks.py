"""Whether a post is from Kivra, and what it says."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.contracts.case import NOW
from transports.kivra.sandbox.server import SECRET
from transports.kivra.webhooks import NotFromKivra, read, verified

OTHER = "whsec_" + "b3RoZXIgc2VjcmV0IG9mIGFub3RoZXIgdGVuYW50Lg=="
BODY = b'{"type": "payment_callback", "data": {}}'


def headers(**changes: str) -> dict[str, str]:
    given = {
        "webhook-id": "3f62fc97-907a-4212-af02-8c30f1ea1927",
        "webhook-timestamp": str(int(NOW.timestamp())),
        "webhook-signature": Webhook(SECRET).sign(
            "3f62fc97-907a-4212-af02-8c30f1ea1927", NOW, BODY.decode()
        ),
    }
    return {**given, **{name.replace("_", "-"): value for name, value in changes.items()}}


@pytest.mark.parametrize("secrets", [[SECRET], [OTHER, SECRET]])
def test_one_of_the_secrets_will_do(secrets: list[str]) -> None:
    assert verified(secrets, headers(), BODY, NOW) == headers()["webhook-id"]


def test_one_of_the_signatures_will_do() -> None:
    both = f"v1a,c29tZXRoaW5n v1,bm9uZQ== {headers()['webhook-signature']}"
    assert verified([SECRET], headers(webhook_signature=both), BODY, NOW)


@pytest.mark.parametrize("late", [timedelta(minutes=5), timedelta(minutes=-5)])
def test_a_clock_may_be_off_by_five_minutes(late: timedelta) -> None:
    assert verified([SECRET], headers(), BODY, NOW + late)
    with pytest.raises(NotFromKivra, match="too far"):
        verified([SECRET], headers(), BODY, NOW + late * 1.01)


@pytest.mark.parametrize(
    ("changes", "body", "why"),
    [
        ({}, BODY + b" ", "signature"),
        ({"webhook_id": "another"}, BODY, "signature"),
        ({"webhook_timestamp": str(int(NOW.timestamp()) + 1)}, BODY, "signature"),
        ({"webhook_signature": ""}, BODY, "signature"),
        ({"webhook_signature": "v1,é"}, BODY, "signature"),
        ({"webhook_signature": "v2," + "a" * 44}, BODY, "signature"),
        ({"webhook_id": ""}, BODY, "webhook-id"),
        ({"webhook_id": "a" * 101}, BODY, "webhook-id"),
        ({"webhook_id": "../x"}, BODY, "webhook-id"),
        ({"webhook_timestamp": ""}, BODY, "webhook-timestamp"),
        ({"webhook_timestamp": "9" * 11}, BODY, "too far"),
        ({"webhook_timestamp": "١٢٣"}, BODY, "webhook-timestamp"),
        ({"webhook_timestamp": "nan"}, BODY, "webhook-timestamp"),
        ({}, b"\xff", "UTF-8"),
    ],
)
def test_what_somebody_else_may_have_sent_is_not_taken(
    changes: dict[str, str], body: bytes, why: str
) -> None:
    with pytest.raises(NotFromKivra, match=why):
        verified([SECRET], headers(**changes), body, NOW)


def told(**changes: Any) -> bytes:
    data = {
        "content_key": "1691677075a9813e08f783496382b0bff743ec34ae",
        "payment_event": "settled",
        "amount": "123.50",
        "currency": "SEK",
        "event_time": "2025-04-24T13:44:58Z",
        **changes,
    }
    return json.dumps({"type": "payment_callback", "data": data}).encode()


def test_an_event_is_read() -> None:
    event = read(told(pay_date="2025-04-24"))
    assert event is not None
    assert (event.event, event.amount, event.currency) == ("settled", "123.50", "SEK")
    assert event.pay_date == "2025-04-24"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"type": "invoice_declined", "data": {"content_key": "a"}}',
        b'{"type": "payment_callback"}',
        b'{"type": "payment_callback", "data": []}',
        told(content_key=None),
        told(content_key=""),
        told(content_key="a" * 101),
    ],
)
def test_what_is_no_payment_is_none(body: bytes) -> None:
    assert read(body) is None


def test_words_are_kept_short_and_storable() -> None:
    event = read(told(amount="1\x00" + "0" * 100, payment_event="a newer word"))
    assert event is not None
    assert event.amount.startswith("1\\x00")
    assert len(event.amount) < 50
    assert event.event == "a newer word"
