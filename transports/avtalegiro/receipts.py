"""Receipts of the banks' central for what we handed over: between bytes and values.

The central's own receipts are not public: this form is ours, for its sandbox and for whoever
translates. One JSON object a file: `transmission`, `state` (`accepted` or `rejected`), `reason`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from transports.avtalegiro.records import Malformed
from transports.base import storable


class Fate(StrEnum):
    """What became of a transmission."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the central says of a transmission; `reason` is a word where it was rejected."""

    transmission: str
    fate: Fate
    reason: str = ""


def write(receipt: Receipt) -> bytes:
    """The bytes of a receipt."""
    data: dict[str, Any] = {"transmission": receipt.transmission, "state": receipt.fate}
    if receipt.reason:
        data["reason"] = receipt.reason
    return json.dumps(data).encode() + b"\n"


def read(content: bytes) -> Receipt:
    """A receipt. Raises Malformed."""
    try:
        data = json.loads(content)
        number, reason = data["transmission"], str(data.get("reason") or "")
        fate = Fate(data["state"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Malformed(f"no receipt: {type(error).__name__}") from error
    if not isinstance(number, str) or not re.fullmatch(r"[0-9]{7}", number):
        raise Malformed("no receipt: the number of a transmission has seven digits")
    return Receipt(number, fate, storable(reason, 200))
