"""The second factor: codes by time (TOTP), and recovery codes for when the phone is gone. Pure.

Source: RFC 6238 (TOTP), with the 30 seconds, six digits and SHA-1 that every app has.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import pyotp

from gateway.trust.keys import digest

STEP_S: Final = 30
DRIFT: Final = 1  # steps a phone's clock may be wrong by, either way (RFC 6238, 5.2)
CODES: Final = 10  # of recovery

_ISSUER: Final = "Budkavle"
_CODE_BYTES: Final = 10  # 80 random bits, so that a plain hash keeps it


def new_secret() -> str:
    """A secret for an app: 160 random bits (RFC 4226, 4) in base32."""
    return pyotp.random_base32()


def address(secret: str, email: str) -> str:
    """What the app reads out of the QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=_ISSUER)


def step_of(secret: str, code: str, now: datetime, last: int) -> int | None:
    """The step that a code is good for now; None: for none later than `last`, which was used. As
    long as a code lives, it works once."""
    code = re.sub(r"\s", "", code)
    current = int(now.timestamp()) // STEP_S
    totp = pyotp.TOTP(secret, interval=STEP_S)
    good = None
    for step in range(current - DRIFT, current + DRIFT + 1):
        right = hmac.compare_digest(totp.generate_otp(step).encode(), code.encode())
        if right and step > last:
            good = step
    return good


def new_codes() -> tuple[str, ...]:
    """Recovery codes as people write them down: `abcd-efgh-ijkl-mnop`."""
    made = (base64.b32encode(secrets.token_bytes(_CODE_BYTES)).decode() for _ in range(CODES))
    return tuple("-".join(re.findall("....", code.lower())) for code in made)


def kept(code: str) -> str:
    """What is kept of a recovery code, however it was typed."""
    return digest(re.sub(r"[^a-z2-7]", "", code.lower()))


def without(codes: Sequence[str], code: str) -> tuple[str, ...] | None:
    """The kept codes that are left when one was used; None: it is none of them."""
    typed = kept(code)
    left = tuple(one for one in codes if not hmac.compare_digest(one, typed))
    return left if len(left) < len(codes) else None
