"""What Vipps' invoice API is told and answers: JSON, between bytes and values.

In charge of the format. Not in charge of calling, nor of what an answer means for a document.
Source: the issuers' API of Vipps eFaktura (ISP, 0.3.43 of 2021), its list of problems and its
description; the product may have moved since.

What Vipps says about a recipient may repeat a number that we sent, so that nothing but the names of
problems is ever quoted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from transports.base import storable

JSON: Final = "application/json"
PDF: Final = "application/pdf"

ID: Final = re.compile(r"([a-zA-Z-]+)\.(\d+)\.([a-zA-Z0-9-]+)")
ID_BYTES: Final = 200

_PROBLEM: Final = re.compile(r"(?:https://vipps\.no/invoice/v1/problems/)?/?([A-Za-z0-9-]{1,60})")
_OSLO: Final = "Europe/Oslo"


class Malformed(ValueError):
    """It is not in the format: says what was expected."""


class Who(StrEnum):
    """What a recipient is asked for by."""

    MOBILE = "msisdn"
    PERSON = "nin-no"


class InvoiceType(StrEnum):
    """What kind of claim it is; the names beside are those of eFaktura."""

    INVOICE = "invoice"  # INVOICE
    CREDIT_NOTE = "creditNote"  # CREDIT_NOTE: not supported
    WARNING = "debtCollectionWarning"  # DUNNING, purring
    NOTICE = "debtCollectionNotice"  # COLLECTION_NOTICE, inkassovarsel
    REQUEST = "debtCollectionReminder"  # PAYMENT_REQUEST, betalingsoppfordring
    REMINDER = "paymentReminder"  # REMINDER, betalingspåminnelse
    LEGAL = "noticeOfLegalProceedings"  # ENFORCEMENT_WARNING, varsel om tvangsfullbyrdelse


class State(StrEnum):
    """What has become of an invoice."""

    CREATED = "created"  # taken, not looked at yet
    REJECTED = "rejected"  # for good
    PENDING = "pending"  # the recipient sees it
    EXPIRED = "expired"
    APPROVED = "approved"  # its payment is planned, which is not paid
    DELETED = "deleted"  # by the recipient, for good
    REVOKED = "revoked"  # by us, for good


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice as Vipps gets it: `amount` in øre, `pdf` where banks fetch the document."""

    kind: InvoiceType
    account: str
    kid: str
    due: date
    amount: int
    subject: str
    issuer_name: str
    pdf: str
    icon_url: str | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """How an invoice stands: `etag` names this very status; `problems` are why it was rejected."""

    state: str
    etag: str
    problems: tuple[str, ...] = ()


def invoice_id(organisation_number: str, key: UUID) -> str:
    """What Vipps knows an invoice by."""
    made = f"orgno-no.{organisation_number}.{key}"
    if not ID.fullmatch(made) or len(made) > ID_BYTES:
        raise ValueError("an invoice's id is orgno-no.<organisation number>.<reference>")
    return made


def due_at(day: date) -> datetime:
    """The due date as Vipps takes it: the beginning of that day in Norway."""
    return datetime.combine(day, time(), ZoneInfo(_OSLO))


def today(now: datetime) -> date:
    """The day that it is in Norway."""
    return now.astimezone(ZoneInfo(_OSLO)).date()


def write_recipient(who: Who, value: str) -> bytes:
    """The question for a recipient's token."""
    return _written({"type": who, "value": value})


def write_invoice(invoice: Invoice, recipient_token: str) -> bytes:
    """An invoice's body."""
    return _written(
        {
            "recipientToken": recipient_token,
            "paymentInformation": {
                "type": "kid",
                "value": invoice.kid,
                "account": invoice.account,
            },
            "invoiceType": invoice.kind,
            "due": due_at(invoice.due).isoformat(),
            "amount": invoice.amount,
            "subject": invoice.subject,
            "issuerName": invoice.issuer_name,
            "commercialInvoice": [{"mimeType": PDF, "url": invoice.pdf}],
            **({"issuerIconUrl": invoice.icon_url} if invoice.icon_url else {}),
        }
    )


def read_access_token(body: bytes) -> tuple[str, int]:
    """Our token, and for how many seconds it is good. Raises Malformed."""
    data = _object(body)
    token, good_s = data.get("access_token"), str(data.get("expires_in"))
    if not _is_token(token) or not good_s.isascii() or not good_s.isdigit() or len(good_s) > 9:
        raise Malformed("expected access_token and expires_in")
    return str(token), int(good_s)


def read_recipient_token(body: bytes) -> str:
    """A recipient's token. Raises Malformed."""
    token = _object(body).get("recipientToken")
    if not _is_token(token):
        raise Malformed("expected recipientToken")
    return str(token)


def read_status(body: bytes) -> Status:
    """How an invoice stands. Raises Malformed."""
    data = _object(body)
    status = data.get("status")
    if not isinstance(status, Mapping) or not isinstance(status.get("state"), str):
        raise Malformed("expected status with a state")
    # The newer place first: the one within the status is deprecated.
    etag = next((e for e in (data.get("etag"), status.get("etag")) if isinstance(e, str)), "")
    problems = status.get("problems")
    found = problems if isinstance(problems, list) else []
    return Status(storable(status["state"], 40), etag[:200], tuple(map(_name, found[:20])))


def read_problem(body: bytes) -> str:
    """The name of a problem, such as `invoice-conflict`; empty where the answer names none."""
    try:
        return _name(_object(body).get("error"))
    except Malformed:
        return ""


def _name(problem: Any) -> str:
    kind = problem.get("type") if isinstance(problem, Mapping) else None
    match = _PROBLEM.fullmatch(kind) if isinstance(kind, str) else None
    return match[1] if match else ""


def _is_token(value: Any) -> bool:
    # Of letters that a header takes; no token seen has more than 2,000.
    return isinstance(value, str) and bool(re.fullmatch(r"[A-Za-z0-9._~+/=-]{1,8000}", value))


def _written(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def _object(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not JSON: {type(error).__name__}") from error
    if not isinstance(data, dict):
        raise Malformed("not a JSON object")
    return data
