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
    tax = [text for text in _numbers(node, "TAX") if text]
    if len(tax) != 1 or normalized(tax[0]) != "Foretaksregisteret":
        stated = ", ".join(tax)
        document.found("NO-R-002", node, "PartyTaxScheme/CompanyID", stated=stated)
    vat = _numbers(node, "VAT")
    if not any(text.startswith("NO") for text in vat):
        return
    if len(vat) > 1 or not _vat_number(vat[0]):  # of several the official rule breaks down
        document.found("NO-R-001", node, "PartyTaxScheme/CompanyID", stated=", ".join(vat))


def _vat_number(text: str) -> bool:
    return bool(re.fullmatch("NO[0-9]{9}MVA", text)) and mod11(text[2:11])


def _numbers(node: Node, scheme: str) -> list[str]:
    """The identifiers of the registrations under a scheme, "" for one without."""
    return [
        each.text("CompanyID")
        for each in node.every("PartyTaxScheme")
        if "TaxScheme" in each.nodes and normalized(each.nodes["TaxScheme"].text("ID")) == scheme
    ]
