"""The operations of the eFaktura services, and what all their messages have in common. Pure.

In charge of names. Not in charge of what a message of one kind says (`consumers`, `invoices`,
`issuers`), nor of the envelope (`soap`).

Documented are the services, their operations, `auditInformation`, `messageIdentifier`,
`consignmentId`, `invoiceNumber`, `efakturaIdentifier`, `socialSecurityNumber`, the document types
and the limits of these. Every other name, and every status value, is ours:
docs/reference/channels/efaktura_no.md. Source: efaktura.no, developer documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar

from transports.base import storable
from transports.efaktura_no.wire import soap
from transports.efaktura_no.wire.soap import Content, Malformed, Part


class Service(StrEnum):
    """The services, by what they are called in the documentation."""

    SUBMITTER = "submitter"  # of data processors, for many issuers
    MPS = "mps"  # of issuers that are MPS's own customers
    ERP = "erp"  # issuers and their agreements


PATHS: Final[Mapping[Service, str]] = {
    Service.SUBMITTER: "/efaktura-submitter-service/v1/",
    Service.MPS: "/invoicing-nets-submitter/v1/",
    Service.ERP: "/invoicing-erp/v4/",
}


class Operation(StrEnum):
    """What can be asked, by the name of the element that asks it."""

    IDENTIFY = "getEfakturaIdentifiers"
    ADD = "addInvoices"
    INVOICE_STATUS = "getInvoiceStatus"
    CONSIGNMENT_STATUS = "getConsignmentStatus"
    CANCEL = "cancelInvoice"
    ASK_CONSUMER = "requestAgreement"  # assumed: no such operation is documented
    CREATE_ISSUER = "createIssuer"
    GET_ISSUER = "getIssuer"
    DELETE_ISSUER = "deleteIssuer"
    ADD_RULE = "addBrandAgreementRule"


def answers(operation: Operation) -> str:
    """The name of the element that answers an operation."""
    return f"{operation}Response"


def message_of(body: Part) -> str:
    """The messageIdentifier, 5 to 50 characters. Raises Malformed."""
    message = part(body, "auditInformation").text("messageIdentifier", 50)
    if len(message) < 5:
        raise Malformed("a messageIdentifier has 5 to 50 characters")
    return message


def asking(operation: Operation, message: str, fields: Mapping[str, Content]) -> bytes:
    """A message that asks for an operation."""
    return soap.write(operation, {**_audit(message), **fields})


def answering(operation: Operation, message: str, fields: Mapping[str, Content]) -> bytes:
    """A message that answers it."""
    return soap.write(answers(operation), {**_audit(message), **fields})


def _audit(message: str) -> Mapping[str, Content]:
    return {"auditInformation": {"messageIdentifier": message}}


def part(body: Part, name: str) -> Part:
    """The one element of this name. Raises Malformed."""
    found = body.part(name)
    if found is None:
        raise Malformed(f"there is no {name}")
    return found


E = TypeVar("E", bound=StrEnum)


def one_of(kind: type[E], within: Part, name: str) -> E:
    """The text of an element as one of these words. Raises Malformed."""
    word = within.text(name, 50)
    try:
        return kind(word)
    except ValueError:
        raise Malformed(f"{name} is {storable(word, 50)!r}, which is not in the format") from None
