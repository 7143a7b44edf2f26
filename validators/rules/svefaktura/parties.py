"""Who buys, who sells, and how they are reached.

SFTI Svefaktura 1.0, rules on Party, Address, PartyTaxScheme, and on postal codes and telephone
numbers anywhere. Buyer and seller have the same rules under different ids.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from validators.document import Document, Leaf, Node, normalized
from validators.registry import define, leaves, nodes

define("""
R-98  information
R-99  information
R-8   warning
R-9   warning
R-33  information  BG-8
R-34  information  BG-8
R-94  information  BG-8
R-36  warning      BT-48
R-37  fatal        BT-48
R-35  fatal        BT-45
R-40  information  BG-5
R-41  information  BG-5
R-93  information  BG-5
R-45  warning      BT-31
R-46  fatal        BT-31
R-44  fatal        BT-28
R-38  fatal        BT-31
R-39  information  BT-30
""")


@dataclass(frozen=True, slots=True)
class _Ids:
    """The ids of the rules that buyer and seller share."""

    mixed_address: str
    short_address: str
    city: str
    company: str
    scheme: str
    name: str


_IDS: Final = {
    "BuyerParty": _Ids("R-33", "R-34", "R-94", "R-36", "R-37", "R-35"),
    "SellerParty": _Ids("R-40", "R-41", "R-93", "R-45", "R-46", "R-44"),
}

_STRUCTURED: Final = ("Postbox", "StreetName", "Department", "CityName", "PostalZone")
_TELEPHONE: Final = re.compile(r"\+?\d*")  # digits of any script, as in the official pattern

SCHEMES: Final = ("VAT", "SWT")  # the VAT number, the Swedish number of organisations and persons


def is_plain(text: str) -> bool:
    r"""The pattern `^\w*$` of XML Schema: neither punctuation, separators nor control characters.

    Unlike Python's, its \w has symbols (+, $) and no underscore.
    """
    return not any(unicodedata.category(character)[0] in "PZC" for character in text)


@nodes("Party")
def party(found: Node, document: Document) -> None:
    """R-98, R-99, wherever there is a party."""
    identifications = found.every("PartyIdentification")
    if len(identifications) > 1:
        document.found("R-98", identifications[1], stated=len(identifications))
    if identifications and found.leaves_at("Address", "ID"):
        document.found("R-99", found.leaves_at("Address", "ID")[0])


@leaves("PostalZone")
def postal_code(code: Leaf, parent: Node, document: Document) -> None:
    """R-8."""
    if not is_plain(code.text or ""):
        document.found("R-8", code, stated=code.text)


@leaves("Telephone", "Telefax")
def telephone(number: Leaf, parent: Node, document: Document) -> None:
    """R-9."""
    if not _TELEPHONE.fullmatch(number.text or ""):
        document.found("R-9", number, stated=number.text)


@nodes("/Invoice/BuyerParty/Party/Address", "/Invoice/SellerParty/Party/Address")
def address(found: Node, document: Document) -> None:
    """R-33, R-34, R-94 of the buyer; R-40, R-41, R-93 of the seller."""
    ids = _IDS[found.path.names[1]]
    lines = len(found.leaves_at("AddressLine", "Line"))
    if lines and any(found.has(name) for name in _STRUCTURED):
        document.found(ids.mixed_address, found)
    if lines == 1:
        document.found(ids.short_address, found)
    if not (found.has("CityName") and found.has("PostalZone")):
        missing = "PostalZone" if found.has("CityName") else "CityName"
        document.found(ids.city, found, missing)


@nodes("/Invoice/BuyerParty/Party/PartyTaxScheme", "/Invoice/SellerParty/Party/PartyTaxScheme")
def tax_scheme(found: Node, document: Document) -> None:
    """R-35, R-36, R-37 of the buyer; R-44, R-45, R-46 of the seller."""
    ids = _IDS[found.path.names[1]]
    company = found.text("CompanyID")
    if not is_plain(company):
        document.found(ids.company, found.leaves["CompanyID"], stated=company)
    for scheme in found.leaves_at("TaxScheme", "ID"):
        if normalized(scheme.text or "") not in SCHEMES:
            document.found(ids.scheme, scheme, stated=scheme.text, computed=", ".join(SCHEMES))
    if found.has("RegistrationName") and found.parent is not None:
        name = found.text("RegistrationName")
        if all((n.text or "") == name for n in found.parent.leaves_at("PartyName", "Name")):
            document.found(ids.name, found.leaves["RegistrationName"], stated=name)


@nodes("/Invoice/SellerParty/Party")
def seller(found: Node, document: Document) -> None:
    """R-38, R-39: the seller's registrations."""
    if not found.has("PartyTaxScheme"):
        document.found("R-38", found, "PartyTaxScheme")
    registered = found.leaves_at("PartyTaxScheme", "TaxScheme", "ID")
    if not any(normalized(scheme.text or "") == "SWT" for scheme in registered):
        document.found("R-39", found, "PartyTaxScheme/CompanyID")
