"""Findings compared with verdicts: each way to differ is told under the rule it is about."""

from __future__ import annotations

import json

import pytest

from validators.findings import Finding, Report, Severity
from validators.verdicts import Comparison, Difference, read


def report(*rules: str, structure_ok: bool = True, severity: Severity = Severity.FATAL) -> Report:
    found = (Finding(rule, severity, "Invoice", 1, "text", "hint") for rule in rules)
    return Report("peppol-billing", structure_ok, tuple(found))


def compared(fired: dict[str, list[object]], ours: Report, **more: object) -> Comparison:
    told = {"file": "a.xml", "kind": "invoice", "xsd_ok": True, "fired": fired, **more}
    (verdict,) = read([json.dumps(told), "\n"])
    comparison = Comparison()
    comparison.add(verdict, ours)
    return comparison


@pytest.mark.parametrize(
    ("fired", "ours", "expected"),
    [
        ({"BR-01": ["fatal", 1]}, report("BR-01"), None),
        ({}, report(), None),
        ({"BR-01": ["fatal", 1]}, report(), ("BR-01", Difference.MISSING)),
        ({}, report("BR-01"), ("BR-01", Difference.EXTRA)),
        ({"BR-01": ["warning", 1]}, report("BR-01"), ("BR-01", Difference.FLAG)),
        ({"BR-01": ["fatal", 1]}, report("BR-01", "BR-01"), ("BR-01", Difference.COUNT)),
        ({}, report("STRUCTURE-ORDER", structure_ok=False), ("", Difference.STRUCTURE)),
    ],
)
def test_class_a(
    fired: dict[str, list[object]], ours: Report, expected: tuple[str, Difference] | None
) -> None:
    comparison = compared(fired, ours)
    assert comparison.classes == {"A": 1}
    assert comparison.differences == ({expected: ["a.xml"]} if expected else {})


def test_where_the_official_rules_break_down_any_refusal_will_do() -> None:
    fired: dict[str, list[object]] = {"BR-02": ["fatal", 1]}
    assert compared(fired, report("BR-01"), engine_error={"x": "cast"}).differences == {}
    warned = report("BR-01", severity=Severity.WARNING)
    accepted = compared(fired, warned, engine_error={"x": "cast"})
    assert accepted.classes == {"B": 1}
    assert accepted.differences == {("", Difference.ACCEPTED): ["a.xml"]}


def test_a_wrong_structure_must_be_told_and_no_more() -> None:
    wrong = report("STRUCTURE-ORDER", structure_ok=False)
    fired: dict[str, list[object]] = {"BR-02": ["fatal", 1]}
    assert compared(fired, wrong, xsd_ok=False).differences == {}
    missed = compared(fired, report("BR-02"), xsd_ok=False)
    assert missed.classes == {"C": 1}
    assert missed.differences == {("", Difference.STRUCTURE): ["a.xml"]}


@pytest.mark.parametrize("line", ["[1]", "{}", "x", '{"file": "a", "xsd_ok": true, "fired": []}'])
def test_what_is_no_verdict_is_an_error(line: str) -> None:
    with pytest.raises(ValueError, match="line 1"):
        list(read([line]))
