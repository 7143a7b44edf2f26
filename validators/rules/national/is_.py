"""Iceland: IS-R-001 to IS-R-010 of Peppol BIS Billing, for sellers with an address in Iceland.

The module's name has an underscore because `is` is a word of Python.
"""

from __future__ import annotations

from collections.abc import Sequence

from validators.calendar import is_date
from validators.countries import BUYER, SELLER, address_of
from validators.document import Document, Leaf, Node, normalized
from validators.registry import define, nodes, only_for

only_for("IS")

define("""
IS-R-001  warning  BT-3
IS-R-002  fatal    BT-30
IS-R-003  fatal    BT-35 BT-38
IS-R-004  fatal    BT-47
IS-R-005  fatal    BT-50 BT-53
IS-R-006  fatal    BT-84
IS-R-007  fatal    BT-84
IS-R-008  fatal    BT-122
IS-R-009  fatal    BT-9
IS-R-010  fatal    BT-9 BT-122
""")


def icelandic_seller(document: Document) -> bool:
    """Whether the seller's address is in Iceland; ask through `once`."""
    return address_of(document, SELLER) == "IS"


@nodes("/Invoice", "/CreditNote")
def document_rules(root: Node, document: Document) -> None:
    """IS-R-001: 380 or 381. IS-R-006, -007: accounts have twelve characters."""
    if not document.once(icelandic_seller):
        return
    types = [normalized(root.text(name)) for name in ("InvoiceTypeCode", "CreditNoteTypeCode")]
    if not {"380", "381"} & set(types):
        document.found("IS-R-001", root, stated=" ".join(types).strip(), computed="380, 381")
    for rule, code in (("IS-R-006", "9"), ("IS-R-007", "42")):
        means = [
            node for node in root.every("PaymentMeans") if node.text("PaymentMeansCode") == code
        ]
        accounts = [
            leaf for node in means for leaf in node.leaves_at("PayeeFinancialAccount", "ID")
        ]
        if means and not (len(accounts) == 1 and len(normalized(accounts[0].text or "")) == 12):
            at = accounts[0] if accounts else means[0]
            document.found(rule, at, stated=accounts[0].text if accounts else None)
    final_due_date(root, document)


def final_due_date(root: Node, document: Document) -> None:
    """IS-R-008, -009, -010: EINDAGI, the last day to pay, is a date, not before the due date."""
    references = [
        node
        for node in root.every("AdditionalDocumentReference")
        if any(leaf.text == "EINDAGI" for leaf in node.every_leaf("DocumentDescription"))
    ]
    if not references:
        return
    days = [leaf.text or "" for node in references for leaf in node.every_leaf("ID")]
    due = root.leaves.get("DueDate")
    stated = ", ".join(days)
    if len(days) != 1 or len(days[0]) != 10 or not is_date(days[0]):
        document.found("IS-R-008", references[0], "ID", stated=stated)
    if due is None:
        document.found("IS-R-009", root, "DueDate")
    if due is None or not any((due.text or "") <= day for day in days):
        document.found("IS-R-010", root if due is None else due, stated=stated)


@nodes("/Invoice/AccountingSupplierParty", "/CreditNote/AccountingSupplierParty")
def seller(node: Node, document: Document) -> None:
    """IS-R-002, -003: kennitala and address of the seller."""
    if document.once(icelandic_seller):
        _party("IS-R-002", "IS-R-003", node, document)


@nodes("/Invoice/AccountingCustomerParty", "/CreditNote/AccountingCustomerParty")
def buyer(node: Node, document: Document) -> None:
    """IS-R-004, -005: the same of an Icelandic buyer."""
    if document.once(icelandic_seller) and address_of(document, BUYER) == "IS":
        _party("IS-R-004", "IS-R-005", node, document)


def _party(number_rule: str, address_rule: str, node: Node, document: Document) -> None:
    numbers: Sequence[Leaf] = node.leaves_at("Party", "PartyLegalEntity", "CompanyID")
    if not any(leaf.get("schemeID") == "0196" for leaf in numbers):
        document.found(number_rule, node, "Party/PartyLegalEntity/CompanyID", computed="0196")
    for name in ("StreetName", "PostalZone"):
        if not node.leaves_at("Party", "PostalAddress", name):
            document.found(address_rule, node, f"Party/PostalAddress/{name}")
            return
