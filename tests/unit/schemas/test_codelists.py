from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from schemas.codelists import codes, names, rules

BEFORE, SINCE = date(2026, 8, 16), date(2026, 8, 17)

ARTEFACTS = Path(__file__).parents[4] / "shared/rules/artefacts"
RELEASES = [
    (BEFORE, "peppol-billing/3.0.20/CEN-EN16931-UBL.sch"),
    (BEFORE, "peppol-billing/3.0.20/PEPPOL-EN16931-UBL.sch"),
    (SINCE, "en16931/1.3.16/EN16931-UBL-validation-preprocessed.sch"),
    (SINCE, "peppol-billing/3.0.21/PEPPOL-EN16931-UBL.sch"),
    (SINCE, "peppol-selfbilling/3.0.2/PEPPOL-EN16931-UBL-SB.sch"),
    (SINCE, "peppol-bis3/3.0.17/PEPPOLBIS-T71.sch"),
    (SINCE, "peppol-bis3/3.0.17/PEPPOLBIS-T111.sch"),
    (SINCE, "peppol-mls/1.0.1/peppol-mls-1.0.1.sch"),
    (SINCE, "peppol-reporting/peppol-transaction-statistics-reporting-1.0.5.sch"),
    (SINCE, "peppol-reporting/peppol-end-user-statistics-reporting-1.1.5.sch"),
]
# Lists of types of document: Billing and self-billing have rules of the same names about them.
OF_BILLING = {"peppol:UNCL1001-inv", "peppol:UNCL1001-cn"}
OF_SELFBILLING = {"selfbilling:UNCL1001-inv", "selfbilling:UNCL1001-cn"}
SCHEMATRON = "{http://purl.oclc.org/dsdl/schematron}"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("ISO3166-1", "NO"),
        ("ISO4217", "SEK"),
        ("peppol:ISO4217", "NOK"),
        ("UNCL1001-inv", "380"),
        ("UNCL1001-cn", "381"),
        ("UNCL4461", "30"),
        ("UNECERec20-21", "C62"),
        ("UNECERec20-21", "XBX"),
        ("VATEX", "VATEX-EU-AE"),
        ("EAS", "0192"),
        ("ICD", "0007"),
        ("MIME", "application/pdf"),
    ],
)
def test_well_known_codes(name: str, code: str) -> None:
    assert code in codes(name, SINCE)


def test_a_change_holds_from_its_day() -> None:
    assert {"ANG", "BGN"} <= codes("ISO4217", BEFORE)
    assert "XCG" not in codes("ISO4217", BEFORE)
    assert not {"ANG", "BGN"} & codes("ISO4217", SINCE)
    assert "XCG" in codes("ISO4217", date(2030, 1, 1))


def test_peppol_allows_other_codes_where_it_says_so() -> None:
    for name in names():
        if name.startswith("peppol:"):
            assert codes(name, SINCE) != codes(name.removeprefix("peppol:"), SINCE)


def test_a_wrong_name_is_told_the_right_ones() -> None:
    with pytest.raises(KeyError, match="ISO4217"):
        codes("ISO-4217", SINCE)


@pytest.mark.parametrize("name", sorted(names()))
def test_codes_are_single_words_and_a_change_changes_something(name: str) -> None:
    for at in (BEFORE, SINCE):
        assert all(re.fullmatch(r"[!-~]+", code) for code in codes(name, at))
    assert rules(name)


def literals(rule: str, test: str, lets: dict[str, frozenset[str]]) -> list[frozenset[str]]:
    """The lists of codes that a Schematron test names, in its order."""
    if found := re.findall(r"contains\(\s*' ([^']+ [^']+) '", test):
        return [frozenset(text.split()) for text in found]
    if found := re.findall(r"@mimeCode = '([^']+)'", test):
        return [frozenset(found)]
    if found := re.findall(r"tokenize\('([^']+)'", test):
        return [frozenset(text.split()) for text in found]
    if found := re.findall(r"(?:in |contains\()\$([\w-]+)", test):
        return [lets[name] for name in found if name in lets]
    raise AssertionError(f"no list in {rule}: {test}")


# Rules that name two lists, and the one they name second.
SECOND = {("BR-CL-01", "UNCL1001-cn"), ("PEPPOL-T111-B03301", "OPStatusAction")}


@pytest.mark.parametrize(("at", "path"), RELEASES)
def test_lists_equal_those_of_the_official_rules(at: date, path: str) -> None:
    if not ARTEFACTS.exists():
        pytest.skip("the official rules are not beside this checkout")
    tree = etree.parse(ARTEFACTS / path)
    lets = {
        let.get("name", ""): frozenset(match[1].split())
        for let in tree.iter(SCHEMATRON + "let")
        if (match := re.match(r"\s*(?:tokenize\()?'([^']+)'", let.get("value", "")))
    }
    tests = {node.get("id", ""): node.get("test", "") for node in tree.iter(SCHEMATRON + "assert")}
    compared = set()
    others = OF_BILLING if "selfbilling" in path else OF_SELFBILLING
    for name in names() - others:
        for rule in rules(name) & tests.keys():
            found = literals(rule, tests[rule], lets)
            official = found[1] if (rule, name) in SECOND else found[0]
            assert codes(name, at) == official, (name, rule)
            compared.add(rule)
    about_lists = {rule for rule in tests if re.fullmatch(r"BR-CL-\d+|PEPPOL-EN16931-CL\d+", rule)}
    assert about_lists <= compared
    assert compared
