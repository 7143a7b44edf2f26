"""Computes what an invoice leaves unsaid: net amounts, the VAT breakdown and the totals.

In charge of the calculations of EN 16931 (BR-CO-10 to BR-CO-17, PEPPOL-EN16931-R120 and -R040).
Not in charge of judging: what is stated stays as stated, even when wrong, and what depends on it
is computed from it, so that a wrong sum is reported where it stands and nowhere else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from typing import Final, TypeVar

from schemas.invoice import (
    Allowance,
    Charge,
    Invoice,
    Line,
    LineAllowance,
    LineCharge,
    Price,
    Totals,
    Vat,
    VatBreakdown,
)

BILLING_PROCESS: Final = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
BILLING_SPECIFICATION: Final = (
    "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
)

# UNTDID 5305 categories where no VAT is charged: the rate is 0 (BR-Z-05, BR-E-05, BR-AE-05,
# BR-IC-05, BR-G-05); O, outside the scope of VAT, has no rate at all (BR-O-05).
ZERO_RATED: Final = frozenset({"Z", "E", "AE", "K", "G"})
OUTSIDE_VAT: Final = "O"

# CEF VATEX: the one code that says what the category says (PEPPOL-EN16931-P0104 to -P0107).
# Exempt (E) has many reasons, so the seller must give it.
EXEMPTION_CODES: Final = {
    "AE": "VATEX-EU-AE",
    "K": "VATEX-EU-IC",
    "G": "VATEX-EU-G",
    "O": "VATEX-EU-O",
}

# Exact for the sums and products of any number that can be written (30 digits). Nothing is
# trapped: a number beyond that may become NaN here, and the writer refuses it with its place.
_CONTEXT: Final = Context(prec=100, rounding=ROUND_HALF_UP, traps=[])
_CENT: Final = Decimal("0.01")
_ZERO: Final = Decimal(0)

Adjustment = TypeVar("Adjustment", Allowance, Charge, LineAllowance, LineCharge)
_Key = tuple[str, Decimal]


def complete(invoice: Invoice) -> Invoice:
    """Returns the invoice with everything filled in that follows from what is stated.

    Amounts get two decimals, half rounded away from zero. The amounts paid and rounded are never
    computed, nor VAT in another currency (BT-111) unless there is none: the rate is the seller's to
    say. A percentage of a line is of its quantity times price; one of the document gets its amount
    only when its base is stated, for it may be of some lines. Also fills the process (BT-23) and
    specification (BT-24) of Peppol BIS Billing 3.0.
    """
    with localcontext(_CONTEXT):
        lines = tuple(_line(line) for line in invoice.lines)
        invoice = replace(
            invoice,
            lines=lines,
            allowances=tuple(replace(_adjustment(a), vat=_vat(a.vat)) for a in invoice.allowances),
            charges=tuple(replace(_adjustment(c), vat=_vat(c.vat)) for c in invoice.charges),
            business_process=invoice.business_process or BILLING_PROCESS,
            specification=invoice.specification or BILLING_SPECIFICATION,
        )
        breakdown = _breakdown(invoice)
        return replace(invoice, vat_breakdown=breakdown, totals=_totals(invoice, breakdown))


def line_net(line: Line) -> Decimal:
    """BT-131 as it follows from quantity, price, allowances and charges (PEPPOL-EN16931-R120)."""
    with localcontext(_CONTEXT):
        return _round(_gross(line) + _sum(line.charges) - _sum(line.allowances))


def _gross(line: Line) -> Decimal:
    """Quantity times price, unrounded."""
    # A base quantity that is not positive is wrong (R121) but no reason to divide by it.
    base = line.price.base_quantity
    per = base if base is not None and base > 0 else Decimal(1)
    return line.quantity * line.price.net / per


def _line(line: Line) -> Line:
    item, vat = line.item, _vat(line.item.vat)
    line = replace(
        line,
        price=_price(line.price, line.unit),
        item=item if vat is item.vat else replace(item, vat=vat),
        allowances=tuple(_adjustment(_based(each, line)) for each in line.allowances),
        charges=tuple(_adjustment(_based(each, line)) for each in line.charges),
    )
    return line if line.net_amount is not None else replace(line, net_amount=line_net(line))


def _price(price: Price, unit: str) -> Price:
    # BT-150 is the unit of the quantity when not stated (PEPPOL-EN16931-R130 wants them alike).
    if price.base_quantity is not None and price.base_unit is None:
        price = replace(price, base_unit=unit)
    # BT-146 is BT-148 less BT-147 (PEPPOL-EN16931-R046), and UBL has neither without the other.
    if price.gross is None and price.discount is not None:
        return replace(price, gross=price.net + price.discount)
    if price.discount is None and price.gross is not None:
        return replace(price, discount=price.gross - price.net)
    return price


_OfLine = TypeVar("_OfLine", LineAllowance, LineCharge)


def _based(stated: _OfLine, line: Line) -> _OfLine:
    """BT-137, BT-142: what a percentage of the line is of, where neither base nor amount is."""
    if stated.percent is None or stated.base is not None or stated.amount is not None:
        return stated
    return replace(stated, base=_round(_gross(line)))


def _adjustment(stated: Adjustment) -> Adjustment:
    if stated.amount is not None or stated.base is None or stated.percent is None:
        return stated
    return replace(stated, amount=_round(stated.base * stated.percent / 100))


def _vat(vat: Vat) -> Vat:
    return replace(vat, rate=_ZERO) if vat.rate is None and vat.category in ZERO_RATED else vat


def _key(category: str, rate: Decimal | None) -> _Key:
    return category, rate if rate is not None else _ZERO


def taxable(invoice: Invoice) -> dict[_Key, Decimal]:
    """The taxable amount (BT-116) of each VAT category and rate, in the order they first appear.

    Lines without a net amount count as what they compute to.
    """
    sums: dict[_Key, Decimal] = defaultdict(Decimal)
    with localcontext(_CONTEXT):
        for line in invoice.lines:
            net = line.net_amount if line.net_amount is not None else line_net(line)
            sums[_key(line.item.vat.category, line.item.vat.rate)] += net
        for allowance in invoice.allowances:
            sums[_key(allowance.vat.category, allowance.vat.rate)] -= allowance.amount or _ZERO
        for charge in invoice.charges:
            sums[_key(charge.vat.category, charge.vat.rate)] += charge.amount or _ZERO
        return {key: _round(amount) for key, amount in sums.items()}


def _breakdown(invoice: Invoice) -> tuple[VatBreakdown, ...]:
    """The rows stated, completed, then those that are missing."""
    amounts = taxable(invoice)
    stated = [_key(row.category, row.rate) for row in invoice.vat_breakdown]
    missing = (
        VatBreakdown(category, None if category == OUTSIDE_VAT else rate)
        for category, rate in amounts
        if (category, rate) not in stated
    )
    return tuple(
        _row(row, amounts.get(_key(row.category, row.rate), _ZERO))
        for row in (*invoice.vat_breakdown, *missing)
    )


def _row(row: VatBreakdown, computed: Decimal) -> VatBreakdown:
    base = row.taxable if row.taxable is not None else computed
    rate = _ZERO if row.rate is None and row.category in ZERO_RATED else row.rate
    tax = row.tax if row.tax is not None else vat_amount(row.category, rate, base)
    code = row.exemption_code
    if code is None and row.exemption_reason is None:
        code = EXEMPTION_CODES.get(row.category)
    return replace(row, rate=rate, taxable=base, tax=tax, exemption_code=code)


def vat_amount(category: str, rate: Decimal | None, base: Decimal) -> Decimal:
    """BT-117, the VAT on a taxable amount (BR-CO-17); 0 where the category bears none."""
    with localcontext(_CONTEXT):
        bears = rate is not None and category not in ZERO_RATED and category != OUTSIDE_VAT
        return _round(base * rate / 100 if bears and rate is not None else _ZERO)


def _totals(invoice: Invoice, breakdown: tuple[VatBreakdown, ...]) -> Totals:
    stated = invoice.totals or Totals()

    def either(value: Decimal | None, computed: Decimal) -> Decimal:
        return value if value is not None else _round(computed)

    lines = either(stated.lines, sum((_amount(line.net_amount) for line in invoice.lines), _ZERO))
    allowances, charges = stated.allowances, stated.charges
    if invoice.allowances:
        allowances = either(allowances, _sum(invoice.allowances))  # BR-CO-11
    if invoice.charges:
        charges = either(charges, _sum(invoice.charges))  # BR-CO-12
    without_vat = either(
        stated.without_vat, lines - _amount(allowances) + _amount(charges)
    )  # BR-CO-13
    vat = either(stated.vat, sum((_amount(row.tax) for row in breakdown), _ZERO))  # BR-CO-14
    with_vat = either(stated.with_vat, without_vat + vat)  # BR-CO-15
    elsewhere = stated.vat_in_vat_currency
    if elsewhere is None and invoice.vat_currency and not vat:
        elsewhere = vat  # nothing is nothing in any currency
    due = either(stated.due, with_vat - _amount(stated.paid) + _amount(stated.rounding))  # BR-CO-16
    return replace(
        stated,
        lines=lines,
        allowances=allowances,
        charges=charges,
        without_vat=without_vat,
        vat=vat,
        vat_in_vat_currency=elsewhere,
        with_vat=with_vat,
        due=due,
    )


def _sum(adjustments: Iterable[Allowance | Charge | LineAllowance | LineCharge]) -> Decimal:
    return sum((_amount(adjustment.amount) for adjustment in adjustments), _ZERO)


def _amount(stated: Decimal | None) -> Decimal:
    return stated if stated is not None else _ZERO


def _round(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT)
