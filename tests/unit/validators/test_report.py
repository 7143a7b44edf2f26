"""The report on paper."""

from __future__ import annotations

import json
from datetime import date

from lxml import etree

from validators.examples.edits import edited, source
from validators.findings import Finding, Report, Severity
from validators.pipeline import validate
from validators.report import to_jsonl, to_text

DAY = date(2026, 11, 21)
FINDING = Finding("BR-02", Severity.FATAL, "Invoice/ID", 7, "It is missing.", "Add it.", ("BT-1",))


def test_jsonl_is_the_contract() -> None:
    line = to_jsonl("a.xml", Report("peppol-billing", True, (FINDING,)))
    assert "\n" not in line
    assert json.loads(line) == {
        "file": "a.xml",
        "profile": "peppol-billing",
        "ok": False,
        "structure_ok": True,
        "findings": [
            {
                "rule": "BR-02",
                "severity": "fatal",
                "where": "Invoice/ID",
                "line": 7,
                "text": "It is missing.",
                "hint": "Add it.",
                "terms": ["BT-1"],
            }
        ],
    }


def test_jsonl_shows_both_values_where_there_are_two() -> None:
    data = etree.tostring(edited("LegalMonetaryTotal/PayableAmount = 1230.00"))
    (finding,) = json.loads(to_jsonl("-", validate(data, at=DAY)))["findings"]
    assert (finding["stated"], finding["computed"]) == ("1230.00", "1231.00")


def test_text_of_a_right_document_is_one_line() -> None:
    text = to_text("invoice.xml", validate(source(), at=DAY))
    assert text == "✓ invoice.xml: nothing to find fault with (peppol-billing)\n"


def test_text_shows_the_place_in_the_document() -> None:
    data = source().replace(b"1231.00", b"1230.00")
    text = to_text("invoice.xml", validate(data, at=DAY), source=data)
    assert "✗ invoice.xml: 1 error (peppol-billing)" in text
    assert "  Invoice/LegalMonetaryTotal/PayableAmount\n" in text
    assert '  │ <cbc:PayableAmount currencyID="SEK">1230.00</cbc:PayableAmount>\n' in text
    assert "    error BR-CO-16: Amount due (BT-115) is stated as 1230.00" in text
    assert "      → Change it to 1231.00" in text


def test_text_keeps_to_the_width_and_counts_what_is_alike() -> None:
    many = (FINDING,) * 40
    text = to_text("invoice.xml", Report("peppol-billing", True, many), width=60)
    assert max(map(len, text.splitlines())) <= 60
    assert text.count("BR-02:") == 3
    assert "… 37 more of BR-02" in text


def test_what_two_rules_say_in_the_same_words_is_told_once() -> None:
    data = source().replace(b'SEK">266.25', b'SEK">200.00')
    report = validate(data, at=DAY)
    assert {"BR-CO-17", "BR-S-09"} <= {finding.rule for finding in report.findings}
    text = to_text("invoice.xml", report)
    assert text.count("The VAT amount is stated as 200.00") == 1
    assert "error BR-CO-17, BR-S-09: The VAT amount" in text


def test_text_goes_from_line_to_line() -> None:
    lines = (9, None, 3)
    findings = [Finding("STRUCTURE-DATE", Severity.FATAL, "a", line, "x", "") for line in lines]
    text = to_text("a.xml", Report("unknown", False, tuple(findings)))
    assert text.index("line 3") < text.index("line 9")
    assert text.endswith("\n\n")
    assert "unknown" not in text


def test_text_in_colour_says_the_same() -> None:
    report = Report("peppol-billing", True, (FINDING,))
    coloured = to_text("a.xml", report, colour=True)
    assert "\x1b[31;1merror BR-02:\x1b[0m It is missing." in coloured


def test_a_document_cannot_command_the_terminal() -> None:
    evil = Finding("BR-02", Severity.FATAL, "Invoice/ID", 1, "It is \x1b[2J.", "", ())
    source = b"<ID>\x1b[2J\x07</ID>"
    text = to_text("a.xml", Report("peppol-billing", True, (evil,)), source=source)
    assert "\x1b" not in text
    assert "\x07" not in text


def test_languages() -> None:
    report = Report("peppol-billing", True, (FINDING, FINDING))
    assert "2 fel" in to_text("a.xml", report, language="sv")
    assert "linje 7" in to_text("a.xml", report, language="nb")
