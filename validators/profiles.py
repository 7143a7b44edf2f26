"""Profiles: which set of rules a document asks for.

In charge of choosing by root element, CustomizationID and ProfileID. Not in charge of the rules.
"""

from __future__ import annotations

from typing import Final

from lxml import etree

from schemas.ubl import structure

PEPPOL_BILLING: Final = "peppol-billing"
"""Peppol BIS Billing 3.0: the EN 16931 rules, Peppol's own, and the national ones by country."""

UNKNOWN: Final = "unknown"
"""No rule set is known for the document; structure alone is looked at."""

NAMES: Final = (PEPPOL_BILLING,)


def of(root: etree._Element) -> str:
    """The profile of a document.

    An invoice or credit note in UBL is always held to Peppol's rules: what it says it is, is one
    of the things they look at (PEPPOL-EN16931-R004, -R007).
    """
    name = etree.QName(root)
    known = name.localname in ("Invoice", "CreditNote")
    if known and structure.ROOTS[name.localname] == name.namespace:
        return PEPPOL_BILLING
    return UNKNOWN
