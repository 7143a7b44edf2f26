"""What Kivra posts to us: whether it is from Kivra, and what it says. Pure.

Source: Kivra's payment webhooks, which follow Standard Webhooks (headers `webhook-id`,
`webhook-timestamp`, `webhook-signature`; HMAC-SHA256 over `id.timestamp.body`).
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from standardwebhooks import Webhook

from transports.base import storable

# A webhook is half a kilobyte of JSON.
MOST_BYTES: Final = 16 * 1024

# Older or newer than that, it may be somebody's who listened (Standard Webhooks: five minutes).
WINDOW: Final = timedelta(minutes=5)

_ID = re.compile(r"[A-Za-z0-9_.-]{1,100}")


class NotFromKivra(Exception):
    """A post that nobody but Kivra could have made is not this one; the message says why."""


@dataclass(frozen=True, slots=True)
class Event:
    """A payment's event. `event` is scheduled, settled, failed, or a word that is newer."""

    content_key: str
    event: str
    amount: str
    currency: str
    at: str
    pay_date: str


def verified(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """The id of a post, signed with one of the secrets. Raises NotFromKivra.

    The library's own check goes by the machine's clock; the signature is the library's.
    """
    given_id = headers.get("webhook-id", "")
    stamp, signatures = headers.get("webhook-timestamp", ""), headers.get("webhook-signature", "")
    if not _ID.fullmatch(given_id):
        raise NotFromKivra("webhook-id is missing")
    if not re.fullmatch("[0-9]{1,11}", stamp):
        raise NotFromKivra("webhook-timestamp is missing")
    at = datetime.fromtimestamp(int(stamp), UTC)
    if abs(now - at) > WINDOW:
        raise NotFromKivra("webhook-timestamp is too far from now")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise NotFromKivra("the body is not UTF-8") from None
    given = [one.encode("utf-8", "replace") for one in signatures.split(" ")[:20]]
    for secret in secrets:
        right = Webhook(secret).sign(given_id, at, text).encode()
        if any(hmac.compare_digest(right, one) for one in given):
            return given_id
    raise NotFromKivra("the signature is not right")


def read(body: bytes) -> Event | None:
    """The event of a payment; None for what is not one (`invoice_declined` is of types of content
    that are not sent here), or not in the format."""
    try:
        told = json.loads(body)
        if not str(told["type"]).startswith("payment_callback"):
            return None
        data: dict[str, Any] = told["data"]
        key = data["content_key"]
        if not isinstance(key, str) or not 0 < len(key) <= 100:
            return None
        return Event(
            content_key=key,
            event=_word(data["payment_event"]),
            amount=_word(data["amount"]),
            currency=_word(data["currency"]),
            at=_word(data["event_time"]),
            pay_date=_word(data.get("pay_date") or ""),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _word(value: object) -> str:
    return storable(str(value), most=40)
