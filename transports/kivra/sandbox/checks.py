"""What Kivra finds wrong with a content: by its documented rules, with its codes. Pure."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from stdnum import luhn

from schemas.identifiers import Kind, check
from transports.kivra.wire import CONTENT_BYTES

# What of each error is in Kivra's answer.
ERRORS: Final = {
    40000: "Bad Request",
    40003: "Invalid Scope",
    40008: "Malformed JSON Payload",
    40009: "Invalid SSN",
    40012: "Type Error",
    40018: "Invalid Company ID",
    40019: "Invalid Files",
    40021: "Invalid Bank Account",
    40024: "Missing Receiver",
    40028: "Unsupported File Type",
    40032: "User Not Found",
    40041: "Invalid Pay Date",
    40042: "Invalid Amount",
    40044: "Invalid OCR",
    40100: "Unauthorized",
    40104: "Invalid Client",
    40310: "Already Paid",
    40400: "Not Found",
    41300: "Request Entity Too Large",
    42900: "Too Many Requests",
    50000: "Internal Server Error",
    50300: "Service Unavailable",
}

_PEOPLE: Final = {"invoice", "invoice.reminder", "letter", "letter.creditnotice"}
_COMPANIES: Final = _PEOPLE - {"invoice.reminder"}


class Wrong(Exception):
    """A content that is not taken: Kivra's code, and what is wrong."""

    def __init__(self, code: int, text: str) -> None:
        self.code = code
        self.text = text
        super().__init__(f"{code}: {text}")


@dataclass(frozen=True, slots=True)
class Seen:
    """A content that is in order."""

    to: str
    subject: str
    type: str
    amount: str
    due_date: str
    reference: str
    reference_type: str
    names: tuple[str, ...]  # its files'
    files: tuple[bytes, ...]
    sameness: str  # the same in a content that is the same but for `generated_at`


def is_person(number: object) -> bool:
    """Whether it is written as a personal number: YYYYMMDDnnnn."""
    return (
        isinstance(number, str)
        and re.fullmatch("[0-9]{12}", number) is not None
        and luhn.is_valid(number[2:])
    )


def is_company(number: object) -> bool:
    """Whether it is a Swedish VAT number."""
    return isinstance(number, str) and check(Kind.SE_VAT, number) and len(number) == 14


def look(body: bytes) -> Seen:
    """A content as it is read. Raises Wrong."""
    if len(body) > CONTENT_BYTES:
        raise Wrong(41300, f"{len(body):,} bytes")
    try:
        data = json.loads(body)
    except ValueError as error:
        raise Wrong(40008, str(error)) from None
    if not isinstance(data, dict):
        raise Wrong(40008, "not an object")
    to = _receiver(data)
    kind = data.get("type")
    if kind not in (_PEOPLE if "ssn" in data else _COMPANIES):
        raise Wrong(40012, f"type {kind!r}")
    subject = data.get("subject")
    if not isinstance(subject, str) or not subject:
        raise Wrong(40000, "subject is missing")
    _day(data.get("generated_at", "2026-01-01"), 40000)
    names, files = _parts(data.get("parts"))
    option = _option(data, kind)
    rest = {name: value for name, value in data.items() if name != "generated_at"}
    return Seen(
        *(to, subject, kind, option.get("amount", ""), option.get("due_date", "")),
        *(option.get("reference", ""), option.get("type", ""), names, files),
        sameness=json.dumps(rest, sort_keys=True),
    )


def _receiver(data: dict[str, Any]) -> str:
    given = [name for name in ("ssn", "vat_number", "email") if name in data]
    if len(given) != 1 or given == ["email"]:
        raise Wrong(40024, "one of ssn, vat_number")
    number = data[given[0]]
    if given == ["ssn"] and not is_person(number):
        raise Wrong(40009, "YYYYMMDDnnnn is expected")
    if given == ["vat_number"] and not is_company(number):
        raise Wrong(40018, "SE, ten digits and 01 are expected")
    return str(number)


def _parts(parts: object) -> tuple[tuple[str, ...], tuple[bytes, ...]]:
    if not isinstance(parts, list) or not parts:
        raise Wrong(40019, "there are no parts")
    names, files = [], []
    for part in parts:
        if not isinstance(part, dict) or not isinstance(part.get("name"), str):
            raise Wrong(40019, "a part has no name")
        if part.get("content_type") != "application/pdf":
            raise Wrong(40028, "parts are PDFs")
        try:
            content = b64decode(part["data"], validate=True)
        except (KeyError, TypeError, ValueError):
            raise Wrong(40019, "a part is not base64") from None
        if not content.startswith(b"%PDF-"):
            raise Wrong(40028, "a part is no PDF")
        names.append(part["name"])
        files.append(content)
    return tuple(names), tuple(files)


def _option(data: dict[str, Any], kind: str) -> dict[str, str]:
    payment = data.get("payment_multiple_options")
    if not kind.startswith("invoice"):
        if payment is not None:
            raise Wrong(40000, f"{kind} is not paid")
        return {}
    if not isinstance(payment, dict) or payment.get("payable") is not True:
        raise Wrong(40000, "an invoice is payable")
    if payment.get("currency") != "SEK":
        raise Wrong(40000, "currency is SEK")
    account = {"1": Kind.SE_BANKGIRO, "2": Kind.SE_PLUSGIRO}.get(payment.get("method", ""))
    if account is None or not check(account, str(payment.get("account"))):
        raise Wrong(40021, "method and account")
    options = payment.get("options")
    if not isinstance(options, list) or len(options) != 1 or not isinstance(options[0], dict):
        raise Wrong(40000, "one option is expected")
    (option,) = options
    if not all(isinstance(value, str) for value in option.values()):
        raise Wrong(40000, "the values of an option are strings")
    _day(option.get("due_date"), 40041)
    try:
        amount = Decimal(option.get("amount", ""))
    except InvalidOperation:
        raise Wrong(40042, "amount is no number") from None
    if amount < 1:
        raise Wrong(40042, "amount is at least 1")
    reference = option.get("reference", "")
    if not 0 < len(reference) <= 25:
        raise Wrong(40000, "reference has at most 25 characters")
    if option.get("type") == "SE_OCR":
        if not check(Kind.SE_OCR, reference):
            raise Wrong(40044, "the check digit")
    elif option.get("type") != "TENANT_REF":
        raise Wrong(40000, "type is SE_OCR or TENANT_REF")
    return dict(option)


def _day(value: object, code: int) -> None:
    try:
        date.fromisoformat(str(value))
    except ValueError:
        raise Wrong(code, "a day is expected") from None
