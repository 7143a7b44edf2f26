"""Document totals: BG-22 must be there, have two decimals, and add up.

EN 16931 BR-12 to BR-15, BR-CO-10 to BR-CO-16, BR-CO-25, BR-DEC-09 to BR-DEC-18.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from validators.arithmetic import ZERO, decimal_of, plain, to_cents, total
from validators.document import Document, Leaf, Node
from validators.registry import MAY_2026, define, gather, leaves, nodes
from validators.rules.allowances import of_kind

define("""
BR-12      fatal  BT-106
BR-13      fatal  BT-109
BR-14      fatal  BT-112
BR-15      fatal  BT-115
BR-CO-10   fatal  BT-106 BT-131
BR-CO-11   fatal  BT-107 BT-92
BR-CO-12   fatal  BT-108 BT-99
BR-CO-13   fatal  BT-109 BT-106 BT-107 BT-108
BR-CO-14   fatal  BT-110 BT-117
BR-CO-15   fatal  BT-112 BT-109 BT-110
BR-CO-16   fatal  BT-115 BT-112 BT-113 BT-114
BR-DEC-09  fatal  BT-106
BR-DEC-10  fatal  BT-107
BR-DEC-11  fatal  BT-108
BR-DEC-12  fatal  BT-109
BR-DEC-14  fatal  BT-112
BR-DEC-16  fatal  BT-113
BR-DEC-17  fatal  BT-114
BR-DEC-18  fatal  BT-115
""")
define("BR-CO-25 fatal BT-115 BT-9 BT-20", until=MAY_2026)

gather("InvoiceLine", "CreditNoteLine", "DueDate", "PaymentTerms")

MANDATORY: Final = (
    ("BR-12", "LineExtensionAmount"),
    ("BR-13", "TaxExclusiveAmount"),
    ("BR-14", "TaxInclusiveAmount"),
    ("BR-15", "PayableAmount"),
)
TWO_DECIMALS: Final = (
    ("BR-DEC-09", "LineExtensionAmount"),
    ("BR-DEC-10", "AllowanceTotalAmount"),
    ("BR-DEC-11", "ChargeTotalAmount"),
    ("BR-DEC-12", "TaxExclusiveAmount"),
    ("BR-DEC-14", "TaxInclusiveAmount"),
    ("BR-DEC-16", "PrepaidAmount"),
    ("BR-DEC-17", "PayableRoundingAmount"),
    ("BR-DEC-18", "PayableAmount"),
)


def amount(node: Node, name: str) -> Decimal | None:
    """The leaf `name` as a number, None when it is absent."""
    leaf = node.leaves.get(name)
    return None if leaf is None else decimal_of(leaf.text or "")


def two_decimals(node: Node, document: Document, fields: Iterable[tuple[str, str]]) -> None:
    """BR-DEC-*: no more than two decimals in each of the (rule, leaf) pairs that are there."""
    for rule, name in fields:
        leaf = node.leaves.get(name)
        if leaf is not None and leaf.fine:
            document.found(rule, leaf, stated=leaf.text)


@nodes("LegalMonetaryTotal")
def monetary_total(node: Node, document: Document) -> None:
    """BR-12 to BR-15 and BR-DEC-09 to BR-DEC-18."""
    for rule, name in MANDATORY:
        if name not in node.leaves:
            document.found(rule, node, name)
    two_decimals(node, document, TWO_DECIMALS)


@nodes("LegalMonetaryTotal")
def sums(node: Node, document: Document) -> None:
    """BR-CO-10 to BR-CO-13, BR-CO-16."""
    sum_of_lines(node, document)
    _sum_of_allowances(node, document, "BR-CO-11", "AllowanceTotalAmount", charge=False)
    _sum_of_allowances(node, document, "BR-CO-12", "ChargeTotalAmount", charge=True)
    total_without_vat(node, document)
    amount_due(node, document)


def sum_of_lines(node: Node, document: Document) -> None:
    """BR-CO-10: BT-106 is the sum of the net amounts of the lines."""
    value = total([value for _, value in document.once(net_amounts)])
    for line in (*document.every("InvoiceLine"), *document.every("CreditNoteLine")):
        if line.parent is not document.root:  # in an extension
            value += amount(line, "LineExtensionAmount") or 0
    _compare("BR-CO-10", node, document, "LineExtensionAmount", to_cents(value))


def net_amounts(document: Document) -> list[tuple[Node, Decimal]]:
    """A line of each kind, with the sum of the net amounts of that kind; ask through `once`."""
    return [
        (line, total([decimal_of(text) for text in texts if text]))
        for line, texts in document.lines()
    ]


def _sum_of_allowances(
    node: Node, document: Document, rule: str, name: str, *, charge: bool
) -> None:
    """BR-CO-11, BR-CO-12: the total of allowances, or charges, is their sum; absent when none."""
    holder = node.parent
    kin = of_kind(holder, charge) if holder else []
    if name not in node.leaves and not kin:
        return
    amounts = [amount(each, "Amount") or ZERO for each in kin]
    _compare(rule, node, document, name, to_cents(total(amounts)))


def total_without_vat(node: Node, document: Document) -> None:
    """BR-CO-13: BT-109 = BT-106 - BT-107 + BT-108."""
    lines = amount(node, "LineExtensionAmount")
    allowances = amount(node, "AllowanceTotalAmount")
    charges = amount(node, "ChargeTotalAmount")
    computed = None
    if lines is not None:
        computed = lines + (charges or 0) - (allowances or 0)
        if charges is not None or allowances is not None:
            computed = to_cents(computed)
    _compare("BR-CO-13", node, document, "TaxExclusiveAmount", computed)


def amount_due(node: Node, document: Document) -> None:
    """BR-CO-16: BT-115 = BT-112 - BT-113 + BT-114.

    With a rounding amount it is taken off the amount due before the two sides are compared, which
    is why a third decimal in either may pass.
    """
    due, with_vat = amount(node, "PayableAmount"), amount(node, "TaxInclusiveAmount")
    paid, rounding = amount(node, "PrepaidAmount"), amount(node, "PayableRoundingAmount")
    if due is None or with_vat is None:
        document.found("BR-CO-16", node, "PayableAmount" if due is None else "TaxInclusiveAmount")
        return
    right = with_vat if paid is None else to_cents(with_vat - paid)
    left = due if rounding is None else to_cents(due - rounding)
    if left != right:
        computed = plain(right + (rounding or 0))
        document.found("BR-CO-16", node.leaves["PayableAmount"], stated=due, computed=computed)


@nodes("/Invoice/TaxTotal", "/CreditNote/TaxTotal")
def vat_total(node: Node, document: Document) -> None:
    """BR-CO-14: BT-110 is the sum of the tax amounts of the VAT breakdown."""
    rows = node.every("TaxSubtotal")
    if rows:
        amounts = (amount(row, "TaxAmount") for row in rows)
        computed = to_cents(total(each for each in amounts if each is not None))
        _compare("BR-CO-14", node, document, "TaxAmount", computed)


@nodes("/Invoice", "/CreditNote")
def total_with_vat(root: Node, document: Document) -> None:
    """BR-CO-15: BT-112 = BT-109 + BT-110, the one VAT total in the invoice currency."""
    currency = root.leaves.get("DocumentCurrencyCode")
    if currency is None:
        return
    node = root.nodes["LegalMonetaryTotal"]
    vat = [
        leaf
        for leaf in root.leaves_at("TaxTotal", "TaxAmount")
        if leaf.get("currencyID") == (currency.text or "")
    ]
    if len(vat) != 1:
        document.found("BR-CO-15", node, "TaxInclusiveAmount", vat_totals=len(vat))
        return
    without = amount(node, "TaxExclusiveAmount")
    computed = None if without is None else to_cents(without + decimal_of(vat[0].text or ""))
    _compare("BR-CO-15", node, document, "TaxInclusiveAmount", computed)


@leaves("/Invoice/LegalMonetaryTotal/PayableAmount")
def when_to_pay(leaf: Leaf, node: Node, document: Document) -> None:
    """BR-CO-25: something to pay needs a due date (BT-9) or payment terms (BT-20)."""
    if document.at >= MAY_2026 or document.once(_told_when):
        return
    if float(leaf.text or "") > 0:
        document.found("BR-CO-25", leaf, stated=leaf.text)


def _told_when(document: Document) -> bool:
    terms = document.everywhere("PaymentTerms")
    return bool(document.everywhere("DueDate")) or any(each.has("Note") for each in terms)


def _compare(
    rule: str, node: Node, document: Document, name: str, computed: Decimal | None
) -> None:
    """Reports `rule` unless the leaf `name` states `computed`; an absent side is never equal."""
    leaf = node.leaves.get(name)
    if leaf is None:
        document.found(rule, node, name, computed=None if computed is None else plain(computed))
    elif computed is None or decimal_of(leaf.text or "") != computed:
        document.found(rule, leaf, stated=leaf.text, computed=computed and plain(computed))
