"""The totals: each is the sum of what it is made of.

SFTI Svefaktura 1.0, rules on LegalTotal and TaxTotal. Half a unit of currency is what a total may
differ, reckoned the official way: a sum of amounts is a double, a sum of none a whole number.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import reduce
from operator import add
from typing import Final

from validators.arithmetic import decimal_of, number, plain
from validators.document import Document, Leaf, Node
from validators.registry import define, leaves, nodes

define("""
R-69   fatal    BT-106
R-70   fatal    BT-109
R-71   fatal    BT-112
R-105  fatal    BT-112
R-92   warning  BT-112
R-10   fatal    BT-109
R-67   fatal    BT-110
R-3    fatal    BT-111
""")

_HALF: Final = Decimal("0.5")
_EXACT: Final = Decimal("0.001")

_Part = tuple[int, Sequence[Leaf]]


def _sum(amounts: Sequence[Leaf]) -> float:
    """fn:sum of amounts: one after the other, as doubles."""
    return reduce(add, (number(amount.text or "") for amount in amounts), 0.0)


def _difference(stated: Leaf, parts: Sequence[_Part]) -> float | Decimal:
    """`xs:decimal(stated) - sum(...) + sum(...)`: a decimal until the first sum of anything."""
    left: float | Decimal = decimal_of(stated.text or "")
    for sign, amounts in parts:
        if amounts:
            left = float(left) - sign * _sum(amounts)
    return left.copy_abs() if isinstance(left, Decimal) else abs(left)


def _computed(parts: Sequence[_Part]) -> str:
    """What the parts give, for people."""
    amounts = (sign * decimal_of(leaf.text or "") for sign, leaves in parts for leaf in leaves)
    return plain(sum(amounts, Decimal(0)))


def _lines(root: Node) -> list[_Part]:
    return [(1, root.leaves_at("InvoiceLine", "LineExtensionAmount"))]


def _allowances(root: Node) -> list[_Part]:
    """Charges are added, allowances taken away; an indicator with blanks is neither."""
    rows = root.every("AllowanceCharge")
    return [
        (sign, [row.leaves["Amount"] for row in rows if row.text("ChargeIndicator") in indicators])
        for sign, indicators in ((1, ("true", "1")), (-1, ("false", "0")))
    ]


@nodes("/Invoice/LegalTotal")
def legal_total(found: Node, document: Document) -> None:
    """R-69, R-70, R-71, R-92, R-105."""
    root = document.root
    parts = _lines(root)
    _compare("R-69", found.leaves["LineExtensionTotalAmount"], parts, document)
    parts += _allowances(root)
    if "TaxExclusiveTotalAmount" in found.leaves:
        _compare("R-70", found.leaves["TaxExclusiveTotalAmount"], parts, document)
    rounding = found.every_leaf("RoundOffAmount")
    parts += [(1, root.leaves_at("TaxTotal", "TotalTaxAmount")), (1, rounding)]
    payable = found.leaves["TaxInclusiveTotalAmount"]
    _compare("R-71", payable, parts, document)
    rounded = any(number(amount.text or "") != 0 for amount in rounding)
    if rounded and not _difference(payable, parts) < _EXACT:
        document.found("R-92", payable, stated=payable.text, computed=_computed(parts))
    if not number(payable.text or "") >= 0:
        document.found("R-105", payable, stated=payable.text)


def _compare(rule: str, stated: Leaf, parts: Sequence[_Part], document: Document) -> None:
    if not _difference(stated, parts) <= _HALF:
        document.found(rule, stated, stated=stated.text, computed=_computed(parts))


@leaves("/Invoice/LegalTotal/TaxExclusiveTotalAmount")
def taxable(stated: Leaf, parent: Node, document: Document) -> None:
    """R-10: the same as what VAT is reckoned from."""
    amounts = document.root.leaves_at("TaxTotal", "TaxSubTotal", "TaxableAmount")
    if amounts and not abs(number(stated.text or "") - _sum(amounts)) < _HALF:
        computed = _computed([(1, amounts)])
        document.found("R-10", stated, stated=stated.text, computed=computed)


@nodes("/Invoice/TaxTotal")
def tax_total(found: Node, document: Document) -> None:
    """R-67; R-3, VAT in a second currency by the invoice's own rate."""
    root, stated = document.root, found.leaves["TotalTaxAmount"]
    amounts = found.leaves_at("TaxSubTotal", "TaxAmount")
    _compare("R-67", stated, [(1, amounts)], document)
    currencies = root.text("InvoiceCurrencyCode"), root.text("TaxCurrencyCode")
    rates = root.leaves_at("ExchangeRate", "CalculationRate")
    if all(currencies) and currencies[0] != currencies[1] and rates:
        converted = _sum(found.leaves_at("TaxSubTotal", "TaxCurrencyTaxAmount"))
        computed = _sum(amounts) * number(rates[0].text or "")
        if not abs(converted - computed) < _HALF:
            document.found("R-3", found, stated=f"{converted:.2f}", computed=f"{computed:.2f}")
