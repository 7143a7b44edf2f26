"""The QR code of a transfer in euro: when there is one, what it says, how it is scanned."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pypdfium2
import pytest
import zxingcpp
from lxml import html as parser

from gateway.pdf.html import html
from gateway.pdf.qr import squares, transfer
from gateway.pdf.render import render
from schemas.invoice import CreditTransfer, Invoice, Payment, Totals
from tests.unit.pdf.invoices import PLAIN

IBAN = "SE45 5000 0000 0583 9825 7466"
EURO = replace(
    PLAIN,
    currency="EUR",
    totals=Totals(due=Decimal("1250.5")),
    payments=(
        Payment("58", reference="RF18 5390 0754 7034", credit_transfers=(CreditTransfer(IBAN),)),
    ),
)
SAID = """BCD
002
1
SCT

Fjärdens Snickeri AB
SE4550000000058398257466
EUR1250.50

RF18539007547034"""


def paid(invoice: Invoice, means: str, account: str, reference: str | None = None) -> Invoice:
    transfers = (CreditTransfer(account),)
    return replace(invoice, payments=(Payment(means, None, reference, transfers),))


def scanned(invoice: Invoice) -> list[str]:
    """What a camera would find on the pages."""
    document = pypdfium2.PdfDocument(render(invoice, "sv"))
    try:
        pictures = [page.render(scale=3, grayscale=True).to_pil() for page in document]
    finally:
        document.close()
    return [found.text for each in pictures for found in zxingcpp.read_barcodes(each)]


def test_what_is_printed_can_be_scanned() -> None:
    assert scanned(EURO) == [SAID]


def test_an_ordinary_reference_goes_as_text_and_else_the_number() -> None:
    referring = transfer(paid(EURO, "30", IBAN, "Order 7 / Åsa"))
    assert referring is not None
    assert referring.split("\n")[9:] == ["", "Order 7 / Åsa"]
    silent = transfer(paid(EURO, "30", IBAN))
    assert silent is not None
    assert silent.split("\n")[9:] == ["", EURO.number]


@pytest.mark.parametrize(
    "without",
    [
        replace(EURO, currency="SEK"),
        replace(EURO, type_code="381"),
        replace(EURO, totals=Totals(due=Decimal(0))),
        replace(EURO, totals=Totals(due=Decimal("-10"))),
        replace(EURO, totals=Totals(due=Decimal("1000000000"))),
        replace(EURO, totals=None),
        replace(EURO, payments=()),
        paid(EURO, "49", IBAN),
        paid(EURO, "58", "SE45 5000 0000 0583 9825 7467"),
        paid(EURO, "58", "50501055"),
        paid(EURO, "58", "AE07 0331 2345 6789 0123 456"),
    ],
)
def test_others_have_none(without: Invoice) -> None:
    assert transfer(without) is None
    assert scanned(without) == []


def test_line_ends_in_a_name_say_nothing_more() -> None:
    seller = replace(EURO.seller, name="Fjärden\nSE00\r\nEUR1")
    said = transfer(replace(EURO, seller=seller))
    assert said is not None
    assert said.split("\n")[5] == "Fjärden SE00 EUR1"


@pytest.mark.parametrize("length", [70, 300])
def test_the_longest_text_fits(length: int) -> None:
    long = replace(paid(EURO, "58", IBAN, "r" * length), seller=replace(EURO.seller, name="n" * 90))
    said = transfer(long)
    assert said is not None
    assert len(squares(said)) <= 4 * 13 + 17, "version 13 is the largest allowed"
    assert scanned(long) == [said]


def test_what_is_too_long_in_bytes_has_none() -> None:
    assert transfer(replace(paid(EURO, "58", IBAN, "ř" * 140))) is None


def test_the_page_draws_the_same_squares() -> None:
    root = parser.document_fromstring(html(EURO, "nb"))
    (code,) = root.xpath("//svg")
    dark = sum(map(sum, squares(SAID)))
    assert code.xpath("string(path/@d)").count("M") == dark
    assert code.get("aria-label")
    assert not parser.document_fromstring(html(PLAIN, "nb")).xpath("//svg")
