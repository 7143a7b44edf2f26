"""A CII, alone or inside a PDF, becomes the BIS Billing 3.0 that the same invoice would be."""

from __future__ import annotations

import json
from datetime import date

import pytest
from lxml import etree

from gateway.api import examples
from gateway.intake.kind import PDF, ZIP
from gateway.intake.prepare import Prepared, Rejected, prepare
from gateway.intake.submission import check
from schemas.ubl.read import read
from tests.hostile.packages import pdf_of, ubl, zip_of
from tests.hostile.pdfs import drawn
from tests.unit.schemas.cii import written
from transports.base import File

AT = date(2026, 11, 21)
CII = written(read(etree.fromstring(ubl())))
CSV = b"hours;rate\n7;900\n"
DUE = b"<ram:DuePayableAmount>606.25<"


def alone(content: bytes = CII) -> File:
    return File("document.xml", "application/xml", content)


def hybrid(content: bytes = CII, **files: bytes) -> File:
    return File("document.pdf", PDF, pdf_of({"factur-x.xml": content, **files}, drawn(2)))


def prepared(original: File, *beside: File) -> Prepared:
    assert check(original) == {}
    result = prepare(original, beside, {}, at=AT)
    assert isinstance(result, Prepared), result.findings
    return result


def test_it_is_the_document_that_the_same_invoice_becomes() -> None:
    result = prepared(alone())
    assert result.document == ubl()
    assert result.report.profile == "cii" and result.profile == "peppol-billing"


@pytest.mark.parametrize("packed", [False, True])
def test_the_pdf_goes_along_inside_the_document(packed: bool) -> None:
    original = hybrid()
    if packed:
        original = File("document.zip", ZIP, zip_of({"document.pdf": original.content}))
    result = prepared(original)
    (document,) = result.invoice.supporting_documents
    assert document.attachment is not None and result.attachments == ()
    assert document.attachment.filename == "document.pdf"
    assert document.attachment.content == hybrid().content
    etree.fromstring(result.document)


def test_files_that_may_not_be_inside_go_beside_it() -> None:
    note = File("terms.txt", "text/plain", b"Terms")
    result = prepared(hybrid(**{"hours.csv": CSV}), note)
    names = [each.reference for each in result.invoice.supporting_documents]
    assert names == ["document.pdf", "hours.csv"]
    assert [file.name for file in result.attachments] == ["terms.txt"]


def test_findings_of_the_rules_lead_into_the_cii() -> None:
    wrong = CII.replace(DUE, b"<ram:DuePayableAmount>600.00<")
    for original, before in ((alone(wrong), ""), (hybrid(wrong), "factur-x.xml: ")):
        result = prepare(original, (), {}, at=AT)
        assert isinstance(result, Rejected)
        (found,) = result.findings
        assert found.rule == "BR-CO-16" and found.line is not None
        assert found.where == before + (
            "CrossIndustryInvoice/SupplyChainTradeTransaction/ApplicableHeaderTradeSettlement/"
            "SpecifiedTradeSettlementHeaderMonetarySummation/DuePayableAmount"
        )


def test_values_that_would_be_lost_are_refused_by_name() -> None:
    extra = CII.replace(b"</ram:BuyerReference>", b"</ram:BuyerReference><ram:Mood>good</ram:Mood>")
    result = prepare(alone(extra), (), {}, at=AT)
    assert isinstance(result, Rejected)
    (found,) = result.findings
    assert found.rule == "STRUCTURE-LOST" and "good" in found.text and found.hint
    assert found.where.endswith("ApplicableHeaderTradeAgreement/Mood")


def test_wrong_values_are_told_all_at_once() -> None:
    wrong = CII.replace(DUE, b"<ram:DuePayableAmount>much<").replace(b">380<", b"><")
    result = prepare(hybrid(wrong), (), {"findings_language": "sv"}, at=AT)
    assert isinstance(result, Rejected)
    endings = sorted(found.where.rpartition("/")[2] for found in result.findings)
    assert endings == ["DuePayableAmount", "TypeCode"]
    assert all(found.where.startswith("factur-x.xml: Cross") for found in result.findings)


def test_a_submission_may_be_inside_a_pdf_too() -> None:
    content = json.dumps(examples.SWEDISH_COMPANY).encode()
    result = prepared(File("document.pdf", PDF, pdf_of({"invoice.json": content})))
    assert result.invoice.number == "2026-1001"
