"""One document among files: found by what is in it, in a ZIP file, an e-mail or a PDF."""

from __future__ import annotations

import copy
import json
from datetime import date

import pytest

from gateway.api import examples
from gateway.intake.kind import JSON, MAIL, PDF, ZIP, is_document, root_of
from gateway.intake.package import Opened, opened
from gateway.intake.prepare import Prepared, Rejected, prepare
from gateway.intake.submission import Refused, check
from tests.hostile.packages import mail_of, pdf_of, ubl, zip_of
from transports.base import File

AT = date(2026, 11, 21)
SUBMISSION = json.dumps(examples.SWEDISH_COMPANY).encode()
CSV = b"hours;rate\n7;900\n"
NOTE = b"Our terms have changed.\n"
HYBRID = pdf_of({"factur-x.xml": ubl()})


def zipped(files: dict[str, bytes]) -> File:
    return File("document.zip", ZIP, zip_of(files))


def mailed(*files: File) -> File:
    return File("document.eml", MAIL, mail_of(files))


def attached(name: str, content: bytes, media_type: str = "application/octet-stream") -> File:
    return File(name, media_type, content)


def the(original: File) -> Opened:
    package = opened(original)
    assert isinstance(package, Opened), package
    return package


def told(original: File) -> list[tuple[str, str, str]]:
    refused = check(original)
    assert isinstance(refused, Refused)
    assert all(finding.hint for finding in refused.findings)
    return [(each.rule, each.where, each.text) for each in refused.findings]


@pytest.mark.parametrize(
    "original",
    [
        zipped({"2026/november/faktura.xml": ubl(), "2026/hours.csv": CSV}),
        mailed(attached("faktura.xml", ubl()), attached("hours.csv", CSV)),
        mailed(attached("hours.csv", CSV, "application/xml"), attached("faktura.xml", ubl())),
        File("document.pdf", PDF, pdf_of({"hours.csv": CSV, "faktura.xml": ubl()})),
    ],
    ids=["zip", "mail", "mail that lies", "pdf"],
)
def test_the_document_is_found_and_the_rest_is_attached(original: File) -> None:
    package = the(original)
    assert package.document.content == ubl() and package.document.name == "faktura.xml"
    assert package.document.media_type == "application/xml"
    assert package.inside == "faktura.xml"
    assert ("hours.csv", CSV) in [(file.name, file.content) for file in package.attachments]
    assert check(original) == {}


@pytest.mark.parametrize("media_type", [ZIP, MAIL])
def test_it_is_the_same_document_as_by_itself(media_type: str) -> None:
    files = {"a.json": SUBMISSION, "hours.csv": CSV}
    inside = zipped(files)
    if media_type == MAIL:
        inside = mailed(*(attached(name, content) for name, content in files.items()))
    plain = prepare(
        File("a.json", JSON, SUBMISSION), [File("hours.csv", "text/csv", CSV)], {}, at=AT
    )
    packed = prepare(inside, (), {}, at=AT)
    assert isinstance(plain, Prepared) and isinstance(packed, Prepared)
    assert packed.document == plain.document and b"hours.csv" in packed.document
    assert packed.attachments == plain.attachments == ()


def test_what_is_handed_in_beside_a_package_comes_after_what_is_in_it() -> None:
    beside = File("terms.txt", "text/plain", NOTE)
    packed = prepare(zipped({"a.xml": ubl(), "hours.csv": CSV}), [beside], {}, at=AT)
    assert isinstance(packed, Prepared) and packed.document == ubl()
    assert [file.name for file in packed.attachments] == ["hours.csv", "terms.txt"]


def test_a_pdf_goes_along_with_the_invoice_that_was_in_it() -> None:
    original = File("document.pdf", PDF, HYBRID)
    assert the(original).attachments == (original,)
    packed = the(zipped({"rechnung.pdf": HYBRID, "hours.csv": CSV}))
    assert packed.inside == "factur-x.xml in rechnung.pdf"
    assert [file.name for file in packed.attachments] == ["rechnung.pdf", "hours.csv"]
    # Beside a document of its own it is nothing but an attachment.
    other = the(zipped({"rechnung.pdf": HYBRID, "a.json": SUBMISSION}))
    assert other.document.content == SUBMISSION
    assert [file.name for file in other.attachments] == ["rechnung.pdf"]


def test_the_name_of_the_standard_goes_before_other_xml_in_a_pdf() -> None:
    other = ubl().replace(b"2026-1001", b"2026-0999")
    pdf = pdf_of({"earlier.xml": other, "Factur-X.xml": ubl()})
    package = the(File("document.pdf", PDF, pdf))
    assert package.inside == "Factur-X.xml"
    assert [file.name for file in package.attachments] == ["document.pdf", "earlier.xml"]
    two = pdf_of({"earlier.xml": other, "later.xml": ubl()})
    ((rule, _, text),) = told(File("document.pdf", PDF, two))
    assert rule == "GUARD-PACKAGE" and "2 documents" in text


