"""The sums, and VAT by rate."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.pdf.page import BODY, DUE, LABEL, LEFT, RIGHT, SMALL, STRONG, Fact, Page
from gateway.pdf.sheet import Ink, Rule, wrap
from schemas.figures import amount
from schemas.invoice import Vat

_SUMS = LEFT + 100

_VatRow = tuple[str, str, str, list[str]]  # rate, taxable amount, tax, why there is none

_MOST_VAT = 120.0  # more rates need pages of their own
_ABOVE = 3.0


def totals(page: Page) -> None:
    """VAT by rate on the left, the sums on the right, the amount due at the end."""
    sheets, rows, vat = page.sheets, sums(page), _wrapped(page)
    room = height(page) - _ABOVE
    sheets.y += _ABOVE
    sheets.need(room)
    if _vat_height(vat) > _MOST_VAT:
        _sum_table(page, rows)
        _vat_table(page, vat)
    else:
        start = sheets.y
        _vat_table(page, vat)
        below, sheets.y = sheets.y, start
        _sum_table(page, rows)
        sheets.y = max(below, sheets.y)
    sheets.y += 5


def height(page: Page) -> float:
    """How much of a page they take together, from the row above them on."""
    vat = _vat_height(_wrapped(page))
    return _ABOVE + max(len(sums(page)) * (BODY.line + 0.5) + 14, vat if vat <= _MOST_VAT else 0)


def _vat_height(rows: Sequence[_VatRow]) -> float:
    return 6 + sum((1 + len(reason)) * BODY.line + 0.5 for *_, reason in rows)


def sums(page: Page) -> list[Fact]:
    """The sums above the amount due, in the order they are reckoned."""
    totals, words, invoice = page.invoice.totals, page.words, page.invoice
    if totals is None:
        return []
    paid = -totals.paid if totals.paid else None
    taken = -totals.allowances if totals.allowances else None
    in_vat_currency = (
        words("total_vat_in_vat_currency", currency=invoice.vat_currency or ""),
        totals.vat_in_vat_currency,
    )
    return [
        (label, amount(value, page.language))
        for label, value in (
            (words("total_lines"), totals.lines),
            (words("total_allowances"), taken),
            (words("total_charges"), totals.charges or None),
            (words("total_without_vat"), totals.without_vat),
            (words("total_vat"), totals.vat),
            in_vat_currency,
            (words("total_with_vat"), totals.with_vat),
            (words("total_paid"), paid),
            (words("total_rounding"), totals.rounding or None),
        )
        if value is not None
    ]


def _sum_table(page: Page, rows: Sequence[Fact]) -> None:
    sheets, totals = page.sheets, page.invoice.totals
    for label, value in rows:
        sheets.text(_SUMS, label, BODY.muted())
        page.figure(RIGHT, value, 35)
        sheets.y += BODY.line + 0.5
    if totals is not None and totals.due is not None:
        sheets.y += 1.0
        sheets.put(Rule(_SUMS, sheets.y, RIGHT, Ink.BLACK, 0.6))
        sheets.y += 2.2
        label = page.words("credited" if page.invoice.is_credit_note else "to_pay")
        sheets.text(_SUMS, label, STRONG, dy=0.8)
        page.figure(RIGHT, page.money(totals.due), 46, DUE)
        sheets.y += DUE.line + 1


def vat_rows(page: Page) -> list[tuple[str, str, str, str]]:
    """VAT by rate: the rate, the taxable amount, the tax, and why there is none."""
    return [
        (
            page.vat(Vat(row.category, row.rate)),
            "" if row.taxable is None else amount(row.taxable, page.language),
            "" if row.tax is None else amount(row.tax, page.language),
            " · ".join(filter(None, (row.exemption_reason, row.exemption_code))),
        )
        for row in page.invoice.vat_breakdown
    ]


def _wrapped(page: Page) -> list[_VatRow]:
    return [
        (rate, taxable, tax, wrap(reason, SMALL, 76))
        for rate, taxable, tax, reason in vat_rows(page)
    ]


def _vat_table(page: Page, rows: Sequence[_VatRow]) -> None:
    if not rows:
        return
    sheets, words = page.sheets, page.words
    sheets.text(LEFT, words("vat_specification"), LABEL)
    sheets.text(LEFT + 52, words("taxable"), LABEL, right=True)
    sheets.text(LEFT + 78, words("vat"), LABEL, right=True)
    sheets.y += LABEL.line + 0.9
    sheets.put(Rule(LEFT, sheets.y, LEFT + 78))
    sheets.y += 1.5
    for rate, taxable, tax, reason in rows:
        sheets.need(BODY.line + len(reason) * SMALL.line)
        sheets.text(LEFT, rate, BODY)
        page.figure(LEFT + 52, taxable, 30)
        page.figure(LEFT + 78, tax, 24)
        sheets.y += BODY.line + 0.5
        for line in reason:
            sheets.text(LEFT, line, SMALL)
            sheets.y += SMALL.line
