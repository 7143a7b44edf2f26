"""What only self-billing demands: the identifiers of specification and process, and the types.

Peppol BIS Self-Billing 3.0.2, BT-3, BT-23, BT-24: R004, R007, P0100, P0101. Its other rules are
those of Billing 3.0.21 without the national ones; R051 leaves out the VAT of a row of the
breakdown. Earlier releases of self-billing are not told apart, except in the rules it shares.
"""

from __future__ import annotations

from typing import Final

from validators.document import Document, Leaf, Node, normalized
from validators.registry import define, leaves, nodes
from validators.rules.billing import no_process, specification

define("""
PEPPOL-EN16931-R004   fatal  BT-24
PEPPOL-EN16931-R007   fatal  BT-23
PEPPOL-EN16931-P0100  fatal  BT-3
PEPPOL-EN16931-P0101  fatal  BT-3
""")

SPECIFICATION: Final = (
    "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:selfbilling:3.0"
)

# BT-23: process 01 is self-billing alone, 02 is billing with a response.
PROCESSES: Final = {
    "urn:fdc:peppol.eu:2017:poacc:selfbilling:01:1.0": "01",
    "urn:peppol:france:billing:regulated": "01",
    "urn:peppol:france:billing:non-regulated": "01",
    "urn:peppol:bis:billing_with_response": "02",
}


@nodes("/Invoice", "/CreditNote")
def identifiers(root: Node, document: Document) -> None:
    """Peppol R004, R007."""
    specification(SPECIFICATION, root, document)
    if _process(document) is None:
        no_process(next(iter(PROCESSES)), root, document)


@leaves("InvoiceTypeCode")
def invoice_type(leaf: Leaf, node: Node, document: Document) -> None:
    """Peppol P0100: only process 01 restricts the type."""
    code = normalized(leaf.text or "")
    if _process(document) == "01" and code not in document.codes("selfbilling:UNCL1001-inv"):
        document.found("PEPPOL-EN16931-P0100", leaf, stated=code, usual="389")


@leaves("CreditNoteTypeCode")
def credit_note_type(leaf: Leaf, node: Node, document: Document) -> None:
    """Peppol P0101: only process 01 restricts the type."""
    code = normalized(leaf.text or "")
    if _process(document) == "01" and code not in document.codes("selfbilling:UNCL1001-cn"):
        document.found("PEPPOL-EN16931-P0101", leaf, stated=code, usual="261")


def _process(document: Document) -> str | None:
    """The number of the process that BT-23 names, None when it names none."""
    return PROCESSES.get(normalized(document.root.text("ProfileID")))
