"""Forms: what kind of document an XML document says it is, by its root and its CustomizationID.

In charge of telling them apart. Not in charge of whether a document is what it says
(`validators`), nor of what becomes of it (`gateway.intake`). Sources: Peppol BIS Billing 3.0 and
Self-Billing 3.0; EHF post-award G3 (2022-06); SFTI Basic Invoice 1.0 and Object Envelope 1.0;
UN/CEFACT CII.

EHF Billing 3.0 is no form of its own: it is BIS Billing 3.0, with the rules that this has for
sellers in Norway.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from lxml import etree

from schemas.marks import mark
from schemas.ubl.structure import NAMESPACES, ROOTS

if TYPE_CHECKING:
    from schemas.invoice import Invoice


class Form(StrEnum):
    """The forms that are told apart."""

    BILLING = "bis3"  # what any UBL invoice or credit note is taken for that says nothing else
    SELF_BILLING = "bis3-selfbilling"
    REMINDER = "ehf-reminder"
    PAYMENT_REQUEST = "ehf-payment-request"
    FORWARD_BILLING = "ehf-forward-billing"
    SVEFAKTURA = "svefaktura"
    OBJECT_ENVELOPE = "svefaktura-objects"  # the files of a Svefaktura
    CROSS_INDUSTRY = "cii"  # what is inside Factur-X and ZUGFeRD


TITLES: Final[Mapping[Form, str]] = {
    Form.BILLING: "Peppol BIS Billing 3.0",
    Form.SELF_BILLING: "Peppol BIS Self-Billing 3.0",
    Form.REMINDER: "EHF Reminder 3.0",
    Form.PAYMENT_REQUEST: "EHF Payment Request 3.0",
    Form.FORWARD_BILLING: "EHF Forward Billing 3.0",
    Form.SVEFAKTURA: "Svefaktura 1.0",
    Form.OBJECT_ENVELOPE: "Svefaktura's object envelope 1.0",
    Form.CROSS_INDUSTRY: "Cross Industry Invoice (CII)",
}

SVEFAKTURA_NAMESPACE: Final = "urn:sfti:documents:BasicInvoice:1:0"
OBJECT_ENVELOPE_NAMESPACE: Final = "urn:sfti:documents:ObjectEnvelope:1:0"
# UN/CEFACT's D16B; D22B has the same.
CROSS_INDUSTRY_NAMESPACE: Final = "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"

_UBL: Final = frozenset(f"{{{ROOTS[name]}}}{name}" for name in ("Invoice", "CreditNote"))
_OTHERS: Final[Mapping[str, Form]] = {
    f"{{{SVEFAKTURA_NAMESPACE}}}Invoice": Form.SVEFAKTURA,
    f"{{{OBJECT_ENVELOPE_NAMESPACE}}}ObjectEnvelope": Form.OBJECT_ENVELOPE,
    f"{{{CROSS_INDUSTRY_NAMESPACE}}}CrossIndustryInvoice": Form.CROSS_INDUSTRY,
}
_CUSTOMIZATION: Final = f"{{{NAMESPACES['cbc']}}}CustomizationID"
_PEPPOL: Final = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:"
_USUAL: Final = f"{_PEPPOL}billing:3.0"
_EHF: Final = f"{_USUAL}#conformant#urn:fdc:anskaffelser.no:2019:ehf:"
# What a specification (BT-24) begins with, by form.
_SPECIFICATIONS: Final[Mapping[str, Form]] = {
    f"{_PEPPOL}selfbilling:3.0": Form.SELF_BILLING,
    f"{_EHF}reminder:3.0": Form.REMINDER,
    f"{_EHF}payment-request:3.0": Form.PAYMENT_REQUEST,
    f"{_EHF}forward-billing:3.0": Form.FORWARD_BILLING,
}


def of(root: etree._Element) -> Form | None:
    """The form of a document by its root element; None for one of no form that is known here."""
    if root.tag in _UBL:
        stated = next(root.iterchildren(_CUSTOMIZATION), None)
        return by_specification(None if stated is None else stated.text)
    return by_root(root.tag)


def by_root(tag: str) -> Form | None:
    """The form of a document by no more than the tag of its root; UBL is `BILLING`, whatever its
    CustomizationID."""
    return Form.BILLING if tag in _UBL else _OTHERS.get(tag)


def of_invoice(invoice: Invoice) -> Form:
    """The form of UBL that an invoice of the model says it is."""
    return by_specification(invoice.specification)


def kind(invoice: Invoice) -> str:
    """What it is to people: `invoice`, `credit_note` or `reminder`."""
    asked = mark(invoice)
    if of_invoice(invoice) is Form.REMINDER or (asked is not None and asked.reminder):
        return "reminder"
    return "credit_note" if invoice.is_credit_note else "invoice"


def by_specification(stated: str | None) -> Form:
    """The form of UBL by its specification (BT-24), with or without white space around it."""
    if stated == _USUAL:  # as nearly all have it: this is asked for every document
        return Form.BILLING
    told = " ".join((stated or "").split())
    fitting = (form for text, form in _SPECIFICATIONS.items() if told.startswith(text))
    return next(fitting, Form.BILLING)
