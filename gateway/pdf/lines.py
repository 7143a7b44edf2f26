"""The invoice lines, with discounts and charges on the whole document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from gateway.pdf.page import BODY, LABEL, LEFT, RIGHT, SMALL, Fact, Page, cut, stated
from gateway.pdf.sheet import Ink, Rule, Sheets, wrap
from schemas.figures import amount, percent, price, quantity
from schemas.invoice import Allowance, Charge, Line, LineAllowance, LineCharge

# Columns: left ends of texts, right ends of figures.
_ITEM = LEFT + 8
_ITEM_ROOM = 73.0
_DETAIL_ROOM = 96.0  # below the first line the columns to the right are empty
_QUANTITY = LEFT + 98
_PRICE = LEFT + 131
_VAT = LEFT + 147
_UNDER = 2.6  # below each row, with its rule
_TOGETHER = 80.0  # a line stays on one page unless it is longer than a third of it


def lines(page: Page, *, below: float) -> None:
    """The invoice lines, with the table's head on every page they reach. The last row, a line or
    what is added to all of them, stands on one page with what comes `below`, of that height."""
    page.sheets.y += 2
    page.sheets.need(20)
    _lines_head(page)
    page.sheets.new_page = partial(_lines_head, page)
    invoice = page.invoice
    more = invoice.allowances or invoice.charges
    for n, line in enumerate(invoice.lines, 1):
        _line(page, line, below=below if n == len(invoice.lines) and not more else 0)
    page.sheets.new_page = None


def _lines_head(page: Page) -> None:
    sheets, words = page.sheets, page.words
    sheets.text(_ITEM, words("item"), LABEL)
    sheets.text(_QUANTITY, words("quantity"), LABEL, right=True)
    sheets.text(_PRICE, words("price"), LABEL, right=True)
    sheets.text(_VAT, words("vat"), LABEL, right=True)
    sheets.text(RIGHT, f"{words('amount')} {page.invoice.currency}", LABEL, right=True)
    sheets.y += LABEL.line + 0.9
    sheets.put(Rule(LEFT, sheets.y, RIGHT, Ink.BLACK, 0.6))
    sheets.y += 1.7


def _line(page: Page, line: Line, *, below: float = 0) -> None:
    sheets, language = page.sheets, page.language
    names = wrap(line.item.name, BODY, _ITEM_ROOM) or [""]  # figures need a row
    number = cut(line.id, SMALL, _ITEM - LEFT - 1)
    long = [] if number == line.id else [line.id]
    texts = [*long, *details(page, line)]
    small = [row for text in texts for row in wrap(text, SMALL, _DETAIL_ROOM)]
    height = len(names) * BODY.line + len(small) * SMALL.line
    rows = [*((name, BODY) for name in names), *((detail, SMALL) for detail in small)]
    sheets.need(min(height, _TOGETHER) + (_UNDER + below if below else 0))
    sheets.text(LEFT, "" if long else number, SMALL, dy=0.35)
    # Who takes the text out of the PDF, or has it read aloud, finds the name before its figures.
    first = len(names) if height <= _TOGETHER else 1
    for at, (text, face) in enumerate(rows[:first]):
        sheets.text(_ITEM, text, face, dy=at * BODY.line)
    unit = page.words.unit(line.unit)
    page.figure(_QUANTITY, quantity(line.quantity, language), 16)
    sheets.text(_QUANTITY + 1.5, cut(unit, BODY, 13), BODY)
    page.figure(_PRICE, price(line.price.net, language), 20)
    page.figure(_VAT, page.vat(line.item.vat), 14)
    if line.net_amount is not None:
        page.figure(RIGHT, amount(line.net_amount, language), 21)
    sheets.y += first * BODY.line
    for text, face in rows[first:]:
        sheets.need(face.line)
        sheets.text(_ITEM, text, face)
        sheets.y += face.line
    _end(sheets)


def _end(sheets: Sheets) -> None:
    """The rule below a row."""
    sheets.put(Rule(LEFT, sheets.y + 1.1, RIGHT))
    sheets.y += _UNDER


def details(page: Page, line: Line) -> Iterable[str]:
    """What stands below a line's name, in small."""
    words, item, language = page.words, line.item, page.language
    if item.description and item.description != item.name:
        yield item.description
    ids = stated(
        (words("seller_id"), item.seller_id),
        (words("buyer_id"), item.buyer_id),
        (words("standard_id"), item.standard_id and item.standard_id.value),
        *((words("classification"), kind.value) for kind in item.classifications),
        (words("origin_country"), item.origin_country),
    )
    references = stated(
        (words("order_line"), line.order_line),
        (words("accounting"), line.buyer_accounting_reference),
        (words("object"), line.object_id and line.object_id.value),
        (words("period"), page.period(line.period)),
    )
    yield from _in_rows(ids)
    yield from _in_rows(references)
    yield from _in_rows([(f"{each.name}:", each.value) for each in item.attributes])
    base = line.price.base_quantity
    if base is not None and base != 1:
        unit = page.words.unit(line.price.base_unit or line.unit)
        yield f"{words('price')} {words('per')} {quantity(base, language)} {unit}"
    if line.price.discount and line.price.gross is not None:
        gross, discount = line.price.gross, line.price.discount
        yield (
            f"{words('gross_price')} {price(gross, language)}, "
            f"{words('discount')} {price(discount, language)}"
        )
    for reduction in line.allowances:
        yield adjustment(page, reduction, "allowance")
    for addition in line.charges:
        yield adjustment(page, addition, "charge")
    if line.note:
        yield line.note


