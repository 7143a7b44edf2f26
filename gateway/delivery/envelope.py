"""Who sends what to whom: the ENVELOPE part, written once and the same on every attempt.

In charge of its JSON form and of what is known of the sender. Not in charge of the files that go
along (`papers`).

The part holds the recipient's personal number where there is one: it is the sender's own data, and
goes to channels only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any, TypeVar

from gateway.intake.head import participant, postal_address
from gateway.store.port import Company, NewPart, Role
from schemas.identifiers import DocumentType, Participant, Process
from schemas.invoice import Invoice
from transports.base import File, PostalAddress, Recipient, Sender, Summary

MEDIA_TYPE = "application/json"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A file that came beside the document, by its hash; the bytes are an ATTACHMENT part."""

    name: str
    media_type: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Particulars:
    """Who sends what to whom: the ENVELOPE part."""

    sender: Sender
    recipient: Recipient
    summary: Summary
    attachments: tuple[Enclosed, ...]  # files beside the document
    embedded: int  # how many files are inside it

    def part(self) -> NewPart:
        """The part to be stored."""
        content = json.dumps(self, default=_plain, ensure_ascii=False).encode()
        return NewPart(Role.ENVELOPE, "envelope.json", MEDIA_TYPE, content)


def _plain(value: object) -> object:
    """A dataclass as its fields (`asdict` would copy them all); a date or amount as text."""
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return str(value)


def particulars(content: bytes) -> Particulars:
    """The particulars back from their part."""
    data = json.loads(content)
    summary = data["summary"]
    return Particulars(
        sender=Sender(**_with_addresses(data["sender"])),
        recipient=Recipient(**_with_addresses(data["recipient"])),
        summary=Summary(
            **summary
            | {
                "issue_date": date.fromisoformat(summary["issue_date"]),
                "due_date": summary["due_date"] and date.fromisoformat(summary["due_date"]),
                "amount_due": Decimal(summary["amount_due"]),
                "document_type": _maybe(DocumentType, summary.get("document_type")),
                "process": _maybe(Process, summary.get("process")),
            }
        ),
        attachments=tuple(Enclosed(**item) for item in data["attachments"]),
        embedded=data["embedded"],
    )


def _maybe(make: Callable[..., T], data: Mapping[str, Any] | None) -> T | None:
    return None if data is None else make(**data)


def _with_addresses(data: Mapping[str, Any]) -> dict[str, Any]:
    participant, address = data["participant"], data["postal_address"]
    return {
        **data,
        "participant": participant and Participant(**participant),
        "postal_address": address and PostalAddress(**address | {"lines": tuple(address["lines"])}),
    }


def enclosed(file: File) -> Enclosed:
    """The entry of a file."""
    return Enclosed(file.name, file.media_type, sha256(file.content).hexdigest())


def sender(company: Company, invoice: Invoice) -> Sender:
    """The sender as the invoice names it; answers go where the company's settings say, else to
    the contact on the invoice."""
    seller = invoice.seller
    contact = seller.contact
    by_contact = (contact.name, contact.email, contact.phone) if contact else ()
    return Sender(
        company_id=company.id,
        name=seller.name,
        country=seller.address.country,
        participant=participant(seller.endpoint),
        reply_to=company.settings.get("reply_to") or (contact.email if contact else None),
        contact=", ".join(part for part in by_contact if part) or None,
        postal_address=postal_address(seller.name, seller.address),
    )