def test_several_documents_or_none_are_told_by_name() -> None:
    ((rule, where, text),) = told(zipped({"a.xml": ubl(), "b.json": SUBMISSION}))
    assert (rule, where) == ("GUARD-PACKAGE", "")
    assert text == "There are 2 documents in it: a.xml (XML: Invoice), b.json."
    ((_, _, text),) = told(zipped({"order.xml": b'<Order xmlns="urn:x"/>', "n.txt": NOTE}))
    assert "order.xml (XML: Order), n.txt" in text
    ((_, _, text),) = told(mailed())
    assert "no file in it" in text
    none, pdf = told(zipped({"faktura.pdf": pdf_of({})}))
    assert "faktura.pdf" in none[2] and pdf[1] == "faktura.pdf" and "only people can" in pdf[2]
    ((rule, _, text),) = told(File("document.pdf", PDF, pdf_of({})))
    assert rule == "GUARD-PDF" and "only people can" in text


def test_an_old_zugferd_is_called_so() -> None:
    old = b'<rsm:CrossIndustryDocument xmlns:rsm="urn:ferd:CrossIndustryDocument:invoice:1p0"/>'
    ((_, _, text),) = told(File("document.pdf", PDF, pdf_of({"ZUGFeRD-invoice.xml": old})))
    assert "ZUGFeRD 1.0" in text


def test_packages_inside_packages_are_attachments() -> None:
    inner = zip_of({"b.xml": ubl()})
    package = the(zipped({"a.xml": ubl(), "inner.zip": inner, "mail.eml": mail_of([])}))
    assert [file.name for file in package.attachments] == ["inner.zip", "mail.eml"]
    ((_, _, text),) = told(zipped({"inner.zip": inner}))
    assert "inner.zip" in text


@pytest.mark.parametrize("how", ["zip", "mail", "pdf"])
def test_findings_lead_into_the_document_inside(how: str) -> None:
    wrong = copy.deepcopy(examples.SWEDISH_COMPANY)
    wrong["invoice"]["totals"] = {"with_vat": "600.00"}
    content = json.dumps(wrong).encode()
    original = {
        "zip": zipped({"a.json": content}),
        "mail": mailed(attached("a.json", content)),
        "pdf": File("document.pdf", PDF, pdf_of({"a.json": content})),
    }[how]
    assert check(original) == {}
    result = prepare(original, (), {}, at=AT)
    assert isinstance(result, Rejected)
    assert "a.json: /invoice/totals/with_vat" in {each.where for each in result.findings}
    wrong["invoice"]["nmuber"] = "1"
    broken = File("document.zip", ZIP, zip_of({"a.json": json.dumps(wrong).encode()}))
    assert "a.json: /invoice/nmuber" in {where for _, where, _ in told(broken)}


@pytest.mark.parametrize(
    ("content", "root"),
    [
        (ubl(), "{urn:oasis:names:specification:ubl:schema:xsd:Invoice-2}Invoice"),
        (
            b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- <Invoice> -->\n<a:B xmlns:a="urn:x"/>',
            "{urn:x}B",
        ),
        ('<?xml version="1.0" encoding="UTF-16"?><B xmlns="urn:x"/>'.encode("utf-16"), "{urn:x}B"),
        (b"<!DOCTYPE B [<!ENTITY a 'b>'>]><B xmlns = 'urn:x'>", "{urn:x}B"),
        (b"<B>", "B"),
        (b"<a:B>", "B"),
        (b"", None),
        (b"<", None),
        (b"hello <B/>", None),
    ],
)
def test_xml_is_known_by_its_root(content: bytes, root: str | None) -> None:
    assert root_of(content) == root


@pytest.mark.parametrize(
    ("content", "right"),
    [
        (ubl(), True),
        (ubl().decode().replace("UTF-8", "UTF-16").encode("utf-16"), True),
        (SUBMISSION, True),
        (b'\xef\xbb\xbf \n{ "delivery" : {}, "invoice": {}}', True),
        (b'{"number": "1"}', False),
        (b'<Invoice xmlns="urn:x"/>', False),
        (b'<ObjectEnvelope xmlns="urn:sfti:documents:ObjectEnvelope:1:0"/>', False),
        (CSV, False),
        (b"", False),
    ],
)
def test_a_document_is_known_by_how_it_begins(content: bytes, right: bool) -> None:
    assert is_document(content) is right
