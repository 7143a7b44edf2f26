"""Payment: BG-16 to BG-19.

EN 16931 BR-49, BR-50, BR-51, BR-61; Peppol R061.
"""

from __future__ import annotations

from validators.document import Document, Leaf, Node, normalized
from validators.registry import define, leaves, nodes

define("""
BR-49  fatal    BT-81
BR-50  fatal    BT-84
BR-51  warning  BT-87
BR-61  fatal    BT-84
PEPPOL-EN16931-R061  fatal  BT-89
""")


@nodes("PaymentMeans")
def means(node: Node, document: Document) -> None:
    """BR-49, BR-61, Peppol R061: credit transfers have an account, direct debits a mandate."""
    if "PaymentMeansCode" not in node.leaves:
        document.found("BR-49", node, "PaymentMeansCode")
    code = normalized(node.text("PaymentMeansCode"))
    if code in ("30", "58") and not node.leaves_at("PayeeFinancialAccount", "ID"):
        document.found("BR-61", node, "PayeeFinancialAccount/ID", stated=code)
    if code in ("49", "59") and not node.leaves_at("PaymentMandate", "ID"):
        document.found("PEPPOL-EN16931-R061", node, "PaymentMandate/ID", stated=code)


@nodes("PaymentMeans/PayeeFinancialAccount")
def account(node: Node, document: Document) -> None:
    """BR-50: the account of a credit transfer has its identifier."""
    parent = node.parent
    code = parent.text("PaymentMeansCode") if parent is not None else ""
    if code in ("30", "58") and not node.says("ID"):
        document.found("BR-50", node, "ID")


@leaves("PaymentMeans/CardAccount/PrimaryAccountNumberID")
def card_number(leaf: Leaf, node: Node, document: Document) -> None:
    """BR-51: no more of a card's number than the first six and the last four digits."""
    number = normalized(leaf.text or "")
    if len(number) > 10:
        document.found("BR-51", leaf, stated=len(number), computed=10)
