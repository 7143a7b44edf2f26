"""From bytes to a document that can be sent, or to findings; whatever the bytes."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.api import examples
from gateway.intake.attachment import embedded, is_safe_name, safe_name
from gateway.intake.head import organisation_number, recipient, summary
from gateway.intake.prepare import Prepared, Rejected, _Places, prepare
from gateway.intake.submission import JSON
from schemas import invoice as model
from schemas.identifiers import Participant
from transports.base import File
from validators.findings import Finding, Severity

AT = date(2026, 11, 21)
SWEDISH = examples.SWEDISH_COMPANY
PDF = File("mätning.pdf", "application/pdf", b"%PDF-1.4 x")
ZIP = File("rest.zip", "application/zip", b"PK")


def json_file(body: Any) -> File:
    return File("document.json", JSON, json.dumps(body).encode())


def xml_file(content: bytes) -> File:
    return File("document.xml", "application/xml", content)


def changed(**fields: Any) -> File:
    body = copy.deepcopy(SWEDISH)
    body["invoice"] |= fields
    return json_file(body)


def prepared(original: File, *files: File, **delivery: Any) -> Prepared:
    result = prepare(original, files, delivery, at=AT)
    assert isinstance(result, Prepared), result.findings
    return result


def rejected(original: File, *files: File) -> Rejected:
    result = prepare(original, files, {}, at=AT)
    assert isinstance(result, Rejected)
    assert any(finding.severity is Severity.FATAL for finding in result.findings)
    return result


def test_json_becomes_ubl_with_everything_computed() -> None:
    result = prepared(json_file(SWEDISH))
    root = etree.fromstring(result.document)
    assert root.findtext("{*}LegalMonetaryTotal/{*}PayableAmount") == "606.25"
    assert root.findtext("{*}CustomizationID", "").startswith("urn:cen.eu:en16931:2017")
    assert result.head.number == "2026-1001"
    assert result.head.amount_due == Decimal("606.25")
    assert result.head.kind == "invoice"
    assert result.recipient.participant == Participant("0007", "5591234561")
    assert result.recipient.organisation_number == "5591234561"
    assert result.recipient.email == "ekonomi@lillan.example"
    assert result.recipient.postal_address is not None
    assert result.summary.language == "sv"
    assert result.summary.payment_reference == "20261004"


def test_it_is_the_same_every_time() -> None:
    assert prepared(json_file(SWEDISH), PDF) == prepared(json_file(SWEDISH), PDF)


def test_valid_ubl_is_passed_on_byte_for_byte() -> None:
    document = (
        b'<?xml version="1.0"?>\n<!-- ours -->\n' + examples.ubl().encode().partition(b"\n")[2]
    )
    result = prepared(xml_file(document), PDF, ZIP)
    assert result.document == document
    assert result.attachments == (PDF, ZIP)  # a document that came whole is not changed
    assert result.head == prepared(json_file(SWEDISH)).head


def test_attachments_go_into_json_where_they_may() -> None:
    result = prepared(json_file(SWEDISH), PDF, ZIP)
    assert result.attachments == (ZIP,)
    assert embedded(result.invoice) == (PDF,)
    assert b'filename="m\xc3\xa4tning.pdf"' in result.document


def test_a_wrong_value_is_pointed_at_in_the_body() -> None:
    line = SWEDISH["invoice"]["lines"][0]
    wrong = line | {"id": "2", "item": line["item"] | {"vat": {"category": "X", "rate": 25}}}
    result = rejected(changed(lines=[line, wrong]))
    pointers = {finding.where for finding in result.findings}
    assert "/invoice/lines/1/item/vat/category" in pointers
    assert all(where.startswith("/invoice") for where in pointers)
    assert {finding.line for finding in result.findings} == {None}
    assert result.head is not None
    assert result.head.number == "2026-1001"


def test_a_stated_total_is_compared_with_the_sum() -> None:
    result = rejected(changed(totals={"with_vat": "600.00"}))
    (finding,) = [finding for finding in result.findings if finding.rule == "BR-CO-15"]
    assert (finding.stated, finding.computed) == ("600.00", "606.25")
    assert finding.where.startswith("/invoice/totals")


def test_a_fault_of_an_attachment_is_told_by_its_part() -> None:
    own = {
        "reference": "1",
        "attachment": {"content": "eA==", "mime_code": "text/plain", "filename": "a.txt"},
    }
    result = rejected(changed(supporting_documents=[own]), ZIP, PDF)
    of_files = {f.where for f in result.findings if "BT-125" in str(f.terms) or "mime" in f.where}
    assert of_files == {"/invoice/supporting_documents/0/attachment/mime_code"}


def test_a_place_beside_the_json_is_counted_among_all_parts() -> None:
    document = prepared(changed(supporting_documents=[]), ZIP, PDF).document
    places = _Places(document, own=0, beside=(1,))  # the archive was the first part
    path = "Invoice/AdditionalDocumentReference/Attachment/EmbeddedDocumentBinaryObject"
    finding = Finding("X", Severity.WARNING, path, 7, "text", "hint")
    assert places.told(finding).where == "/attachment/1"
    own = _Places(document, own=1, beside=(1,))
    assert own.told(finding).where.startswith("/invoice/supporting_documents/0")
    assert places.told(replace(finding, where="")).where == "/invoice"


def test_a_hint_for_json_names_terms_and_fields_and_no_element() -> None:
    (finding,) = rejected(changed(buyer_reference=None, purchase_order_reference=None)).findings
    assert finding.rule == "PEPPOL-EN16931-R003"
    assert finding.hint == (
        "Add Buyer reference (BT-10, /invoice/buyer_reference), "
        "or Order reference (BT-13, /invoice/purchase_order_reference)."
    )


def test_a_value_that_ubl_can_not_hold_is_a_finding() -> None:
    body = json.dumps(SWEDISH).replace('"10"', "1e-300", 1).encode()
    result = rejected(File("document.json", JSON, body))
    (finding,) = result.findings
    assert (finding.rule, finding.where) == ("STRUCTURE-UNWRITABLE", "/invoice/lines/0/quantity")


def test_ubl_that_is_wrong_is_told_by_its_own_path_and_line() -> None:
    wrong = examples.ubl().replace(">606.25</cbc:PayableAmount", ">606.00</cbc:PayableAmount")
    result = rejected(xml_file(wrong.encode()))
    (finding,) = [finding for finding in result.findings if finding.rule == "BR-CO-16"]
    assert finding.where.startswith("Invoice/LegalMonetaryTotal")
    assert finding.line
    assert result.head is not None


# --- the recipient ------------------------------------------------------------------------------


def test_what_the_sender_wishes_outweighs_the_invoice() -> None:
    result = prepared(
        json_file(SWEDISH),
        email="faktura@lillan.example",
        language="en",
        phone="070 123 45 67",
        consumer=True,
    )
    assert result.recipient.email == "faktura@lillan.example"
    assert result.recipient.phone == "070 123 45 67"
    assert result.recipient.consumer
    assert result.summary.language == "en"


def buyer(**fields: Any) -> model.Invoice:
    return model.Invoice(
        number="1",
        issue_date=AT,
        currency="SEK",
        seller=model.Seller("A", model.Address("SE")),
        buyer=model.Buyer("B", **{"address": model.Address("SE")} | fields),
        lines=(),
    )


def test_who_is_a_consumer() -> None:
    company = model.Identifier("5591234561", "0007")
    person = {"personal_number": "19811228-9874"}
    assert recipient(buyer(), person).consumer
    assert not recipient(buyer(), {}).consumer
    assert not recipient(buyer(legal_id=company), person).consumer
    assert recipient(buyer(legal_id=company), person | {"consumer": True}).consumer


@pytest.mark.parametrize(
    ("fields", "number"),
    [
        ({"legal_id": model.Identifier("559123-4561", "0007")}, "5591234561"),
        ({"legal_id": model.Identifier("5591234561")}, "5591234561"),
        ({"legal_id": model.Identifier("5591234560", "0007")}, None),  # check digit
        ({"legal_id": model.Identifier("5591234561", "0192")}, None),  # says it is Norwegian
        ({"endpoint": model.Identifier("5591234561", "0007")}, "5591234561"),
        ({"endpoint": model.Identifier("5591234561", "0088")}, None),
        ({"vat_id": "SE559123456101"}, "5591234561"),
        ({"address": model.Address("NO"), "vat_id": "NO918130047MVA"}, "918130047"),
        ({"address": model.Address("DE"), "legal_id": model.Identifier("5591234561")}, None),
        ({}, None),
    ],
)
def test_where_an_organisation_number_stands(fields: dict[str, Any], number: str | None) -> None:
    assert organisation_number(buyer(**fields).buyer) == number


def test_an_address_is_taken_only_when_it_is_complete() -> None:
    whole = model.Address("SE", line1="Storgatan 1", city="Örebro", post_code="703 61")
    assert recipient(buyer(address=whole), {}).postal_address is not None
    assert recipient(buyer(address=model.Address("SE", city="Örebro")), {}).postal_address is None


@pytest.mark.parametrize(("country", "language"), [("SE", "sv"), ("NO", "nb"), ("DE", "en")])
def test_the_language_is_that_of_the_country(country: str, language: str) -> None:
    assert summary(buyer(address=model.Address(country)), {}).language == language


def test_an_endpoint_that_is_no_participant_is_none() -> None:
    endpoint = model.Identifier("kari@nordmann.example", "EM")
    assert recipient(buyer(endpoint=endpoint), {}).participant is None


# --- file names ---------------------------------------------------------------------------------


@given(st.text(max_size=300))
def test_a_safe_name_is_safe(name: str) -> None:
    safe = safe_name(name)
    assert not safe or is_safe_name(safe)
    assert "/" not in safe
    assert "\\" not in safe
    assert all(character.isprintable() or character.isspace() for character in safe)
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", safe)
    assert safe == safe.strip()
    assert len(safe) <= 150


def test_files_of_the_same_name_are_told_apart() -> None:
    invoice = buyer()
    files = [File("../a.csv", "text/csv", b"1"), File("a.csv", "text/csv", b"2")]
    documents = tuple(
        model.SupportingDocument("1", attachment=model.Attachment(f.content, f.media_type, f.name))
        for f in files
    )
    with_files = model.Invoice(
        number="1",
        issue_date=AT,
        currency="SEK",
        seller=invoice.seller,
        buyer=invoice.buyer,
        lines=(),
        supporting_documents=documents,
    )
    assert [file.name for file in embedded(with_files)] == ["a.csv", "a-2.csv"]


# --- whatever the bytes -------------------------------------------------------------------------

LEAVES = st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["SE", "380", "1"])
ODD = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(st.binary(max_size=300), st.sampled_from([JSON, "application/xml"]))
def test_no_bytes_raise(content: bytes, media_type: str) -> None:
    result = prepare(File("x", media_type, content), (), {}, at=AT)
    assert isinstance(result, Rejected)
    assert result.findings


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_no_change_of_a_right_invoice_raises(data: st.DataObject) -> None:
    body = copy.deepcopy(SWEDISH)
    place: Any = body
    while True:
        key = data.draw(
            st.sampled_from(list(place) if isinstance(place, dict) else range(len(place)))
        )
        if isinstance(place[key], dict | list) and data.draw(st.integers(0, 4)):
            place = place[key]
        else:
            break
    place[key] = data.draw(ODD)
    result = prepare(json_file(body), (PDF,), {}, at=AT)
    assert isinstance(result, Prepared) or result.findings


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_no_change_of_a_right_ubl_raises(data: st.DataObject) -> None:
    root = etree.fromstring(examples.ubl().encode())
    elements = list(root.iter())
    for _ in range(data.draw(st.integers(1, 3))):
        element = data.draw(st.sampled_from(elements))
        match data.draw(st.sampled_from(["text", "attribute", "twice", "away"])):
            case "text":
                element.text = data.draw(
                    st.sampled_from(["", " ", "x", "-1", "1e5", "NaN", "2026-13-01", "9" * 50])
                )
            case "attribute":
                name = data.draw(st.sampled_from(["schemeID", "currencyID", "mimeCode", "x"]))
                element.set(name, data.draw(st.sampled_from(["", "0192", "SEK", "ÅÄÖ"])))
            case "twice" if element.getparent() is not None:
                element.addnext(copy.deepcopy(element))
            case "away" if element.getparent() is not None:
                element.getparent().remove(element)  # type: ignore[union-attr]
    result = prepare(xml_file(etree.tostring(root)), (), {}, at=AT)
    assert isinstance(result, Prepared) or result.findings


AQY = "AQY Filidentifiering nummer (print)"


def marked(content: bytes) -> bytes:
    """A UBL invoice for print: marked, and without electronic addresses."""
    content = re.sub(rb"<cbc:EndpointID.*?</cbc:EndpointID>", b"", content)
    reference = (
        f"<cac:AdditionalDocumentReference><cbc:ID>101</cbc:ID>"
        f"<cbc:DocumentDescription>{AQY}</cbc:DocumentDescription>"
        f"</cac:AdditionalDocumentReference><cac:AccountingSupplierParty>"
    )
    return content.replace(b"<cac:AccountingSupplierParty>", reference.encode(), 1)


def test_an_invoice_marked_for_print_needs_no_electronic_addresses() -> None:
    content = marked(examples.ubl().encode())
    result = prepared(xml_file(content))
    assert result.report.profile == "peppol-billing-print"
    assert result.recipient.participant is None
    unmarked = rejected(xml_file(content.replace(AQY.encode(), b"Filnummer")))
    assert {finding.rule for finding in unmarked.findings} == {
        "PEPPOL-EN16931-R010",
        "PEPPOL-EN16931-R020",
    }


def test_the_marking_counts_in_json_too() -> None:
    body = copy.deepcopy(SWEDISH)
    body["invoice"]["supporting_documents"] = [{"reference": "101", "description": AQY}]
    for party in ("seller", "buyer"):
        body["invoice"][party].pop("endpoint")
    assert prepared(json_file(body)).report.profile == "peppol-billing-print"


def test_a_mark_says_the_language_and_what_is_a_reminder() -> None:
    content = marked(examples.ubl().encode())
    english = content.replace(b"<cbc:ID>101</cbc:ID>", b"<cbc:ID>102</cbc:ID>")
    for original, language in ((content, "sv"), (english, "en")):
        result = prepared(xml_file(original))
        assert (result.summary.language, result.head.kind) == (language, "invoice")
        assert result.document == original, "byte for byte"
    assert prepared(xml_file(english), language="nb").summary.language == "nb"
    reminder = content.replace(b"<cbc:ID>101</cbc:ID>", b"<cbc:ID>301</cbc:ID>")
    assert prepared(xml_file(reminder)).head.kind == "reminder"


def test_one_mark_that_is_known_is_asked_for() -> None:
    content = marked(examples.ubl().encode())
    twice = marked(content)
    unknown = content.replace(b"<cbc:ID>101</cbc:ID>", b"<cbc:ID>999</cbc:ID>")
    for original, rule, where in (
        (twice, "STRUCTURE-MARKS", "Invoice/AdditionalDocumentReference[2]"),
        (unknown, "STRUCTURE-MARK", "Invoice/AdditionalDocumentReference"),
    ):
        (finding,) = rejected(xml_file(original)).findings
        assert (finding.rule, finding.where) == (rule, where)
        assert finding.line is not None
    body = copy.deepcopy(SWEDISH)
    documents = [{"reference": code, "description": AQY} for code in ("101", "999")]
    body["invoice"]["supporting_documents"] = documents
    found = rejected(json_file(body)).findings
    assert [(each.rule, each.where) for each in found] == [
        ("STRUCTURE-MARKS", "/invoice/supporting_documents/1"),
        ("STRUCTURE-MARK", "/invoice/supporting_documents/1"),
    ]


AS_REMINDER = (
    (
        "poacc:billing:3.0<",
        "poacc:billing:3.0#conformant#urn:fdc:anskaffelser.no:2019:ehf:reminder:3.0<",
    ),
    (
        "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0",
        "urn:fdc:anskaffelser.no:2019:ehf:postaward:g3:06:1.0",
    ),
    ("<cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>", ""),
)
NAMED = (
    "<cac:BillingReference><cac:InvoiceDocumentReference><cbc:ID>2026-1</cbc:ID>"
    "</cac:InvoiceDocumentReference></cac:BillingReference>"
)


def reminder(named: str = NAMED) -> File:
    text = examples.ubl()
    for old, new in AS_REMINDER:
        assert old in text, old
        text = text.replace(old, new)
    before = "<cac:AccountingSupplierParty>"
    return xml_file(text.replace(before, named + before, 1).encode())


def test_a_reminder_is_passed_on_byte_for_byte() -> None:
    original = reminder()
    result = prepared(original)
    assert (result.report.profile, result.head.kind) == ("ehf-reminder", "reminder")
    assert result.summary.reminder
    assert result.document == original.content
    assert "ehf:reminder:3.0" in str(result.summary.document_type)


@pytest.mark.parametrize(
    ("named", "where"),
    [
        ("", "Invoice/BillingReference/InvoiceDocumentReference/ID"),
        (NAMED * 2, "Invoice/BillingReference[2]/InvoiceDocumentReference"),
    ],
)
def test_a_reminder_names_one_invoice(named: str, where: str) -> None:
    (finding,) = rejected(reminder(named)).findings
    assert (finding.rule, finding.where) == ("STRUCTURE-REMINDER", where)


def test_self_billing_is_not_delivered() -> None:
    """It is written by the buyer, so it would come back to whoever handed it in."""
    specification = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:selfbilling:3.0"
    content = examples.ubl().replace("poacc:billing:3.0", "poacc:selfbilling:3.0")
    for original in (xml_file(content.encode()), changed(specification=specification)):
        result = rejected(original)
        assert result.report.profile == "peppol-billing"
        assert "PEPPOL-EN16931-R004" in {finding.rule for finding in result.findings}


def test_a_consumer_needs_no_electronic_address() -> None:
    body = copy.deepcopy(examples.NORWEGIAN_CONSUMER)
    del body["invoice"]["buyer"]["endpoint"]
    for delivery in ({"consumer": True}, {"personal_number": "19811228-9874"}):
        result = prepared(json_file(body), **delivery)
        assert result.report.profile == "peppol-billing-print"
        assert result.recipient.consumer and result.recipient.participant is None
    company = rejected(json_file(body))  # nobody says that it is a person
    assert {finding.rule for finding in company.findings} == {"PEPPOL-EN16931-R010"}
    with_address = prepared(json_file(examples.NORWEGIAN_CONSUMER), consumer=True)
    assert with_address.report.profile == "peppol-billing"
