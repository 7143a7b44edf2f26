"""Every rule fires on our own invoice once it is broken the way the rule forbids, and only then."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from lxml import etree

from validators import registry
from validators.document import bind
from validators.examples import Example, broken
from validators.examples.edits import edited, source
from validators.pipeline import validate

DAY = date(2026, 11, 21)

# Official tests that cannot fail: see the comments at the tables of these rules.
NEVER = {
    "BR-CO-05",
    "BR-CO-06",
    "BR-CO-07",
    "BR-CO-08",
    "BR-DEC-13",
    "BR-DEC-15",
    "UBL-CR-629",
    "UBL-CR-630",
    "UBL-CR-651",
}
CATEGORIES = ("S", "Z", "E", "AE", "K", "G", "O", "L", "M")


def rows() -> list[tuple[str, Example]]:
    return [(rule, example) for rule, examples in broken().items() for example in examples]


def a_day_of(identifier: str) -> date:
    """A day on which the rule is in force: today's release, or the last day of an older one."""
    if identifier in registry.in_force(DAY):
        return DAY
    last = max(rule.until for rule in registry.rules() if rule.id == identifier and rule.until)
    return last - timedelta(days=1)


def fired(root: etree._Element, at: date) -> set[str]:
    """The rules that do not hold, whatever the structure: some can never fire on a valid one."""
    document = bind(root, registry.checks(), at)
    document.check()
    return {hit.rule for hit in document.hits} & registry.in_force(at).keys()


@pytest.mark.parametrize(
    ("identifier", "example"), rows(), ids=lambda row: row if isinstance(row, str) else row.edits
)
def test_rule_fires_when_broken(identifier: str, example: Example) -> None:
    at = a_day_of(identifier)
    assert identifier not in fired(example.good(), at)
    assert identifier in fired(example.bad(), at)


def test_every_rule_has_its_row() -> None:
    known = {rule.id for rule in registry.rules()}
    assert {identifier for identifier, _ in rows()} == known - NEVER
    assert len(known) == 1145  # 979 + 165 of today's releases, and BR-CO-25 of the one before


@pytest.mark.parametrize("at", [date(2026, 6, 30), DAY])
def test_the_invoice_is_right(at: date) -> None:
    report = validate(source(), at=at)
    assert report.structure_ok
    assert report.findings == ()


@pytest.mark.parametrize("kind", ["", "credit note; "])
@pytest.mark.parametrize("category", CATEGORIES)
def test_each_category_can_be_right(kind: str, category: str) -> None:
    assert fired(edited(f"{kind}category {category}"), DAY) == set()
