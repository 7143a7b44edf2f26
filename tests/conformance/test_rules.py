"""The rules give the official verdict, exactly, on every official document, for each release."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from validators import profiles, registry
from validators.pipeline import validate

OFFICIAL = Path(__file__).parents[3] / "shared" / "rules"

pytestmark = pytest.mark.skipif(
    not OFFICIAL.exists(), reason="the official documents are not beside this checkout"
)

# The profile for each kind of document; the verdicts are those of one, whatever a document says.
KINDS = {
    "invoice": profiles.PEPPOL_BILLING,
    "creditnote": profiles.PEPPOL_BILLING,
    "mls": profiles.PEPPOL_MLS,
    "mlr": profiles.PEPPOL_MLR,
    "imr": profiles.PEPPOL_INVOICE_RESPONSE,
    "tsr": profiles.PEPPOL_TSR,
    "eusr": profiles.PEPPOL_EUSR,
    "svefaktura": profiles.SVEFAKTURA,
    "svefaktura-envelope": profiles.SVEFAKTURA,
}

RELEASES = [
    pytest.param("verdicts.jsonl", date(2026, 11, 21), id="3.0.21"),
    pytest.param("verdicts.jsonl", registry.MAY_2026, id="3.0.21, first day"),
    pytest.param("verdicts-3.0.20.jsonl", date(2026, 6, 30), id="3.0.20"),
]


def verdicts(file: str) -> Iterator[dict[str, Any]]:
    """The official verdicts; ../shared/rules/README.md says what they hold."""
    for line in (OFFICIAL / file).read_text("utf-8").splitlines():
        verdict: dict[str, Any] = json.loads(line)
        yield verdict


def content(file: str) -> bytes:
    data = (OFFICIAL / file).read_bytes()
    return gzip.decompress(data) if file.endswith(".gz") else data


@pytest.mark.parametrize(("file", "at"), RELEASES)
def test_same_verdict(file: str, at: date) -> None:
    differences = []
    classes: Counter[str] = Counter()
    for verdict in verdicts(file):
        report = validate(content(verdict["file"]), at=at, profile=KINDS[verdict["kind"]])
        found = Counter((finding.rule, str(finding.severity)) for finding in report.findings)
        expected = {(rule, flag): count for rule, (flag, count) in verdict["fired"].items()}
        if verdict.get("engine_error"):  # the official rules break down: not to be accepted
            classes["B"] += 1
            right = not report.ok
        elif not verdict["xsd_ok"]:
            classes["C"] += 1
            right = not report.structure_ok
        else:
            classes["A"] += 1
            right = report.structure_ok and dict(found) == expected
        if not right:
            differences.append((verdict["file"], expected.items() ^ found.items()))
    assert not differences
    assert classes["A"] > 1500
    assert classes["B"] >= 17
    assert classes["C"] > 1500


@pytest.mark.parametrize("at", [date(2026, 6, 30), date(2026, 11, 21)])
def test_flags_are_the_official_ones(at: date) -> None:
    """Of the rules in force today; those that only the older release has are told apart."""
    official = {
        rule: fact["flag"]
        for rules in json.loads((OFFICIAL / "rule-ids.json").read_text("utf-8")).values()
        for rule, fact in rules.items()
    }
    today = registry.in_force(date(2026, 11, 21))
    assert {rule.id: str(rule.severity) for rule in today.values()}.items() <= official.items()
    assert set(registry.in_force(at)) - set(official) <= {"BR-CO-25"}
