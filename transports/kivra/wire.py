"""What Kivra is sent and what it says: bytes and values. Pure.

In charge of the JSON of its sender API. Not in charge of what a content holds (`content`), nor of
what an answer means for a document (`answers`).
Source: Kivra's sender API for Sweden, as documented on 2026-03-06 (v2 content, usermatch,
companymatch; v1 auth).
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlencode

from transports.base import storable

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"

# "1 MB per content and recipient", the whole JSON; read as the smaller of the two megabytes.
CONTENT_BYTES: Final = 1_000_000

# A match may be of 10 MB, some 500,000 numbers; ours are those that are asked at the same time.
MATCH_NUMBERS: Final = 10_000

REFERENCE_LENGTH: Final = 25


class Who(StrEnum):
    """What kind of recipient a number is of; the value names the field of a content."""

    PERSON = "ssn"  # YYYYMMDDnnnn
    COMPANY = "vat_number"  # SE + organisation number + 01


MATCH: Final = {Who.PERSON: "usermatch/ssn", Who.COMPANY: "companymatch/vatnr"}


class Type(StrEnum):
    """The types of content that are sent here."""

    INVOICE = "invoice"
    REMINDER = "invoice.reminder"  # to people only
    CREDIT_NOTE = "letter.creditnotice"
    LETTER = "letter"  # nothing is to be paid


class ReferenceType(StrEnum):
    """How a payment's reference is to be read."""

    OCR = "SE_OCR"
    FREE = "TENANT_REF"


METHODS: Final = {"bankgiro": "1", "plusgiro": "2"}


@dataclass(frozen=True, slots=True)
class Payment:
    """The one way to pay an invoice: `amount` in SEK, at least 1, to `account`."""

    method: str  # a key of METHODS
    account: str  # without separators
    due_date: date
    amount: Decimal
    reference_type: ReferenceType
    reference: str


@dataclass(frozen=True, slots=True)
class Part:
    """A PDF of a content."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Content:
    """What a recipient gets. `generated_at` is what Kivra sorts by, and leaves out when it looks
    whether it has the same content already."""

    who: Who
    number: str
    subject: str
    type: Type
    generated_at: date
    parts: tuple[Part, ...]
    payment: Payment | None = None


class Malformed(Exception):
    """What came over the wire is not in the format; the message says what is wrong."""


# --- the token --------------------------------------------------------------------------------


def scope(tenant: str) -> str:
    """What a token must allow: to match and to send for one tenant, and nothing else."""
    key = f"kivra.v2.tenant.{tenant}"
    return f"post:{key}.content get:{key}.usermatch.ssn post:{key}.companymatch.vatnr"


def token_request(tenant: str) -> bytes:
    """The body of POST /v1/auth."""
    return urlencode({"grant_type": "client_credentials", "scope": scope(tenant)}).encode()


def read_token(body: bytes) -> tuple[str, int]:
    """A token and the seconds it is good for. Raises Malformed."""
    data = _object(body)
    token, expires_in = data.get("access_token"), data.get("expires_in")
    if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
        raise Malformed("the answer has no token")
    if not isinstance(expires_in, int) or isinstance(expires_in, bool) or expires_in < 0:
        raise Malformed("the answer does not say how long the token is good for")
    return token, min(expires_in, 7 * 86_400)


# --- the match --------------------------------------------------------------------------------


def match_request(numbers: Iterable[str]) -> bytes:
    """The body of a match."""
    return json.dumps({"list": list(numbers)}).encode()


def read_match(body: bytes) -> frozenset[str]:
    """The numbers of those who can be reached. Raises Malformed."""
    found = _object(body).get("list")
    if not isinstance(found, list) or not all(isinstance(number, str) for number in found):
        raise Malformed("the answer has no list of numbers")
    return frozenset(found)


# --- the content ------------------------------------------------------------------------------


def write(content: Content) -> bytes:
    """The body of POST content. Same values, same bytes."""
    data: dict[str, Any] = {
        content.who.value: content.number,
        "subject": content.subject,
        "type": content.type,
        "generated_at": content.generated_at.isoformat(),
        "parts": [
            {
                "name": part.name,
                "content_type": "application/pdf",
                "data": b64encode(part.content).decode(),
            }
            for part in content.parts
        ],
    }
    if content.payment is not None:
        data["payment_multiple_options"] = _payment(content.payment)
    return json.dumps(data, ensure_ascii=False, sort_keys=True).encode()


def _payment(payment: Payment) -> dict[str, Any]:
    return {
        "payable": True,
        "currency": "SEK",
        "method": METHODS[payment.method],
        "account": payment.account,
        "options": [
            {
                "due_date": payment.due_date.isoformat(),
                "amount": f"{payment.amount:.2f}",
                "type": payment.reference_type,
                "reference": payment.reference,
            }
        ],
    }


# --- errors -----------------------------------------------------------------------------------

# What may be a personal number in a partner's words is nobody's to read.
_LONG_NUMBER = re.compile(r"[0-9]{6,}[-+]?[0-9]{4}")


@dataclass(frozen=True, slots=True)
class Error:
    """What an answer says went wrong. `code` is Kivra's: the HTTP status times 100 and more; 0
    where it gave none."""

    code: int
    text: str


def read_error(status: int, header: str | None, body: bytes) -> Error:
    """The error of an answer, from its body, else from `x-error-code`."""
    try:
        data = _object(body)
    except Malformed:
        data = {}
    stated = data.get("code", header)
    code = int(stated) if isinstance(stated, int | str) and _is_code(str(stated), status) else 0
    texts = (data.get("short_message"), data.get("long_message"))
    text = ": ".join(text for text in texts if isinstance(text, str) and text)
    return Error(code, storable(_LONG_NUMBER.sub("…", text)))


def _is_code(text: str, status: int) -> bool:
    return len(text) == 5 and text.isascii() and text.isdigit() and int(text) // 100 == status


def _object(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not JSON: {error}") from error
    if not isinstance(data, dict):
        raise Malformed("not a JSON object")
    return data
