"""Verdicts that surprise: documents nobody publishes, on which the official text says what it says.

Each row was asked of the official rules, run by the reference engine, under both releases; they
were found by comparing verdicts on tens of thousands of mutants that the rules had not seen.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import pytest
from lxml import etree

from schemas.ubl.structure import NAMESPACES
from validators.examples.edits import edited
from validators.pipeline import validate
from validators.profiles import PEPPOL_BILLING

NOVEMBER_2025: Final = date(2026, 6, 30)  # Peppol 3.0.20
MAY_2026: Final = date(2026, 11, 21)  # Peppol 3.0.21

SELLER: Final = "AccountingSupplierParty/Party"
BUYER: Final = "AccountingCustomerParty/Party"


def country_of(party: str, code: str) -> str:
    return f"{party}/PostalAddress/Country/IdentificationCode = {code}"


def vat_of_seller(number: str) -> str:
    return f"{SELLER}/PartyTaxScheme/CompanyID = {number}"


TWICE: Final = f"copy {SELLER}/PartyTaxScheme"
BOTH_GERMAN: Final = f"{country_of(SELLER, 'DE')}; {country_of(BUYER, 'DE')}"
BOTH_DANISH: Final = f"{country_of(SELLER, 'DK')}; {country_of(BUYER, 'DK')}"
SECOND_ENTITY: Final = (
    f"copy {SELLER}/PartyLegalEntity; {SELLER}/PartyLegalEntity/CompanyID ="
    f"; - {SELLER}/PartyLegalEntity[1]/CompanyID@schemeID"
    f"; - {SELLER}/PartyLegalEntity[2]/RegistrationName"
)
PRICED: Final = (
    "InvoiceLine/InvoicedQuantity = 1; InvoiceLine/Price/PriceAmount = 12345.678901;"
    " InvoiceLine/Price/BaseQuantity = 0.3;"
    " InvoiceLine/LineExtensionAmount ="
)
PERCENTAGE: Final = (
    "AllowanceCharge/BaseAmount = -10; AllowanceCharge/MultiplierFactorNumeric ="
    " 12.3456789012345678901; AllowanceCharge/Amount ="
)

ROWS: Final = [
    # With two VAT registrations the variable that tells the country breaks down.
    ("NO-R-001", vat_of_seller("NO123456789MVA"), True, True),
    ("NO-R-001", f"{vat_of_seller('NO123456789MVA')}; {TWICE}", False, False),
    ("NO-R-002", f"{vat_of_seller('NO123456789MVA')}; {TWICE}", False, False),
    # A second one without a number does not count in Sweden.
    ("SE-R-001", f"{TWICE}; - {SELLER}/PartyTaxScheme[1]/CompanyID", False, False),
    ("SE-R-002", f"{TWICE}; - {SELLER}/PartyTaxScheme[1]/CompanyID", False, False),
    (
        "SE-R-001",
        f"{vat_of_seller('SE1')}; {TWICE}; - {SELLER}/PartyTaxScheme[1]/CompanyID",
        True,
        True,
    ),
    ("IT-R-002", f"{vat_of_seller('IT1')}; - {SELLER}/PostalAddress/StreetName", True, True),
    (
        "IT-R-002",
        f"{vat_of_seller('IT1')}; {TWICE}; - {SELLER}/PostalAddress/StreetName",
        False,
        False,
    ),
    ("GR-R-001-1", vat_of_seller("EL1"), True, True),
    ("GR-R-001-1", f"{vat_of_seller('EL1')}; {TWICE}", False, False),
    # The list of schemes in 3.0.20 ends with a space, which makes the empty text one of them.
    ("PEPPOL-EN16931-CL008", f"{BUYER}/EndpointID@schemeID", False, True),
    ("PEPPOL-EN16931-CL008", f"{BUYER}/EndpointID@schemeID = 0000", True, True),
    # In 3.0.20 the German rules take codes of payment for numbers.
    (
        "DE-R-023-1",
        f"{BOTH_GERMAN}; PaymentMeans/PaymentMeansCode = 030; - PaymentMeans/PayeeFinancialAccount",
        True,
        False,
    ),
    (
        "DE-R-023-1",
        f"{BOTH_GERMAN}; PaymentMeans/PaymentMeansCode = 30; - PaymentMeans/PayeeFinancialAccount",
        True,
        True,
    ),
    # A division has as many digits beyond 18 as the dividend has decimals beyond the divisor's.
    ("PEPPOL-EN16931-R120", f"{PRICED} 41152.28300333333333333333", False, False),
    ("PEPPOL-EN16931-R120", f"{PRICED} 41152.283003333333333333333334", True, True),
    # A product is exact, and so is the hundredth of it.
    ("PEPPOL-EN16931-R040", f"{PERCENTAGE} -1.25456789012345678901", False, False),
    ("PEPPOL-EN16931-R040", f"{PERCENTAGE} -1.254567890123456789011", True, True),
    # The engine takes a zero with a minus and a point for less than zero, and no other zero.
    ("BR-27", "InvoiceLine/Price/PriceAmount = -0", False, False),
    ("BR-27", "InvoiceLine/Price/PriceAmount = -0.00", True, True),
    ("BR-AF-05", "category L; InvoiceLine/Item/ClassifiedTaxCategory/Percent = -0.0", True, True),
    ("BR-AF-05", "category L; InvoiceLine/Item/ClassifiedTaxCategory/Percent = 0.0", False, False),
    # Of several numbers of a Danish company, the one that says something counts.
    ("DK-R-002", BOTH_DANISH, False, False),
    ("DK-R-002", f"{BOTH_DANISH}; {SECOND_ENTITY}", False, False),
    ("DK-R-002", f"{BOTH_DANISH}; {SELLER}/PartyLegalEntity/CompanyID =", True, True),
]


@pytest.mark.parametrize(("rule", "edits", "in_november", "in_may"), ROWS)
def test_verdict(rule: str, edits: str, in_november: bool, in_may: bool) -> None:
    data = etree.tostring(edited(edits))
    for at, fires in ((NOVEMBER_2025, in_november), (MAY_2026, in_may)):
        report = validate(data, at=at, profile=PEPPOL_BILLING)
        assert report.structure_ok
        assert (rule in {finding.rule for finding in report.findings}) == fires


def with_extension(content: str) -> bytes:
    """The invoice with an extension around some XML; its prefixes are those of UBL."""
    root = edited("")
    prefixes = " ".join(f'xmlns:{name}="{uri}"' for name, uri in NAMESPACES.items())
    root.insert(
        0,
        etree.fromstring(
            f"<ext:UBLExtensions {prefixes}><ext:UBLExtension><ext:ExtensionContent>{content}"
            "</ext:ExtensionContent></ext:UBLExtension></ext:UBLExtensions>"
        ),
    )
    return etree.tostring(root)


@pytest.mark.parametrize(
    ("content", "rules"),
    [
        # A rule about every name that ends in Amount means foreign ones too, and those of no
        # namespace; rules about UBL elements mean UBL elements, wherever they are.
        ('<x:BaseAmount xmlns:x="urn:x">1.234</x:BaseAmount>', {"UBL-DT-01"}),
        ('<x:A xmlns:x="urn:x"><NetAmount>1.234</NetAmount></x:A>', {"UBL-DT-01"}),
        ('<x:ID xmlns:x="urn:x" schemeID="0000"/>', {"PEPPOL-EN16931-R008"}),
        # Nor is what only looks like UBL an element of UBL.
        ('<x:A xmlns:x="urn:x"><cac:NetAmount>1.234</cac:NetAmount></x:A>', {"UBL-DT-01"}),
        ('<x:A xmlns:x="urn:x"><cbc:NetAmount>1.234</cbc:NetAmount></x:A>', {"UBL-DT-01"}),
        ('<x:A xmlns:x="urn:x"><cac:EndpointID schemeID="0000">1</cac:EndpointID></x:A>', set()),
        ('<x:EndpointID xmlns:x="urn:x" schemeID="0000">1</x:EndpointID>', set()),
        (
            '<cbc:EndpointID schemeID="0000">1</cbc:EndpointID>',
            {"BR-CL-25", "PEPPOL-EN16931-CL008"},
        ),
    ],
)
def test_extension(content: str, rules: set[str]) -> None:
    report = validate(with_extension(content), at=MAY_2026, profile=PEPPOL_BILLING)
    assert report.structure_ok
    found = {finding.rule for finding in report.findings}
    assert found - {"UBL-CR-001"} == rules


@pytest.mark.parametrize(("number", "found"), [("SE1", False), ("NO123456789MVA", True)])
def test_of_two_registrations_in_norway_one_must_be_norwegian_for_the_rule(
    number: str, found: bool
) -> None:
    """The official rule asks that first; with two it breaks down after that."""
    seller = f"{country_of(SELLER, 'NO')}; {vat_of_seller(number)}; {TWICE}"
    root = edited(f"{seller}; - TaxRepresentativeParty")
    for scheme in root.iterfind(".//{*}AccountingSupplierParty//{*}TaxScheme/{*}ID"):
        scheme.text = f" {scheme.text}"  # so that the country is that of the address
    report = validate(etree.tostring(root), at=MAY_2026, profile=PEPPOL_BILLING)
    assert ("NO-R-001" in {finding.rule for finding in report.findings}) is found
