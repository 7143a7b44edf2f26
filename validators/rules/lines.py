"""The invoice lines: BG-25 to BG-32.

EN 16931 BR-21 to BR-28, BR-30, BR-54, BR-64, BR-65, BR-CO-04, BR-CO-20, BR-DEC-23; Peppol R100,
R101, R110, R111, R120, R121, R130.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from validators.arithmetic import (
    ZERO,
    compared,
    decimal_of,
    divide,
    plain,
    to_cents,
    within,
)
from validators.calendar import comes_before, moment_of
from validators.document import Document, Leaf, Node, normalized
from validators.registry import all_nodes, define, leaves, nodes
from validators.rules.allowances import is_vat

define("""
BR-21      fatal  BT-126
BR-22      fatal  BT-129
BR-23      fatal  BT-130
BR-24      fatal  BT-131
BR-25      fatal  BT-153
BR-26      fatal  BT-146
BR-27      fatal  BT-146
BR-28      fatal  BT-148
BR-30      fatal  BT-135 BT-134
BR-54      fatal  BT-160 BT-161
BR-64      fatal  BT-157
BR-65      fatal  BT-158
BR-CO-04   fatal  BT-151
BR-CO-20   fatal  BG-26 BT-134 BT-135
BR-DEC-23  fatal  BT-131
PEPPOL-EN16931-R100  fatal  BT-128
PEPPOL-EN16931-R101  fatal  BT-128
PEPPOL-EN16931-R110  fatal  BT-134 BT-73
PEPPOL-EN16931-R111  fatal  BT-135 BT-74
PEPPOL-EN16931-R120  fatal  BT-131 BT-129 BT-146 BT-149 BT-136 BT-141
PEPPOL-EN16931-R121  fatal  BT-149
PEPPOL-EN16931-R130  fatal  BT-150 BT-130
""")

ONE: Final = Decimal(1)
_WORDS: Final = ("false", "true")


@all_nodes("InvoiceLine", "CreditNoteLine")
def line(found: Sequence[Node], document: Document) -> None:
    """BR-21 to BR-25, BR-CO-04, BR-DEC-23."""
    for node in found:
        if not node.says("ID"):
            document.found("BR-21", node, "ID")
        _quantity(node, document)
        net = node.leaves.get("LineExtensionAmount")
        if net is None:
            document.found("BR-24", node, "LineExtensionAmount")
        elif net.fine:
            document.found("BR-DEC-23", net, stated=net.text)
        item = node.nodes.get("Item")
        if item is None or not item.says("Name"):
            document.found("BR-25", node, "Item/Name")
        if item is None or not _has_vat_category(item):
            document.found("BR-CO-04", node, "Item/ClassifiedTaxCategory/ID")


def _has_vat_category(item: Node) -> bool:
    for category in item.every("ClassifiedTaxCategory"):
        if "ID" in category.leaves and is_vat(category):
            return True
    return False


def _quantity(node: Node, document: Document) -> None:
    """BR-22, BR-23."""
    here = node.leaves
    quantity = here.get("InvoicedQuantity", here.get("CreditedQuantity"))
    if quantity is None:
        document.found("BR-22", node, quantity_name(node))
        document.found("BR-23", node, quantity_name(node))
    elif quantity.get("unitCode") is None:
        document.found("BR-23", quantity, stated=quantity.text)


@nodes("InvoiceLine", "CreditNoteLine")
def price(node: Node, document: Document) -> None:
    """BR-26, BR-27, BR-28: a line has a net price, and no price is negative."""
    held = node.nodes.get("Price")
    net = held.leaves.get("PriceAmount") if held else None
    if held is None or net is None:
        document.found("BR-26", node, "Price/PriceAmount")
        document.found("BR-27", node, "Price/PriceAmount")
        return
    if compared(net.text or "") < 0:
        document.found("BR-27", net, stated=net.text)
    if "AllowanceCharge" in held.nodes:
        gross = held.leaves_at("AllowanceCharge", "BaseAmount")
        if gross and not any(compared(leaf.text or "") >= 0 for leaf in gross):
            document.found("BR-28", gross[0], stated=gross[0].text)


@all_nodes("InvoiceLine", "CreditNoteLine")
def net_amount(found: Sequence[Node], document: Document) -> None:
    """Peppol R120: BT-131 = quantity x (price / base quantity) + charges - allowances."""
    counted = quantity_name(found[0])
    for node in found:
        leaves = node.leaves
        quantity, net = leaves.get(counted), leaves.get("LineExtensionAmount")
        computed = _unit_price(node.nodes.get("Price"))
        if quantity is not None:
            computed *= decimal_of(quantity.text or "")
        if "AllowanceCharge" in node.nodes:
            computed += _charges_less_allowances(node)
        stated = ZERO if net is None else decimal_of(net.text or "")
        if stated != computed and not within(stated, computed):
            document.found(
                "PEPPOL-EN16931-R120",
                node if net is None else net,
                stated=node.text("LineExtensionAmount"),
                computed=plain(to_cents(computed)),
            )


def _unit_price(price: Node | None) -> Decimal:
    """The price of one unit; a base quantity of zero counts as one."""
    net = price.leaves.get("PriceAmount") if price else None
    if price is None or net is None:
        return ZERO
    unit, base = decimal_of(net.text or ""), price.leaves.get("BaseQuantity")
    if base is None or base.text == "1":
        return unit
    return divide(unit, decimal_of(base.text or "") or ONE)


def _charges_less_allowances(node: Node) -> Decimal:
    """Of a line, each rounded to cents; here only the words count as indicator."""
    charges = allowances = ZERO
    for each in node.every("AllowanceCharge"):
        word, leaf = each.text("ChargeIndicator"), each.leaves.get("Amount")
        if word not in _WORDS:
            word = normalized(word)
        if leaf is not None and word == "true":
            charges += decimal_of(leaf.text or "")
        elif leaf is not None and word == "false":
            allowances += decimal_of(leaf.text or "")
    return to_cents(charges) - to_cents(allowances)


@leaves("Price/BaseQuantity")
def base_quantity(leaf: Leaf, node: Node, document: Document) -> None:
    """Peppol R121: the quantity a price is for is above zero."""
    if decimal_of(leaf.text or "") <= 0 and node.parent and is_line(node.parent):
        document.found("PEPPOL-EN16931-R121", leaf, stated=leaf.text)


@nodes("InvoiceLine/DocumentReference", "CreditNoteLine/DocumentReference")
def invoiced_object(node: Node, document: Document) -> None:
    """Peppol R100, R101: a line refers to one object, by type code 130. Asked once for a line."""
    holder = node.parent
    references = holder.every("DocumentReference") if holder else []
    if not references or references[0] is not node:
        return
    if len(references) > 1:
        document.found("PEPPOL-EN16931-R100", references[1], stated=len(references), computed=1)
    if not any(each.text("DocumentTypeCode") == "130" for each in references):
        stated = node.text("DocumentTypeCode")
        document.found("PEPPOL-EN16931-R101", node, stated=stated, computed="130")


@nodes("InvoiceLine/InvoicePeriod", "CreditNoteLine/InvoicePeriod")
def line_period(node: Node, document: Document) -> None:
    """BR-30, BR-CO-20, Peppol R110, R111: a line's period is in order, and within the invoice's."""
    start, end = node.leaves.get("StartDate"), node.leaves.get("EndDate")
    if start is None and end is None:
        document.found("BR-CO-20", node, "StartDate")
    if start is not None and end is not None and comes_before(end, start):
        document.found("BR-30", end, stated=end.text, computed=start.text)
    if len(node.path.names) != 3:
        return
    first, last = document.once(_bounds)
    if start is not None and first is not None and comes_before(start, first):
        document.found("PEPPOL-EN16931-R110", start, stated=start.text, computed=first.text)
    if end is not None and last is not None and comes_before(last, end):
        document.found("PEPPOL-EN16931-R111", end, stated=end.text, computed=last.text)


def _bounds(document: Document) -> tuple[Leaf | None, Leaf | None]:
    """The latest start and the earliest end among the periods of the document; ask `once`."""
    starts = document.root.leaves_at("InvoicePeriod", "StartDate")
    ends = document.root.leaves_at("InvoicePeriod", "EndDate")

    def moment(leaf: Leaf) -> int:
        return moment_of(leaf.text or "")

    return max(starts, key=moment, default=None), min(ends, key=moment, default=None)


@leaves("Price/BaseQuantity")
def base_unit(leaf: Leaf, node: Node, document: Document) -> None:
    """Peppol R130: the price's unit is the quantity's."""
    unit = leaf.get("unitCode")
    holder = node.parent
    if unit is None or holder is None:
        return
    if "InvoicedQuantity" in holder.leaves or "CreditedQuantity" in holder.leaves:
        quantity = holder.leaves.get(quantity_name(holder))
        stated = None if quantity is None else quantity.get("unitCode")
        if stated != unit:
            document.found("PEPPOL-EN16931-R130", leaf, stated=unit, computed=stated)


@nodes("AdditionalItemProperty")
def item_attribute(node: Node, document: Document) -> None:
    """BR-54: an attribute of an item has a name and a value."""
    for name in ("Name", "Value"):
        if name not in node.leaves:
            document.found("BR-54", node, name)
            return


@leaves(
    "InvoiceLine/Item/CommodityClassification/ItemClassificationCode",
    "CreditNoteLine/Item/CommodityClassification/ItemClassificationCode",
)
def classification(leaf: Leaf, node: Node, document: Document) -> None:
    """BR-65: a classification code tells its list."""
    if leaf.get("listID") is None:
        document.found("BR-65", leaf, stated=leaf.text)


@leaves(
    "InvoiceLine/Item/StandardItemIdentification/ID",
    "CreditNoteLine/Item/StandardItemIdentification/ID",
)
def standard_identifier(leaf: Leaf, node: Node, document: Document) -> None:
    """BR-64: a standard identifier of an item tells its scheme."""
    if leaf.get("schemeID") is None:
        document.found("BR-64", leaf, stated=leaf.text)


def quantity_name(node: Node) -> str:
    """What the quantity of a line is called in the document of the node."""
    return "InvoicedQuantity" if node.path.names[0] == "Invoice" else "CreditedQuantity"


def is_line(node: Node) -> bool:
    """Whether the node is a line, and not a line of a line."""
    return node.path.name in ("InvoiceLine", "CreditNoteLine")
