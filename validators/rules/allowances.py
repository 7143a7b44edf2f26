"""Allowances and charges: what each must hold, on the document, on a line and in a price.

EN 16931 BG-20, BG-21 (BR-31 to BR-38), BG-27, BG-28 (BR-41 to BR-44), BR-CO-05 to -08 and -21 to
-24, BR-DEC-01 to -06 and -24 to -28; Peppol R040 to R046.
"""

from __future__ import annotations

from validators.document import Node


def indicator(node: Node) -> bool | None:
    """cbc:ChargeIndicator as xs:boolean: True for a charge, False for an allowance.

    None when there is none. The structure lets "1" and "0" through as well as words.
    """
    value = node.value("ChargeIndicator")
    return value in ("true", "1") if value else None


def of_kind(parent: Node, charge: bool) -> list[Node]:
    """The charges, or the allowances, directly below `parent`."""
    return [node for node in parent.every("AllowanceCharge") if indicator(node) is charge]
