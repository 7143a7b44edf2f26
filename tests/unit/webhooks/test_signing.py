"""Signatures are what receivers' libraries expect, old secret and new."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from gateway.webhooks.signing import new_secret, signed


def test_a_receiver_with_the_standards_library_verifies_it() -> None:
    secret = new_secret()
    headers = signed("evt_1", datetime.now(UTC), '{"a":"å"}', [secret])
    assert Webhook(secret).verify('{"a":"å"}'.encode(), headers) == {"a": "å"}
    for wrong in (b'{"a":"a"}', b""):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(wrong, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify('{"a":"å"}', headers)


def test_a_receiver_without_a_library_verifies_it() -> None:
    secret, at = new_secret(), datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
    headers = signed("evt_1", at, "{}", [secret])
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, b"evt_1.1795253400.{}", hashlib.sha256).digest()
    assert headers == {
        "webhook-id": "evt_1",
        "webhook-timestamp": "1795253400",
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def test_with_two_secrets_either_one_verifies_it() -> None:
    old, new = new_secret(), new_secret()
    headers = signed("evt_1", datetime.now(UTC), "{}", [new, old])
    for secret in (old, new):
        Webhook(secret).verify("{}", headers)


def test_secrets_are_long_and_never_the_same() -> None:
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert all(len(base64.b64decode(secret.removeprefix("whsec_"))) == 32 for secret in made)
