"""Greece: GR-R-001 to GR-R-010, GR-S-008 and GR-S-011 of Peppol BIS Billing, for Greek sellers."""

from __future__ import annotations

import re
from typing import Final

from validators.arithmetic import number
from validators.check_digits import greek
from validators.countries import SELLER, address_of, buyer, seller, seller_itself
from validators.document import WHITESPACE, Document, Leaf, Node, normalized
from validators.registry import define, leaves, nodes, only_for

only_for("GR", "EL")

define("""
GR-R-001-1  fatal    BT-1
GR-R-001-2  fatal    BT-1
GR-R-001-3  fatal    BT-1
GR-R-001-4  fatal    BT-1
GR-R-001-5  fatal    BT-1
GR-R-001-6  fatal    BT-1
GR-R-001-7  fatal    BT-1
GR-R-002    fatal    BT-28
GR-R-003    fatal    BT-31
GR-R-004-1  fatal    BT-123
GR-R-004-2  fatal    BT-122
GR-R-005    fatal    BT-45
GR-R-006    fatal    BT-48
GR-R-008-2  fatal    BT-123
GR-R-008-3  fatal    BT-124
GR-R-009    fatal    BT-34
GR-R-010    fatal    BT-49
GR-S-008-1  warning  BT-123
GR-S-011    warning  BT-31
""")

_GREECE: Final = ("GR", "EL")
_MARK: Final = "##M.AR.K##"
_URL: Final = "##INVOICE|URL##"
# The official list ends with a space, which makes the empty text a document type.
_TYPES: Final = frozenset(("1.1", "1.6", "2.1", "2.4", "5.1", "5.2", ""))
_DAY = re.compile(r"(0?[1-9]|[12][0-9]|3[01])[-\\/ ]?(0?[1-9]|1[0-2])[-\\/ ]?(19|20)[0-9]{2}")
_INTEGER = re.compile("[+-]?[0-9]+")


def greek_seller(document: Document) -> bool:
    """Whether the seller, or its tax representative, is Greek; ask through `once`."""
    return seller(document) in _GREECE


def both_greek(document: Document) -> bool:
    """Whether seller and buyer are Greek; ask through `once`."""
    return greek_seller(document) and buyer(document) in _GREECE


@leaves("/Invoice/ID", "/CreditNote/ID")
def invoice_number(leaf: Leaf, root: Node, document: Document) -> None:
    """GR-R-001: six parts with | between: tax number, day, branch, type, series, number."""
    if not document.once(greek_seller):
        return
    text = leaf.text or ""
    parts = text.split("|") if text else []
    if len(parts) != 6:
        document.found("GR-R-001-1", leaf, stated=text)
    tax, day, branch, kind, series, running, *_ = [*parts, "", "", "", "", "", ""]
    good = {
        "GR-R-001-2": len(normalized(tax)) == 9 and greek(tax) and tax in _tax_numbers(root),
        "GR-R-001-3": _DAY.match(day) and _same_day(day, root.text("IssueDate")),
        "GR-R-001-4": _INTEGER.fullmatch(branch.strip(WHITESPACE)) and number(branch) >= 0,
        "GR-R-001-5": normalized(kind) and kind in _TYPES,
        "GR-R-001-6": series,
        "GR-R-001-7": running,
    }
    for rule, holds in good.items():
        if not holds:
            document.found(rule, leaf, stated=text)


def _tax_numbers(root: Node) -> set[str]:
    """The nine characters after the country of the seller's and the representative's numbers."""
    schemes = (
        *root.step(SELLER, "Party", "PartyTaxScheme"),
        *root.step("TaxRepresentativeParty", "PartyTaxScheme"),
    )
    return {
        scheme.text("CompanyID")[2:11]
        for scheme in schemes
        if "TaxScheme" in scheme.nodes and scheme.nodes["TaxScheme"].text("ID") == "VAT"
    }


def _same_day(day: str, issued: str) -> bool:
    """Whether DD/MM/YYYY is YYYY-MM-DD, part by part; more parts do not count."""
    one, other = day.split("/")[:3], issued.split("-")[:3]
    return len(one) == 3 and one == other[::-1]


@nodes("AccountingSupplierParty/Party")
def greek_party(node: Node, document: Document) -> None:
    """GR-R-002: a trading name. GR-S-011: one VAT number."""
    if document.once(greek_seller):
        _named("GR-R-002", node, document)
        _one_vat_number("GR-S-011", node, document)


