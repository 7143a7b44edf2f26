"""Which profile a document asks for, and what that changes."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from lxml import etree

from validators import profiles, registry
from validators.examples.edits import edited
from validators.findings import Report
from validators.pipeline import validate

DAY = date(2026, 11, 21)
BILLING = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
SELF_BILLING = BILLING.replace(":billing:", ":selfbilling:")
AS_SELF_BILLED = (
    f"CustomizationID = {SELF_BILLING}; ProfileID = urn:fdc:peppol.eu:2017:poacc:selfbilling:01:1.0"
)
TYPES = {"": "InvoiceTypeCode = 389", "credit note; ": "CreditNoteTypeCode = 261"}
MARK = (
    "+ AdditionalDocumentReference; AdditionalDocumentReference[3]/ID = 101; "
    "AdditionalDocumentReference[3]/DocumentDescription = AQY File number (print)"
)
NO_ADDRESSES = (
    "- AccountingSupplierParty/Party/EndpointID; - AccountingCustomerParty/Party/EndpointID"
)


def checked(edits: str, profile: str | None = None) -> Report:
    return validate(etree.tostring(edited(edits)), at=DAY, profile=profile)


def fired(report: Report) -> Counter[str]:
    assert report.structure_ok
    return Counter(finding.rule for finding in report.findings)


@pytest.mark.parametrize(
    ("said", "profile"),
    [
        (BILLING, profiles.PEPPOL_BILLING),
        (f"{BILLING}#conformant#urn:x", profiles.PEPPOL_BILLING),
        ("urn:anything", profiles.PEPPOL_BILLING),
        (SELF_BILLING, profiles.PEPPOL_SELFBILLING),
        (f" {SELF_BILLING}\n", profiles.PEPPOL_SELFBILLING),
    ],
)
def test_an_invoice_says_what_it_is(said: str, profile: str) -> None:
    assert profiles.of(edited(f"CustomizationID = {said}")) == profile


@pytest.mark.parametrize("said", ["", "urn:x", "urn:fdc:peppol.eu:poacc:trns:order:3"])
def test_a_response_of_no_known_kind_has_no_profile(said: str) -> None:
    root = edited(f"CustomizationID = {said}", profiles.PEPPOL_MLR)
    assert profiles.of(root) == profiles.UNKNOWN
    report = validate(etree.tostring(root), at=DAY)
    assert (report.ok, report.structure_ok) == (False, False)


@pytest.mark.parametrize("kind", TYPES)
def test_self_billing_is_right_by_its_own_rules_and_wrong_by_those_of_billing(kind: str) -> None:
    edits = f"{kind}{AS_SELF_BILLED}; {TYPES[kind]}"
    report = checked(edits)
    assert (report.profile, fired(report)) == (profiles.PEPPOL_SELFBILLING, Counter())
    assert fired(checked(edits, profiles.PEPPOL_BILLING)) >= Counter(
        ["PEPPOL-EN16931-R004", "PEPPOL-EN16931-R007"]
    )


@pytest.mark.parametrize(
    ("edits", "rule"),
    [
        ("CustomizationID = urn:x", "PEPPOL-EN16931-R004"),
        (f"CustomizationID = {SELF_BILLING}::2.1", "PEPPOL-EN16931-R004"),
        ("ProfileID = urn:fdc:peppol.eu:2017:poacc:billing:01:1.0", "PEPPOL-EN16931-R007"),
        ("InvoiceTypeCode = 380", "PEPPOL-EN16931-P0100"),
        (f"credit note; {AS_SELF_BILLED}; CreditNoteTypeCode = 381", "PEPPOL-EN16931-P0101"),
        ("- BuyerReference", "PEPPOL-EN16931-R003"),
        ("- AccountingCustomerParty/Party/EndpointID", "PEPPOL-EN16931-R010"),
    ],
)
def test_self_billing_has_rules_of_its_own(edits: str, rule: str) -> None:
    whole = edits if edits.startswith("credit") else f"{AS_SELF_BILLED}; {TYPES['']}; {edits}"
    assert rule in fired(checked(whole, profiles.PEPPOL_SELFBILLING))


def test_a_type_counts_only_in_the_process_that_restricts_it() -> None:
    with_response = "ProfileID = urn:peppol:bis:billing_with_response; InvoiceTypeCode = 380"
    report = checked(f"{AS_SELF_BILLED}; {with_response}")
    assert fired(report) == Counter()


def test_self_billing_has_no_national_rules() -> None:
    countries = ("DE-", "DK-", "GR-", "IS-", "IT-", "NL-", "NO-", "SE-")
    ids = {rule.id for rule in registry.rules(profiles.PEPPOL_SELFBILLING)}
    assert not [rule for rule in ids if rule.startswith(countries)]
    billing = {rule.id for rule in registry.rules(profiles.PEPPOL_BILLING)}
    national = {rule for rule in billing if rule.startswith(countries)}
    assert billing - ids == national | {"PEPPOL-EN16931-P0112"}


def test_the_vat_of_a_row_may_be_in_another_currency_only_for_self_billing() -> None:
    edit = "TaxTotal/TaxSubtotal/TaxAmount@currencyID = NOK"
    assert "PEPPOL-EN16931-R051" in fired(checked(edit))
    report = checked(f"{AS_SELF_BILLED}; {TYPES['']}; {edit}")
    assert "PEPPOL-EN16931-R051" not in fired(report)


AS_REMINDER = (
    f"CustomizationID = {BILLING}#conformant#urn:fdc:anskaffelser.no:2019:ehf:reminder:3.0; "
    "ProfileID = urn:fdc:anskaffelser.no:2019:ehf:postaward:g3:06:1.0; - InvoiceTypeCode"
)


def test_a_reminder_has_no_type_and_may_have_a_fee() -> None:
    report = checked(AS_REMINDER)
    assert (report.profile, fired(report)) == (profiles.EHF_REMINDER, Counter())
    assert set(fired(checked(AS_REMINDER, profiles.PEPPOL_BILLING))) == {
        "BR-04",
        "PEPPOL-EN16931-R007",
    }


@pytest.mark.parametrize(
    ("edits", "rule"),
    [
        ("ProfileID = urn:fdc:peppol.eu:2017:poacc:billing:01:1.0", "PEPPOL-EN16931-R007"),
        (f"CustomizationID = {BILLING}", "PEPPOL-EN16931-R004"),
        ("TaxTotal/TaxSubtotal/TaxAmount@currencyID = NOK", "PEPPOL-EN16931-R051"),
        ("- BuyerReference", "PEPPOL-EN16931-R003"),
        ("ID =", "BR-02"),
    ],
)
def test_a_reminder_is_held_to_the_rules_of_billing(edits: str, rule: str) -> None:
    assert rule in fired(checked(f"{AS_REMINDER}; {edits}", profiles.EHF_REMINDER))


def test_billing_marked_for_print_may_leave_out_electronic_addresses() -> None:
    report = checked(f"{MARK}; {NO_ADDRESSES}")
    assert (report.profile, fired(report)) == (profiles.PEPPOL_BILLING_PRINT, Counter())
    addresses = Counter(["PEPPOL-EN16931-R010", "PEPPOL-EN16931-R020"])
    assert fired(checked(NO_ADDRESSES)) == addresses
    assert fired(checked(f"{MARK}; {NO_ADDRESSES}", profiles.PEPPOL_BILLING)) == addresses


def test_billing_marked_for_print_is_held_to_all_other_rules() -> None:
    off = {"PEPPOL-EN16931-R010", "PEPPOL-EN16931-R020"}
    at_print = registry.in_force(DAY, profiles.PEPPOL_BILLING_PRINT)
    assert registry.in_force(DAY).items() - at_print.items() == {
        (rule, registry.in_force(DAY)[rule]) for rule in off
    }
    assert "BR-02" in fired(checked(f"{MARK}; ID ="))
