"""How often things may stand: EN 16931 allows less than UBL does.

EN 16931 in UBL, UBL-SR-01 to UBL-SR-56; UBL-DT-01, -06, -07 (amounts and embedded files) and
UBL-DT-08 to -28 (attributes that have no place).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from validators.document import Document, Every, Leaf, Node
from validators.registry import (
    MAY_2026,
    all_leaves,
    all_nodes,
    attributed,
    define,
    gather,
    leaves,
    nodes,
)
from validators.rules.allowances import indicator

define("""
UBL-SR-01  fatal  BT-12
UBL-SR-02  fatal  BT-15
UBL-SR-03  fatal  BT-16
UBL-SR-04  fatal  BT-18
UBL-SR-05  fatal  BT-20
UBL-SR-06  fatal  BG-3
UBL-SR-07  fatal  BT-25
UBL-SR-08  fatal  BG-14
UBL-SR-09  fatal  BT-27
UBL-SR-10  fatal  BT-28
UBL-SR-11  fatal  BT-30
UBL-SR-12  fatal  BT-31
UBL-SR-13  fatal  BT-32
UBL-SR-14  fatal  BT-33
UBL-SR-15  fatal  BT-44
UBL-SR-16  fatal  BT-46
UBL-SR-17  fatal  BT-47
UBL-SR-18  fatal  BT-48
UBL-SR-19  fatal  BT-59
UBL-SR-20  fatal  BT-60
UBL-SR-21  fatal  BT-61
UBL-SR-22  fatal  BT-62
UBL-SR-24  fatal  BG-13
UBL-SR-25  fatal  BT-70
UBL-SR-26  fatal  BT-83
UBL-SR-27  fatal  BT-81
UBL-SR-28  fatal  BT-89
UBL-SR-29  fatal  BT-90
UBL-SR-30  fatal  BT-97 BT-139
UBL-SR-31  fatal  BT-104 BT-144
UBL-SR-32  fatal  BT-120
UBL-SR-33  fatal  BT-123
UBL-SR-34  fatal  BT-127
UBL-SR-35  fatal  BT-132
UBL-SR-36  fatal  BG-26
UBL-SR-37  fatal  BT-147
UBL-SR-39  fatal  BT-11
UBL-SR-40  fatal  BT-45
UBL-SR-42  fatal  BT-31 BT-32
UBL-SR-43  fatal  BT-18 BT-122
UBL-SR-44  fatal  BT-83
UBL-SR-45  fatal  BT-9
UBL-SR-46  fatal  BT-82
UBL-SR-47  fatal  BT-81
UBL-SR-48  fatal  BT-151
UBL-SR-49  fatal  BT-8
UBL-SR-50  fatal  BT-154
UBL-SR-51  fatal  BG-5 BG-8 BG-12 BG-15
UBL-SR-52  fatal  BT-128
UBL-SR-53  fatal  BT-31 BT-32 BT-48
UBL-SR-54  fatal  BG-18
UBL-SR-55  fatal  BG-19
UBL-DT-01  fatal
UBL-DT-06  fatal  BT-125
UBL-DT-07  fatal  BT-125
UBL-DT-08  warning
UBL-DT-09  warning
UBL-DT-10  warning
UBL-DT-11  warning
UBL-DT-12  warning
UBL-DT-13  warning
UBL-DT-14  warning
UBL-DT-15  warning
UBL-DT-16  warning
UBL-DT-17  warning
UBL-DT-18  warning
UBL-DT-19  warning
UBL-DT-20  warning
UBL-DT-21  warning
UBL-DT-22  warning
UBL-DT-23  warning
UBL-DT-24  warning
UBL-DT-25  warning
UBL-DT-26  warning
UBL-DT-27  warning
UBL-DT-28  warning
UBL-CR-663  warning
""")
# Until 3.0.21 UBL-SR-23 looked for a party inside the representative, where none can stand.
define("UBL-SR-23 fatal BT-63\nUBL-SR-56 fatal BT-17", since=MAY_2026)

gather("PartyIdentification", "PaymentID", "PaymentMeansCode")

_SELLER: Final = ("AccountingSupplierParty", "Party")
_BUYER: Final = ("AccountingCustomerParty", "Party")

# On the document: leaves that stand at most once at the end of a path, whatever stands between.
LEAVES_ONCE: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("UBL-SR-01", ("ContractDocumentReference", "ID")),
    ("UBL-SR-02", ("ReceiptDocumentReference", "ID")),
    ("UBL-SR-03", ("DespatchDocumentReference", "ID")),
    ("UBL-SR-05", ("PaymentTerms", "Note")),
    ("UBL-SR-09", (*_SELLER, "PartyLegalEntity", "RegistrationName")),
    ("UBL-SR-10", (*_SELLER, "PartyName", "Name")),
    ("UBL-SR-11", (*_SELLER, "PartyLegalEntity", "CompanyID")),
    ("UBL-SR-14", (*_SELLER, "PartyLegalEntity", "CompanyLegalForm")),
    ("UBL-SR-15", (*_BUYER, "PartyLegalEntity", "RegistrationName")),
    ("UBL-SR-16", (*_BUYER, "PartyIdentification", "ID")),
    ("UBL-SR-17", (*_BUYER, "PartyLegalEntity", "CompanyID")),
    ("UBL-SR-39", ("ProjectReference", "ID")),
    ("UBL-SR-40", (*_BUYER, "PartyName", "Name")),
    ("UBL-SR-45", ("PaymentMeans", "PaymentDueDate")),
    ("UBL-SR-49", ("InvoicePeriod", "DescriptionCode")),
    ("UBL-SR-56", ("OriginatorDocumentReference", "ID")),
)
NODES_ONCE: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("UBL-SR-08", ("InvoicePeriod",)),
    ("UBL-SR-24", ("Delivery",)),
    ("UBL-SR-54", ("PaymentMeans", "CardAccount")),
    ("UBL-SR-55", ("PaymentMeans", "PaymentMandate")),
)

# Attributes that EN 16931 has no use for. A name of a means of payment is BT-82.
ATTRIBUTES: Final = {
    "schemeName": "UBL-DT-08",
    "schemeAgencyName": "UBL-DT-09",
    "schemeDataURI": "UBL-DT-10",
    "schemeURI": "UBL-DT-11",
    "format": "UBL-DT-12",
    "unitCodeListIdentifier": "UBL-DT-13",
    "unitCodeListAgencyIdentifier": "UBL-DT-14",
    "unitCodeListAgencyName": "UBL-DT-15",
    "listAgencyName": "UBL-DT-16",
    "listName": "UBL-DT-17",
    "name": "UBL-DT-18",
    "languageID": "UBL-DT-19",
    "listURI": "UBL-DT-20",
    "listSchemeURI": "UBL-DT-21",
    "languageLocaleID": "UBL-DT-22",
    "uri": "UBL-DT-23",
    "currencyCodeListVersionID": "UBL-DT-24",
    "characterSetCode": "UBL-DT-25",
    "encodingCode": "UBL-DT-26",
    "schemeAgencyID": "UBL-DT-27",
    "listAgencyID": "UBL-DT-28",
    "unitCodeListID": "UBL-CR-663",
}


def at_most_once(rule: str, found: Sequence[Node | Leaf], document: Document) -> None:
    """Reports `rule` at the second of some elements."""
    if len(found) > 1:
        document.found(rule, found[1], stated=len(found), computed=1)


@nodes("/Invoice", "/CreditNote")
def on_document(root: Node, document: Document) -> None:
    """UBL-SR-01 to -18, -24, -39, -40, -45, -49, -54 to -56: see the tables."""
    for rule, path in LEAVES_ONCE:
        if path[0] in root.nodes and not document.repeated.isdisjoint(path):
            at_most_once(rule, root.leaves_at(*path), document)
    for rule, path in NODES_ONCE:
        if path[0] in root.nodes and not document.repeated.isdisjoint(path):
            at_most_once(rule, root.step(*path), document)
    if document.repeated.isdisjoint(("AdditionalDocumentReference", "ID")):
        return
    references = root.every("AdditionalDocumentReference")
    objects = [node for node in references if node.text("DocumentTypeCode") == "130"]
    ids = [leaf for node in objects for leaf in node.every_leaf("ID")]
    at_most_once("UBL-SR-04", ids, document)


@nodes("/Invoice", "/CreditNote")
def tax_registrations(root: Node, document: Document) -> None:
    """UBL-SR-12, -13, -18: one VAT identifier for a party, and one other of the seller."""
    if document.repeated.isdisjoint((*_SELLER, *_BUYER, "PartyTaxScheme", "CompanyID")):
        return
    for party, vat_rule, other_rule in (
        (_SELLER, "UBL-SR-12", "UBL-SR-13"),
        (_BUYER, "UBL-SR-18", ""),
    ):
        vat: list[Leaf] = []
        other: list[Leaf] = []
        for scheme in root.step(*party, "PartyTaxScheme"):
            name = scheme.nodes["TaxScheme"].text("ID") if "TaxScheme" in scheme.nodes else "VAT"
            (vat if name.upper() == "VAT" else other).extend(scheme.every_leaf("CompanyID"))
        at_most_once(vat_rule, vat, document)
        if other_rule:
            at_most_once(other_rule, other, document)


@nodes("/Invoice", "/CreditNote")
def payments(root: Node, document: Document) -> None:
    """UBL-SR-29, -44, -46, -47: one creditor, one reference, one code in all payments."""
    every = document.every
    if document.once(_payments_in_lines):
        every = document.everywhere
    creditors = [
        leaf
        for node in every("PartyIdentification")
        for leaf in node.every_leaf("ID")
        if leaf.get("schemeID", "").upper() == "SEPA"
    ]
    at_most_once("UBL-SR-29", creditors, document)
    for rule, name in (("UBL-SR-44", "PaymentID"), ("UBL-SR-47", "PaymentMeansCode")):
        found = every(name)
        if len(found) > 1:
            distinct = {leaf.text or "": leaf for leaf in reversed(found)}
            at_most_once(rule, list(distinct.values())[::-1], document)
    codes = root.leaves_at("PaymentMeans", "PaymentMeansCode")
    at_most_once("UBL-SR-46", [leaf for leaf in codes if leaf.get("name") is not None], document)


def _payments_in_lines(document: Document) -> bool:
    return bool(document.of_lines(_payments))


def _payments(every: Every) -> frozenset[str]:
    names = ("PartyIdentification", "PaymentID", "PaymentMeansCode")
    return frozenset(name for name in names if every(name))


@attributed
def attributes(found: Sequence[Leaf | Node], document: Document) -> None:
    """UBL-DT-08 to UBL-DT-28, UBL-CR-663: each once, at the first such attribute."""
    for each in found:
        for name in each.attributes.keys() & ATTRIBUTES.keys():
            if name != "name" or not each.path.tag.endswith("}PaymentMeansCode"):
                document.found(ATTRIBUTES[name], each, once=True, name=name)


@nodes("AccountingSupplierParty/Party")
def seller(node: Node, document: Document) -> None:
    """UBL-SR-42: no more than two tax registrations."""
    schemes = node.every("PartyTaxScheme")
    if len(schemes) > 2:
        document.found("UBL-SR-42", schemes[2], stated=len(schemes), computed=2)


_OF_PAYEE: Final = (
    *("PartyIdentification", "ID", "PartyLegalEntity", "CompanyID"),
    *("PartyName", "Name"),
)


@nodes("PayeeParty")
def payee(node: Node, document: Document) -> None:
    """UBL-SR-19, -20, -21: one name, identifier and number; and not the name of the seller."""
    names = node.leaves_at("PartyName", "Name")
    sellers = (
        node.parent.leaves_at(*_SELLER, "PartyLegalEntity", "RegistrationName")
        if node.parent
        else []
    )
    # Some name differs from some name of the seller: unless both have but one, and the same.
    distinct = names and sellers and {leaf.text or "" for leaf in (*names, *sellers)}
    other = len(distinct) > 1
    if other and document.repeated.isdisjoint(_OF_PAYEE):
        return
    identifiers = [
        leaf
        for leaf in node.leaves_at("PartyIdentification", "ID")
        if leaf.get("schemeID", "").upper() != "SEPA"
    ]
    for rule, found in (
        ("UBL-SR-19", names),
        ("UBL-SR-20", identifiers),
        ("UBL-SR-21", node.leaves_at("PartyLegalEntity", "CompanyID")),
    ):
        if len(found) > 1 or not other:
            document.found(rule, node, stated=len(found), computed=1)


@nodes("TaxRepresentativeParty")
def representative(node: Node, document: Document) -> None:
    """UBL-SR-22, -23."""
    at_most_once("UBL-SR-22", node.leaves_at("PartyName", "Name"), document)
    at_most_once("UBL-SR-23", node.leaves_at("PartyTaxScheme", "CompanyID"), document)


@nodes("PartyTaxScheme")
def registration(node: Node, document: Document) -> None:
    """UBL-SR-53: a tax registration has a scheme and a number."""
    if not node.leaves_at("TaxScheme", "ID"):
        document.found("UBL-SR-53", node, "TaxScheme/ID")
    elif "CompanyID" not in node.leaves:
        document.found("UBL-SR-53", node, "CompanyID")


@nodes("PostalAddress", "Address")
def address(node: Node, document: Document) -> None:
    """UBL-SR-51: one more line of address, if any."""
    at_most_once("UBL-SR-51", node.every("AddressLine"), document)


@nodes("Delivery")
def delivery(node: Node, document: Document) -> None:
    """UBL-SR-25."""
    at_most_once("UBL-SR-25", node.leaves_at("DeliveryParty", "PartyName", "Name"), document)


@nodes("AdditionalDocumentReference")
def supporting_document(node: Node, document: Document) -> None:
    """UBL-SR-33; UBL-SR-43: a scheme or a type code is for objects, or a credit note's project."""
    at_most_once("UBL-SR-33", node.every_leaf("DocumentDescription"), document)
    code = node.leaves.get("DocumentTypeCode")
    if code is None:
        scheme = node.leaves["ID"].get("schemeID") if "ID" in node.leaves else None
        if scheme is not None:
            document.found("UBL-SR-43", node, stated=scheme)
    elif code.text != "130" and not (code.text == "50" and node.path.names[0] == "CreditNote"):
        document.found("UBL-SR-43", code, stated=code.text)