@nodes("AccountingCustomerParty/Party")
def greek_buyer(node: Node, document: Document) -> None:
    """GR-R-005: the buyer's trading name. GR-R-006: a Greek buyer's one VAT number."""
    if document.once(greek_seller):
        _named("GR-R-005", node, document)
    if document.once(both_greek):
        _one_vat_number("GR-R-006", node, document)


def _named(rule: str, node: Node, document: Document) -> None:
    names = node.leaves_at("PartyName", "Name")
    if len(names) != 1 or not names[0].text:
        document.found(rule, node, "PartyName/Name")


def _one_vat_number(rule: str, node: Node, document: Document) -> None:
    numbers = [leaf for scheme in _vat(node) for leaf in scheme.every_leaf("CompanyID")]
    if len(numbers) != 1 or not _is_vat_number(numbers[0].text or ""):
        stated = ", ".join(leaf.text or "" for leaf in numbers)
        document.found(rule, node, "PartyTaxScheme/CompanyID", stated=stated)


def _vat(node: Node) -> list[Node]:
    return [
        scheme
        for scheme in node.every("PartyTaxScheme")
        if "TaxScheme" in scheme.nodes and normalized(scheme.nodes["TaxScheme"].text("ID")) == "VAT"
    ]


def _is_vat_number(text: str) -> bool:
    return text.startswith("EL") and greek(text[2:])


@leaves("AccountingSupplierParty/Party/PartyTaxScheme/CompanyID")
def vat_number(leaf: Leaf, node: Node, document: Document) -> None:
    """GR-R-003: EL and a tax number."""
    vat = "TaxScheme" in node.nodes and normalized(node.nodes["TaxScheme"].text("ID")) == "VAT"
    if vat and document.once(greek_seller) and not _is_vat_number(leaf.text or ""):
        document.found("GR-R-003", leaf, stated=leaf.text)


@leaves("AccountingSupplierParty/Party/EndpointID", "AccountingCustomerParty/Party/EndpointID")
def electronic_address(leaf: Leaf, node: Node, document: Document) -> None:
    """GR-R-009, -010: a tax number of scheme 9933."""
    of_seller = node.path.names[-2] == SELLER
    greek_party = (
        document.once(seller_itself) in _GREECE if of_seller else document.once(both_greek)
    )
    if greek_party and not (leaf.get("schemeID") == "9933" and greek(leaf.text or "")):
        document.found("GR-R-009" if of_seller else "GR-R-010", leaf, stated=leaf.text)


@nodes("/Invoice", "/CreditNote")
def mark_and_url(root: Node, document: Document) -> None:
    """GR-R-004-1, GR-S-008-1, GR-R-008-2: the mark once, the invoice's address."""
    if not document.once(greek_seller) or address_of(document, SELLER) != "GR":
        return
    marks, urls = _described(root, _MARK), _described(root, _URL)
    if marks != 1:
        document.found("GR-R-004-1", root, "AdditionalDocumentReference", stated=marks)
    if urls != 1:
        document.found("GR-S-008-1", root, "AdditionalDocumentReference", stated=urls)
    if urls > 1:
        document.found("GR-R-008-2", root, "AdditionalDocumentReference", stated=urls)


def _described(root: Node, text: str) -> int:
    return sum(_is_described(node, text) for node in root.every("AdditionalDocumentReference"))


def _is_described(node: Node, text: str) -> bool:
    return any(leaf.text == text for leaf in node.every_leaf("DocumentDescription"))


@nodes("AdditionalDocumentReference")
def mark(node: Node, document: Document) -> None:
    """GR-R-004-2: the mark is a number. GR-R-008-3: the address is there."""
    if "DocumentDescription" not in node.leaves or not document.once(greek_seller):
        return
    for leaf in node.every_leaf("ID") if _is_described(node, _MARK) else []:
        in_greece = address_of(document, SELLER) == "GR"
        if in_greece and not re.match("[1-9]", leaf.text or ""):
            document.found("GR-R-004-2", leaf, stated=leaf.text)
    if _is_described(node, _URL):
        addresses = node.leaves_at("Attachment", "ExternalReference", "URI")
        if not any((leaf.text or "").strip(WHITESPACE) for leaf in addresses):
            document.found("GR-R-008-3", node, "Attachment/ExternalReference/URI")
