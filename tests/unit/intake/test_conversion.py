"""A Svefaktura becomes BIS Billing 3.0; what is wrong is told by its place in the Svefaktura."""

from __future__ import annotations

import base64
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from gateway.intake.prepare import Prepared, Rejected, prepare, verdict
from gateway.intake.submission import Refused, check
from schemas.ubl.read import read as read_ubl
from transports.base import File
from validators.examples.replaced import replaced
from validators.findings import Finding, Severity
from validators.messages import LANGUAGES
from validators.pipeline import validate

AT = date(2026, 11, 21)
SOURCE = replaced("svefaktura", "")
OFFICIAL = Path(__file__).parents[4] / "shared" / "rules" / "bases"
SPACE = 'xmlns="urn:sfti:documents:ObjectEnvelope:1:0"'
PDF = b"%PDF-1.7\n%%EOF\n"


def svefaktura(*changes: tuple[str, str]) -> bytes:
    text = SOURCE.decode()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text.encode()


def envelope(*files: tuple[str, str, str, bytes], invoice: str | None = None) -> File:
    """An object envelope: id, media type, name and content of each file."""
    objects = "".join(
        f"<EncodedObject><ObjectID>{name}</ObjectID>"
        f'<EncodedData format="BASE64" mimeCode="{kind}" filename="{called}">'
        f"{base64.b64encode(content).decode()}</EncodedData></EncodedObject>"
        for name, kind, called, content in files
    )
    stated = invoice or NUMBER
    document = (
        f"<ObjectEnvelope {SPACE}><DocumentReference>"
        f"<DocumentID>{stated}</DocumentID></DocumentReference>"
        f"<CreationDateTime>2026-11-21T09:30:00</CreationDateTime>{objects}</ObjectEnvelope>"
    )
    return File("objects.xml", "application/xml", document.encode())


NUMBER = etree.fromstring(SOURCE).findtext("{*}ID")


def looked_at(content: bytes, *files: File, **delivery: Any) -> Prepared | Rejected:
    return prepare(File("document.xml", "application/xml", content), files, delivery, at=AT)


def prepared(content: bytes, *files: File, **delivery: Any) -> Prepared:
    result = looked_at(content, *files, **delivery)
    assert isinstance(result, Prepared), result.findings
    return result


def fatal(content: bytes, *files: File, **delivery: Any) -> list[Finding]:
    result = looked_at(content, *files, **delivery)
    assert isinstance(result, Rejected)
    return [each for each in result.findings if each.severity is Severity.FATAL]


def told(content: bytes, *files: File) -> list[tuple[str, str]]:
    return [(each.rule, each.where) for each in fatal(content, *files)]


def test_it_becomes_billing_that_is_right() -> None:
    result = prepared(SOURCE)
    assert result.report.profile == "svefaktura"
    assert result.profile == "peppol-billing"  # its parties' numbers are addresses, too
    assert read_ubl(etree.fromstring(result.document)) == result.invoice
    report = validate(result.document, at=AT, profile=result.profile)
    assert report.ok and report.structure_ok
    assert result.head.number == NUMBER
    assert result == prepared(SOURCE), "the same every time"


def test_a_buyer_without_a_number_needs_no_address() -> None:
    """A Svefaktura is addressed on the envelope of its transport."""
    root = etree.fromstring(SOURCE)
    party = root.find("{*}BuyerParty/{*}Party")
    assert party is not None
    for found in party.findall("{*}PartyTaxScheme"):
        party.remove(found)
    result = prepared(etree.tostring(root))
    assert (result.profile, result.recipient.participant) == ("peppol-billing-print", None)


def test_its_own_rules_come_first() -> None:
    broken = svefaktura((">380<", ">389<"))
    (finding,) = fatal(broken)
    assert finding.where == "Invoice/InvoiceTypeCode"
    assert finding.line == 1


