"""The parties: seller, buyer, payee, tax representative, place of delivery.

EN 16931 BG-4 to BG-15: BR-06 to BR-11, BR-17 to BR-20, BR-56, BR-57, BR-62, BR-63, BR-CO-09,
BR-CO-26; Peppol R010, R020.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from validators.document import Document, Leaf, Node
from validators.registry import MAY_2026, define, leaves, nodes
from validators.rules.allowances import is_vat

define("""
BR-06      fatal  BT-27
BR-07      fatal  BT-44
BR-08      fatal  BG-5
BR-09      fatal  BT-40
BR-10      fatal  BG-8
BR-11      fatal  BT-55
BR-17      fatal  BT-59
BR-18      fatal  BT-62
BR-19      fatal  BG-12
BR-20      fatal  BT-69
BR-56      fatal  BT-63
BR-57      fatal  BT-80
BR-62      fatal  BT-34
BR-63      fatal  BT-49
BR-CO-09   fatal  BT-31 BT-48 BT-63
BR-CO-26   fatal  BT-29 BT-30 BT-31
PEPPOL-EN16931-R010  fatal  BT-49
PEPPOL-EN16931-R020  fatal  BT-34
""")


@nodes("/Invoice", "/CreditNote")
def seller_and_buyer(root: Node, document: Document) -> None:
    """BR-06, BR-07 (names), BR-08, BR-10 (addresses).

    Two names are one too many for the official rules, which cannot say so: they break down.
    """
    for name_rule, address_rule, party in (
        ("BR-06", "BR-08", "AccountingSupplierParty"),
        ("BR-07", "BR-10", "AccountingCustomerParty"),
    ):
        names = root.leaves_at(party, "Party", "PartyLegalEntity", "RegistrationName")
        if len(names) != 1 or not names[0].said:
            document.found(name_rule, root, f"{party}/Party/PartyLegalEntity/RegistrationName")
        if not root.step(party, "Party", "PostalAddress"):
            document.found(address_rule, root, f"{party}/Party/PostalAddress")


@nodes(
    "AccountingSupplierParty/Party/PostalAddress",
    "AccountingCustomerParty/Party/PostalAddress",
    "TaxRepresentativeParty/PostalAddress",
)
def country(node: Node, document: Document) -> None:
    """BR-09, BR-11, BR-20: a postal address tells its country."""
    code = node.nodes["Country"].value("IdentificationCode") if "Country" in node.nodes else ""
    if not code:
        names = node.path.names
        rule = {"AccountingSupplierParty": "BR-09", "AccountingCustomerParty": "BR-11"}.get(
            names[-3] if names[-2] == "Party" else "", "BR-20"
        )
        document.found(rule, node, "Country/IdentificationCode")


@nodes("Delivery/DeliveryLocation/Address")
def deliver_to_country(node: Node, document: Document) -> None:
    """BR-57: the address of delivery tells its country."""
    if "Country" not in node.nodes or "IdentificationCode" not in node.nodes["Country"].leaves:
        document.found("BR-57", node, "Country/IdentificationCode")


@nodes("AccountingSupplierParty/Party", "AccountingCustomerParty/Party")
def electronic_address(node: Node, document: Document) -> None:
    """Peppol R010, R020: seller and buyer have electronic addresses."""
    if "EndpointID" not in node.leaves:
        seller = node.parent is not None and node.parent.path.name == "AccountingSupplierParty"
        document.found(f"PEPPOL-EN16931-{'R020' if seller else 'R010'}", node, "EndpointID")


@leaves("AccountingSupplierParty/Party/EndpointID", "AccountingCustomerParty/Party/EndpointID")
def endpoint_scheme(leaf: Leaf, node: Node, document: Document) -> None:
    """BR-62, BR-63: an electronic address tells its scheme."""
    if leaf.get("schemeID") is None:
        seller = node.parent is not None and node.parent.path.name == "AccountingSupplierParty"
        document.found("BR-62" if seller else "BR-63", leaf, stated=leaf.text)


@nodes("PayeeParty")
def payee(node: Node, document: Document) -> None:
    """BR-17: a payee has a name, and neither name nor identifier is the seller's own."""
    if not node.leaves_at("PartyName", "Name"):
        document.found("BR-17", node, "PartyName/Name")
        return
    sellers = node.parent.step("AccountingSupplierParty", "Party") if node.parent else ()
    for holder, name in (("PartyName", "Name"), ("PartyIdentification", "ID")):
        if holder not in node.nodes:
            continue
        own = _texts(node.leaves_at(holder, name))
        same = own & {text for each in sellers for text in _texts(each.leaves_at(holder, name))}
        if same:
            document.found("BR-17", node, stated=min(same))
            return


@nodes("TaxRepresentativeParty")
def representative(node: Node, document: Document) -> None:
    """BR-18, BR-19, BR-56: name, address and VAT identifier of the tax representative."""
    names = node.leaves_at("PartyName", "Name")
    if len(names) != 1 or not names[0].said:
        document.found("BR-18", node, "PartyName/Name")
    if "PostalAddress" not in node.nodes:
        document.found("BR-19", node, "PostalAddress")
    schemes = node.every("PartyTaxScheme")
    if not any("CompanyID" in each.leaves and is_vat(each) for each in schemes):
        document.found("BR-56", node, "PartyTaxScheme/CompanyID")


@nodes("AccountingSupplierParty")
def seller_identified(node: Node, document: Document) -> None:
    """BR-CO-26: the seller has an identifier; from 1.3.16 on a creditor identifier is none."""
    for party in node.every("Party"):
        if any(
            "CompanyID" in each.leaves and is_vat(each) for each in party.every("PartyTaxScheme")
        ):
            return
        if party.leaves_at("PartyLegalEntity", "CompanyID"):
            return
        for leaf in party.leaves_at("PartyIdentification", "ID"):
            if document.at < MAY_2026 or leaf.get("schemeID") != "SEPA":
                return
    document.found("BR-CO-26", node, "Party/PartyLegalEntity/CompanyID")


@nodes("PartyTaxScheme")
def vat_prefix(node: Node, document: Document) -> None:
    """BR-CO-09: a VAT identifier begins with a country code, EL for Greece.

    The official test looks for the first two characters in the whole list of codes with spaces
    between them, so "S 1" passes because a code ends in S.
    """
    number = node.leaves.get("CompanyID")
    if number is None or not is_vat(node):
        return
    if number.country not in _prefixes(document.codes("ISO3166-1")):
        document.found("BR-CO-09", number, stated=node.text("CompanyID"))


@cache
def _prefixes(countries: frozenset[str]) -> frozenset[str]:
    """All that is found in the list of codes, up to two characters long."""
    text = f" {' '.join(sorted(countries | {'EL'}))} "
    return frozenset(text[n : n + length] for n in range(len(text)) for length in range(3))


def _texts(found: Sequence[Leaf]) -> set[str]:
    return {leaf.text or "" for leaf in found}
