"""The lines: amount, price, quantity, allowance or charge.

SFTI Svefaktura 1.0, rules on InvoiceLine. The amount of a line has six ids, for a line with an
allowance, a charge, or neither, and with a base quantity or none.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from validators.arithmetic import number, quotient
from validators.document import Document, Leaf, Node, normalized
from validators.registry import all_nodes, define, leaves, nodes

define("""
R-72   fatal    BT-136 BT-141
R-73   fatal
R-74   fatal    BT-136 BT-141
R-75   fatal    BT-151
R-78   fatal    BT-150
R-11   fatal    BT-131
R-12   fatal    BT-131
R-13   fatal    BT-131
R-14   fatal    BT-131
R-15   fatal    BT-131
R-20   fatal    BT-131
R-102  warning  BT-131
R-103  warning  BT-137 BT-142
R-104  warning  BT-137 BT-142
""")

# By what the line has: +1 for a charge, -1 for an allowance; and whether a base quantity.
_AMOUNT_IDS: Final = {
    (-1, True): "R-11",
    (-1, False): "R-13",
    (1, True): "R-12",
    (1, False): "R-14",
    (0, True): "R-15",
    (0, False): "R-20",
}
_SIGNS: Final = {"false": -1, "0": -1, "true": 1, "1": 1}

_HALF: Final = 0.5  # of a unit of currency: what a line may differ


@all_nodes("/Invoice/InvoiceLine")
def line(found: Sequence[Node], document: Document) -> None:
    """R-11 to R-15, R-20, R-102 to R-104."""
    for node in found:
        _undescribed(node, document)
        price = node.step("Item", "BasePrice")
        if price:
            quantity = number(node.text("InvoicedQuantity"))
            product = number(price[0].text("PriceAmount")) * quantity
            base = price[0].leaves.get("BaseQuantity")
            if base is not None:
                product = quotient(product, number(base.text or ""))
            _amount(node, product, base is not None, document)
            _allowance_base(node, product, base is not None, document)


def _undescribed(node: Node, document: Document) -> None:
    """R-102."""
    amount = node.leaves["LineExtensionAmount"]
    described = node.has("Note") or node.leaves_at("Item", "Description")
    if not described and number(amount.text or "") != 0:
        document.found("R-102", amount, stated=amount.text)


def _amount(node: Node, product: float, has_base: bool, document: Document) -> None:
    """R-11 to R-15, R-20: price times quantity, less the allowance or with the charge."""
    allowance = node.nodes.get("AllowanceCharge")
    sign = 0
    computed = product
    if allowance is not None and allowance.has("Amount"):
        # R-73 tells of another indicator.
        if allowance.text("ChargeIndicator") not in _SIGNS:
            return
        sign = _SIGNS[allowance.text("ChargeIndicator")]
        computed += sign * number(allowance.text("Amount"))
    stated = node.leaves["LineExtensionAmount"]
    if not abs(computed - number(stated.text or "")) < _HALF:
        rule = _AMOUNT_IDS[sign, has_base]
        document.found(rule, stated, stated=stated.text, computed=f"{computed:.2f}")


def _allowance_base(node: Node, product: float, has_base: bool, document: Document) -> None:
    """R-103, R-104: what an allowance is reckoned from is price times quantity, to the cent."""
    base = node.leaves_at("AllowanceCharge", "AllowanceChargeBaseAmount")
    if base and node.has("InvoicedQuantity"):
        stated = base[0].text or ""
        if not abs(Decimal(stated) - Decimal(product)) < Decimal("0.01"):
            rule = "R-104" if has_base else "R-103"
            document.found(rule, base[0], stated=stated, computed=f"{product:.2f}")


@nodes("/Invoice/InvoiceLine/AllowanceCharge")
def allowance_or_charge(found: Node, document: Document) -> None:
    """R-72, R-73, R-74."""
    amount = found.leaves.get("Amount")
    if amount is None:
        document.found("R-72", found, "Amount")
    elif not number(amount.text or "") >= 0:
        document.found("R-74", amount, stated=amount.text)
    indicator = found.leaves["ChargeIndicator"]
    if indicator.text not in ("true", "false"):
        document.found("R-73", indicator, stated=indicator.text)


@nodes("/Invoice/InvoiceLine/Item")
def item(found: Node, document: Document) -> None:
    """R-75. Of several the official rule breaks down; none is accepted here."""
    schemes = found.leaves_at("TaxCategory", "TaxScheme", "ID")
    if schemes and (len(schemes) > 1 or normalized(schemes[0].text or "") != "VAT"):
        stated = ", ".join(scheme.text or "" for scheme in schemes)
        document.found("R-75", schemes[-1], stated=stated, computed="VAT")


@leaves("/Invoice/InvoiceLine/Item/BasePrice/BaseQuantity")
def base_quantity(base: Leaf, price: Node, document: Document) -> None:
    """R-78: quantity and base quantity are in the same unit."""
    line = price.parent.parent if price.parent else None
    quantity = line.leaves.get("InvoicedQuantity") if line else None
    unit = None if quantity is None else quantity.get("quantityUnitCode")
    if unit is not None and unit != base.get("quantityUnitCode"):
        document.found("R-78", base, stated=base.get("quantityUnitCode"), computed=unit)
