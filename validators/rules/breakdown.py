"""The VAT breakdown, BG-23: what its rows must have, and that they add up.

EN 16931 clause 6.4.5 and following: BR-45 to BR-48, BR-CO-17, BR-DEC-13, -15, -19, -20; and of each
of the nine families of VAT categories (see `vat`) the numbers 08 (taxable amount), 09 (tax amount)
and 10 (reason of exemption).

Families differ in small ways that the official texts have by accident, and a verdict hangs on:
where they do, a comment says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

from validators.arithmetic import (
    ZERO,
    decimal_of,
    hundredth,
    plain,
    round_half_up,
    shifted,
    to_cents,
)
from validators.document import WHITESPACE, Document, Every, Node
from validators.registry import define, gather, nodes
from validators.rules.allowances import indicator, is_vat
from validators.rules.totals import amount, net_amounts, two_decimals
from validators.rules.vat import BY_CODE, Category

define("""
BR-45      fatal  BT-116
BR-46      fatal  BT-117
BR-47      fatal  BT-118
BR-48      fatal  BT-119
BR-CO-17   fatal  BT-117 BT-116 BT-119
BR-DEC-13  fatal  BT-110
BR-DEC-15  fatal  BT-111
BR-DEC-19  fatal  BT-116
BR-DEC-20  fatal  BT-117
BR-S-08    fatal  BT-116 BT-131 BT-92 BT-99
BR-S-09    fatal  BT-117 BT-116 BT-119
BR-S-10    fatal  BT-120 BT-121
BR-Z-08    fatal  BT-116 BT-131 BT-92 BT-99
BR-Z-09    fatal  BT-117
BR-Z-10    fatal  BT-120 BT-121
BR-E-08    fatal  BT-116 BT-131 BT-92 BT-99
BR-E-09    fatal  BT-117
BR-E-10    fatal  BT-120 BT-121
BR-AE-08   fatal  BT-116 BT-131 BT-92 BT-99
BR-AE-09   fatal  BT-117
BR-AE-10   fatal  BT-120 BT-121
BR-IC-08   fatal  BT-116 BT-131 BT-92 BT-99
BR-IC-09   fatal  BT-117
BR-IC-10   fatal  BT-120 BT-121
BR-G-08    fatal  BT-116 BT-131 BT-92 BT-99
BR-G-09    fatal  BT-117
BR-G-10    fatal  BT-120 BT-121
BR-O-08    fatal  BT-116 BT-131 BT-92 BT-99
BR-O-09    fatal  BT-117
BR-O-10    fatal  BT-120 BT-121
BR-AF-08   fatal  BT-116 BT-131 BT-92 BT-99
BR-AF-09   fatal  BT-117 BT-116 BT-119
BR-AF-10   fatal  BT-120 BT-121
BR-AG-08   fatal  BT-116 BT-131 BT-92 BT-99
BR-AG-09   fatal  BT-117 BT-116 BT-119
BR-AG-10   fatal  BT-120 BT-121
""")
# BR-DEC-13 and BR-DEC-15 never fire: the official test looks for the currency code inside the tax
# amount, where nothing stands.

gather("AllowanceCharge")

# Up to here a double tells an amount from another one unit away.
_SAFE: Final = Decimal(10) ** 14

Key = tuple[str, Decimal | None]


@nodes("TaxTotal/TaxSubtotal")
def row(node: Node, document: Document) -> None:
    """BR-45 to BR-48, BR-DEC-19, BR-DEC-20: what each row of the breakdown has."""
    for rule, name in (("BR-45", "TaxableAmount"), ("BR-46", "TaxAmount")):
        if name not in node.leaves:
            document.found(rule, node, name)
    two_decimals(node, document, (("BR-DEC-19", "TaxableAmount"), ("BR-DEC-20", "TaxAmount")))
    category = _vat_category(node)
    if category is None or "ID" not in category.leaves:
        document.found("BR-47", node, "TaxCategory/ID")
    if category is None or not ("Percent" in category.leaves or category.value("ID") == "O"):
        document.found("BR-48", node, "TaxCategory/Percent")


@nodes("TaxTotal/TaxSubtotal")
def tax_of_row(node: Node, document: Document) -> None:
    """BR-CO-17: the tax is the taxable amount times the rate, within one unit of currency."""
    category = _vat_category(node)
    rate = None if category is None else amount(category, "Percent")
    tax = amount(node, "TaxAmount")
    if rate is None or round_half_up(rate) == 0:
        wrong = tax is None or round_half_up(tax) != 0
        computed: Decimal | None = ZERO
    else:
        computed = _tax(amount(node, "TaxableAmount"), rate)
        wrong = not _within_one(tax, computed)
    if wrong:
        at = node.leaves.get("TaxAmount", node)
        document.found("BR-CO-17", at, stated=tax, computed=_sign(computed, tax), rate=rate)


def _vat_category(node: Node) -> Node | None:
    category = node.nodes.get("TaxCategory")
    return category if category is not None and is_vat(category) else None


@nodes("/Invoice/TaxTotal/TaxSubtotal/TaxCategory", "/CreditNote/TaxTotal/TaxSubtotal/TaxCategory")
def family_row(node: Node, document: Document) -> None:
    """BR-x-08, BR-x-09 of the row's category."""
    category = BY_CODE.get(node.value("ID"))
    row = node.parent
    if category is None or row is None or not is_vat(node):
        return
    if category.by_rate:
        _taxable_by_rate(category, node, row, document)
    else:
        _taxable(category, row, document)
    _tax_amount(category, node, row, document)


