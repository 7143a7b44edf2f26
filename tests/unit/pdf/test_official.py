"""The official examples as PDFs: number, parties, totals and every line can be read out of them."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from lxml import etree
from pypdf import PdfReader

from gateway.pdf.fonts import legible
from gateway.pdf.render import render
from schemas.figures import amount
from schemas.invoice import Invoice
from schemas.ubl.read import read
from tests.unit.pdf.invoices import PLAIN

BASES = Path(__file__).parents[4] / "shared/rules/bases"
DOCUMENT = re.compile(r"\{urn:oasis:names:specification:ubl:schema:xsd:(Invoice|CreditNote)-2\}")

pytestmark = pytest.mark.skipif(
    not BASES.is_dir(), reason="the official examples are not beside this checkout"
)


def plain(text: str) -> str:
    """Without what a PDF does not keep: spaces, and where rows and pages end."""
    return "".join(text.split())


def wanted(invoice: Invoice, language: str) -> list[str]:
    sums = invoice.totals
    stated = [invoice.number, invoice.seller.name, invoice.buyer.name]
    figures = [sums.lines, sums.without_vat, sums.with_vat, sums.due] if sums else []
    for line in invoice.lines:
        stated.append(line.item.name)
        figures.append(line.net_amount)
    return [*stated, *(amount(each, language) for each in figures if each is not None)]


# A language each: the words are held by tests of their own.
@pytest.mark.parametrize("nth", range(3))
def test_what_matters_can_be_read(nth: int) -> None:
    language = ("en", "sv", "nb")[nth]
    seen, missing = 0, []
    for path in sorted(BASES.glob("*.xml"))[nth::3]:
        root = etree.parse(path).getroot()
        if not DOCUMENT.match(str(root.tag)):
            continue
        invoice = read(root)
        pages = PdfReader(io.BytesIO(render(invoice, language))).pages
        shown = plain("".join(page.extract_text() for page in pages))
        missing += [
            (path.name, text)
            for text in wanted(invoice, language)
            if plain(legible(text)) not in shown
        ]
        seen += 1
    assert missing == []
    assert seen > 20


def test_what_is_missing_is_noticed() -> None:
    shown = plain(PdfReader(io.BytesIO(render(PLAIN, "sv"))).pages[0].extract_text())
    assert all(plain(text) in shown for text in wanted(PLAIN, "sv"))
    assert plain("9 900,01") not in shown
