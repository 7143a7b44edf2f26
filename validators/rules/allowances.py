"""Allowances and charges: what each must hold, on the document, on a line and in a price.

EN 16931 BG-20, BG-21 (BR-31 to BR-38), BG-27, BG-28 (BR-41 to BR-44), BR-CO-05 to -08 and -21 to
-24, BR-DEC-01 to -06 and -24 to -28; Peppol R040 to R046.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from validators.arithmetic import (
    ZERO,
    decimal_of,
    percentage,
    plain,
    within,
)
from validators.document import WHITESPACE, Document, Node, normalized
from validators.registry import all_nodes, define, nodes

define("""
BR-31      fatal  BT-92
BR-32      fatal  BT-95
BR-33      fatal  BT-97 BT-98
BR-36      fatal  BT-99
BR-37      fatal  BT-102
BR-38      fatal  BT-104 BT-105
BR-41      fatal  BT-136
BR-42      fatal  BT-139 BT-140
BR-43      fatal  BT-141
BR-44      fatal  BT-144 BT-145
BR-CO-05   fatal  BT-97 BT-98
BR-CO-06   fatal  BT-104 BT-105
BR-CO-07   fatal  BT-139 BT-140
BR-CO-08   fatal  BT-144 BT-145
BR-CO-21   fatal  BT-97 BT-98
BR-CO-22   fatal  BT-104 BT-105
BR-CO-23   fatal  BT-139 BT-140
BR-CO-24   fatal  BT-144 BT-145
BR-DEC-01  fatal  BT-92
BR-DEC-02  fatal  BT-93
BR-DEC-05  fatal  BT-99
BR-DEC-06  fatal  BT-100
BR-DEC-24  fatal  BT-136
BR-DEC-25  fatal  BT-137
BR-DEC-27  fatal  BT-141
BR-DEC-28  fatal  BT-142
PEPPOL-EN16931-R040  fatal  BT-92 BT-99 BT-136 BT-141
PEPPOL-EN16931-R041  fatal  BT-93 BT-100 BT-137 BT-142
PEPPOL-EN16931-R042  fatal  BT-94 BT-101 BT-138 BT-143
PEPPOL-EN16931-R043  fatal  BG-20 BG-21 BG-27 BG-28
PEPPOL-EN16931-R044  fatal  BT-147
PEPPOL-EN16931-R046  fatal  BT-146 BT-147 BT-148
""")
# BR-CO-05 to BR-CO-08 never fire: whether a code and a text mean the same is left to people.

# For an allowance and a charge: amount, VAT category (document only), reason twice, two decimals.
_ON_DOCUMENT: Final = {
    False: ("BR-31", "BR-32", "BR-33", "BR-CO-21", "BR-DEC-01", "BR-DEC-02"),
    True: ("BR-36", "BR-37", "BR-38", "BR-CO-22", "BR-DEC-05", "BR-DEC-06"),
}
_ON_LINE: Final = {
    False: ("BR-41", None, "BR-42", "BR-CO-23", "BR-DEC-24", "BR-DEC-25"),
    True: ("BR-43", None, "BR-44", "BR-CO-24", "BR-DEC-27", "BR-DEC-28"),
}

_WORDS: Final = ("false", "true")
_TRUE: Final = ("true", "1")


def indicator(node: Node) -> bool | None:
    """cbc:ChargeIndicator as xs:boolean: True for a charge, False for an allowance.

    None when there is none. The structure lets "1" and "0" through as well as words.
    """
    leaf = node.leaves.get("ChargeIndicator")
    if leaf is None:
        return None
    word = leaf.text
    return word in _TRUE if word in _WORDS else (word or "").strip(WHITESPACE) in _TRUE


def of_kind(parent: Node, charge: bool) -> list[Node]:
    """The charges, or the allowances, directly below `parent`."""
    return [node for node in parent.every("AllowanceCharge") if indicator(node) is charge]


def is_vat(node: Node) -> bool:
    """Whether the tax scheme of a tax category or registration is VAT, in any case of letters."""
    scheme = node.nodes.get("TaxScheme")
    if scheme is None:
        return False
    code = scheme.text("ID")
    return code == "VAT" or code.strip(WHITESPACE).upper() == "VAT"


@nodes("/Invoice/AllowanceCharge", "/CreditNote/AllowanceCharge")
def on_document(node: Node, document: Document) -> None:
    """BR-31 to BR-38, BR-CO-21, BR-CO-22, BR-DEC-01 to -06: BG-20 and BG-21."""
    _complete(node, document, _ON_DOCUMENT)


@nodes("InvoiceLine/AllowanceCharge", "CreditNoteLine/AllowanceCharge")
def on_line(node: Node, document: Document) -> None:
    """BR-41 to BR-44, BR-CO-23, BR-CO-24, BR-DEC-24 to -28: BG-27 and BG-28."""
    _complete(node, document, _ON_LINE)


def _complete(
    node: Node, document: Document, rules: Mapping[bool, tuple[str, str | None, str, str, str, str]]
) -> None:
    """What an allowance or charge must have, and the decimals of its amounts."""
    kind = indicator(node)
    if kind is None:
        return
    leaves = node.leaves
    amount, category, reason, reason_again, decimals_of_amount, decimals_of_base = rules[kind]
    if "Amount" not in leaves:
        document.found(amount, node, "Amount")
    if category is not None and not any(
        "ID" in each.leaves and is_vat(each) for each in node.every("TaxCategory")
    ):
        document.found(category, node, "TaxCategory/ID")
    if not ("AllowanceChargeReason" in leaves or "AllowanceChargeReasonCode" in leaves):
        document.found(reason, node, "AllowanceChargeReason")
        document.found(reason_again, node, "AllowanceChargeReason")
    for rule, name in ((decimals_of_amount, "Amount"), (decimals_of_base, "BaseAmount")):
        leaf = leaves.get(name)
        if leaf is not None and leaf.fine:
            document.found(rule, leaf, stated=leaf.text)


# Peppol's rules look at allowances and charges of the document and of its own lines.
_OWN: Final = (
    "/Invoice/AllowanceCharge",
    "/CreditNote/AllowanceCharge",
    "/Invoice/InvoiceLine/AllowanceCharge",
    "/Invoice/CreditNoteLine/AllowanceCharge",
    "/CreditNote/InvoiceLine/AllowanceCharge",
    "/CreditNote/CreditNoteLine/AllowanceCharge",
)


@all_nodes(*_OWN)
def percentage_of_base(found: Sequence[Node], document: Document) -> None:
    """Peppol R040: the amount is the percentage of the base."""
    for node in found:
        leaves = node.leaves
        percent, base = leaves.get("MultiplierFactorNumeric"), leaves.get("BaseAmount")
        if percent is None or base is None:
            continue
        leaf = leaves.get("Amount")
        stated = ZERO if leaf is None else decimal_of(leaf.text or "")
        computed = percentage(base.text or "", percent.text or "")
        if stated != computed and not within(stated, computed):
            at = leaves.get("Amount", node)
            document.found("PEPPOL-EN16931-R040", at, stated=stated, computed=plain(computed))


@nodes(*_OWN)
def percentage_and_base(node: Node, document: Document) -> None:
    """Peppol R041, R042: a percentage goes with a base; and where neither fired, R043."""
    leaves = node.leaves
    percent, base = leaves.get("MultiplierFactorNumeric"), leaves.get("BaseAmount")
    if percent is not None and base is None:
        document.found("PEPPOL-EN16931-R041", node, "BaseAmount", stated=percent.text)
        return
    if percent is None and base is not None:
        document.found("PEPPOL-EN16931-R042", node, "MultiplierFactorNumeric", stated=base.text)
        return
    word = node.text("ChargeIndicator")
    if word not in _WORDS and normalized(word) not in _WORDS:
        at = leaves.get("ChargeIndicator", node)
        document.found("PEPPOL-EN16931-R043", at, stated=node.text("ChargeIndicator"))


@nodes("Price/AllowanceCharge")
def in_price(node: Node, document: Document) -> None:
    """Peppol R044, R046: a price knows a discount from the gross price, and nothing else."""
    if normalized(node.text("ChargeIndicator")) != "false":
        at = node.leaves.get("ChargeIndicator", node)
        document.found("PEPPOL-EN16931-R044", at, stated=node.text("ChargeIndicator"))
    gross = node.leaves.get("BaseAmount")
    price = node.parent
    if gross is None or price is None:
        return
    net, discount = price.leaves.get("PriceAmount"), node.leaves.get("Amount")
    if net is None or discount is None:
        document.found("PEPPOL-EN16931-R046", node, "Amount" if net is not None else "")
        return
    computed = decimal_of(gross.text or "") - decimal_of(discount.text or "")
    if decimal_of(net.text or "") != computed:
        document.found("PEPPOL-EN16931-R046", net, stated=net.text, computed=plain(computed))
