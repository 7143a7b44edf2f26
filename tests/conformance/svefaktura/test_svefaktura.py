"""Svefaktura gets the official verdict: on official documents, and on ours, broken rule by rule."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from validators import registry
from validators.examples.replaced import replaced, rows
from validators.findings import Report
from validators.pipeline import apply, validate
from validators.profiles import SVEFAKTURA

OFFICIAL = Path(__file__).parents[4] / "shared" / "rules"
DAY = date(2026, 11, 21)

SOURCE = replaced("svefaktura", "").decode()


def checked(edits: str) -> Report:
    report = validate(replaced("svefaktura", edits), at=DAY)
    assert report.profile == SVEFAKTURA
    assert report.structure_ok, report.findings
    return report


def test_our_invoice_is_right() -> None:
    assert checked("").findings == ()


@pytest.mark.parametrize(("expected", "edits"), rows("svefaktura"))
def test_a_break_is_found_and_nothing_else(expected: str, edits: str) -> None:
    if expected.startswith("= "):  # the structure demands the same
        root = etree.fromstring(replaced("svefaktura", edits))
        found = {finding.rule for finding in apply(root, SVEFAKTURA, at=DAY)}
        assert found == {expected.removeprefix("= ")}
        assert not validate(etree.tostring(root), at=DAY).structure_ok
        return
    report = checked(edits)
    if expected == "?":  # must not be accepted
        assert not report.ok
        return
    counts = Counter(finding.rule for finding in report.findings)
    told = " ".join(f"{n}*{rule}" if n > 1 else rule for rule, n in sorted(counts.items()))
    assert (told or "-") == expected


def test_every_rule_is_broken_here() -> None:
    """But R-1: without LineItemCountNumeric the structure is wrong already."""
    edits = [edits for expected, edits in rows("svefaktura") if not expected.startswith("= ")]
    found = [finding for each in edits for finding in checked(each).findings]
    wanted = {(rule.official, rule.severity) for rule in registry.rules(SVEFAKTURA)}
    unbroken = wanted - {(finding.rule, finding.severity) for finding in found}
    assert {rule for rule, _ in unbroken} == {"R-1"}
    assert not any("{" in finding.text + finding.hint for finding in found)


def test_a_large_invoice_is_checked_like_a_small_one() -> None:
    line = SOURCE[SOURCE.index("<cac:InvoiceLine>") : SOURCE.index("<RequisitionistDocument")]
    document = SOURCE.replace(line, line * 800).replace("CountNumeric>3", "CountNumeric>2400")
    report = validate(document.encode(), at=DAY)
    assert document.count("<") > 50_000
    assert report.structure_ok
    assert {finding.rule for finding in report.findings} == {"R-69", "R-70", "R-71", "R-92"}


official = pytest.mark.skipif(
    not OFFICIAL.exists(), reason="the official documents are not beside this checkout"
)


@official
def test_ids_and_flags_are_the_official_ones() -> None:
    table = OFFICIAL / "artefacts/svefaktura-1.0/svefaktura-1.0-rules.json"
    theirs = {(rule["id"], rule["flag"]) for rule in json.loads(table.read_text("utf-8"))["rules"]}
    ours = {(rule.official, str(rule.severity)) for rule in registry.rules(SVEFAKTURA)}
    assert ours == theirs


@official
def test_same_verdict_on_every_official_document() -> None:
    compared: Counter[bool] = Counter()
    for line in (OFFICIAL / "verdicts.jsonl").read_text("utf-8").splitlines():
        verdict = json.loads(line)
        if not re.fullmatch("svefaktura(-envelope)?", verdict["kind"]):
            continue
        data = (OFFICIAL / verdict["file"]).read_bytes()
        if verdict["file"].endswith(".gz"):
            data = gzip.decompress(data)
        report = validate(data, at=DAY)
        assert report.profile == SVEFAKTURA
        assert report.structure_ok == verdict["xsd_ok"], verdict["file"]
        if verdict["xsd_ok"]:
            found = Counter((finding.rule, str(finding.severity)) for finding in report.findings)
            expected = {(rule, flag): count for rule, (flag, count) in verdict["fired"].items()}
            assert dict(found) == expected, verdict["file"]
        compared[verdict["xsd_ok"]] += 1
    assert compared == {True: 25, False: 12}
