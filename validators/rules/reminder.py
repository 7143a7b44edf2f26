"""What only a reminder demands: the identifiers of specification and process.

EHF Reminder 3.0, BT-23, BT-24: R004, R007; R051 as in Billing. A reminder is a kind of BIS Billing
3.0, whose other rules count, but that it has no type (BR-04), and that the fee for it has the
reason code REM, which is not in the list that BR-CL-20 and CL003 look at. That the reference to
the reminded invoice (BG-3) stands exactly once is no rule with an id that is known here: the
gateway's intake sees to it.
"""

from __future__ import annotations

from typing import Final

from validators.document import Document, Node, normalized
from validators.registry import define, leaves, nodes
from validators.rules.billing import currency_of_row, no_process, specification

define("""
PEPPOL-EN16931-R004   fatal  BT-24
PEPPOL-EN16931-R007   fatal  BT-23
""")

SPECIFICATION: Final = (
    "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
    "#conformant#urn:fdc:anskaffelser.no:2019:ehf:reminder:3.0"
)
PROCESS: Final = "urn:fdc:anskaffelser.no:2019:ehf:postaward:g3:06:1.0"

leaves("TaxSubtotal/TaxAmount")(currency_of_row)


@nodes("/Invoice")
def identifiers(root: Node, document: Document) -> None:
    """Peppol R004, R007."""
    specification(SPECIFICATION, root, document)
    if normalized(root.text("ProfileID")) != PROCESS:
        no_process(PROCESS, root, document)
