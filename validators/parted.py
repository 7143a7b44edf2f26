"""Texts that a comment or an instruction parts in two where the official rules want one.

To people, to XML Schema and to the rules here the text of an element is one. Some Peppol rules ask
for its text nodes instead, get two, and break down, and the whole check with them. Such a document
would be refused by whoever runs those rules, so it is refused here.
Source: `text()` in the rules of Peppol BIS 3 and of the reports.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lxml import etree

from validators import profiles
from validators.guard import has_sections

_BILLING: Final = frozenset(
    (
        "ActualDeliveryDate",
        "AllowanceChargeReasonCode",
        "ChargeIndicator",
        "CreditNoteTypeCode",
        "CustomizationID",
        "DescriptionCode",
        "DueDate",
        "EndDate",
        "InvoiceTypeCode",
        "IssueDate",
        "StartDate",
        "TaxCurrencyCode",
        "TaxPointDate",
    )
)
_RESPONSES: Final = frozenset(("DocumentTypeCode", "ResponseCode", "StatusReasonCode"))
_REPORTS: Final = frozenset(("Key",))

ASKED_FOR: Final = {
    profiles.PEPPOL_BILLING: _BILLING,
    profiles.PEPPOL_BILLING_PRINT: _BILLING,
    profiles.PEPPOL_SELFBILLING: _BILLING,
    profiles.PEPPOL_INVOICE_RESPONSE: _RESPONSES,
    profiles.PEPPOL_MLR: _RESPONSES | {"ProfileID"},
    profiles.PEPPOL_TSR: _REPORTS,
    profiles.PEPPOL_EUSR: _REPORTS,
}
"""The leaves of whose text nodes there must be one, by profile."""


def possible(data: bytes) -> bool:
    """Whether there may be a comment or an instruction to look at."""
    return has_sections(data)


def leaves(data: bytes, profile: str, *, huge: bool) -> Iterator[etree._Element]:
    """The leaves with two texts, in a tree with its comments; `huge` as for `huge_tree` of lxml.

    The document has been parsed once without them, so it is well-formed and has no DOCTYPE.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=huge
    )
    root = etree.fromstring(data, parser)
    apart = root.iter(etree.Comment, etree.PI)
    for holder in {parent for each in apart if (parent := each.getparent()) is not None}:
        texts = [text for text in (holder.text, *(each.tail for each in holder)) if text]
        if len(texts) > 1 and etree.QName(holder).localname in ASKED_FOR[profile]:
            yield holder
