"""A comment inside a text that the official rules ask for breaks them down; others do not."""

from __future__ import annotations

from datetime import date

import pytest
from lxml import etree

from validators import profiles
from validators.examples.edits import edited, source
from validators.findings import Finding
from validators.pipeline import validate

DAY = date(2026, 11, 21)
DATE = b"<cbc:IssueDate>2026-"


def findings(old: bytes, new: bytes) -> tuple[Finding, ...]:
    data = source()
    assert old in data
    return validate(data.replace(old, new, 1), at=DAY).findings


@pytest.mark.parametrize("between", [b"<!-- May -->", b"<?x y?>", b"<!----><!-- two -->"])
def test_a_parted_date_is_refused(between: bytes) -> None:
    found = findings(DATE, b"<cbc:IssueDate>20" + between + b"26-")
    assert [(each.rule, each.where) for each in found] == [("GUARD-PARTED", "Invoice/IssueDate")]
    assert found[0].severity == "fatal"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (DATE, b"<cbc:IssueDate><!-- before -->2026-"),
        (DATE, b"<!-- outside --><cbc:IssueDate>2026-"),
        (DATE, b"<cbc:IssueDate>2026<![CDATA[-]]>"),
        (b"<cbc:Note>", b"<cbc:Note>one<!-- and -->two"),  # nobody asks for the nodes of a note
    ],
)
def test_other_comments_are_none_of_our_business(old: bytes, new: bytes) -> None:
    assert findings(old, new) == ()


AMONG_DANES = (
    "AccountingSupplierParty/Party/PostalAddress/Country/IdentificationCode = DK;"
    "AccountingCustomerParty/Party/PostalAddress/Country/IdentificationCode = DK;"
)
ALLOWANCE = "AllowanceCharge/AllowanceChargeReasonCode = 95;"
SUPPLIER = "AccountingSupplierParty/Party"


def refused(edits: str, path: str, document: str = "invoice") -> bool:
    """Whether a comment in the first text at the path is told, after some edits."""
    root = edited(edits, document)
    steps = "/".join(f"*[local-name() = '{step}']" for step in path.split("/"))
    found = root.xpath(steps)
    assert isinstance(found, list)
    leaf = found[0]
    assert isinstance(leaf, etree._Element)
    text = leaf.text or ""
    assert len(text) > 1
    comment = etree.Comment("x")
    leaf.text, comment.tail = text[:1], text[1:]
    leaf.append(comment)
    profile = profiles.PEPPOL_BILLING if document == "invoice" else document
    report = validate(etree.tostring(root), at=DAY, profile=profile)
    where = [finding.where for finding in report.findings if finding.rule == "GUARD-PARTED"]
    assert len(where) < 2
    return where != []


