"""Norway: NO-R-001 and NO-R-002 of Peppol BIS Billing, for Norwegian sellers."""

from __future__ import annotations

import re

from validators.check_digits import mod11
from validators.countries import seller
from validators.document import Document, Node, normalized
from validators.registry import define, nodes, only_for

only_for("NO")

define("""
NO-R-001  fatal    BT-31
NO-R-002  warning  BT-32
""")


@nodes("AccountingSupplierParty/Party")
def norwegian_seller(node: Node, document: Document) -> None:
    """NO-R-001: NO, organisation number, MVA. NO-R-002: the register of business enterprises."""
    if document.once(seller) != "NO":
        return
    tax = _numbers(node, "TAX")
    if len(tax) != 1 or normalized(tax[0]) != "Foretaksregisteret":
        stated = ", ".join(tax)
        document.found("NO-R-002", node, "PartyTaxScheme/CompanyID", stated=stated)
    vat = _numbers(node, "VAT")
    if len(vat) > 1:  # the official rule breaks down
        document.found("NO-R-001", node, "PartyTaxScheme/CompanyID", stated=", ".join(vat))
    elif vat and vat[0].startswith("NO") and not _vat_number(vat[0]):
        document.found("NO-R-001", node, "PartyTaxScheme/CompanyID", stated=vat[0])


def _vat_number(text: str) -> bool:
    return bool(re.fullmatch("NO[0-9]{9}MVA", text)) and mod11(text[2:11])


def _numbers(node: Node, scheme: str) -> list[str]:
    return [
        each.text("CompanyID")
        for each in node.every("PartyTaxScheme")
        if "TaxScheme" in each.nodes
        and "CompanyID" in each.leaves
        and normalized(each.nodes["TaxScheme"].text("ID")) == scheme
    ]
