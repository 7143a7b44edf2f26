"""Invoice Response: Peppol BIS 3, transaction T111, 3.0.17.

PEPPOL-T111-B00101 to -B05301 and PEPPOL-T111-R001 to -R008. Releases before 3.0.17 are not told
apart.
"""

from __future__ import annotations

from validators.document import Document, Leaf, Node, normalized
from validators.registry import define, leaves, nodes
from validators.rules.responses import known_scheme, located, model

MODEL = model(
    "PEPPOL-T111",
    """
.                                    B00109 CustomizationID=B00101 ProfileID=B00102 ID=B00103 IssueDate=B00104 IssueTime Note SenderParty=B00105 ReceiverParty=B00106 DocumentResponse=B00107
SenderParty                          B00803 EndpointID=B00801 PartyIdentification PartyLegalEntity=B00802 Contact
SenderParty/PartyIdentification      -      ID=B01101
SenderParty/PartyLegalEntity         B01402 RegistrationName=B01401
SenderParty/Contact                  B01601 Name Telephone ElectronicMail
ReceiverParty                        B02003 EndpointID=B02001 PartyIdentification PartyLegalEntity=B02002
ReceiverParty/PartyIdentification    -      ID=B02301
ReceiverParty/PartyLegalEntity       B02602 RegistrationName=B02601
DocumentResponse                     B02803 Response=B02801 DocumentReference=B02802 IssuerParty RecipientParty
DocumentResponse/Response            B02902 ResponseCode=B02901 EffectiveDate Status
DocumentResponse/Response/Status     B03201 StatusReasonCode StatusReason Condition
DocumentResponse/Response/Status/Condition B03602 AttributeID=B03601 Description
DocumentResponse/DocumentReference   B03903 ID=B03901 IssueDate DocumentTypeCode=B03902
DocumentResponse/IssuerParty         B04302 PartyIdentification PartyName=B04301
DocumentResponse/IssuerParty/PartyIdentification    - ID=B04401
DocumentResponse/IssuerParty/PartyName              - Name=B04701
DocumentResponse/RecipientParty      B04902 PartyIdentification PartyName=B04901
DocumentResponse/RecipientParty/PartyIdentification - ID=B05001
DocumentResponse/RecipientParty/PartyName           - Name=B05301
""",  # noqa: E501
)
define(MODEL.table)
define("""
PEPPOL-T111-B00108  fatal
PEPPOL-T111-B00901  fatal
PEPPOL-T111-B00902  fatal
PEPPOL-T111-B01201  fatal
PEPPOL-T111-B02101  fatal
PEPPOL-T111-B02102  fatal
PEPPOL-T111-B02401  fatal
PEPPOL-T111-B03001  fatal
PEPPOL-T111-B03301  fatal
PEPPOL-T111-B03302  fatal
PEPPOL-T111-B03303  fatal
PEPPOL-T111-B04201  fatal
PEPPOL-T111-B04501  fatal
PEPPOL-T111-B05101  fatal
PEPPOL-T111-R001    fatal
PEPPOL-T111-R002    warning
PEPPOL-T111-R003    fatal
PEPPOL-T111-R004    fatal
PEPPOL-T111-R006    fatal
PEPPOL-T111-R007    fatal
PEPPOL-T111-R008    fatal
""")
# R005 never fires: its test asks whether there is an answer to a question, and there always is.
define("PEPPOL-T111-R005 fatal")

SPECIFICATION = "urn:fdc:peppol.eu:poacc:trns:invoice_response:3"
PROCESSES = (
    "urn:fdc:peppol.eu:poacc:bis:invoice_response:3",
    "urn:peppol:bis:billing_with_response",
)

# The rules about the scheme of a party's identifier, by the party.
PARTIES = {
    "SenderParty": "B01201",
    "ReceiverParty": "B02401",
    "IssuerParty": "B04501",
    "RecipientParty": "B05101",
}
# A list of clarification codes, and the rule that demands a code of it where the list is named.
CLARIFICATIONS = {"OPStatusAction": "PEPPOL-T111-R006", "OPStatusReason": "PEPPOL-T111-R007"}


@nodes(*MODEL.patterns)
def elements(node: Node, document: Document) -> None:
    """PEPPOL-T111-B...: what is demanded, and what there is no room for."""
    MODEL.check(node, document)


@nodes("/ApplicationResponse")
def place_of_schema(root: Node, document: Document) -> None:
    """PEPPOL-T111-B00108."""
    if located(root):
        document.found("PEPPOL-T111-B00108", root)


