"""Message Level Status: Peppol eDEC MLS 1.0.1, SCH-MLS-01 to SCH-MLS-31.

Where an element stands more often than the official rules reckon with, they break down; the rule
about that element does not hold then.
"""

from __future__ import annotations

import re

from validators.document import Document, Node, normalized
from validators.registry import define, nodes

define("\n".join(f"SCH-MLS-{number:02} fatal" for number in range(1, 32)))

SPECIFICATION = "urn:peppol:edec:mls:1.0"
PROCESS = "urn:peppol:edec:mls"

# A service provider: the number of its seat, and the use case and a name of its own if it has any.
PROVIDER = re.compile(r"[0-9]{6}(-[0-9A-Z_]{3,12}(\.[0-9A-Z\-._~]{3,24})?)?", re.IGNORECASE)
PROVIDER_SCHEME = "0242"
_ZONE = re.compile(r"([+-][0-9]{2}:[0-9]{2}|Z)\Z")

# Reasons that are failures, in the order in which the official rules ask for them.
FAILURES = ("BV", "FD", "SV")


@nodes("/ApplicationResponse")
def head(root: Node, document: Document) -> None:
    """SCH-MLS-01 to -06, -17: identifiers, date and time, one document response."""
    for rule, name, wanted in (
        ("SCH-MLS-01", "CustomizationID", SPECIFICATION),
        ("SCH-MLS-02", "ProfileID", PROCESS),
    ):
        stated = normalized(root.text(name))
        if stated != wanted:
            missing = "" if name in root.leaves else name
            at = root.leaves.get(name, root)
            document.found(rule, at, missing, stated=stated, computed=wanted)
    if not root.says("ID"):
        document.found("SCH-MLS-03", root, "ID")
    if len(normalized(root.text("IssueDate"))) != 10:
        document.found(
            "SCH-MLS-04", root.leaves.get("IssueDate", root), stated=root.text("IssueDate")
        )
    if "IssueTime" not in root.leaves:
        document.found("SCH-MLS-05", root, "IssueTime")
    if not _ZONE.search(normalized(root.text("IssueTime"))):
        document.found(
            "SCH-MLS-06", root.leaves.get("IssueTime", root), stated=root.text("IssueTime")
        )
    responses = len(root.every("DocumentResponse"))
    if responses != 1:
        document.found("SCH-MLS-17", root, "DocumentResponse", stated=responses, computed=1)


@nodes("/ApplicationResponse")
def sender_and_receiver(root: Node, document: Document) -> None:
    """SCH-MLS-07 to -11 of the sender, -12 to -16 of the receiver: a service provider each."""
    for first, party in ((7, "SenderParty"), (12, "ReceiverParty")):
        where = f"{party}/EndpointID"
        leaf = next(iter(root.leaves_at(party, "EndpointID")), None)
        stated = "" if leaf is None else normalized(leaf.text or "")
        scheme = None if leaf is None else leaf.get("schemeID")
        at, missing = (root, where) if leaf is None else (leaf, "")
        if leaf is None:
            document.found(f"SCH-MLS-{first:02}", root, where)
        if not stated:
            document.found(f"SCH-MLS-{first + 1:02}", at, missing)
        if not PROVIDER.fullmatch(stated):
            document.found(f"SCH-MLS-{first + 2:02}", at, missing, stated=stated)
        if scheme is None:
            document.found(f"SCH-MLS-{first + 3:02}", at, missing, name="schemeID")
        if scheme != PROVIDER_SCHEME:
            wanted = PROVIDER_SCHEME
            document.found(f"SCH-MLS-{first + 4:02}", at, missing, stated=scheme, computed=wanted)


@nodes("/ApplicationResponse/DocumentResponse")
def status_of_document(node: Node, document: Document) -> None:
    """SCH-MLS-18 to -25: the status, and issues that fit it."""
    response = node.nodes.get("Response")
    code = "" if response is None else normalized(response.text("ResponseCode"))
    at = node if response is None else response
    if response is None or "ResponseCode" not in response.leaves:
        document.found("SCH-MLS-18", at, "ResponseCode")
    if code not in document.codes("MLS-ResponseCode"):
        document.found("SCH-MLS-19", at, stated=code, list="MLS-ResponseCode")
    failed = _failed(node, document)
    if code == "RE":
        words = at.every_leaf("Description")
        if not words:
            document.found("SCH-MLS-20", at, "Description")
        if len(words) != 1 or not normalized(words[0].text or ""):
            document.found("SCH-MLS-21", at, "" if words else "Description")
        if not node.has("LineResponse"):
            document.found("SCH-MLS-23", node, "LineResponse")
        if not failed:
            document.found("SCH-MLS-24", node)
    elif failed:
        document.found("SCH-MLS-25", node, stated=code)
    references = len(node.every("DocumentReference"))
    if references != 1:
        document.found("SCH-MLS-22", node, "DocumentReference", stated=references, computed=1)


def _failed(node: Node, document: Document) -> bool:
    """Whether an issue is a failure. Two reasons in one break the official rules down (-30)."""
    answers = [answer for line in node.every("LineResponse") for answer in line.every("Response")]
    for failure in FAILURES:
        for answer in answers:
            reasons = answer.leaves_at("Status", "StatusReasonCode")
            if len(reasons) > 1:
                document.found("SCH-MLS-30", answer, stated=len(reasons), computed=1)
                return False
            if any(normalized(reason.text or "") == failure for reason in reasons):
                return True
    return False


@nodes("/ApplicationResponse/DocumentResponse/DocumentReference")
def reference(node: Node, document: Document) -> None:
    """SCH-MLS-26."""
    if not node.says("ID"):
        document.found("SCH-MLS-26", node, "ID")


@nodes("/ApplicationResponse/DocumentResponse/LineResponse")
def place_of_issue(node: Node, document: Document) -> None:
    """SCH-MLS-27."""
    if not any(normalized(leaf.text or "") for leaf in node.leaves_at("LineReference", "LineID")):
        document.found("SCH-MLS-27", node, "LineReference/LineID")


@nodes("/ApplicationResponse/DocumentResponse/LineResponse/Response")
def issue(node: Node, document: Document) -> None:
    """SCH-MLS-28 to -30: an issue is described, and has a status."""
    words = node.every_leaf("Description")
    if not words:
        document.found("SCH-MLS-28", node, "Description")
    if len(words) != 1 or not normalized(words[0].text or ""):
        document.found("SCH-MLS-29", node, "" if words else "Description")
    if "Status" not in node.nodes:
        document.found("SCH-MLS-30", node, "Status")


@nodes("/ApplicationResponse/DocumentResponse/LineResponse/Response/Status")
def reason(node: Node, document: Document) -> None:
    """SCH-MLS-31."""
    code = normalized(node.text("StatusReasonCode"))
    if code not in document.codes("MLS-StatusReasonCode"):
        at = node.leaves.get("StatusReasonCode", node)
        document.found("SCH-MLS-31", at, stated=code, list="MLS-StatusReasonCode")
