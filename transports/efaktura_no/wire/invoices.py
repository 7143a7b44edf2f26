"""Messages about invoices: handing one over, how it and its consignment stand, cancelling. Pure."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Final

from transports.base import storable
from transports.efaktura_no.wire.operations import (
    Operation,
    answering,
    asking,
    message_of,
    one_of,
    part,
)
from transports.efaktura_no.wire.soap import Content, Malformed, Part, masked

LONGEST_NUMBER: Final = 100  # of an invoice's number


class DocumentType(StrEnum):
    """The documented document types that we send."""

    INVOICE = "INVOICE"
    CREDIT_NOTE = "CREDIT_NOTE"
    REMINDER = "REMINDER"


@dataclass(frozen=True, slots=True)
class Invoice:
    """What addInvoices hands over: one invoice, with its PDF or where that is to be seen."""

    message: str  # 5 to 50 characters, echoed
    consignment: str  # 9 to 11 digits
    organisation_number: str
    number: str
    recipient: str  # an efakturaIdentifier
    document_type: DocumentType
    kid: str | None
    account: str  # 11 digits
    amount: Decimal  # NOK
    issued: date
    due: date | None
    pdf: bytes | None
    url: str | None = None


def add(invoice: Invoice) -> bytes:
    """addInvoices."""
    pdf = None if invoice.pdf is None else base64.b64encode(invoice.pdf).decode()
    one: dict[str, Content] = {
        "organisationNumber": invoice.organisation_number,
        "invoiceNumber": invoice.number,
        "efakturaIdentifier": invoice.recipient,
        "documentType": invoice.document_type,
        "kid": invoice.kid,
        "account": invoice.account,
        "amount": f"{invoice.amount:.2f}",
        "currency": "NOK",
        "issueDate": invoice.issued.isoformat(),
        "dueDate": None if invoice.due is None else invoice.due.isoformat(),
        "pdf": pdf,
        "url": invoice.url,
    }
    return asking(
        Operation.ADD, invoice.message, {"consignmentId": invoice.consignment, "invoice": one}
    )


def invoice(body: Part) -> Invoice:
    """The invoice of addInvoices. Raises Malformed."""
    one = part(body, "invoice")
    due, pdf = one.optional("dueDate"), one.optional("pdf", 10_000_000)
    try:
        return Invoice(
            message=message_of(body),
            consignment=body.text("consignmentId", 11),
            organisation_number=one.text("organisationNumber", 9),
            number=one.text("invoiceNumber", LONGEST_NUMBER),
            recipient=one.text("efakturaIdentifier", 50),
            document_type=one_of(DocumentType, one, "documentType"),
            kid=one.optional("kid", 25),
            account=one.text("account", 11),
            amount=Decimal(one.text("amount", 20)),
            issued=date.fromisoformat(one.text("issueDate")),
            due=None if due is None else date.fromisoformat(due),
            pdf=None if pdf is None else base64.b64decode(pdf, validate=True),
            url=one.optional("url", 2000),
        )
    except (InvalidOperation, ValueError) as error:
        raise Malformed(f"the invoice is not in the format: {error}") from error


def added(message: str, consignment: str) -> bytes:
    """The answer to addInvoices."""
    return answering(Operation.ADD, message, {"consignmentId": consignment})


def consignment_of(body: Part) -> str:
    """The consignment that a question or an answer is about. Raises Malformed."""
    return body.text("consignmentId", 40)


class InvoiceState(StrEnum):
    """What becomes of an invoice, in the order it can happen. The words are ours."""

    RECEIVED = "RECEIVED"
    FORWARDED = "FORWARDED"  # to the consumer's bank
    DELIVERED = "DELIVERED"  # the consumer's net bank shows it
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"
    PAID = "PAID"


@dataclass(frozen=True, slots=True)
class InvoiceStatus:
    """How an invoice stands. `state` is an InvoiceState, or a word newer than this program."""

    number: str
    consignment: str
    state: str
    reason: str | None = None


class ConsignmentState(StrEnum):
    """How far a consignment is, in the words that are documented for shipments."""

    IN_PROGRESS = "IN_PROGRESS"  # what is in it can not be told yet
    PROCESSED = "PROCESSED"


@dataclass(frozen=True, slots=True)
class ConsignmentStatus:
    """What a consignment holds: organisation number and invoice number of each invoice."""

    consignment: str
    state: ConsignmentState
    invoices: tuple[tuple[str, str], ...] = ()


def invoice_question(
    operation: Operation, message: str, organisation_number: str, consignment: str, number: str
) -> bytes:
    """getInvoiceStatus or cancelInvoice."""
    about = {
        "consignmentId": consignment,
        "organisationNumber": organisation_number,
        "invoiceNumber": number,
    }
    return asking(operation, message, about)


def invoice_status(message: str, status: InvoiceStatus) -> bytes:
    """The answer to getInvoiceStatus."""
    about = {
        "consignmentId": status.consignment,
        "invoiceNumber": status.number,
        "status": status.state,
        "reason": status.reason,
    }
    return answering(Operation.INVOICE_STATUS, message, about)


def read_invoice_status(body: Part) -> InvoiceStatus:
    """How an invoice stands. Raises Malformed."""
    reason = body.optional("reason", 2000)
    return InvoiceStatus(
        number=body.text("invoiceNumber", LONGEST_NUMBER),
        consignment=consignment_of(body),
        state=storable(body.text("status", 50)),
        reason=None if reason is None else storable(masked(reason), 500),
    )


def consignment_question(message: str, consignment: str) -> bytes:
    """getConsignmentStatus."""
    return asking(Operation.CONSIGNMENT_STATUS, message, {"consignmentId": consignment})


def consignment_status(message: str, status: ConsignmentStatus) -> bytes:
    """The answer to getConsignmentStatus."""
    about: dict[str, Content] = {
        "consignmentId": status.consignment,
        "status": status.state,
        "invoice": [
            {"organisationNumber": issuer, "invoiceNumber": number}
            for issuer, number in status.invoices
        ],
    }
    return answering(Operation.CONSIGNMENT_STATUS, message, about)


def read_consignment_status(body: Part) -> ConsignmentStatus:
    """What a consignment holds. Raises Malformed."""
    return ConsignmentStatus(
        consignment=consignment_of(body),
        state=one_of(ConsignmentState, body, "status"),
        invoices=tuple(
            (each.text("organisationNumber", 9), each.text("invoiceNumber", LONGEST_NUMBER))
            for each in body.parts("invoice")
        ),
    )


def cancelled(message: str, consignment: str) -> bytes:
    """The answer to cancelInvoice."""
    return answering(Operation.CANCEL, message, {"consignmentId": consignment})
