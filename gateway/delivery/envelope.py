"""Who sends what to whom: the ENVELOPE part, written once and the same on every attempt.

In charge of its JSON form and of what is known of the sender. Not in charge of the files that go
along (`papers`).

The part holds the recipient's personal number where there is one: it is the sender's own data, and
goes to channels only.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from pydantic import TypeAdapter, ValidationError

from gateway.image_rule import ImageRule
from gateway.intake.head import organisation_number, participant, postal_address
from gateway.store.port import Company, NewPart, Role
from schemas.invoice import Invoice
from transports.base import File, Recipient, Sender, Summary

MEDIA_TYPE = "application/json"


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
    image: ImageRule = ImageRule.DRAWN  # what people get as the invoice
    hold_several: bool = True  # where several recipients fit: else the next step is taken

    def part(self) -> NewPart:
        """The part to be stored."""
        return NewPart(Role.ENVELOPE, "envelope.json", MEDIA_TYPE, _FORM.dump_json(self))


_FORM = TypeAdapter(Particulars)


def particulars(content: bytes) -> Particulars:
    """The particulars back from their part. Raises ValueError, which names no value: one may be a
    personal number."""
    try:
        return _FORM.validate_json(content)
    except ValidationError as error:
        wrong = (".".join(map(str, fault["loc"])) for fault in error.errors(include_input=False))
        raise ValueError(f"not the particulars of a document: {', '.join(wrong)}") from None


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
        organisation_number=organisation_number(seller),
        reply_to=company.in_effect.get("reply_to") or (contact.email if contact else None),
        contact=", ".join(part for part in by_contact if part) or None,
        postal_address=postal_address(seller.name, seller.address),
    )
