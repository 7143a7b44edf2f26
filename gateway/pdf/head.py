"""The top of page 1: seller and title, the recipient in the window, the key facts.

The recipient's address stands where windows of C5, C6/5 and E6/5 envelopes show it: their common
part is 15 to 110 mm from the left and 44 to 70 mm from the top. Five lines fit that; a sixth
reaches 74 mm, which C5 and C6/5 still show.
"""

from __future__ import annotations

from gateway.pdf.logo import Logo
from gateway.pdf.page import (
    ADDRESS,
    BODY,
    DUE,
    LEFT,
    NAME,
    RIGHT,
    SMALL,
    STRONG,
    TITLE,
    Fact,
    Page,
    cut,
    stated,
)
from gateway.pdf.sheet import Face, Picture, Rule, wrap
from schemas.figures import day

_WINDOW_LINES = 6
_ADDRESS_TOP, _BELOW_WINDOW = 46.0, 86.0
_LOGO_TOP = 10.0
_LABELS, _VALUES = 122.0, 152.0  # right of the window


def head(page: Page) -> None:
    """Seller and title on top, the recipient in the window, the key facts beside it."""
    sheets = page.sheets
    if page.logo is None:
        _seller(page)
    else:
        _logo(page, page.logo)
    sheets.y = 15.0
    sheets.text(_LABELS, page.title, TITLE)
    sheets.y = _ADDRESS_TOP
    for line in _recipient(page):
        sheets.text(LEFT, line, ADDRESS)
        sheets.y += ADDRESS.line
    sheets.y = 30.0
    for label, value in key_facts(page):
        _fact_row(page, label, value, BODY)
    _amount_due_row(page)
    sheets.y = max(_BELOW_WINDOW, sheets.y + 6)


def _seller(page: Page) -> None:
    sheets, seller = page.sheets, page.invoice.seller
    sheets.y = 17.1  # on one baseline with the title
    for line in wrap(seller.name, NAME, _LABELS - LEFT - 8)[:2]:
        sheets.text(LEFT, line, NAME)
        sheets.y += NAME.line
    if seller.trading_name and seller.trading_name != seller.name:
        sheets.text(LEFT, cut(seller.trading_name, SMALL, 90), SMALL)


def _logo(page: Page, logo: Logo) -> None:
    """The logo, and the seller's names in small below it: all of it ends above the window."""
    sheets, seller = page.sheets, page.invoice.seller
    _, height = logo.on_paper()
    sheets.put(Picture(LEFT, _LOGO_TOP, logo))
    sheets.y = _LOGO_TOP + height + 1.2
    names = wrap(seller.name, STRONG, _LABELS - LEFT - 8)[:2]
    for line in names:
        sheets.text(LEFT, line, STRONG)
        sheets.y += STRONG.line
    if seller.trading_name and seller.trading_name != seller.name and len(names) < 2:
        sheets.text(LEFT, cut(seller.trading_name, SMALL, 90), SMALL)


def fits_window(page: Page) -> bool:
    """Whether the window shows all of the recipient's address."""
    return len(_address_lines(page)) <= _WINDOW_LINES


def _recipient(page: Page) -> list[str]:
    lines = _address_lines(page)
    # Name and town matter most.
    return lines if fits_window(page) else [*lines[:4], *lines[-2:]]


def _address_lines(page: Page) -> list[str]:
    buyer = page.invoice.buyer
    texts = [buyer.name, *page.address(buyer.address)]
    return [line for text in texts for line in wrap(text, ADDRESS, 88)[:2]]


def key_facts(page: Page) -> list[Fact]:
    """What a reader looks for first: number, dates, whose reference."""
    invoice, words = page.invoice, page.words
    buyer_number = invoice.buyer.identifier
    return stated(
        (words("number"), invoice.number),
        (words("issue_date"), day(invoice.issue_date, page.language)),
        (words("due_date"), invoice.due_date and day(invoice.due_date, page.language)),
        (words("customer_number"), buyer_number and buyer_number.value),
        (words("buyer_reference"), invoice.buyer_reference),
        (words("purchase_order_reference"), invoice.purchase_order_reference),
        (words("period"), page.period(invoice.period)),
        *(
            (words("preceding_invoice"), page.preceding(before))
            for before in invoice.preceding_invoices[:3]
        ),
    )


def _amount_due_row(page: Page) -> None:
    totals = page.invoice.totals
    if totals is None or totals.due is None:
        return
    sheets = page.sheets
    sheets.y += 1.6
    sheets.put(Rule(_LABELS, sheets.y, RIGHT))
    sheets.y += 2.2
    label = page.words("credited" if page.invoice.is_credit_note else "to_pay")
    sheets.text(_LABELS, label, BODY.muted(), dy=0.9)
    page.figure(RIGHT, page.money(totals.due), 46, DUE)
    sheets.y += DUE.line


def _fact_row(page: Page, label: str, value: str, face: Face) -> None:
    sheets = page.sheets
    sheets.text(_LABELS, cut(label, face, _VALUES - _LABELS - 1), face.muted())
    for line in wrap(value, face, RIGHT - _VALUES)[:3]:
        sheets.text(_VALUES, line, face)
        sheets.y += face.line + 0.15
    sheets.y += 0.35
