"""The address that a message bounces to: it names the delivery, and nobody else can make one up.

`b+<key>.<mac>@<bounce domain>`: the key of the leg in hex, and a MAC over it in base32, both of
which survive mail servers that fold case. Pure. Source: the practice known as VERP.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

_MAC_BYTES: Final = 16  # 26 letters: with the key the local part has 61, of 64 (RFC 5321 4.5.3.1.1)


@dataclass(frozen=True, slots=True)
class Found:
    """What addresses say of the delivery. `forged`: they look like ours, and are not."""

    key: UUID | None = None
    forged: bool = False


def write(secret: bytes, key: UUID, domain: str) -> str:
    """The address that a leg's message bounces to."""
    return f"b+{key.hex}.{_mac(secret, key)}@{domain}"


def find(secret: bytes, texts: Iterable[str], domain: str) -> Found:
    """The delivery that the first right address among `texts` (header values) names."""
    pattern = re.compile(
        rf"(?<![\w.+-])b\+([0-9a-f]{{32}})\.([a-z2-7]{{26}})@{re.escape(domain)}(?![\w.-])",
        re.IGNORECASE | re.ASCII,
    )
    forged = False
    for text in texts:
        for key, mac in pattern.findall(text):
            leg = UUID(hex=key)
            if hmac.compare_digest(_mac(secret, leg), mac.lower()):
                return Found(leg)
            forged = True
    return Found(forged=forged)


def _mac(secret: bytes, key: UUID) -> str:
    mac = hmac.digest(secret, b"bounce\x00" + key.bytes, "sha256")[:_MAC_BYTES]
    return b32encode(mac).decode().rstrip("=").lower()
