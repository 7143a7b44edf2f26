"""Which form a document says it is, and what marks ask of an operator."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from schemas import marks
from schemas.forms import Form, kind, of, of_invoice
from schemas.identifiers import CREDIT_NOTE_NAMESPACE, INVOICE_NAMESPACE
from schemas.invoice import Address, Buyer, Invoice, Seller, SupportingDocument
from schemas.ubl.read import read

OFFICIAL = Path(__file__).parents[4] / "shared" / "rules"
CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
BILLING = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
EHF = f"{BILLING}#conformant#urn:fdc:anskaffelser.no:2019:ehf:"

official = pytest.mark.skipif(
    not OFFICIAL.exists(), reason="the official documents are not beside this checkout"
)


@pytest.mark.parametrize(
    ("specification", "form"),
    [
        (BILLING, Form.BILLING),
        (f"{BILLING}#conformant#urn:x", Form.BILLING),
        ("urn:anything", Form.BILLING),
        (BILLING.replace("billing", "selfbilling"), Form.SELF_BILLING),
        (f"\n {EHF}reminder:3.0 ", Form.REMINDER),
        (f"{EHF}payment-request:3.0", Form.PAYMENT_REQUEST),
        (f"{EHF}forward-billing:3.0", Form.FORWARD_BILLING),
    ],
)
def test_ubl_says_by_its_specification_what_it_is(specification: str, form: Form) -> None:
    for name, namespace in (("Invoice", INVOICE_NAMESPACE), ("CreditNote", CREDIT_NOTE_NAMESPACE)):
        root = etree.fromstring(f'<{name} xmlns="{namespace}"><a/></{name}>')
        assert of(root) is Form.BILLING
        etree.SubElement(root, f"{{{CBC}}}CustomizationID").text = specification
        assert of(root) is form


@pytest.mark.parametrize(
    ("root", "form"),
    [
        ('<Invoice xmlns="urn:sfti:documents:BasicInvoice:1:0"/>', Form.SVEFAKTURA),
        ('<ObjectEnvelope xmlns="urn:sfti:documents:ObjectEnvelope:1:0"/>', Form.OBJECT_ENVELOPE),
        ('<ObjectEnvelope xmlns="urn:sfti:documents:BasicInvoice:1:0"/>', None),
        ('<Invoice xmlns="urn:sfti:documents:ObjectEnvelope:1:0"/>', None),
        ("<Invoice/>", None),
        (f'<CreditNote xmlns="{INVOICE_NAMESPACE}"/>', None),
    ],
)
def test_other_documents_are_told_by_their_root(root: str, form: Form | None) -> None:
    assert of(etree.fromstring(root)) is form


@official
def test_the_official_marks_are_known() -> None:
    """All of SFTI's example series: each asks for the print or the bank that its name says."""
    found = {}
    for path in sorted((OFFICIAL / "corpus-repaired").glob("Testbolagets_*.xml")):
        invoice = read(etree.parse(path).getroot())
        assert of_invoice(invoice) is Form.BILLING
        assert len(marks.places(invoice)) == 1, path.name
        mark = marks.mark(invoice)
        assert mark is not None, path.name
        found[path.name] = mark
    assert {mark.code for mark in found.values()} == set(marks.MARKS)
    for name, mark in found.items():
        assert mark.reminder == ("Paminnelse" in name)
        assert mark.channel == ("bank_se" if "Internetbank" in name else "letter")


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({}, "invoice"),
        ({"type_code": "381"}, "credit_note"),
        ({"specification": f"{EHF}reminder:3.0"}, "reminder"),
        ({"supporting_documents": (SupportingDocument("301", "AQY (print)"),)}, "reminder"),
        ({"supporting_documents": (SupportingDocument("101", "AQY (print)"),)}, "invoice"),
        ({"supporting_documents": (SupportingDocument("301", "Tid"),)}, "invoice"),
        ({"supporting_documents": (SupportingDocument("301", "AQY"),) * 2}, "invoice"),
    ],
)
def test_what_an_invoice_is_to_people(changes: dict[str, Any], answer: str) -> None:
    place = Address("SE")
    plain = Invoice("1", date(2026, 11, 21), "SEK", Seller("S", place), Buyer("B", place), ())
    assert kind(replace(plain, **changes)) == answer
