"""Every rule can be explained, and its examples are what they are said to be."""

from __future__ import annotations

from datetime import date

import pytest

from validators import registry, structure
from validators.examples import Pair, pairs
from validators.explain import Explanation, explain, ids, similar
from validators.findings import Finding
from validators.messages import LANGUAGES
from validators.pipeline import apply, parse, validate
from validators.profiles import NAMES, PEPPOL_BILLING, PEPPOL_SELFBILLING

DAY = date(2026, 11, 21)

# The official test of these can not fail: see the comments at the tables of these rules.
NEVER = {
    *("BR-CO-05", "BR-CO-06", "BR-CO-07", "BR-CO-08", "BR-DEC-13", "BR-DEC-15"),
    *("UBL-CR-629", "UBL-CR-630", "UBL-CR-651", "PEPPOL-T111-R005"),
}


def told(rule: str, language: str = "en", profile: str | None = None) -> Explanation:
    return explain(rule, at=DAY, language=language, profile=profile)


@pytest.mark.parametrize("rule", ids())
def test_every_id_has_a_wrong_and_a_right_example(rule: str) -> None:
    example = told(rule).example
    if rule in NEVER:
        assert example is None
        return
    assert example is not None
    assert example.finding.rule == rule.partition("/")[0]
    assert [line.text for line in example.good] != [line.text for line in example.bad]
    assert any(line.differs for line in (*example.good, *example.bad))
    assert max(len(line.text) for line in (*example.good, *example.bad)) < 500
    # Where the structure is wrong already, that is said first.
    assert example.first is None or example.first.rule.startswith("STRUCTURE-")


@pytest.mark.parametrize("rule", sorted(set(ids()) - NEVER))
def test_the_wrong_one_has_the_finding_and_the_right_one_has_not(rule: str) -> None:
    made = [(pair, _day(rule, pair)) for pair in pairs(rule)]
    wrong = [pair for pair, at in made if said(rule, pair, pair.bad, at)]
    # Of two official rules with one id both have the examples, and each may fit but one of them.
    assert len(wrong) == len(made) if "/" not in rule else wrong
    assert wrong
    assert not any(said(rule, pair, pair.good, at) for pair, at in made)


def _day(rule: str, pair: Pair) -> date:
    """A day on which the rule counts."""
    known = [each for each in registry.rules(pair.profile or PEPPOL_BILLING) if each.id == rule]
    gone = [each.until for each in known if each.until]
    return date(2026, 6, 30) if gone and not any(each.in_force(DAY) for each in known) else DAY


def said(rule: str, pair: Pair, document: bytes, at: date) -> set[Finding]:
    """The findings of the rule: by the rules of the profile, or else by the guard and structure."""
    root = parse(document)
    if isinstance(root, tuple):
        found = root
    elif pair.profile:
        found = apply(root, pair.profile, at=at)
    else:
        found = (*validate(document, at=at).findings, *structure.findings(root))
    flags = {
        (known.official, known.severity)
        for name in NAMES
        for known in registry.rules(name)
        if known.id == rule
    }
    return {
        finding
        for finding in found
        if finding.rule == rule or (finding.rule, finding.severity) in flags
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_id_is_explained_in_every_language(language: str) -> None:
    for rule in [*NEVER, *(each for each in ids() if each.startswith(("GUARD-", "STR", "R-")))]:
        explanation = told(rule, language)
        assert explanation.text and explanation.hint
        assert "{" not in explanation.text + explanation.hint
    assert all(
        told(rule, language).source for rule in ("BR-CO-15", "SE-R-001", "GUARD-SIZE", "SCH-MLS-01")
    )


def test_a_rule_that_a_profile_has_otherwise_is_explained_by_its_own_example() -> None:
    usual = told("PEPPOL-EN16931-P0100").example
    own = told("PEPPOL-EN16931-P0100", profile=PEPPOL_SELFBILLING).example
    assert usual and own
    assert (usual.finding.computed, own.finding.computed) != ("389", "380")
    assert any("389" in line.text for line in own.good)
    assert not any("389" in line.text for line in usual.good)
    with pytest.raises(KeyError):
        told("SE-R-001", profile=PEPPOL_SELFBILLING)


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
