"""Which country's rules a document comes under, as Peppol's national rules decide it.

In charge of the countries of seller and buyer. Not in charge of any national rule.
Source: the variables at the head of the Peppol BIS Billing rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from validators.document import Document, Leaf, Node, normalized

SELLER: Final = "AccountingSupplierParty"
BUYER: Final = "AccountingCustomerParty"


def seller(document: Document) -> str:
    """The seller's country: from the VAT identifier of the seller or of the tax representative,
    else from the seller's address; "XX" when neither tells.
    """
    return (
        document.once(_of_sellers_vat_id)
        or _of_vat_id(document.root.step("TaxRepresentativeParty"))
        or document.once(addresses)[0]
        or _untold(document, SELLER)
    )


def seller_itself(document: Document) -> str:
    """The seller's country, whatever its tax representative's."""
    address, _ = document.once(addresses)
    return document.once(_of_sellers_vat_id) or address or _untold(document, SELLER)


def _of_sellers_vat_id(document: Document) -> str:
    return _of_vat_id(document.root.step(SELLER, "Party"))


def buyer(document: Document) -> str:
    """The buyer's country: from its VAT identifier, else from its address, else "XX"."""
    _, address = document.once(addresses)
    number = _of_vat_id(document.root.step(BUYER, "Party"))
    return number or address or _untold(document, BUYER)


def concerned(document: Document) -> frozenset[str]:
    """The countries whose rules may look at the document: all that the seller may be of."""
    address, _ = document.once(addresses)
    return frozenset((document.once(seller), document.once(seller_itself), address))


def address_of(document: Document, party: str) -> str:
    """The country code of a party's address as it stands, "" without one."""
    found = country_leaves(document.root, party)
    return (found[0].text or "") if found else ""


def addresses(document: Document) -> tuple[str, str]:
    """The countries of the seller's and the buyer's address, trimmed and in capital letters."""
    return _of_address(document.root, SELLER), _of_address(document.root, BUYER)


def both_german(document: Document) -> bool:
    """Whether the addresses of seller and buyer are both in Germany; ask through `once`."""
    return document.once(addresses) == ("DE", "DE")


def country_leaves(root: Node, party: str) -> Sequence[Leaf]:
    """The country code of a party's address, as a list of none or one."""
    node = root
    for name in (party, "Party", "PostalAddress", "Country"):
        if name not in node.nodes:
            return ()
        node = node.nodes[name]
    return node.every_leaf("IdentificationCode")


def _of_vat_id(parties: Sequence[Node]) -> str:
    """The first two characters of the VAT identifier; "" when there are none.

    With two VAT registrations the official variable breaks down, and with it every context that
    asks for it: no country's rules are looked at then, which "?" stands for.
    """
    countries = [
        scheme.leaves["CompanyID"].country if "CompanyID" in scheme.leaves else ""
        for party in parties
        for scheme in party.every("PartyTaxScheme")
        if "TaxScheme" in scheme.nodes and scheme.nodes["TaxScheme"].text("ID") == "VAT"
    ]
    if len(countries) == 1:
        return countries[0] and (normalized(countries[0]).upper() or "?")
    return "?" if countries else ""


def _of_address(root: Node, party: str) -> str:
    found = country_leaves(root, party)
    return normalized(found[0].text or "").upper() if found else ""


def _untold(document: Document, party: str) -> str:
    """ "XX" for an address without country, "" for one whose country is empty."""
    return "" if country_leaves(document.root, party) else "XX"
