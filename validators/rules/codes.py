"""Code lists: which code may stand where.

EN 16931 BR-CL-01 to BR-CL-26; Peppol CL001 to CL008, R051, P0104 to P0111. The lists themselves,
with the days they changed, are `schemas.codelists`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

from validators.document import Document, Leaf, Node, normalized
from validators.registry import MAY_2026, all_leaves, define, leaves, nodes
from validators.rules.allowances import indicator

define("""
BR-CL-01  fatal  BT-3
BR-CL-03  fatal  BT-5 BT-6
BR-CL-04  fatal  BT-5
BR-CL-05  fatal  BT-6
BR-CL-06  fatal  BT-8
BR-CL-07  fatal  BT-18 BT-128
BR-CL-08  fatal  BT-21
BR-CL-10  fatal  BT-29 BT-46 BT-60
BR-CL-11  fatal  BT-30 BT-47 BT-61
BR-CL-13  fatal  BT-158
BR-CL-14  fatal  BT-40 BT-55 BT-69 BT-80
BR-CL-15  fatal  BT-159
BR-CL-16  fatal  BT-81
BR-CL-17  fatal  BT-118 BT-95 BT-102
BR-CL-18  fatal  BT-151
BR-CL-19  fatal  BT-98 BT-140
BR-CL-20  fatal  BT-105 BT-145
BR-CL-21  fatal  BT-157
BR-CL-22  fatal  BT-121
BR-CL-23  fatal  BT-130 BT-150
BR-CL-24  fatal  BT-125
BR-CL-25  fatal  BT-34 BT-49
BR-CL-26  fatal  BT-71
PEPPOL-EN16931-R051   fatal  BT-5
PEPPOL-EN16931-CL001  fatal  BT-125
PEPPOL-EN16931-CL002  fatal  BT-98 BT-140
PEPPOL-EN16931-CL003  fatal  BT-105 BT-145
PEPPOL-EN16931-CL006  fatal  BT-8
PEPPOL-EN16931-CL007  fatal  BT-5 BT-6
PEPPOL-EN16931-CL008  fatal  BT-34 BT-49
PEPPOL-EN16931-P0104  fatal  BT-118 BT-121
PEPPOL-EN16931-P0105  fatal  BT-118 BT-121
PEPPOL-EN16931-P0106  fatal  BT-118 BT-121
PEPPOL-EN16931-P0107  fatal  BT-118 BT-121
PEPPOL-EN16931-P0108  fatal  BT-118 BT-121
PEPPOL-EN16931-P0109  fatal  BT-118 BT-121
PEPPOL-EN16931-P0110  fatal  BT-118 BT-121
PEPPOL-EN16931-P0111  fatal  BT-118 BT-121
""")

# Reason of exemption -> the rule that ties it to a VAT category, and that category.
REASONS: Final = {
    "VATEX-EU-G": ("PEPPOL-EN16931-P0104", "G"),
    "VATEX-EU-O": ("PEPPOL-EN16931-P0105", "O"),
    "VATEX-EU-IC": ("PEPPOL-EN16931-P0106", "K"),
    "VATEX-EU-AE": ("PEPPOL-EN16931-P0107", "AE"),
    "VATEX-EU-D": ("PEPPOL-EN16931-P0108", "E"),
    "VATEX-EU-F": ("PEPPOL-EN16931-P0109", "E"),
    "VATEX-EU-I": ("PEPPOL-EN16931-P0110", "E"),
    "VATEX-EU-J": ("PEPPOL-EN16931-P0111", "E"),
}


def _demand(rule: str, list_name: str, code: str, leaf: Leaf, document: Document) -> None:
    """Reports `rule` unless the list has the code; white space around it does not count."""
    codes = document.codes(list_name)
    if code not in codes and normalized(code) not in codes:
        document.found(rule, leaf, stated=code, list=list_name)


# --- codes as the content of an element ----------------------------------------------------------


@leaves("InvoiceTypeCode", "CreditNoteTypeCode")
def document_type(leaf: Leaf, node: Node, document: Document) -> None:
    """BR-CL-01."""
    invoice = leaf.name == "InvoiceTypeCode"
    name = "UNCL1001-inv" if invoice else "UNCL1001-cn"
    _demand("BR-CL-01", name, leaf.text or "", leaf, document)


@leaves("DocumentCurrencyCode")
def currency(leaf: Leaf, node: Node, document: Document) -> None:
    """BR-CL-04."""
    _demand("BR-CL-04", "ISO4217", leaf.text or "", leaf, document)


@leaves("TaxCurrencyCode")
def vat_currency(leaf: Leaf, node: Node, document: Document) -> None:
    """BR-CL-05."""
    _demand("BR-CL-05", "ISO4217", leaf.text or "", leaf, document)


@leaves("InvoicePeriod/DescriptionCode")
def tax_point(leaf: Leaf, node: Node, document: Document) -> None:
    """BR-CL-06, Peppol CL006."""
    _demand("BR-CL-06", "UNCL2005", leaf.text or "", leaf, document)
    _demand("PEPPOL-EN16931-CL006", "UNCL2005", leaf.text or "", leaf, document)


@leaves("Country/IdentificationCode")
def country(leaf: Leaf, node: Node, document: Document) -> None:
    """BR-CL-14."""
    _demand("BR-CL-14", "ISO3166-1", leaf.text or "", leaf, document)


@leaves("OriginCountry/IdentificationCode")
def origin_country(leaf: Leaf, node: Node, document: Document) -> None:
    """BR-CL-15."""
    _demand("BR-CL-15", "ISO3166-1", leaf.text or "", leaf, document)


@leaves("PaymentMeans/PaymentMeansCode")
def payment_means(leaf: Leaf, node: Node, document: Document) -> None:
    """BR-CL-16."""
    _demand("BR-CL-16", "UNCL4461", leaf.text or "", leaf, document)


@leaves("TaxCategory/ID")
def vat_category(leaf: Leaf, node: Node, document: Document) -> None:
    """BR-CL-17."""
    _demand("BR-CL-17", "UNCL5305", leaf.text or "", leaf, document)


@all_leaves("ClassifiedTaxCategory/ID")
def vat_category_of_item(found: Sequence[tuple[Leaf, Node]], document: Document) -> None:
    """BR-CL-18."""
    codes = document.codes("UNCL5305")
    for leaf in [leaf for leaf, _ in found if leaf.text not in codes]:
        _demand("BR-CL-18", "UNCL5305", leaf.text or "", leaf, document)


@leaves("AllowanceCharge/AllowanceChargeReasonCode")
def allowance_reason(leaf: Leaf, node: Node, document: Document) -> None:
    """BR-CL-19, BR-CL-20 by the indicator as a boolean; Peppol CL002, CL003 by its word."""
    code = leaf.text or ""
    kind = indicator(node)
    if kind is not None:
        rule, name = ("BR-CL-20", "UNCL7161") if kind else ("BR-CL-19", "UNCL5189")
        _demand(rule, name, code, leaf, document)
    word = node.text("ChargeIndicator")
    if word == "false":
        _demand("PEPPOL-EN16931-CL002", "UNCL5189", code, leaf, document)
    elif word == "true":
        _demand("PEPPOL-EN16931-CL003", "UNCL7161", code, leaf, document)


@leaves("TaxExemptionReasonCode")
def exemption_reason(leaf: Leaf, node: Node, document: Document) -> None:
    """BR-CL-22: in any case of letters."""
    _demand("BR-CL-22", "VATEX", (leaf.text or "").upper(), leaf, document)


@nodes("TaxCategory")
def reason_and_category(node: Node, document: Document) -> None:
    """Peppol P0104 to P0111: some reasons belong to one VAT category."""
    leaf = node.leaves.get("TaxExemptionReasonCode")
    if leaf is None:
        return
    rule, category = REASONS.get((leaf.text or "").upper(), ("", ""))
    if rule and normalized(node.text("ID")) != category:
        document.found(rule, leaf, stated=node.text("ID"), computed=category, reason=leaf.text)


@leaves("/Invoice/Note", "/CreditNote/Note")
def note_subject(leaf: Leaf, node: Node, document: Document) -> None:
    """BR-CL-08: a subject of three letters between two # at the beginning of a note is a code.

    The official test looks for the letters in the list with spaces between the codes.
    """
    text = leaf.text or ""
    if "#" not in text:
        return
    subject, end, _ = text.partition("#")[2].partition("#")
    if end and len(subject) == 3 and subject not in _subjects(document.codes("UNCL4451")):
        document.found("BR-CL-08", leaf, stated=subject, list="UNCL4451")


@cache
def _subjects(codes: frozenset[str]) -> str:
    return f" {' '.join(sorted(codes))} "


# --- codes in attributes -------------------------------------------------------------------------


@leaves("AdditionalDocumentReference/ID", "DocumentReference/ID")
def object_scheme(leaf: Leaf, node: Node, document: Document) -> None:
    """BR-CL-07: the scheme of an invoiced object, which is a reference of type code 130."""
    scheme = leaf.get("schemeID")
    if scheme is not None and node.text("DocumentTypeCode") == "130":
        _demand("BR-CL-07", "UNCL1153", scheme, leaf, document)


@leaves("PartyIdentification/ID")
def party_scheme(leaf: Leaf, node: Node, document: Document) -> None:
    """BR-CL-10: an ISO 6523 scheme; SEPA for the creditor identifier of seller or payee."""
    scheme = leaf.get("schemeID")
    if scheme is None:
        return
    holders = node.path.names
    if normalized(scheme) == "SEPA" and (
        "AccountingSupplierParty" in holders or "PayeeParty" in holders
    ):
        return
    _demand("BR-CL-10", "ICD", scheme, leaf, document)


def _scheme(rule: str, list_name: str, leaf: Leaf, document: Document) -> None:
    scheme = leaf.get("schemeID")
    if scheme is not None:
        _demand(rule, list_name, scheme, leaf, document)


@leaves("PartyLegalEntity/CompanyID")
def legal_scheme(leaf: Leaf, node: Node, document: Document) -> None:
    """BR-CL-11."""
    _scheme("BR-CL-11", "ICD", leaf, document)


@leaves("StandardItemIdentification/ID")
def item_scheme(leaf: Leaf, node: Node, document: Document) -> None:
    """BR-CL-21."""
    _scheme("BR-CL-21", "ICD", leaf, document)


@leaves("DeliveryLocation/ID")
def location_scheme(leaf: Leaf, node: Node, document: Document) -> None:
    """BR-CL-26."""
    _scheme("BR-CL-26", "ICD", leaf, document)


@leaves("EndpointID")
def endpoint_scheme(leaf: Leaf, node: Node, document: Document) -> None:
    """BR-CL-25, and Peppol CL008, which takes no white space around the code.

    The list of Peppol 3.0.20 ends with a space, which makes the empty scheme one of its codes.
    """
    scheme = leaf.get("schemeID")
    if scheme is None:
        return
    _demand("BR-CL-25", "EAS", scheme, leaf, document)
    known = scheme in document.codes("peppol:EAS") or (not scheme and document.at < MAY_2026)
    if not known:
        document.found("PEPPOL-EN16931-CL008", leaf, stated=scheme, list="peppol:EAS")


@leaves("CommodityClassification/ItemClassificationCode")
def classification_list(leaf: Leaf, node: Node, document: Document) -> None:
    """BR-CL-13."""
    name = leaf.get("listID")
    if name is not None:
        _demand("BR-CL-13", "UNCL7143", name, leaf, document)


@all_leaves("InvoicedQuantity", "CreditedQuantity", "BaseQuantity")
def unit(found: Sequence[tuple[Leaf, Node]], document: Document) -> None:
    """BR-CL-23."""
    codes = document.codes("UNECERec20-21")
    for leaf, _ in found:
        code = leaf.get("unitCode")
        if code is not None and code not in codes:
            _demand("BR-CL-23", "UNECERec20-21", code, leaf, document)


@leaves("EmbeddedDocumentBinaryObject")
def file_type(leaf: Leaf, node: Node, document: Document) -> None:
    """BR-CL-24, Peppol CL001: without any white space."""
    code = leaf.get("mimeCode")
    if code is not None and code not in document.codes("MIME"):
        document.found("BR-CL-24", leaf, stated=code, list="MIME")
        document.found("PEPPOL-EN16931-CL001", leaf, stated=code, list="MIME")


@all_leaves(
    "Amount",
    "BaseAmount",
    "PriceAmount",
    "TaxAmount",
    "TaxableAmount",
    "LineExtensionAmount",
    "TaxExclusiveAmount",
    "TaxInclusiveAmount",
    "AllowanceTotalAmount",
    "ChargeTotalAmount",
    "PrepaidAmount",
    "PayableRoundingAmount",
    "PayableAmount",
)
def currency_of_amount(found: Sequence[tuple[Leaf, Node]], document: Document) -> None:
    """BR-CL-03, Peppol CL007, R051: every amount is in a known currency, the invoice's own."""
    own = document.once(invoice_currency)
    known = own in document.codes("peppol:ISO4217") and own in document.codes("ISO4217")
    others = [each for each in found if each[0].get("currencyID") != own] if known else found
    for leaf, node in others:
        _other_currency(leaf.get("currencyID", ""), own, leaf, node, document)


def _other_currency(code: str, own: str | None, leaf: Leaf, node: Node, document: Document) -> None:
    """A VAT total without a breakdown may be in another currency than the invoice (BT-111).

    The VAT of a row of the breakdown is in `billing`: for self-billing no rule looks at it.
    """
    _demand("BR-CL-03", "ISO4217", code, leaf, document)
    if code not in document.codes("peppol:ISO4217"):
        document.found("PEPPOL-EN16931-CL007", leaf, stated=code, list="peppol:ISO4217")
    if leaf.name == "TaxAmount" and not _with_breakdown(node):
        return
    if code != own:
        document.found("PEPPOL-EN16931-R051", leaf, stated=code, computed=own)


def _with_breakdown(node: Node) -> bool:
    """Whether a tax amount in `node` is the total of a breakdown."""
    return node.path.name == "TaxTotal" and "TaxSubtotal" in node.nodes


def invoice_currency(document: Document) -> str | None:
    """The invoice currency as it stands, None when it is not told."""
    leaf = document.root.leaves.get("DocumentCurrencyCode")
    return None if leaf is None else leaf.text or ""
