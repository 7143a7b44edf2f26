"""Renders an invoice as a PDF: the order of its sections. Pure; the same invoice, same bytes.

Not in charge of measuring and breaking pages (`sheet`), of letters (`fonts`) or of computing: what
is not stated is not shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from gateway.pdf.drawing import drawing
from gateway.pdf.fonts import legible
from gateway.pdf.head import head
from gateway.pdf.lines import allowances_and_charges, lines
from gateway.pdf.logo import Logo
from gateway.pdf.page import BODY, LABEL, LEFT, RIGHT, Page, cut, title
from gateway.pdf.parties import parties, references
from gateway.pdf.payment import payment
from gateway.pdf.sheet import PAGE_HEIGHT, Mark, Rule, Text, wrap
from gateway.pdf.totals import height, totals
from gateway.pdf.words import Words, country
from schemas.invoice import Invoice

_PROSE_ROOM = 130.0  # longer lines are hard to follow


def render(invoice: Invoice, language: str, logo: Logo | None = None) -> bytes:
    """The invoice as a PDF of A4 pages in `language` (en, sv or nb), fonts embedded; the seller's
    logo at the head of the first."""
    words = Words(language)
    with drawing(
        f"{title(invoice, words)} {invoice.number}", invoice.seller.name, language
    ) as sheets:
        page = Page(invoice, words, sheets.draw, logo)
        sections(page)
        return sheets.pdf(partial(foot, page))


def sections(page: Page) -> None:
    """All that stands on the sheets but the feet, from the top to the end."""
    head(page)
    parties(page)
    references(page)
    below = height(page)  # of the sums: they never stand on a page without a row above them
    lines(page, below=below)
    allowances_and_charges(page, below=below)
    totals(page)
    payment(page)
    remarks(page)
    page.sheets.finish()


def remarks(page: Page) -> None:
    """Payment terms, notes, and what is enclosed."""
    for label, texts in remarks_of(page):
        lines = [line for text in texts for line in wrap(text, BODY, _PROSE_ROOM)]
        if not lines:
            continue
        sheets = page.sheets
        sheets.need(LABEL.line + 2 * BODY.line)
        sheets.text(LEFT, label, LABEL)
        sheets.y += LABEL.line + 0.4
        for line in lines:
            sheets.need(BODY.line)
            sheets.text(LEFT, line, BODY)
            sheets.y += BODY.line
        sheets.y += 3


def remarks_of(page: Page) -> Sequence[tuple[str, Sequence[str]]]:
    """Labels and texts of payment terms, notes and what is enclosed."""
    invoice, words = page.invoice, page.words
    enclosed = [
        " – ".join(filter(None, (item.reference, item.description, item.url, filename)))
        for item in invoice.supporting_documents
        for filename in [item.attachment.filename if item.attachment else None]
    ]
    return (
        (words("terms"), [invoice.payment_terms] if invoice.payment_terms else []),
        (words("notes"), [note.text for note in invoice.notes]),
        (words("enclosed"), enclosed),
    )


def foot(page: Page, number: int, pages: int) -> list[Mark]:
    """Who the seller is, and which page this is."""
    words = page.words
    address, legal = seller_of(page)
    lines = [
        *wrap(address, LABEL, RIGHT - LEFT - 24)[:1],  # beside the page number
        *wrap(legal, LABEL, RIGHT - LEFT)[:3],
    ]
    y = PAGE_HEIGHT - 22.0
    marks: list[Mark] = [Rule(LEFT, y, RIGHT)]
    for n, line in enumerate(lines):
        marks.append(Text(LEFT, y + 4.2 + n * LABEL.line, line, LABEL))
    which = words("page", page=number, pages=pages)
    marks.append(Text(RIGHT, y + 4.2, which, LABEL, right=True))
    if number > 1:
        again = f"{page.title} {legible(page.invoice.number)}"
        marks.append(Text(RIGHT, 14, cut(again, LABEL, 100), LABEL, right=True))
    return marks


def seller_of(page: Page) -> tuple[str, str]:
    """The seller's address in one text, and its numbers in another."""
    seller, words = page.invoice.seller, page.words
    legal = [
        *page.ids(seller),
        *(f"{words('identifier')} {each.value}" for each in seller.identifiers),
        *([seller.tax_registration_id] if seller.tax_registration_id else []),
        *([seller.legal_form] if seller.legal_form else []),
    ]
    home = seller.address.country
    abroad = [country(home)] if page.invoice.buyer.address.country != home else []
    address = [seller.name, *page.address(seller.address), *abroad]
    return ", ".join(address), " · ".join(legal)
