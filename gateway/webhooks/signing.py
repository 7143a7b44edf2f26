"""Signing of webhooks, as Standard Webhooks 1.0.0 says: HMAC-SHA256 over id, time and body.

The message is signed with each secret that is valid; the receiver needs to know one of them. So a
secret is changed without a moment in which either side is ahead of the other.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from standardwebhooks import Webhook

OVERLAP: Final = timedelta(hours=24)  # for as long an old secret signs beside the new one
_SECRET_BYTES = 32  # the standard takes 24 to 64


def new_secret() -> str:
    """A new secret, in the form that receivers' libraries take: `whsec_` and base64."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"


def signed(message_id: str, at: datetime, body: str, secrets: Iterable[str]) -> dict[str, str]:
    """The headers of a message that is sent at `at`."""
    signatures = (Webhook(secret).sign(message_id, at, body) for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