@nodes("BillingReference")
def preceding_invoice(node: Node, document: Document) -> None:
    """UBL-SR-06, -07."""
    at_most_once("UBL-SR-06", node.every("InvoiceDocumentReference"), document)
    if not node.leaves_at("InvoiceDocumentReference", "ID"):
        document.found("UBL-SR-07", node, "InvoiceDocumentReference/ID")


@nodes("PaymentMeans")
def means(node: Node, document: Document) -> None:
    """UBL-SR-26, -27, -28."""
    at_most_once("UBL-SR-26", node.every_leaf("PaymentID"), document)
    at_most_once("UBL-SR-27", node.every_leaf("PaymentMeansCode"), document)
    at_most_once("UBL-SR-28", node.leaves_at("PaymentMandate", "ID"), document)


@nodes("AllowanceCharge")
def reasons(node: Node, document: Document) -> None:
    """UBL-SR-30, -31: one reason for an allowance or charge of any level."""
    if node.repeated:
        kind = indicator(node)
        rule = {False: "UBL-SR-30", True: "UBL-SR-31"}.get(kind) if kind is not None else None
        if rule:
            at_most_once(rule, node.every_leaf("AllowanceChargeReason"), document)


@nodes("TaxSubtotal")
def exemption(node: Node, document: Document) -> None:
    """UBL-SR-32."""
    at_most_once("UBL-SR-32", node.leaves_at("TaxCategory", "TaxExemptionReason"), document)


