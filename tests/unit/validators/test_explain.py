"""Every rule can be explained, and its examples are what they are said to be."""

from __future__ import annotations

from datetime import date

import pytest

from validators.examples import OTHERS, broken
from validators.explain import Explanation, explain, ids, similar
from validators.messages import LANGUAGES

DAY = date(2026, 11, 21)
EXAMPLES = broken().keys() | {rule for profile in OTHERS for rule in broken(profile)}


def told(rule: str, language: str = "en") -> Explanation:
    return explain(rule, at=DAY, language=language)


@pytest.mark.parametrize("rule", sorted(EXAMPLES))
def test_the_examples_differ_and_the_bad_one_has_the_finding(rule: str) -> None:
    example = told(rule).example
    assert example is not None
    assert example.finding.rule == rule
    assert [line.text for line in example.good] != [line.text for line in example.bad]
    assert any(line.differs for line in (*example.good, *example.bad))
    # Where the structure is wrong already, that is said first.
    assert example.first is None or example.first.rule.startswith("STRUCTURE-")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_id_is_explained_in_every_language(language: str) -> None:
    for rule in sorted(set(ids()) - EXAMPLES):
        explanation = told(rule, language)
        assert explanation.text and explanation.hint
        assert "{" not in explanation.text + explanation.hint
    assert all(
        told(rule, language).source for rule in ("BR-CO-15", "SE-R-001", "GUARD-SIZE", "SCH-MLS-01")
    )


def test_only_what_the_rule_is_about_differs() -> None:
    example = told("BR-CO-15").example
    assert example is not None
    (good,), (bad,) = (
        [line for line in lines if line.differs] for lines in (example.good, example.bad)
    )
    assert (good.number, good.text.strip()) == (
        bad.number,
        '<cbc:TaxInclusiveAmount currencyID="SEK">1331.25</cbc:TaxInclusiveAmount>',
    )
    assert (example.finding.stated, example.finding.computed) == ("1331.26", "1331.25")


def test_a_rule_that_is_gone_is_explained_as_it_was() -> None:
    explanation = told("BR-CO-25")
    assert explanation.until == date(2026, 8, 17)
    assert explanation.example is not None


def test_an_id_that_there_is_not_brings_similar_ones() -> None:
    with pytest.raises(KeyError):
        told("BR-C0-15")
    assert similar("br-c0-15")[0] == "BR-CO-15"
    assert similar("?") == []
