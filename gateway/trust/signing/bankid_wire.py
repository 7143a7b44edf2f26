"""BankID's interface for relying parties, version 6, on the wire. Pure.

Source: BankID, Technical integration guide, `/sign`, `/collect`, `/cancel` and "QR code": what is
signed is `userVisibleData`, in base64 of UTF-8; `collect` is asked every two seconds as long as an
order is pending; the QR code of a second is `bankid`, the start token, the seconds since the order
began, and the HMAC-SHA256 of these seconds by the start secret, with points between.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

PRODUCTION: Final = "https://appapi2.bankid.com/rp/v6.0"
TEST: Final = "https://appapi2.test.bankid.com/rp/v6.0"

# In base64: the interface's own limit for /sign.
MOST_CHARACTERS: Final = 40_000

# Of a failed order: the person said no themselves.
DECLINED: Final = frozenset({"userCancel", "userDeclinedCall"})


@dataclass(frozen=True, slots=True)
class Order:
    """An order that has begun; what is in it lets others take part in it."""

    ref: str
    auto_start: str = field(repr=False)
    qr_token: str = field(repr=False)
    qr_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Collected:
    """How far an order is: `pending`, `failed` or `complete`."""

    status: str
    hint: str
    name: str
    personal_number: str = field(repr=False)
    proof: Mapping[str, Any] = field(repr=False)


class Malformed(ValueError):
    """An answer that is none of the interface's."""


def sign(text: str, ip: str, personal_number: str) -> bytes:
    """The body of `/sign`; with a personal number nobody else can sign. Raises ValueError when the
    text is too long."""
    visible = base64.b64encode(text.encode()).decode()
    if len(visible) > MOST_CHARACTERS:
        raise ValueError(f"the text is longer than {MOST_CHARACTERS} characters in base64")
    body: dict[str, Any] = {"endUserIp": ip, "userVisibleData": visible}
    if personal_number:
        body["requirement"] = {"personalNumber": personal_number}
    return json.dumps(body).encode()


def order_ref(ref: str) -> bytes:
    """The body of `/collect` and `/cancel`."""
    return json.dumps({"orderRef": ref}).encode()


def order(content: bytes) -> Order:
    """The answer to `/sign`."""
    data = _object(content)
    names = ("orderRef", "autoStartToken", "qrStartToken", "qrStartSecret")
    if not all(isinstance(data.get(name), str) and data[name] for name in names):
        raise Malformed("the order lacks a part")
    return Order(*(data[name] for name in names))


def collected(content: bytes) -> Collected:
    """The answer to `/collect`."""
    data = _object(content)
    status = data.get("status")
    if status not in ("pending", "failed", "complete"):
        raise Malformed("it has no status")
    done = data.get("completionData") if status == "complete" else {}
    if not isinstance(done, Mapping):
        raise Malformed("it is complete without completionData")
    user = done.get("user", {})
    if status == "complete" and not (
        isinstance(user, Mapping) and user.get("personalNumber") and done.get("signature")
    ):
        raise Malformed("it is complete without a person or a signature")
    return Collected(
        status,
        str(data.get("hintCode", "")),
        str(user.get("name", "")),
        str(user.get("personalNumber", "")),
        done,
    )


def error_code(content: bytes) -> str:
    """The code of an error; empty where there is none."""
    try:
        return str(_object(content).get("errorCode", ""))
    except Malformed:
        return ""


def qr(token: str, secret: str, since: timedelta) -> str:
    """What the QR code says so long after the order began."""
    seconds = str(max(int(since.total_seconds()), 0))
    code = hmac.new(secret.encode(), seconds.encode(), hashlib.sha256).hexdigest()
    return f"bankid.{token}.{seconds}.{code}"


def app_link(auto_start: str) -> str:
    """What opens the app on the same device; it comes back to the page it was opened from."""
    return f"https://app.bankid.com/?autostarttoken={auto_start}&redirect=null"


def at(data: Mapping[str, Any]) -> datetime:
    """When an order began, as it is remembered."""
    return datetime.fromisoformat(data["begun_at"])


def _object(content: bytes) -> Mapping[str, Any]:
    try:
        data = json.loads(content)
    except ValueError:
        raise Malformed("it is not JSON") from None
    if not isinstance(data, Mapping):
        raise Malformed("it is no object")
    return data
