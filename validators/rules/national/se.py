"""Sweden: SE-R-001 to SE-R-013 of Peppol BIS Billing, for sellers with an address in Sweden."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final

from validators.arithmetic import number
from validators.check_digits import swedish
from validators.countries import address_of
from validators.document import Document, Leaf, Node, normalized
from validators.registry import all_nodes, define, leaves, nodes, only_for

only_for("SE")

define("""
SE-R-001  fatal    BT-31
SE-R-002  fatal    BT-31
SE-R-003  fatal    BT-30
SE-R-004  fatal    BT-30
SE-R-005  fatal    BT-32
SE-R-006  fatal    BT-119 BT-152 BT-96 BT-103
SE-R-007  warning  BT-84
SE-R-008  warning  BT-84
SE-R-009  warning  BT-84
SE-R-010  warning  BT-84
SE-R-011  warning  BT-81
SE-R-012  warning  BT-81
SE-R-013  fatal    BT-30
""")

_VAT_NUMBER = re.compile("SE[0-9]{12}")
_GIROS: Final = {
    "SE:PLUSGIRO": ("SE-R-007", "SE-R-010", range(2, 9)),
    "SE:BANKGIRO": ("SE-R-008", "SE-R-009", range(7, 9)),
}
_RATES: Final = ("25", "12", "6", "25.00", "12.00", "6.00")  # as they are usually written
_F_TAX: Final = "Godkänd för F-skatt"
_TOLD: Final = "25, 12, 6"


@nodes("AccountingSupplierParty/Party")
def vat_identifier(node: Node, document: Document) -> None:
    """SE-R-001, SE-R-002: SE and twelve digits."""
    if not (document.once(swedish_seller) and document.once(_registered)):
        return
    numbers = [each.text("CompanyID") for each in _vat_registrations(document)]
    if len(numbers) == 1 and _VAT_NUMBER.fullmatch(numbers[0]):
        return
    if len(numbers) != 1 or len(normalized(numbers[0])) != 14:
        document.found("SE-R-001", node, "PartyTaxScheme/CompanyID", stated=numbers[0])
    if len(numbers) != 1 or math.isnan(number(numbers[0][2:14])):
        document.found("SE-R-002", node, "PartyTaxScheme/CompanyID", stated=numbers[0])


@leaves("AccountingSupplierParty/Party/PartyLegalEntity/CompanyID")
def organisation_number(leaf: Leaf, node: Node, document: Document) -> None:
    """SE-R-003, SE-R-004, SE-R-013: ten digits and the right check digit."""
    if not document.once(swedish_seller):
        return
    text = leaf.text or ""
    if len(text) == 10 and swedish(text):  # of digits alone
        return
    if math.isnan(number(text)):
        document.found("SE-R-003", leaf, stated=text)
    if len(normalized(text)) != 10:
        document.found("SE-R-004", leaf, stated=text)
    if not swedish(normalized(text)):
        document.found("SE-R-013", leaf, stated=text)


@leaves("AccountingSupplierParty/Party/PartyTaxScheme/CompanyID")
def f_tax(leaf: Leaf, node: Node, document: Document) -> None:
    """SE-R-005: a tax registration that is not VAT is the approval for F-tax, in those words."""
    party = node.parent
    if party is None or not document.once(swedish_seller):
        return
    scheme = node.nodes["TaxScheme"].value("ID").upper() if "TaxScheme" in node.nodes else ""
    if scheme == "VAT" or not party.leaves_at("PartyLegalEntity", "CompanyID"):
        return
    text = leaf.text or ""
    if text != _F_TAX and normalized(text.upper()) != _F_TAX.upper():
        document.found("SE-R-005", leaf, stated=text, computed=_F_TAX)


@all_nodes("TaxCategory", "ClassifiedTaxCategory")
def rates(found: Sequence[Node], document: Document) -> None:
    """SE-R-006: the standard category has one of the Swedish rates."""
    if not (document.once(swedish_seller) and document.once(_registered)):
        return
    for node in found:
        stated = node.text("Percent")
        if stated in _RATES or node.text("ID") != "S" or number(stated) in (25, 12, 6):
            continue
        document.found("SE-R-006", node.leaves.get("Percent", node), stated=stated, computed=_TOLD)


@leaves("PaymentMeans/PayeeFinancialAccount/ID")
def giro(leaf: Leaf, node: Node, document: Document) -> None:
    """SE-R-007 and -010: Plusgiro, two to eight digits. SE-R-008 and -009: Bankgiro, 7 or 8."""
    means = node.parent
    if means is None or not document.once(swedish_seller):
        return
    branch = node.leaves_at("FinancialInstitutionBranch", "ID")
    if not branch or normalized(means.text("PaymentMeansCode")) != "30":
        return
    kind = normalized(branch[0].text or "")
    if kind not in _GIROS:
        return
    account = normalized(leaf.text or "")
    digits_rule, length_rule, lengths = _GIROS[kind]
    if math.isnan(number(account)):
        document.found(digits_rule, leaf, stated=account)
    if len(account) not in lengths:
        document.found(length_rule, leaf, stated=account)


@nodes("PaymentMeans")
def means(node: Node, document: Document) -> None:
    """SE-R-011: giro payments are code 30. SE-R-012: so are transfers between Swedish parties."""
    code = node.text("PaymentMeansCode")
    if code not in ("50", "56", "31") or not document.once(swedish_seller):
        return
    if code != "31":
        document.found("SE-R-011", node.leaves["PaymentMeansCode"], stated=code, computed="30")
    elif address_of(document, "AccountingCustomerParty") == "SE":
        document.found("SE-R-012", node.leaves["PaymentMeansCode"], stated=code, computed="30")


def swedish_seller(document: Document) -> bool:
    """Whether the seller's address is in Sweden; ask through `once`."""
    return address_of(document, "AccountingSupplierParty") == "SE"


def _registered(document: Document) -> bool:
    """Whether the seller has a Swedish VAT identifier; ask through `once`."""
    schemes = _vat_registrations(document)
    return any(each.leaves["CompanyID"].country == "SE" for each in schemes)


def _vat_registrations(document: Document) -> list[Node]:
    """The seller's, with a number; the scheme in capital letters."""
    schemes = document.root.step("AccountingSupplierParty", "Party", "PartyTaxScheme")
    return [
        each
        for each in schemes
        if "CompanyID" in each.leaves
        and "TaxScheme" in each.nodes
        and each.nodes["TaxScheme"].text("ID") == "VAT"
    ]