def test_a_fault_of_what_was_written_is_told_by_its_place_in_the_svefaktura() -> None:
    wrong = svefaktura((">5560360793<", ">5560360794<"))
    assert {
        ("SE-R-013", "Invoice/SellerParty/Party/PartyTaxScheme[1]/CompanyID"),
        ("PEPPOL-COMMON-R049", "Invoice/SellerParty/Party/PartyTaxScheme[1]/CompanyID"),
    } <= set(told(wrong))
    assert len(told(wrong)) == len(set(told(wrong)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_value_that_would_be_lost_is_told(language: str) -> None:
    root = etree.fromstring(SOURCE)
    scheme = root.findall("{*}SellerParty/{*}Party/{*}PartyTaxScheme")[1]
    reason = etree.Element(f"{{{root.nsmap['cbc']}}}ExemptionReason")
    reason.text = "Särskilt skäl"
    company = scheme.find("{*}CompanyID")
    assert company is not None
    company.addnext(reason)
    tax = root.findall("{*}TaxTotal/{*}TaxSubTotal/*")[3]
    amount = etree.Element(f"{{{root.nsmap['cac']}}}InitialInvoiceTaxAmount")
    amount.text, currency = "12.50", root.findtext("{*}InvoiceCurrencyCode")
    amount.set("amountCurrencyID", currency or "SEK")
    tax.addnext(amount)
    lost = [
        each
        for each in fatal(etree.tostring(root), findings_language=language)
        if each.rule == "STRUCTURE-LOST"
    ]
    assert [(each.where, each.stated) for each in lost] == [
        ("Invoice/SellerParty/Party/PartyTaxScheme[2]/ExemptionReason", "Särskilt skäl"),
        ("Invoice/TaxTotal/TaxSubTotal[1]/InitialInvoiceTaxAmount", "12.50"),
    ]
    assert all(each.stated in each.text and each.hint for each in lost if each.stated)


# --- files ----------------------------------------------------------------------------------------


def test_the_files_of_its_envelope_are_attachments() -> None:
    packed = envelope(
        ("271", "application/pdf", "tid.pdf", PDF),
        ("272", "text/plain", "läs.txt", "Hej åäö".encode()),
    )
    beside = File("mer.pdf", "application/pdf", PDF + b"\n")
    result = prepared(SOURCE, packed, beside)
    inside = [d for d in result.invoice.supporting_documents if d.attachment]
    assert [(d.reference, d.attachment.filename) for d in inside if d.attachment] == [
        ("271", "tid.pdf"),
        ("mer.pdf", "mer.pdf"),
    ]
    assert [(file.name, file.media_type) for file in result.attachments] == [
        ("läs.txt", "text/plain")
    ]


def test_an_envelope_is_known_by_its_content() -> None:
    packed = envelope(("271", "application/pdf", "tid.pdf", PDF))
    named = File("bilaga.dat", "application/octet-stream", b"\xef\xbb\xbf" + packed.content)
    assert any(d.attachment for d in prepared(SOURCE, named).invoice.supporting_documents)


@pytest.mark.parametrize(
    ("packed", "rule", "where"),
    [
        (
            envelope(("1", "application/pdf", "a.pdf", PDF), invoice="another"),
            "STRUCTURE-UNREADABLE",
            "/attachment/0/ObjectEnvelope/DocumentReference/DocumentID",
        ),
        (
            envelope(*[("1", "application/pdf", "a.pdf", PDF)] * 2),
            "STRUCTURE-UNREADABLE",
            "/attachment/0/ObjectEnvelope/EncodedObject[2]",
        ),
        (
            envelope(("1", "application/pdf", "a.exe", b"MZ" + bytes(100))),
            "GUARD-ATTACHMENT-FORBIDDEN",
            "/attachment/0/ObjectEnvelope/EncodedObject/EncodedData",
        ),
        (
            File(
                "o.xml",
                "text/xml",
                b'<ObjectEnvelope xmlns="urn:sfti:documents:ObjectEnvelope:1:0">',
            ),
            "GUARD-MALFORMED",
            "/attachment/0",
        ),
        (
            File(
                "o.xml",
                "text/xml",
                b'<ObjectEnvelope xmlns="urn:sfti:documents:ObjectEnvelope:1:0"/>',
            ),
            "STRUCTURE-MISSING",
            "/attachment/0/ObjectEnvelope/CreationDateTime",
        ),
    ],
    ids=["of another", "same id", "program", "cut off", "empty"],
)
def test_a_bad_envelope_is_told_by_its_place(packed: File, rule: str, where: str) -> None:
    assert (rule, where) in told(SOURCE, packed)


def test_two_envelopes_with_one_id_lose_no_file() -> None:
    packed = envelope(("1", "application/pdf", "a.pdf", PDF))
    assert ("STRUCTURE-UNREADABLE", "/attachment/1") in told(SOURCE, packed, packed)


def test_an_envelope_in_an_envelope_stays_a_file() -> None:
    inner = envelope(("1", "application/pdf", "a.pdf", PDF))
    outer = envelope(("2", "application/xml", "inner.xml", inner.content))
    assert [file.name for file in prepared(SOURCE, outer).attachments] == ["inner.xml"]


def test_thousands_of_files_are_refused() -> None:
    packed = envelope(*((str(n), "application/pdf", f"{n}.pdf", PDF) for n in range(3000)))
    assert {rule for rule, _ in told(SOURCE, packed)} == {"GUARD-ATTACHMENT-COUNT"}


# --- forms that are not taken -----------------------------------------------------------------


@pytest.mark.parametrize("kind", ["payment-request", "forward-billing"])
def test_a_form_that_is_not_taken_is_named(kind: str) -> None:
    customization = (
        "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
        f"#conformant#urn:fdc:anskaffelser.no:2019:ehf:{kind}:3.0"
    )
    content = (
        '<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2" xmlns:cbc='
        '"urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">'
        f"<cbc:CustomizationID>{customization}</cbc:CustomizationID></Invoice>"
    ).encode()
    original = File("document.xml", "application/xml", content)
    refused = check(original)
    assert isinstance(refused, Refused)
    (finding,) = refused.findings
    assert finding.rule == "GUARD-FORM"
    assert kind.replace("-", " ").title() in finding.text
    assert verdict(original, (), {}, at=AT).findings == (finding,)


def test_an_envelope_without_its_invoice_is_refused() -> None:
    packed = envelope(("1", "application/pdf", "a.pdf", PDF))
    refused = check(packed)
    assert isinstance(refused, Refused)
    assert [(each.rule, each.where) for each in refused.findings] == [
        ("GUARD-FORM", "ObjectEnvelope")
    ]
    assert verdict(packed, (), {}, at=AT).ok  # by its own rules it is right


# --- official documents -----------------------------------------------------------------------

official = pytest.mark.skipif(
    not OFFICIAL.exists(), reason="the official documents are not beside this checkout"
)


@official
@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("svefaktura", set()),
        ("svefaktura_bas", set()),
        ("svefaktura_moms", set()),
        # Its picture is a web page.
        ("svefaktura_m_ext_ref", {"GUARD-ATTACHMENT-FORBIDDEN"}),
        # A reference for each account, where EN 16931 has one (BT-83); GLNs without check digits.
        ("svefaktura_m_koder", {"UBL-SR-44", "PEPPOL-COMMON-R040"}),
    ],
)
def test_an_official_sample_becomes_billing_or_it_is_known_why_not(
    name: str, reasons: set[str]
) -> None:
    content = (OFFICIAL / f"svefaktura__{name}.xml").read_bytes()
    content = content.replace(b"5565624223", b"5560360793")  # invented: its check digit is wrong
    objects = (OFFICIAL / "svefaktura__ObjectEnvelope.xml").read_bytes()
    files = [File("objects.xml", "application/xml", objects)] if name.endswith("ref") else []
    if reasons:
        assert {rule for rule, _ in told(content, *files)} == reasons
    else:
        assert prepared(content, *files).report.profile == "svefaktura"
