"""From bytes to a report: never an exception, always the same, exact places."""

from __future__ import annotations

import gc
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from validators.examples.edits import edited, source
from validators.findings import Report, Severity
from validators.pipeline import parse, validate

DAY = date(2026, 11, 21)
GOOD = source()


def report_on(edits: str, language: str = "en") -> Report:
    return validate(_written(edited(edits)), at=DAY, language=language)


def _written(root: etree._Element) -> bytes:
    data: bytes = etree.tostring(root, pretty_print=True)
    return data


def test_a_right_invoice() -> None:
    assert validate(GOOD, at=DAY) == Report("peppol-billing", True, ())


def test_a_wrong_total_is_explained() -> None:
    (finding,) = report_on("LegalMonetaryTotal/PayableAmount = 1230.00").findings
    assert finding.rule == "BR-CO-16"
    assert finding.severity is Severity.FATAL
    assert finding.where == "Invoice/LegalMonetaryTotal/PayableAmount"
    assert (finding.stated, finding.computed) == ("1230.00", "1231.00")
    assert finding.terms == ("BT-115", "BT-112", "BT-113", "BT-114")
    assert "1231.00" in finding.hint


def test_a_missing_element_is_told_by_the_place_where_it_should_be() -> None:
    findings = report_on("InvoiceLine[2]/Item/Name = ").findings
    assert ("BR-25", "Invoice/InvoiceLine[2]/Item/Name") in [(f.rule, f.where) for f in findings]


def test_the_line_is_the_line_of_the_element() -> None:
    data = GOOD.replace(b"<cbc:InvoiceTypeCode>380<", b"<cbc:InvoiceTypeCode>999<")
    line = data.splitlines().index(b"  <cbc:InvoiceTypeCode>999</cbc:InvoiceTypeCode>") + 1
    assert {finding.line for finding in validate(data, at=DAY).findings} == {line}


@pytest.mark.parametrize(
    ("language", "word"), [("en", "stated"), ("sv", "anges"), ("nb", "oppgitt")]
)
def test_language(language: str, word: str) -> None:
    (finding,) = report_on("LegalMonetaryTotal/PayableAmount = 1230.00", language).findings
    assert word in finding.text


def test_structure_comes_before_rules() -> None:
    report = report_on("IssueDate = tomorrow; LegalMonetaryTotal/PayableAmount = 1")
    assert not report.structure_ok
    assert not report.ok
    assert all(finding.rule.startswith("STRUCTURE-") for finding in report.findings)


def test_a_document_nobody_knows() -> None:
    report = validate(b"<order/>", at=DAY)
    assert (report.profile, report.ok, report.structure_ok) == ("unknown", False, False)
    assert [finding.rule for finding in report.findings] == ["STRUCTURE-PROFILE"]


def test_the_day_chooses_the_release() -> None:
    data = _written(edited("- DueDate; - PaymentTerms"))
    assert [f.rule for f in validate(data, at=date(2026, 8, 16)).findings] == ["BR-CO-25"]
    assert validate(data, at=date(2026, 8, 17)).ok


def test_a_profile_there_is_none_of() -> None:
    with pytest.raises(ValueError, match="peppol-billing"):
        validate(GOOD, at=DAY, profile="peppol-biling")


def test_comments_and_cdata_are_nothing_to_the_rules() -> None:
    data = GOOD.replace(b">380<", b"><!-- an invoice -->3<![CDATA[8]]>0<?x?><")
    assert validate(data, at=DAY).ok


def test_parse_alone() -> None:
    root = parse(GOOD)
    assert isinstance(root, etree._Element)
    findings = parse(b"<Invoice>")
    assert isinstance(findings, tuple)
    assert [finding.rule for finding in findings] == ["GUARD-MALFORMED"]


@given(st.binary(max_size=400))
def test_any_bytes_get_a_report(data: bytes) -> None:
    assert isinstance(validate(data, at=DAY), Report)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_any_damage_to_an_invoice_gets_a_report(data: st.DataObject) -> None:
    damaged = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        match data.draw(st.sampled_from(("byte", "cut", "twice"))):
            case "byte":
                damaged[at] = data.draw(st.integers(0, 255))
            case "cut":
                del damaged[at : at + data.draw(st.integers(1, 60))]
            case _:
                damaged[at:at] = damaged[at : at + data.draw(st.integers(1, 200))]
    report = validate(bytes(damaged), at=DAY)
    assert report == validate(bytes(damaged), at=DAY)


@given(st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_any_words_in_any_place_get_a_report(chance: random.Random) -> None:
    """The structure stays right; what stands in the leaves and attributes is odd."""
    root = edited(chance.choice(["", "credit note"]))
    odd = ["", " ", "0", "-0", "1e5", "+1", "INF", "\u0661", "#", "##", "VAT", "1.005", "9" * 60]
    for leaf in [element for element in root.iter() if not len(element)]:
        if chance.random() < 0.2:
            leaf.text = chance.choice(odd)
        for name in leaf.attrib:
            if chance.random() < 0.2:
                leaf.set(name, chance.choice(odd))
    assert isinstance(validate(_written(root), at=DAY), Report)


def test_threads_do_not_mix_documents() -> None:
    documents = [
        _written(edited(f"InvoiceLine[2]/ID = {n}; InvoiceTypeCode = {n}")) for n in range(40)
    ]
    alone = [validate(data, at=DAY) for data in documents]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda data: validate(data, at=DAY), documents * 3)) == alone * 3
    assert gc.isenabled()
