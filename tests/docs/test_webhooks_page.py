"""What the page on webhooks tells receivers to do is right: its code runs, its steps lead there."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gateway.outside.client import Rules
from gateway.store.endpoints import MOST_PUSHES
from gateway.webhooks.judging import DELAYS
from gateway.webhooks.signing import OVERLAP, new_secret, signed

PAGE = (Path(__file__).parents[2] / "docs" / "howto" / "webhooks.md").read_text("utf-8")
BODY = '{"type": "document.sent", "text": "Lillåns"}'


def receiver() -> Callable[[str, dict[str, str], bytes], Any]:
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)
    names: dict[str, Any] = {}
    exec(compile(code, "webhooks.md", "exec"), names)
    found: Callable[[str, dict[str, str], bytes], Any] = names["receive"]
    return found


def test_the_code_takes_what_is_signed_and_nothing_else() -> None:
    receive, secret, now = receiver(), new_secret(), datetime.now(UTC)
    headers = signed("evt_1", now, BODY, [new_secret(), secret])
    assert receive(secret, headers, BODY.encode())["type"] == "document.sent"
    assert receive(new_secret(), headers, BODY.encode()) is None
    assert receive(secret, headers, BODY.replace("sent", "paid").encode()) is None
    assert receive(secret, {}, BODY.encode()) is None
    old = signed("evt_1", now - timedelta(minutes=6), BODY, [secret])
    assert receive(secret, old, BODY.encode()) is None


def test_the_steps_without_a_library_lead_to_the_same() -> None:
    secret = new_secret()
    headers = signed("evt_1", datetime.now(UTC), BODY, [new_secret(), secret])
    key = base64.b64decode(secret.removeprefix("whsec_"))
    over = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + BODY.encode()
    computed = base64.b64encode(hmac.new(key, over, hashlib.sha256).digest()).decode()
    signatures = headers["webhook-signature"].split(" ")
    assert all(signature.startswith("v1,") for signature in signatures)
    assert computed in [signature[3:] for signature in signatures]


def test_the_numbers_are_those_of_the_code() -> None:
    told = "about 5 seconds, then 5\n  and 30 minutes, 2, 5, 10, 14, 20 and 24 hours"
    assert told in PAGE
    minute, hour = 60, 3600
    assert [wait.total_seconds() for wait in DELAYS] == [
        *(5, 5 * minute, 30 * minute),
        *(hours * hour for hours in (2, 5, 10, 14, 20, 24)),
    ]
    assert "tenth try" in PAGE and len(DELAYS) + 1 == 10
    assert f"within {Rules().limit_s:g} seconds" in PAGE
    assert f"{OVERLAP // timedelta(hours=1)} hours" in PAGE
    assert f"last {MOST_PUSHES} tries" in PAGE