@all_nodes("InvoiceLine", "CreditNoteLine")
def line(found: Sequence[Node], document: Document) -> None:
    """UBL-SR-34 to -37, -48, -50, -52."""
    for node in found:
        item = node.nodes.get("Item")
        categories = item.every("ClassifiedTaxCategory") if item else ()
        if len(categories) != 1:
            document.found(
                "UBL-SR-48", node, "Item/ClassifiedTaxCategory", stated=len(categories), computed=1
            )
        if item is not None and item.repeated:
            at_most_once("UBL-SR-50", item.every_leaf("Description"), document)
        if node.repeated:
            at_most_once("UBL-SR-34", node.every_leaf("Note"), document)
            at_most_once("UBL-SR-36", node.every("InvoicePeriod"), document)
            at_most_once("UBL-SR-52", node.every("DocumentReference"), document)
        if "OrderLineReference" in node.nodes:
            at_most_once("UBL-SR-35", node.leaves_at("OrderLineReference", "LineID"), document)
        price = node.nodes.get("Price")
        if price is not None and price.repeated:
            at_most_once("UBL-SR-37", price.leaves_at("AllowanceCharge", "Amount"), document)


@all_leaves("*Amount")
def two_decimals(found: Sequence[tuple[Leaf, Node]], document: Document) -> None:
    """UBL-DT-01: no amount has more than two decimals, but for prices and what is in them."""
    for leaf, node in found:
        if leaf.fine and not _of_price(node):
            document.found("UBL-DT-01", leaf, stated=leaf.text)


def _of_price(node: Node | None) -> bool:
    """Whether an amount in `node` is below a price that has a discount."""
    while node is not None:
        if node.path.name == "Price" and "AllowanceCharge" in node.nodes:
            return True
        node = node.parent
    return False


@leaves("*BinaryObject")
def embedded_file(leaf: Leaf, node: Node, document: Document) -> None:
    """UBL-DT-06, -07: an embedded file has a type and a name."""
    for rule, name in (("UBL-DT-06", "mimeCode"), ("UBL-DT-07", "filename")):
        if name not in leaf.attributes:
            document.found(rule, leaf, name=name)
