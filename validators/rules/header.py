"""The head of the document: numbers, dates, references, notes, periods.

EN 16931 BT-1 to BT-26, BG-1 to BG-3, BG-14, BG-24: BR-01 to BR-05, BR-16, BR-29, BR-52, BR-53,
BR-55, BR-CO-03, BR-CO-19; Peppol R001 to R003, R005, R008, R053 to R055, R080, F001. What a
document says it is (BT-23, BT-24) and its type (BT-3) are in `billing` and `selfbilling`.
"""

from __future__ import annotations

from collections.abc import Sequence

from validators.arithmetic import compared
from validators.calendar import comes_before
from validators.countries import both_german
from validators.document import Document, Every, Leaf, Node, normalized
from validators.registry import childless, define, gather, leaves, nodes

define("""
BR-01      fatal  BT-24
BR-02      fatal  BT-1
BR-03      fatal  BT-2
BR-04      fatal  BT-3
BR-05      fatal  BT-5
BR-16      fatal  BG-25
BR-29      fatal  BT-74 BT-73
BR-52      fatal  BT-122
BR-53      fatal  BT-111 BT-6
BR-55      fatal  BT-25
BR-CO-03   fatal  BT-7 BT-8
BR-CO-19   fatal  BG-14 BT-73 BT-74
PEPPOL-EN16931-R001   fatal  BT-23
PEPPOL-EN16931-R002   fatal  BG-1
PEPPOL-EN16931-R003   fatal  BT-10 BT-13
PEPPOL-EN16931-R005   fatal  BT-6 BT-5
PEPPOL-EN16931-R008   fatal
PEPPOL-EN16931-R053   fatal  BG-23
PEPPOL-EN16931-R054   fatal  BT-111
PEPPOL-EN16931-R055   fatal  BT-110 BT-111
PEPPOL-EN16931-R080   fatal  BT-11
PEPPOL-EN16931-F001   fatal  BT-2 BT-7 BT-9 BT-26 BT-72 BT-73 BT-74 BT-134 BT-135
""")

gather("TaxTotal")


@nodes("/Invoice", "/CreditNote")
def mandatory(root: Node, document: Document) -> None:
    """BR-01 to BR-05, BR-16, BR-53, BR-CO-03."""
    for rule, name in (
        ("BR-01", "CustomizationID"),
        ("BR-02", "ID"),
        ("BR-03", "IssueDate"),
        ("BR-05", "DocumentCurrencyCode"),
    ):
        if not root.says(name):
            document.found(rule, root, name)
    if not (root.says("InvoiceTypeCode") or root.says("CreditNoteTypeCode")):
        document.found("BR-04", root, f"{root.path.name}TypeCode")
    if not (document.has_lines()):
        document.found("BR-16", root, f"{root.path.name}Line")
    currency = root.leaves.get("TaxCurrencyCode")
    if currency is not None and (currency.text or "") not in document.once(_currencies_of_vat):
        document.found("BR-53", root, "TaxTotal/TaxAmount", stated=currency.text)
    if "TaxPointDate" in root.leaves and root.leaves_at("InvoicePeriod", "DescriptionCode"):
        document.found("BR-CO-03", root.leaves["TaxPointDate"], stated=root.text("TaxPointDate"))


def _currencies_of_vat(document: Document) -> frozenset[str]:
    return _currencies(document.every) | document.of_lines(_currencies)


def _currencies(every: Every) -> frozenset[str]:
    amounts = (node.leaves.get("TaxAmount") for node in every("TaxTotal"))
    return frozenset(leaf.get("currencyID", "") for leaf in amounts if leaf is not None)


@nodes("/Invoice", "/CreditNote")
def peppol_head(root: Node, document: Document) -> None:
    """Peppol R001 to R003."""
    if "ProfileID" not in root.leaves:
        document.found("PEPPOL-EN16931-R001", root, "ProfileID")
    notes = root.every_leaf("Note")
    if len(notes) > 1 and not document.once(both_german):
        document.found("PEPPOL-EN16931-R002", notes[1], stated=len(notes))
    if "BuyerReference" not in root.leaves and not root.leaves_at("OrderReference", "ID"):
        document.found("PEPPOL-EN16931-R003", root, "BuyerReference")


