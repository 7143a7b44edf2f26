"""The Netherlands: NL-R-001 to NL-R-009 of Peppol BIS Billing, for sellers with a Dutch address."""

from __future__ import annotations

from typing import Final

from validators.arithmetic import decimal_of
from validators.countries import addresses
from validators.document import WHITESPACE, Document, Leaf, Node, normalized
from validators.registry import define, gather, leaves, nodes, only_for

only_for("NL")

define("""
NL-R-001  fatal  BT-25
NL-R-002  fatal  BT-35 BT-37 BT-38
NL-R-003  fatal  BT-30
NL-R-004  fatal  BT-50 BT-52 BT-53
NL-R-005  fatal  BT-47
NL-R-006  fatal  BT-64 BT-66 BT-67
NL-R-007  fatal  BG-16
NL-R-008  fatal  BT-81
NL-R-009  fatal  BT-132
""")

gather("PaymentMeans")

_MEANS: Final = ("30", "48", "49", "57", "58", "59")


def dutch_seller(document: Document) -> bool:
    """Whether the seller's address is in the Netherlands; ask through `once`."""
    return document.once(addresses)[0] == "NL"


def both_dutch(document: Document) -> bool:
    """Whether the addresses of seller and buyer are; ask through `once`."""
    return document.once(addresses) == ("NL", "NL")


@leaves("CreditNoteTypeCode")
def credits(leaf: Leaf, node: Node, document: Document) -> None:
    """NL-R-001: a credit note refers to the invoice."""
    if document.once(dutch_seller) and not document.root.leaves_at(
        "BillingReference", "InvoiceDocumentReference", "ID"
    ):
        missing = "BillingReference/InvoiceDocumentReference/ID"
        document.found("NL-R-001", document.root, missing)


@nodes(
    "AccountingSupplierParty/Party/PostalAddress",
    "AccountingCustomerParty/Party/PostalAddress",
    "TaxRepresentativeParty/PostalAddress",
)
def address(node: Node, document: Document) -> None:
    """NL-R-002, -004, -006: Dutch addresses have street, city and post code."""
    if not document.once(dutch_seller):
        return
    holder = next((name for name in node.path.names[-2:0:-1] if name != "Party"), "")
    country = node.nodes["Country"].text("IdentificationCode") if "Country" in node.nodes else ""
    rule, dutch = {
        "AccountingSupplierParty": ("NL-R-002", True),
        "AccountingCustomerParty": ("NL-R-004", document.once(both_dutch)),
        "TaxRepresentativeParty": ("NL-R-006", normalized(country).upper() == "NL"),
    }[holder]
    if not dutch:
        return
    for name in ("StreetName", "CityName", "PostalZone"):
        if name not in node.leaves:
            document.found(rule, node, name)
            return


@leaves(
    "AccountingSupplierParty/Party/PartyLegalEntity/CompanyID",
    "AccountingCustomerParty/Party/PartyLegalEntity/CompanyID",
)
def company_number(leaf: Leaf, node: Node, document: Document) -> None:
    """NL-R-003, -005: a KVK (0106) or OIN (0190) number."""
    seller = node.path.names[-3] == "AccountingSupplierParty"
    if not document.once(dutch_seller if seller else both_dutch):
        return
    schemes = f" {leaf.get('schemeID', '')} "
    known = " 0106 " in schemes or " 0190 " in schemes
    if not known or not (leaf.text or "").strip(WHITESPACE):
        rule = "NL-R-003" if seller else "NL-R-005"
        document.found(rule, leaf, stated=leaf.get("schemeID", ""), computed="0106, 0190")


@nodes("LegalMonetaryTotal")
def something_to_pay(node: Node, document: Document) -> None:
    """NL-R-007: who asks for money says how to pay it."""
    if not document.once(dutch_seller) or document.once(_payable):
        return
    due = node.leaves.get("PayableAmount")
    value = None if due is None else decimal_of(due.text or "")
    invoice = document.root.path.name == "Invoice"
    if value is None or (value > 0 if invoice else value < 0):
        document.found("NL-R-007", document.root, "PaymentMeans", stated=value)


def _payable(document: Document) -> bool:
    return bool(document.everywhere("PaymentMeans"))


@nodes("PaymentMeans")
def means(node: Node, document: Document) -> None:
    """NL-R-008: which means of payment there are."""
    code = normalized(node.text("PaymentMeansCode"))
    if code not in _MEANS and document.once(both_dutch):
        at = node.leaves.get("PaymentMeansCode", node)
        document.found("NL-R-008", at, stated=code, computed=", ".join(_MEANS))


@leaves("OrderLineReference/LineID")
def order_line(leaf: Leaf, node: Node, document: Document) -> None:
    """NL-R-009: a reference to an order line needs the order."""
    if document.once(dutch_seller) and not document.once(_ordered):
        document.found("NL-R-009", document.root, "OrderReference/ID", stated=leaf.text)


def _ordered(document: Document) -> bool:
    return bool(document.root.leaves_at("OrderReference", "ID"))