# Each as the official rules do on such a document: those break down, or they do not.
@pytest.mark.parametrize(
    ("edits", "path", "breaks_down"),
    [
        ("", "CustomizationID", True),
        ("", "ID", False),
        ("", "DocumentCurrencyCode", False),
        ("TaxCurrencyCode = EUR", "DocumentCurrencyCode", True),
        ("TaxCurrencyCode = EUR", "TaxCurrencyCode", True),
        ("", "InvoiceTypeCode", True),
        ("ProfileID = urn:peppol:bis:billing_with_response", "InvoiceTypeCode", True),
        ("ProfileID = urn:peppol:bis:billing", "InvoiceTypeCode", False),
        ("credit note", "CreditNoteTypeCode", True),
        (
            "BillingReference/InvoiceDocumentReference/IssueDate = 2026-10-01",
            "BillingReference/InvoiceDocumentReference/IssueDate",
            True,
        ),
        ("InvoicePeriod/DescriptionCode = 35", "InvoicePeriod/DescriptionCode", True),
        ("", "AllowanceCharge/ChargeIndicator", True),
        ("- AllowanceCharge/BaseAmount", "AllowanceCharge/ChargeIndicator", False),
        ("", "InvoiceLine/Price/AllowanceCharge/ChargeIndicator", False),
        (ALLOWANCE, "AllowanceCharge/AllowanceChargeReasonCode", True),
        (
            f"{ALLOWANCE} AllowanceCharge/ChargeIndicator = 1",
            "AllowanceCharge/AllowanceChargeReasonCode",
            False,
        ),
        (
            f"{AMONG_DANES} AllowanceCharge/AllowanceChargeReasonCode = ZZZ;"
            "AllowanceCharge/AllowanceChargeReason = 1234",
            "AllowanceCharge/AllowanceChargeReason",
            True,
        ),
        (
            f"{AMONG_DANES} AllowanceCharge/AllowanceChargeReasonCode = ZZZ;"
            "AllowanceCharge/AllowanceChargeReason = 12#4",
            "AllowanceCharge/AllowanceChargeReason",
            False,
        ),
        ("", f"{SUPPLIER}/PartyLegalEntity/CompanyID", False),
        (AMONG_DANES, f"{SUPPLIER}/PartyLegalEntity/CompanyID", True),
        (AMONG_DANES, f"{SUPPLIER}/PartyTaxScheme/CompanyID", False),
        (AMONG_DANES, "LegalMonetaryTotal/PayableAmount", False),
        (f"credit note; {AMONG_DANES}", "LegalMonetaryTotal/PayableAmount", True),
        (f"{AMONG_DANES} PaymentMeans/PaymentMeansCode = 31", "PaymentMeans/PaymentID", False),
        (
            f"{AMONG_DANES} PaymentMeans/PaymentMeansCode = 31",
            "PaymentMeans/PayeeFinancialAccount/ID",
            True,
        ),
        (
            f"{AMONG_DANES} PaymentMeans/PaymentMeansCode = 30",
            "PaymentMeans/PayeeFinancialAccount/ID",
            False,
        ),
        (
            f"{AMONG_DANES} PaymentMeans/PaymentMeansCode = 93; PaymentMeans/PaymentID = 73#",
            "PaymentMeans/PayeeFinancialAccount/ID",
            True,
        ),
        (
            f"{AMONG_DANES} PaymentMeans/PaymentMeansCode = 93; PaymentMeans/PaymentID = 01#",
            "PaymentMeans/PayeeFinancialAccount/ID",
            False,
        ),
        (
            f"{AMONG_DANES} PaymentMeans/PaymentMeansCode = 49; PaymentMeans/PaymentMandate/ID =;"
            "PaymentMeans/PaymentMandate/PayerFinancialAccount/ID = 12",
            "PaymentMeans/PaymentMandate/PayerFinancialAccount/ID",
            False,
        ),
        (
            f"{AMONG_DANES} PaymentMeans/PaymentMeansCode = 49; PaymentMeans/PaymentMandate/ID = 1;"
            "PaymentMeans/PaymentMandate/PayerFinancialAccount/ID = 12",
            "PaymentMeans/PaymentMandate/PayerFinancialAccount/ID",
            True,
        ),
    ],
)
def test_of_an_invoice_is_refused_what_breaks_the_rules_down(
    edits: str, path: str, breaks_down: bool
) -> None:
    assert refused(edits, path) is breaks_down


@pytest.mark.parametrize(
    ("document", "path", "breaks_down"),
    [
        ("peppol-mls", "DocumentResponse/Response/ResponseCode", False),
        ("peppol-mlr", "ProfileID", True),
        ("peppol-mlr", "DocumentResponse/LineResponse/Response/ResponseCode", True),
        ("peppol-invoice-response", "ProfileID", False),
        ("peppol-invoice-response", "DocumentResponse/Response/Status/StatusReasonCode", True),
        ("peppol-tsr", "Subtotal/Key", True),
        ("peppol-tsr", "Header/ReporterID", False),
        ("peppol-eusr", "Subset/Key", True),
    ],
)
def test_of_other_documents_too(document: str, path: str, breaks_down: bool) -> None:
    assert refused("", path, document) is breaks_down


def test_thousands_of_comments_are_judged_in_no_time_and_end_in_a_refusal() -> None:
    """Each of them asks for a look at the whole document, which a hostile one makes long."""
    parted = b"<cbc:DocumentCurrencyCode>S<!-- -->EK</cbc:DocumentCurrencyCode>" * 20_000
    extension = (
        b"<ext:UBLExtensions xmlns:ext="
        b'"urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2">'
        b"<ext:UBLExtension><ext:ExtensionContent><x:x xmlns:x='urn:x'>"
        + parted
        + b"</x:x></ext:ExtensionContent></ext:UBLExtension></ext:UBLExtensions>"
    )
    data = source()
    after = data.index(b"<cbc:CustomizationID>")
    report = validate(data[:after] + extension + data[after:], at=DAY)
    assert [finding.rule for finding in report.findings] == ["GUARD-PARTED", "UBL-CR-001"]
