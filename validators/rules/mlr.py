"""Message Level Response: Peppol BIS 3, transaction T71, 3.0.17.

PEPPOL-T71-B00101 to -B02801 and PEPPOL-T71-R001. Releases before 3.0.17 are not told apart.
"""

from __future__ import annotations

from validators.document import Document, Leaf, Node, normalized
from validators.registry import define, leaves, nodes
from validators.rules.responses import known_scheme, located, model

MODEL = model(
    "PEPPOL-T71",
    """
.                                        B00109 CustomizationID=B00101 ProfileID=B00102 ID=B00103 IssueDate=B00104 IssueTime SenderParty=B00105 ReceiverParty=B00106 DocumentResponse=B00107
SenderParty                              B00702 EndpointID=B00701
ReceiverParty                            B01002 EndpointID=B01001
DocumentResponse                         B01303 Response=B01301 DocumentReference=B01302 LineResponse
DocumentResponse/Response                B01402 ResponseCode=B01401 Description
DocumentResponse/DocumentReference       B01702 ID=B01701 DocumentTypeCode VersionID
DocumentResponse/LineResponse            -      LineReference=B02101 Response=B02102
DocumentResponse/LineResponse/LineReference   B02202 LineID=B02201
DocumentResponse/LineResponse/Response        B02403 ResponseCode Description=B02401 Status=B02402
DocumentResponse/LineResponse/Response/Status B02702 StatusReasonCode=B02701
""",  # noqa: E501
)
define(MODEL.table)
define("""
PEPPOL-T71-B00108  fatal
PEPPOL-T71-B00301  fatal
PEPPOL-T71-B00801  fatal
PEPPOL-T71-B00802  fatal
PEPPOL-T71-B01101  fatal
PEPPOL-T71-B01102  fatal
PEPPOL-T71-B01501  fatal
PEPPOL-T71-B01901  fatal
PEPPOL-T71-B02501  fatal
PEPPOL-T71-B02801  fatal
PEPPOL-T71-R001    fatal
""")

SPECIFICATION = "urn:fdc:peppol.eu:poacc:trns:mlr:3"
PROCESS = "urn:fdc:peppol.eu:poacc:bis:mlr:3"

# Path of a code below the document response, the rule that demands it of a list, and the list.
CODES = {
    "DocumentResponse/Response/ResponseCode": ("B01501", "UNCL4343-T71"),
    "DocumentResponse/DocumentReference/DocumentTypeCode": ("B01901", "UNCL1001"),
    "DocumentResponse/LineResponse/Response/ResponseCode": ("B02501", "UNCL4343-T71"),
    "DocumentResponse/LineResponse/Response/Status/StatusReasonCode": (
        "B02801",
        "StatusReason-T71",
    ),
}


@nodes(*MODEL.patterns)
def elements(node: Node, document: Document) -> None:
    """PEPPOL-T71-B...: what is demanded, and what there is no room for."""
    MODEL.check(node, document)


@nodes("/ApplicationResponse")
def place_of_schema(root: Node, document: Document) -> None:
    """PEPPOL-T71-B00108."""
    if located(root):
        document.found("PEPPOL-T71-B00108", root)


@leaves("CustomizationID")
def specification(leaf: Leaf, node: Node, document: Document) -> None:
    """PEPPOL-T71-R001."""
    if not normalized(leaf.text or "").startswith(SPECIFICATION):
        document.found("PEPPOL-T71-R001", leaf, stated=leaf.text, computed=SPECIFICATION)


@leaves("/ApplicationResponse/ProfileID")
def process(leaf: Leaf, node: Node, document: Document) -> None:
    """PEPPOL-T71-B00301."""
    if normalized(leaf.text or "") != PROCESS:
        document.found("PEPPOL-T71-B00301", leaf, stated=leaf.text, computed=PROCESS)


@leaves(
    "/ApplicationResponse/SenderParty/EndpointID", "/ApplicationResponse/ReceiverParty/EndpointID"
)
def address_scheme(leaf: Leaf, node: Node, document: Document) -> None:
    """PEPPOL-T71-B00801, -B00802, -B01101, -B01102."""
    party = "B008" if node.path.name == "SenderParty" else "B011"
    known_scheme(f"PEPPOL-T71-{party}01", f"PEPPOL-T71-{party}02", leaf, document)


@leaves(*(f"/ApplicationResponse/{path}" for path in CODES))
def code(leaf: Leaf, node: Node, document: Document) -> None:
    """PEPPOL-T71-B01501, -B01901, -B02501, -B02801."""
    path = "/".join((*node.path.names[1:], leaf.name))
    rule, codes = CODES[path]
    if normalized(leaf.text or "") not in document.codes(codes):
        document.found(f"PEPPOL-T71-{rule}", leaf, stated=leaf.text, list=codes)
