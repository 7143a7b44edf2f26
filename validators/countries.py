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
    root = document.root
    return (
        _of_vat_id(root.step(SELLER, "Party"))
        or _of_vat_id(root.step("TaxRepresentativeParty"))
        or _of_address(root, SELLER, "XX")
    )


def seller_itself(document: Document) -> str:
    """The seller's country, whatever its tax representative's."""
    root = document.root
    return _of_vat_id(root.step(SELLER, "Party")) or _of_address(root, SELLER, "XX")


def buyer(document: Document) -> str:
    """The buyer's country: from its VAT identifier, else from its address, else "XX"."""
    root = document.root
    return _of_vat_id(root.step(BUYER, "Party")) or _of_address(root, BUYER, "XX")


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
    return _of_address(document.root, SELLER, ""), _of_address(document.root, BUYER, "")


def both_german(document: Document) -> bool:
    """Whether the addresses of seller and buyer are both in Germany; ask through `once`."""
    return addresses(document) == ("DE", "DE")


def country_leaves(root: Node, party: str) -> Sequence[Leaf]:
    """The country code of a party's address, as a list of none or one."""
    return root.leaves_at(party, "Party", "PostalAddress", "Country", "IdentificationCode")


def _of_vat_id(parties: Sequence[Node]) -> str:
    """The first two characters of the VAT identifier; "" when there are none.

    With two VAT registrations the official variable breaks down, and with it every context that
    asks for it: no country's rules are looked at then, which "?" stands for.
    """
    numbers = [
        scheme.text("CompanyID")
        for party in parties
        for scheme in party.every("PartyTaxScheme")
        if "TaxScheme" in scheme.nodes and scheme.nodes["TaxScheme"].text("ID") == "VAT"
    ]
    if len(numbers) == 1:
        return numbers[0] and (normalized(numbers[0][:2]).upper() or "?")
    return "?" if numbers else ""


def _of_address(root: Node, party: str, otherwise: str) -> str:
    found = country_leaves(root, party)
    return normalized(found[0].text or "").upper() if found else otherwise
