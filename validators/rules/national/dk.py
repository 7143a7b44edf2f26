"""Denmark: DK-R-002 to DK-R-017 of Peppol BIS Billing, for sellers with an address in Denmark."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from validators.arithmetic import number
from validators.countries import BUYER, SELLER, address_of
from validators.document import WHITESPACE, Document, Leaf, Node, normalized
from validators.registry import MAY_2026, define, nodes, only_for

only_for("DK")

define("""
DK-R-002  fatal    BT-30
DK-R-004  fatal    BT-97 BT-104 BT-139 BT-144
DK-R-005  fatal    BT-81
DK-R-006  fatal    BT-84 BT-86
DK-R-007  fatal    BT-89 BT-91
DK-R-008  fatal    BT-83 BT-84
DK-R-009  fatal    BT-83
DK-R-010  fatal    BT-83 BT-84
DK-R-011  fatal    BT-83
DK-R-013  fatal    BT-29 BT-46
DK-R-014  fatal    BT-30
DK-R-016  fatal    BT-115
""")
define("DK-R-003 warning BT-158\nDK-R-017 warning BT-47", until=MAY_2026)
define("DK-R-003 fatal BT-158\nDK-R-017 fatal BT-47", since=MAY_2026)

_MEANS: Final = " 1 10 31 42 48 49 50 58 59 93 97 "
_UNSPSC_VERSIONS: Final = frozenset(("19.05.01", "19.0501", "26.08.01", "26.0801"))


def danish_seller(document: Document) -> bool:
    """Whether the seller's address is in Denmark; ask through `once`."""
    return address_of(document, SELLER) == "DK"


def both_danish(document: Document) -> bool:
    """Whether the addresses of seller and buyer are in Denmark; ask through `once`."""
    return danish_seller(document) and address_of(document, BUYER) == "DK"


@nodes("/Invoice", "/CreditNote")
def document_rules(root: Node, document: Document) -> None:
    """DK-R-002 and -014: the seller's CVR number. DK-R-016: no negative credit note."""
    if not document.once(danish_seller):
        return
    numbers = root.leaves_at(SELLER, "Party", "PartyLegalEntity", "CompanyID")
    said = [leaf.text for leaf in numbers if leaf.text]
    if len(said) != 1 or not _said(said[0]):
        document.found("DK-R-002", root, f"{SELLER}/Party/PartyLegalEntity/CompanyID")
    _cvr("DK-R-014", numbers, document)
    due = root.leaves_at("LegalMonetaryTotal", "PayableAmount")
    credit = root.path.name == "CreditNote" and document.once(both_danish)
    if credit and due and number(due[0].text or "") < 0:
        document.found("DK-R-016", due[0], stated=due[0].text)


def _cvr(rule: str, numbers: Sequence[Leaf], document: Document) -> None:
    """Of several numbers, the one with a scheme; two schemes break the official rule down."""
    schemes = [scheme for leaf in numbers if (scheme := leaf.get("schemeID")) is not None]
    if numbers and (len(schemes) != 1 or normalized(schemes[0]) != "0184"):
        document.found(rule, numbers[0], stated=", ".join(schemes), computed="0184")


@nodes("AccountingSupplierParty/Party", "AccountingCustomerParty/Party")
def parties(node: Node, document: Document) -> None:
    """DK-R-013: identifiers tell their scheme. DK-R-017: the buyer's number is a CVR number."""
    if not document.once(both_danish):
        return
    for leaf in node.leaves_at("PartyIdentification", "ID"):
        if not normalized(leaf.get("schemeID", "")):
            document.found("DK-R-013", leaf, stated=leaf.text)
    if node.path.names[-2] == BUYER:
        _cvr("DK-R-017", node.leaves_at("PartyLegalEntity", "CompanyID"), document)


@nodes("/Invoice/PaymentMeans")
def means(node: Node, document: Document) -> None:
    """DK-R-005 to DK-R-011: which means of payment there are, and what each must tell."""
    if not document.once(both_danish):
        return
    code, reference = node.text("PaymentMeansCode"), node.text("PaymentID")
    account = _text(node, "PayeeFinancialAccount", "ID")
    kind = reference[:3]
    branch = _text(node, "PayeeFinancialAccount", "FinancialInstitutionBranch", "ID")
    mandate = _text(node, "PaymentMandate", "ID")
    payer = _text(node, "PaymentMandate", "PayerFinancialAccount", "ID")
    giro, card = code == "50", code == "93"
    wrong = {
        "DK-R-005": f" {code} " not in _MEANS,
        "DK-R-006": code in ("31", "42") and not (_said(account) and _said(branch)),
        "DK-R-007": code == "49" and not (_said(mandate) and _said(payer)),
        "DK-R-008": giro
        and not (kind in ("01#", "04#", "15#") and re.fullmatch("[0-9]{7,8}", account)),
        "DK-R-009": giro and kind in ("04#", "15#") and len(reference) != 19,
        "DK-R-010": card and not (kind in ("71#", "73#", "75#") and len(account) == 8),
        "DK-R-011": card and kind in ("71#", "75#") and len(reference) not in (18, 19),
    }
    for rule, broken in wrong.items():
        if broken:
            document.found(rule, node, stated=code, reference=reference, account=account)


def _text(node: Node, *path: str) -> str:
    found = node.leaves_at(*path)
    return (found[0].text or "") if found else ""


def _said(text: str) -> bool:
    return bool(text.strip(WHITESPACE))


@nodes("/Invoice/InvoiceLine", "/CreditNote/CreditNoteLine")
def classification(node: Node, document: Document) -> None:
    """DK-R-003: UNSPSC (list TST) is of one of two versions."""
    if "Item" not in node.nodes or not document.once(both_danish):
        return
    codes = node.leaves_at("Item", "CommodityClassification", "ItemClassificationCode")
    versions = {leaf.get("listVersionID") for leaf in codes}
    unspsc = [leaf for leaf in codes if leaf.get("listID") == "TST"]
    if unspsc and not versions & _UNSPSC_VERSIONS:
        stated = unspsc[0].get("listVersionID")
        document.found("DK-R-003", unspsc[0], stated=stated, computed="19.05.01, 26.08.01")


@nodes("AllowanceCharge")
def tax_reason(node: Node, document: Document) -> None:
    """DK-R-004: reason code ZZZ goes with a tax code of four digits, or two texts around a #."""
    if node.text("AllowanceChargeReasonCode") != "ZZZ" or not document.once(both_danish):
        return
    reason = node.text("AllowanceChargeReason")
    four = len(normalized(reason)) == 4 and 0 <= number(reason) <= 9999
    parted = "#" in reason and not reason.startswith("#") and not reason.endswith("#")
    if len(node.every_leaf("AllowanceChargeReason")) > 1 or not (four or parted):
        document.found("DK-R-004", node, "AllowanceChargeReason", stated=reason)