@nodes("/Invoice", "/CreditNote")
def vat_totals(root: Node, document: Document) -> None:
    """Peppol R053, R054, R055: one VAT total with a breakdown, one more in a VAT currency."""
    totals = root.every("TaxTotal")
    bare = [node for node in totals if "TaxSubtotal" not in node.nodes]
    if len(totals) - len(bare) != 1:
        document.found("PEPPOL-EN16931-R053", root, stated=len(totals) - len(bare), computed=1)
    currency = root.leaves.get("TaxCurrencyCode")
    wanted = 0 if currency is None else 1
    if len(bare) != wanted:
        document.found("PEPPOL-EN16931-R054", root, stated=len(bare), computed=wanted)
    if currency is None:
        return
    amounts: dict[str, list[float]] = {}
    for node in totals:
        leaf = node.leaves["TaxAmount"]
        amounts.setdefault(leaf.get("currencyID") or "", []).append(compared(leaf.text or ""))
    one = amounts.get(normalized(currency.text or ""), [])
    other = amounts.get(normalized(root.text("DocumentCurrencyCode")), [])
    falling = any(x <= 0 for x in one) and any(x <= 0 for x in other)
    rising = any(x >= 0 for x in one) and any(x >= 0 for x in other)
    if not (falling or rising):
        stated = ", ".join(str(x) for x in one + other)
        document.found("PEPPOL-EN16931-R055", currency, stated=stated)


@childless
def nothing_empty(found: Sequence[Leaf], document: Document) -> None:
    """Peppol R008: an element has content or is left out."""
    for leaf in found:
        if not leaf.said:
            document.found("PEPPOL-EN16931-R008", leaf)


@nodes("/CreditNote")
def one_project(root: Node, document: Document) -> None:
    """Peppol R080: a credit note has its project reference (BT-11) once, as type code 50."""
    projects = [
        node
        for node in root.every("AdditionalDocumentReference")
        if node.text("DocumentTypeCode") == "50"
    ]
    if len(projects) > 1:
        document.found("PEPPOL-EN16931-R080", projects[1], stated=len(projects), computed=1)


@leaves("TaxCurrencyCode")
def two_currencies(leaf: Leaf, node: Node, document: Document) -> None:
    """Peppol R005: a VAT currency is only told when it is not the invoice's."""
    if normalized(leaf.text or "") == normalized(node.text("DocumentCurrencyCode")):
        document.found("PEPPOL-EN16931-R005", leaf, stated=leaf.text)


@leaves("IssueDate", "DueDate", "TaxPointDate", "StartDate", "EndDate", "ActualDeliveryDate")
def date_format(leaf: Leaf, node: Node, document: Document) -> None:
    """Peppol F001: a date is YYYY-MM-DD. The structure made sure of the rest."""
    if len(leaf.text or "") != 10:
        document.found("PEPPOL-EN16931-F001", leaf, stated=leaf.text)


@nodes("InvoicePeriod")
def period(node: Node, document: Document) -> None:
    """BR-29, BR-CO-19 of the document's period; those of lines are in `lines`."""
    if node.parent is not None and node.parent.path.name in ("InvoiceLine", "CreditNoteLine"):
        return
    start, end = node.leaves.get("StartDate"), node.leaves.get("EndDate")
    if start is None and end is None and "DescriptionCode" not in node.leaves:
        document.found("BR-CO-19", node, "StartDate")
    if start is not None and end is not None and comes_before(end, start):
        document.found("BR-29", end, stated=end.text, computed=start.text)


@nodes("AdditionalDocumentReference")
def supporting_document(node: Node, document: Document) -> None:
    """BR-52: a supporting document has a reference."""
    if not node.says("ID"):
        document.found("BR-52", node, "ID")


@nodes("BillingReference")
def preceding_invoice(node: Node, document: Document) -> None:
    """BR-55: a preceding invoice has its number."""
    if not node.leaves_at("InvoiceDocumentReference", "ID"):
        document.found("BR-55", node, "InvoiceDocumentReference/ID")