@nodes("/Invoice/TaxTotal/TaxSubtotal/TaxCategory", "/CreditNote/TaxTotal/TaxSubtotal/TaxCategory")
def reason_of_exemption(node: Node, document: Document) -> None:
    """BR-x-10."""
    category = BY_CODE.get(node.value("ID"))
    if category is None or not is_vat(node):
        return
    reason = node.has("TaxExemptionReason") or node.has("TaxExemptionReasonCode")
    if reason != category.reason:
        missing = "TaxExemptionReasonCode" if category.reason else ""
        document.found(f"{category.family}-10", node, missing, category=category.code)


def _tax_amount(category: Category, node: Node, row: Node, document: Document) -> None:
    """BR-x-09: zero; or for S, L and M, within one unit of taxable amount times rate."""
    tax = amount(row, "TaxAmount")
    if category.by_rate:
        rate = amount(node, "Percent")
        computed = None if rate is None else _tax(amount(row, "TaxableAmount"), rate)
        wrong = not _within_one(tax, computed)
    else:
        computed = ZERO
        wrong = tax != 0
    if wrong:
        document.found(
            f"{category.family}-09",
            row.leaves.get("TaxAmount", row),
            category=category.code,
            stated=tax,
            computed=_sign(computed, tax),
            rate=amount(node, "Percent"),
        )


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums of line net amounts, and of charges less allowances of the document, by category.

    The keys are categories, (category, None), and for S, L and M also (category, rate). A line with
    several categories or rates counts once for each.
    """

    lines: dict[Key, Decimal]
    extras: dict[Key, Decimal]


def sums(document: Document) -> Sums:
    """Adds the amounts up; ask through `Document.once`."""
    result = Sums({}, {})
    for line, value in document.once(net_amounts):
        item = line.nodes.get("Item")
        if item is not None:
            for key in _keys_of(item.every("ClassifiedTaxCategory")):
                result.lines[key] = result.lines.get(key, ZERO) + value
    for holder in document.root.every("AllowanceCharge"):
        kind = indicator(holder)
        if kind is not None:
            value = amount(holder, "Amount") or ZERO
            for key in _keys_of(holder.every("TaxCategory")):
                extras = result.extras.get(key, ZERO)
                result.extras[key] = extras + value if kind else extras - value
    return result


def _keys_of(categories: Sequence[Node]) -> frozenset[Key]:
    return _keys(tuple([(node.text("ID"), node.text("Percent")) for node in categories]))


@lru_cache(maxsize=1024)
def _keys(told: tuple[tuple[str, str], ...]) -> frozenset[Key]:
    """The keys of `Sums` for categories told with their rates, "" where there is none."""
    codes = {code.strip(WHITESPACE) for code, _ in told} & BY_CODE.keys()
    rates = {decimal_of(rate) for _, rate in told if rate}
    by_rate = {(code, rate) for code in codes if BY_CODE[code].by_rate for rate in rates}
    return frozenset(by_rate | {(code, None) for code in codes})


def _rated(document: Document) -> frozenset[Key]:
    """The keys of allowances and charges of any level; ask through `once`."""
    return _rated_in(document.every) | document.of_lines(_rated_in)


def _rated_in(every: Every) -> frozenset[Key]:
    holders = every("AllowanceCharge")
    return frozenset(key for holder in holders for key in _keys_of(holder.every("TaxCategory")))


def _taxable(category: Category, row: Node, document: Document) -> None:
    """BR-x-08: the taxable amount is lines + charges - allowances of the category, exactly."""
    found = document.once(sums)
    key = (category.code, None)
    computed = found.lines.get(key, ZERO) + found.extras.get(key, ZERO)
    if amount(row, "TaxableAmount") != computed:
        _wrong_taxable(category, row, document, computed)


def _taxable_by_rate(category: Category, node: Node, row: Node, document: Document) -> None:
    """BR-x-08 of S, L and M: within one unit of the sum of the category at the row's rate.

    The bounds are reckoned as doubles, and kept to their last binary digit. S also takes a taxable
    amount that leaves the lines out, when an allowance or charge has its category and rate.
    """
    rate = amount(node, "Percent")
    if rate is None:
        return
    found = document.once(sums)
    key = (category.code, rate)
    extras = found.extras.get(key, ZERO)
    computed = found.lines.get(key, ZERO) + extras
    leaf = row.leaves.get("TaxableAmount")
    text = "" if leaf is None else leaf.text or ""
    fits = leaf is not None and _about(text, computed)
    if category.code == "S" and not (fits and key in found.lines):
        rated = leaf is not None and key in document.once(_rated)
        fits = rated and (fits or _about(text, extras))
    if not fits:
        _wrong_taxable(category, row, document, computed)


def _about(text: str, value: Decimal) -> bool:
    """Whether two amounts are less than one apart, the bounds reckoned as doubles."""
    if decimal_of(text) == value and -_SAFE < value < _SAFE:
        return True
    return shifted(text, -1) < value < shifted(text, 1)


def _wrong_taxable(category: Category, row: Node, document: Document, computed: Decimal) -> None:
    leaf = row.leaves.get("TaxableAmount")
    document.found(
        f"{category.family}-08",
        row if leaf is None else leaf,
        "TaxableAmount" if leaf is None else "",
        category=category.code,
        stated=None if leaf is None else leaf.text,
        computed=plain(computed),
    )


def _tax(taxable: Decimal | None, rate: Decimal) -> Decimal | None:
    """What the tax on an amount is, to the cent and without sign."""
    return None if taxable is None else to_cents(hundredth(abs(taxable) * rate))


def _within_one(tax: Decimal | None, computed: Decimal | None) -> bool:
    return tax is not None and computed is not None and abs(abs(tax) - computed) < 1


def _sign(computed: Decimal | None, like: Decimal | None) -> str | None:
    """The computed tax with the sign that the stated one has."""
    if computed is None:
        return None
    return plain(-computed if like is not None and like < 0 and computed else computed)