def _in_rows(facts: Sequence[Fact]) -> Iterable[str]:
    """Small facts beside each other, as many as fit the items' column."""
    row = ""
    for label, value in facts:
        fact = f"{label} {value}"
        longer = f"{row} · {fact}"
        if not row:
            row = fact
        elif SMALL.wide(longer) <= _DETAIL_ROOM:
            row = longer
        else:
            yield row
            row = fact
    if row:
        yield row


def allowances_and_charges(page: Page, *, below: float) -> None:
    """Discounts and charges on the whole document, in the columns of the lines; the last of them on
    one page with what comes `below`."""
    both: list[tuple[Allowance | Charge, str, int]] = [
        *((item, "allowance", -1) for item in page.invoice.allowances),
        *((item, "charge", 1) for item in page.invoice.charges),
    ]
    for n, (item, kind, sign) in enumerate(both, 1):
        names = wrap(adjustment(page, item, kind), BODY, _PRICE - _ITEM)
        page.sheets.need(len(names) * BODY.line + _UNDER + (below if n == len(both) else 0))
        for at, name in enumerate(names):
            page.sheets.text(_ITEM, name, BODY, dy=at * BODY.line)
        page.figure(_VAT, page.vat(item.vat), 14)
        if item.amount is not None:
            page.figure(RIGHT, amount(sign * item.amount, page.language), 21)
        page.sheets.y += len(names) * BODY.line
        _end(page.sheets)


def adjustment(page: Page, item: Allowance | Charge | LineAllowance | LineCharge, kind: str) -> str:
    """ "Rabatt: Kampanj, 10 % av 1 000,00: −100,00"."""
    code = item.reason_code and (f"({item.reason_code})" if item.reason else item.reason_code)
    why = " ".join(filter(None, (item.reason, code)))
    text = page.words(kind) + (f": {why}" if why else "")
    if item.percent is not None:
        text += f", {percent(item.percent, page.language)}"
        if item.base is not None:
            text += f" {page.words('of')} {amount(item.base, page.language)}"
    if isinstance(item, (LineAllowance, LineCharge)) and item.amount is not None:
        sign = -1 if kind == "allowance" else 1
        text += f": {amount(sign * item.amount, page.language)}"
    return text
