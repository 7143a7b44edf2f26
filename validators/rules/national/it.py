"""Italy: IT-R-001 to IT-R-004 of Peppol BIS Billing, for Italian sellers."""

from __future__ import annotations

import re
from typing import Final

from validators.countries import seller
from validators.document import Document, Node, normalized
from validators.registry import define, nodes, only_for

only_for("IT")

define("""
IT-R-001  fatal  BT-32
IT-R-002  fatal  BT-35
IT-R-003  fatal  BT-37
IT-R-004  fatal  BT-38
""")

_ADDRESS: Final = (
    ("IT-R-002", "StreetName"),
    ("IT-R-003", "CityName"),
    ("IT-R-004", "PostalZone"),
)
_TAX_CODE = re.compile("[A-Z0-9]{11,16}")


@nodes("AccountingSupplierParty/Party")
def italian_seller(node: Node, document: Document) -> None:
    """IT-R-001: a tax code of 11 to 16 characters. IT-R-002 to -004: street, city, post code."""
    if document.once(seller) != "IT":
        return
    for scheme in node.every("PartyTaxScheme"):
        name = scheme.nodes["TaxScheme"].text("ID") if "TaxScheme" in scheme.nodes else ""
        number = normalized(scheme.text("CompanyID"))
        if normalized(name) != "VAT" and not _TAX_CODE.fullmatch(number):
            document.found("IT-R-001", scheme, "CompanyID", stated=number)
    address = node.nodes.get("PostalAddress")
    for rule, leaf in _ADDRESS:
        if address is None or leaf not in address.leaves:
            document.found(rule, node, f"PostalAddress/{leaf}")
