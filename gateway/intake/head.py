"""What is read out of an invoice to list it, name it and find its recipient.

In charge of picking. Not in charge of what a channel does with it (`gateway.routing`). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from gateway.store.port import Head
from schemas.forms import kind
from schemas.identifiers import (
    CREDIT_NOTE_NAMESPACE,
    INVOICE_NAMESPACE,
    DocumentType,
    Kind,
    Participant,
    Process,
    check,
    normal,
)
from schemas.invoice import Address, Buyer, CreditTransfer, Identifier, Invoice, Seller
from schemas.marks import mark
from transports.bank_se.identifiers import Fmi
from transports.base import Account, AccountKind, PostalAddress, Recipient, Summary

LANGUAGES = {"SE": "sv", "NO": "nb"}

# Where a buyer's organisation number may stand, and what says that it is one.
_ORGNR = {"SE": ("0007", Kind.SE_ORGNR), "NO": ("0192", Kind.NO_ORGNR)}


def head(invoice: Invoice) -> Head:
    """What lists and searches show."""
    sender, recipient = participant(invoice.seller.endpoint), participant(invoice.buyer.endpoint)
    return Head(
        number=invoice.number,
        kind=kind(invoice),
        sender_name=invoice.seller.name,
        recipient_name=invoice.buyer.name,
        sender=str(sender) if sender else None,
        recipient=str(recipient) if recipient else None,
        issue_date=invoice.issue_date.isoformat(),
        due_date=invoice.due_date.isoformat() if invoice.due_date else None,
        amount_due=invoice.totals.due if invoice.totals else None,
        currency=invoice.currency,
        reference=payment_reference(invoice),
        organisation_numbers=tuple(
            number
            for party in (invoice.seller, invoice.buyer)
            if (number := organisation_number(party)) is not None
        ),
    )


def payment_reference(invoice: Invoice) -> str | None:
    """What a payer states, so that the payment is told from others (BT-83): OCR, KID."""
    return next((p.reference for p in invoice.payments if p.reference), None)


def summary(invoice: Invoice, delivery: Mapping[str, Any]) -> Summary:
    """What the recipient is told; the language is the one asked for, beside the invoice or by a
    mark, else the buyer's country's."""
    country = invoice.buyer.address.country
    asked = mark(invoice)
    marked = asked.language if asked else None
    due = invoice.totals.due if invoice.totals else None
    return Summary(
        number=invoice.number,
        credit_note=invoice.is_credit_note,
        issue_date=invoice.issue_date,
        due_date=invoice.due_date,
        amount_due=Decimal(0) if due is None else due,
        currency=invoice.currency,
        language=delivery.get("language") or marked or LANGUAGES.get(country, "en"),
        payment_reference=payment_reference(invoice),
        accounts=accounts(invoice),
        document_type=document_type(invoice),
        process=process(invoice),
        reminder=kind(invoice) == "reminder",
    )


_GIROS = {"SE:BANKGIRO": AccountKind.BANKGIRO, "SE:PLUSGIRO": AccountKind.PLUSGIRO}


def accounts(invoice: Invoice) -> tuple[Account, ...]:
    """The accounts to be paid to (BT-84), in order, without separators."""
    country = invoice.seller.address.country
    transfers = (one for payment in invoice.payments for one in payment.credit_transfers)
    return tuple(_account(one, country) for one in transfers)


def _account(transfer: CreditTransfer, country: str) -> Account:
    number = re.sub(r"[ .-]", "", transfer.account)
    giro = _GIROS.get((transfer.service_provider or "").upper())
    if giro is not None:
        return Account(giro, number)
    if country == "NO" and check(Kind.NO_ACCOUNT, number):
        return Account(AccountKind.NORWEGIAN, number)
    if re.fullmatch("[A-Za-z]{2}[0-9]{2}[A-Za-z0-9]{11,30}", number):
        return Account(AccountKind.IBAN, number.upper())
    return Account(AccountKind.OTHER, number)


def document_type(invoice: Invoice) -> DocumentType | None:
    """How networks know the document (BT-24); None when it names no specification."""
    namespace, root = (
        (CREDIT_NOTE_NAMESPACE, "CreditNote")
        if invoice.is_credit_note
        else (INVOICE_NAMESPACE, "Invoice")
    )
    try:
        return DocumentType(f"{namespace}::{root}##{invoice.specification or ''}::2.1")
    except ValueError:
        return None


def process(invoice: Invoice) -> Process | None:
    """The process it belongs to (BT-23); None when it names none."""
    try:
        return Process(invoice.business_process or "")
    except ValueError:
        return None


def recipient(invoice: Invoice, delivery: Mapping[str, Any]) -> Recipient:
    """All that is known of who shall have it.

    A consumer is who is said to be one, else who has a personal number and no organisation number.
    An FMI is a personal number too, or a company's behind 00.
    """
    buyer = invoice.buyer
    orgnr = organisation_number(buyer)
    personal_number = delivery.get("personal_number")
    fmi = delivery.get("fmi") or _fmi(buyer)
    person = personal_number is not None or (fmi is not None and not fmi.startswith("00"))
    consumer = delivery.get("consumer")
    return Recipient(
        name=buyer.name,
        country=buyer.address.country,
        consumer=(person and orgnr is None) if consumer is None else consumer,
        participant=participant(buyer.endpoint),
        organisation_number=orgnr,
        personal_number=personal_number,
        email=delivery.get("email") or (buyer.contact.email if buyer.contact else None),
        phone=delivery.get("phone"),
        postal_address=postal_address(buyer.name, buyer.address),
        fmi=fmi,
        efaktura_id=delivery.get("efaktura_id"),
    )


def _fmi(buyer: Buyer) -> str | None:
    """The FMI where SFTI has it in invoices that are marked for the bank: the buyer's identifier
    (BT-46), without a scheme."""
    if buyer.identifier is None or buyer.identifier.scheme is not None:
        return None
    try:
        return str(Fmi.parse(buyer.identifier.value))
    except ValueError:
        return None


def participant(endpoint: Identifier | None) -> Participant | None:
    """The participant of an electronic address (BT-34, BT-49); None where it can not be one."""
    if endpoint is None:
        return None
    try:
        return Participant(endpoint.scheme or "", endpoint.value)
    except ValueError:
        return None


def organisation_number(party: Buyer | Seller) -> str | None:
    """A party's Swedish or Norwegian organisation number, check digit right, without separators.

    Taken from the legal registration (BT-47, BT-30), the electronic address (BT-49, BT-34) or the
    VAT number (BT-48, BT-31: SE <orgnr> 01, NO <orgnr> MVA), whichever comes first.
    """
    if party.address.country not in _ORGNR:
        return None
    scheme, kind = _ORGNR[party.address.country]
    vat = (party.vat_id or "").upper().replace(" ", "")
    stated = [
        party.legal_id.value if party.legal_id and party.legal_id.scheme in (None, scheme) else "",
        party.endpoint.value if party.endpoint and party.endpoint.scheme == scheme else "",
        vat[2:-2] if vat.startswith("SE") else vat[2:].removesuffix("MVA"),
    ]
    for number in stated:
        try:
            return normal(kind, number)
        except ValueError:
            continue
    return None


def postal_address(name: str, address: Address) -> PostalAddress | None:
    """The address as an envelope needs it; None unless it is complete."""
    lines = tuple(filter(None, (address.line1, address.line2, address.line3)))
    if not (lines and address.post_code and address.city):
        return None
    return PostalAddress(name, lines, address.post_code, address.city, address.country)