@leaves("CustomizationID")
def specification(leaf: Leaf, node: Node, document: Document) -> None:
    """PEPPOL-T111-R003."""
    if not normalized(leaf.text or "").startswith(SPECIFICATION):
        document.found("PEPPOL-T111-R003", leaf, stated=leaf.text, computed=SPECIFICATION)


@leaves("ProfileID")
def process(leaf: Leaf, node: Node, document: Document) -> None:
    """PEPPOL-T111-R008."""
    if normalized(leaf.text or "") not in PROCESSES:
        document.found("PEPPOL-T111-R008", leaf, stated=leaf.text, computed=PROCESSES[0])


@leaves(
    "/ApplicationResponse/SenderParty/EndpointID", "/ApplicationResponse/ReceiverParty/EndpointID"
)
def address_scheme(leaf: Leaf, node: Node, document: Document) -> None:
    """PEPPOL-T111-B00901, -B00902, -B02101, -B02102."""
    party = "B009" if node.path.name == "SenderParty" else "B021"
    known_scheme(f"PEPPOL-T111-{party}01", f"PEPPOL-T111-{party}02", leaf, document)


@leaves(
    "/ApplicationResponse/SenderParty/PartyIdentification/ID",
    "/ApplicationResponse/ReceiverParty/PartyIdentification/ID",
    "/ApplicationResponse/DocumentResponse/IssuerParty/PartyIdentification/ID",
    "/ApplicationResponse/DocumentResponse/RecipientParty/PartyIdentification/ID",
)
def party_scheme(leaf: Leaf, node: Node, document: Document) -> None:
    """PEPPOL-T111-B01201, -B02401, -B04501, -B05101."""
    scheme = leaf.get("schemeID")
    if scheme is not None and scheme not in document.codes("ICD"):
        rule = PARTIES[node.path.names[-2]]
        document.found(f"PEPPOL-T111-{rule}", leaf, stated=scheme, list="ICD")


@leaves("/ApplicationResponse/DocumentResponse/Response/ResponseCode")
def answer(leaf: Leaf, node: Node, document: Document) -> None:
    """PEPPOL-T111-B03001."""
    if normalized(leaf.text or "") not in document.codes("UNCL4343-T111"):
        document.found("PEPPOL-T111-B03001", leaf, stated=leaf.text, list="UNCL4343-T111")


@leaves("/ApplicationResponse/DocumentResponse/DocumentReference/DocumentTypeCode")
def document_type(leaf: Leaf, node: Node, document: Document) -> None:
    """PEPPOL-T111-B04201."""
    if normalized(leaf.text or "") not in document.codes("UNCL1001"):
        document.found("PEPPOL-T111-B04201", leaf, stated=leaf.text, list="UNCL1001")


@leaves("/ApplicationResponse/DocumentResponse/Response/Status/StatusReasonCode")
def clarification(leaf: Leaf, node: Node, document: Document) -> None:
    """PEPPOL-T111-B03301, -B03302, -B03303."""
    code = normalized(leaf.text or "")
    if not any(code in document.codes(name) for name in CLARIFICATIONS):
        lists = " / ".join(CLARIFICATIONS)
        document.found("PEPPOL-T111-B03301", leaf, stated=leaf.text, list=lists)
    name = leaf.get("listID")
    if name is None:
        document.found("PEPPOL-T111-B03302", leaf, name="listID")
    elif name not in CLARIFICATIONS:
        expected = ", ".join(CLARIFICATIONS)
        document.found("PEPPOL-T111-B03303", leaf, stated=name, computed=expected)


@nodes("Response")
def answer_with_clarification(node: Node, document: Document) -> None:
    """PEPPOL-T111-R001: an answer that asks for something says what it is about.

    The official test looks for the code in a list with spaces between the codes.
    """
    if f" {normalized(node.text('ResponseCode'))} " in " CA UQ RE " and not node.leaves_at(
        "Status", "StatusReasonCode"
    ):
        stated = node.text("ResponseCode")
        document.found("PEPPOL-T111-R001", node, "Status/StatusReasonCode", stated=stated)


@nodes("Status")
def status(node: Node, document: Document) -> None:
    """PEPPOL-T111-R002, -R004 (codes that need words), -R006, -R007 (codes of the named list)."""
    leaf = node.leaves.get("StatusReasonCode")
    if leaf is None:
        return
    rule = {"OTH": "PEPPOL-T111-R002", "PPD": "PEPPOL-T111-R004"}.get(leaf.text or "")
    if rule and not node.has("StatusReason"):
        document.found(rule, node, "StatusReason", stated=leaf.text)
    name = leaf.get("listID", "")
    if name in CLARIFICATIONS and normalized(leaf.text or "") not in document.codes(name):
        document.found(CLARIFICATIONS[name], leaf, stated=leaf.text, list=name)
