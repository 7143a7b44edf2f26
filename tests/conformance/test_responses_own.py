"""Every rule of responses and reports fires on our own document once it is broken that way."""

from __future__ import annotations

from datetime import date

import pytest
from lxml import etree

from validators import profiles, registry
from validators.document import bind
from validators.examples import OTHERS, Example, broken
from validators.examples.edits import source
from validators.pipeline import validate

DAY = date(2026, 11, 21)

# Its official test asks whether there is an answer to a question, and there always is.
NEVER = {"PEPPOL-T111-R005"}


def rows() -> list[tuple[str, Example]]:
    return [
        (rule, example)
        for profile in OTHERS
        for rule, examples in broken(profile).items()
        for example in examples
    ]


def fired(root: etree._Element, profile: str) -> set[str]:
    """The rules that do not hold, whatever the structure: some can never fire on a valid one."""
    document = bind(root, registry.checks(profile), DAY)
    document.check()
    return {hit.rule for hit in document.hits} & registry.in_force(DAY, profile).keys()


@pytest.mark.parametrize("profile", OTHERS)
def test_the_document_is_right_and_asks_for_its_profile(profile: str) -> None:
    report = validate(source(profile), at=DAY)
    assert (report.profile, report.structure_ok, report.findings) == (profile, True, ())


@pytest.mark.parametrize("profile", OTHERS)
def test_every_rule_has_its_row(profile: str) -> None:
    known = registry.in_force(DAY, profile).keys()
    assert broken(profile).keys() == known - NEVER


@pytest.mark.parametrize(
    ("rule", "example"),
    rows(),
    ids=lambda row: row if isinstance(row, str) else f"{row.profile} {row.edits}",
)
def test_rule_fires_when_broken(rule: str, example: Example) -> None:
    assert rule not in fired(example.good(), example.profile)
    assert rule in fired(example.bad(), example.profile)


@pytest.mark.parametrize("profile", profiles.NAMES)
def test_a_document_of_another_kind_is_refused(profile: str) -> None:
    other = "invoice" if profile in OTHERS else profiles.PEPPOL_TSR
    report = validate(source(other), at=DAY, profile=profile)
    assert not report.structure_ok
    assert [finding.rule for finding in report.findings] == ["STRUCTURE-PROFILE"]
