"""What only Billing demands: the identifiers of specification and process, and the types.

Peppol BIS Billing 3.0, BT-3, BT-23, BT-24: R004, R007, P0100, P0101, P0112; R051 of the VAT of a
row. Self-billing has its own values for these: `selfbilling`.
"""

from __future__ import annotations

import re
from typing import Final

from validators.countries import both_german
from validators.document import Document, Leaf, Node, normalized
from validators.registry import MAY_2026, define, leaves, nodes
from validators.rules.codes import invoice_currency

define("""
PEPPOL-EN16931-R004   fatal  BT-24
PEPPOL-EN16931-R007   fatal  BT-23
PEPPOL-EN16931-P0100  fatal  BT-3
PEPPOL-EN16931-P0101  fatal  BT-3
PEPPOL-EN16931-P0112  fatal  BT-3
""")

SPECIFICATION: Final = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"

# BT-23: process 01 is billing alone, 02 is billing with a response.
PROCESSES: Final = {
    "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0": "01",
    "urn:peppol:france:billing:regulated": "01",
    "urn:peppol:france:billing:non-regulated": "01",
    "urn:peppol:bis:billing_with_response": "02",
}
_NUMBERED = re.compile("urn:fdc:peppol.eu:2017:poacc:billing:([0-9]{2}):1.0")


@nodes("/Invoice", "/CreditNote")
def identifiers(root: Node, document: Document) -> None:
    """Peppol R004, R007."""
    specification(SPECIFICATION, root, document)
    if document.once(process) is None:
        no_process(next(iter(PROCESSES)), root, document)


def specification(wanted: str, root: Node, document: Document) -> None:
    """Peppol R004: the specification is `wanted`, or a kind of it."""
    stated = normalized(root.text("CustomizationID"))
    if not stated.startswith(wanted) or ("::" in stated and document.at >= MAY_2026):
        at = root.leaves.get("CustomizationID", root)
        document.found("PEPPOL-EN16931-R004", at, stated=stated, computed=wanted)


def no_process(usual: str, root: Node, document: Document) -> None:
    """Peppol R007 does not hold; `usual` is the process that most documents are of."""
    at = root.leaves.get("ProfileID", root)
    missing = "" if "ProfileID" in root.leaves else "ProfileID"
    stated = root.text("ProfileID")
    document.found("PEPPOL-EN16931-R007", at, missing, stated=stated, computed=usual)


@leaves("InvoiceTypeCode")
def invoice_type(leaf: Leaf, node: Node, document: Document) -> None:
    """Peppol P0100, P0112."""
    code = normalized(leaf.text or "")
    if _process_counts(document) and code not in document.codes("peppol:UNCL1001-inv"):
        document.found("PEPPOL-EN16931-P0100", leaf, stated=code, usual="380")
    if code in ("326", "384") and not document.once(both_german):
        document.found("PEPPOL-EN16931-P0112", leaf, stated=code)


@leaves("CreditNoteTypeCode")
def credit_note_type(leaf: Leaf, node: Node, document: Document) -> None:
    """Peppol P0101."""
    code = normalized(leaf.text or "")
    if _process_counts(document) and code not in document.codes("peppol:UNCL1001-cn"):
        document.found("PEPPOL-EN16931-P0101", leaf, stated=code, usual="381")


@leaves("TaxSubtotal/TaxAmount")
def currency_of_row(leaf: Leaf, node: Node, document: Document) -> None:
    """Peppol R051: the VAT of a row is in the currency of the invoice."""
    own = document.once(invoice_currency)
    if leaf.get("currencyID", "") != own:
        stated = leaf.get("currencyID", "")
        document.found("PEPPOL-EN16931-R051", leaf, stated=stated, computed=own)


def process(document: Document) -> str | None:
    """The number of the Peppol billing process that BT-23 names, None when it names none.

    Until 3.0.21 any number did that stood in the right place of the identifier, whose dots were
    taken for any character.
    """
    stated = normalized(document.root.text("ProfileID"))
    if document.at >= MAY_2026:
        return PROCESSES.get(stated)
    return stated.split(":")[6] if _NUMBERED.search(stated) else None


def _process_counts(document: Document) -> bool:
    """Whether the process restricts the type code: 02 does only from 3.0.21 on."""
    wanted = ("01", "02") if document.at >= MAY_2026 else ("01",)
    return document.once(process) in wanted
