from __future__ import annotations

import io
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from pypdf import PdfReader

from gateway.pdf.render import render
from schemas.invoice import (
    CREDIT_NOTE_TYPES,
    Address,
    Contact,
    CreditTransfer,
    Identifier,
    Invoice,
    Item,
    Note,
    Payment,
    Totals,
    Vat,
    VatBreakdown,
)
from schemas.ubl.read import read
from tests.unit.pdf.invoices import FULL, PLAIN, line

LANGUAGES = ("en", "sv", "nb")
MM = 72 / 25.4
BASES = Path(__file__).parents[4] / "shared/rules/bases"


def pages(content: bytes) -> list[str]:
    """The text of each page, no-break spaces as spaces, lines joined."""
    reader = PdfReader(io.BytesIO(content))
    return [
        " ".join(page.extract_text().replace("\N{NO-BREAK SPACE}", " ").split())
        for page in reader.pages
    ]


def text(invoice: Invoice, language: str = "sv") -> str:
    return " ".join(pages(render(invoice, language)))


def places(content: bytes, page: int = 0) -> list[tuple[float, float, str]]:
    """(millimetres from the left, from the top, text) of what stands on a page."""
    found: list[tuple[float, float, str]] = []

    def note(piece: str, _cm: object, tm: list[float], _font: object, _size: float) -> None:
        if piece.strip():
            found.append((tm[4] / MM, 297 - tm[5] / MM, piece.strip()))

    PdfReader(io.BytesIO(content)).pages[page].extract_text(visitor_text=note)
    return found


def place(content: bytes, piece: str, page: int = 0) -> tuple[float, float]:
    for x, y, found in places(content, page):
        if piece in found:
            return x, y
    raise AssertionError(f"{piece} is not on page {page}")


# --- bytes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_invoice_is_the_same_bytes(language: str) -> None:
    assert render(FULL, language) == render(replace(FULL), language)


def test_also_from_many_threads() -> None:
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(lambda _: render(FULL, "nb"), range(8)))) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_font_is_embedded(language: str) -> None:
    reader = PdfReader(io.BytesIO(render(FULL, language)))
    fonts = [
        font.get_object() for page in reader.pages for font in page["/Resources"]["/Font"].values()
    ]
    assert fonts
    for font in fonts:
        assert "/FontFile2" in font["/FontDescriptor"], font["/BaseFont"]


def test_it_is_a4_and_says_what_it_is() -> None:
    reader = PdfReader(io.BytesIO(render(PLAIN, "sv")))
    box = reader.pages[0].mediabox
    assert (round(float(box.width) / MM), round(float(box.height) / MM)) == (210, 297)
    assert reader.metadata is not None
    assert reader.metadata.title == "Faktura 1001"
    assert reader.metadata.author == "Fjärdens Snickeri AB"
    assert reader.trailer["/Root"]["/Lang"] == "sv"


# --- what is shown ----------------------------------------------------------------------------


def words_of(value: object) -> set[str]:
    """Every text in an invoice, wherever it stands."""
    if isinstance(value, str):
        return {value}
    if isinstance(value, tuple):
        return {word for item in value for word in words_of(item)}
    if hasattr(value, "__dataclass_fields__"):
        return {
            word for name in value.__dataclass_fields__ for word in words_of(getattr(value, name))
        }
    return set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_stated_is_shown(language: str) -> None:
    shown = text(FULL, language)
    wanted = {word for word in words_of(FULL) if "-" in word or word in ("tender", "project")}
    missing = {word for word in wanted if word not in shown}
    assert missing == set()


def test_the_figures_of_an_ordinary_invoice() -> None:
    shown = text(PLAIN)
    for expected in (
        "Faktura",
        "Nummer 1001",
        "Datum 2026-11-20",
        "Förfallodatum 2026-12-20",
        "Er referens Örjan Æble",
        "Att betala 12 375,00 SEK",
        "Hyvelbänk, björk",
        "2 st 4 950,00 25 % 9 900,00",
        "25 % 9 900,00 2 475,00",
        "Totalt exkl. moms 9 900,00",
        "OCR 1001004",
        "Bankgiro 5050-1055",
        "Godkänd för F-skatt",
        "Sida 1 av 1",
    ):
        # Extraction does not keep a label and its figure together.
        assert all(word in shown for word in expected.split()), expected


@pytest.mark.parametrize(
    ("language", "amount", "due", "title"),
    [
        ("en", "SEK 12,375.00", "20 Dec 2026", "Invoice"),
        ("sv", "12 375,00 SEK", "2026-12-20", "Faktura"),
        ("nb", "12 375,00 SEK", "20.12.2026", "Faktura"),
    ],
)
def test_each_language(language: str, amount: str, due: str, title: str) -> None:
    shown = text(PLAIN, language)
    assert amount in shown
    assert due in shown
    assert title in shown


@pytest.mark.parametrize("type_code", sorted(CREDIT_NOTE_TYPES))
def test_a_credit_note_says_so(type_code: str) -> None:
    shown = text(replace(PLAIN, type_code=type_code, due_date=None))
    assert "Kreditfaktura" in shown
    assert "Att få tillbaka" in shown
    assert "Att betala" not in shown


def test_what_is_not_stated_is_not_shown() -> None:
    bare = Invoice(
        number="1",
        issue_date=PLAIN.issue_date,
        currency="SEK",
        seller=replace(
            PLAIN.seller,
            address=Address("SE"),
            legal_id=None,
            vat_id=None,
            tax_registration_id=None,
            endpoint=None,
            contact=None,
        ),
        buyer=replace(PLAIN.buyer, address=Address("SE"), legal_id=None, endpoint=None),
        lines=(replace(line(1), net_amount=None),),
    )
    shown = text(bare)
    assert "None" not in shown
    for label in ("Att betala", "Bankgiro", "Köpare", "Momsspecifikation", "Leverans"):
        assert label not in shown


@pytest.mark.parametrize(
    ("country", "account", "provider", "shown"),
    [
        ("SE", "50501055", "SE:BANKGIRO", "Bankgiro 5050-1055"),
        ("SE", "5050105", "SE:BANKGIRO", "Bankgiro 505-0105"),
        ("SE", "2865434", "SE:PLUSGIRO", "Plusgiro 28 65 43-4"),
        ("SE", "12343", "SE:PLUSGIRO", "Plusgiro 12 34-3"),
        ("SE", "1234567", "SE:PLUSGIRO", "Plusgiro 12 34 56-7"),
        ("SE", "123456", "SE:PLUSGIRO", "Plusgiro 1 23 45-6"),
        ("SE", "SE4550000000058398257466", "ESSESESS", "IBAN SE45 5000 0000 0583 9825 7466"),
        ("NO", "86011117947", None, "Konto 8601 11 17947"),
        ("SE", "86011117947", None, "Konto 86011117947"),
    ],
)
def test_accounts_are_written_as_people_know_them(
    country: str, account: str, provider: str | None, shown: str
) -> None:
    seller = replace(PLAIN.seller, address=replace(PLAIN.seller.address, country=country))
    payment = Payment("30", credit_transfers=(CreditTransfer(account, service_provider=provider),))
    assert shown in text(replace(PLAIN, seller=seller, payments=(payment,)))


@pytest.mark.parametrize(
    ("country", "reference", "label"),
    [
        ("SE", "1001004", "OCR 1001004"),
        ("NO", "1001004", "KID 1001004"),
        ("SE", "Faktura 7", "Betalningsreferens Faktura 7"),
        ("FI", "1001004", "Betalningsreferens 1001004"),
    ],
)
def test_the_reference_has_its_countrys_name(country: str, reference: str, label: str) -> None:
    seller = replace(PLAIN.seller, address=replace(PLAIN.seller.address, country=country))
    payments = (replace(PLAIN.payments[0], reference=reference),)
    assert label in text(replace(PLAIN, seller=seller, payments=payments))


# --- where it stands --------------------------------------------------------------------------


def long_names() -> Invoice:
    address = replace(PLAIN.buyer.address, line1="Gata " * 30, line2="Box 1", line3="C/o Anna")
    return replace(PLAIN, buyer=replace(PLAIN.buyer, name="Bageri " * 30, address=address))


@pytest.mark.parametrize("invoice", [PLAIN, FULL, long_names()])
def test_the_recipient_stands_in_the_window(invoice: Invoice) -> None:
    """15-110 mm from the left and 44-74 mm from the top, and nobody else does."""
    content = render(invoice, "sv")
    inside = [(x, y, t) for x, y, t in places(content) if 40 < y < 84 and x < 115]
    assert inside
    for x, y, _ in inside:
        assert 15 < x < 25
        assert y - 3 > 44  # the letters' tops
        assert y < 74
    assert inside[0][2].startswith(invoice.buyer.name.split()[0])
    assert invoice.buyer.address.post_code in inside[-2][2] + inside[-1][2]


def test_a_recipient_abroad_has_the_country_below() -> None:
    buyer = replace(PLAIN.buyer, address=replace(PLAIN.buyer.address, country="NO"))
    assert place(render(replace(PLAIN, buyer=buyer), "sv"), "NORWAY")[1] < 74
    assert "SWEDEN" not in text(PLAIN)


# --- many and long ----------------------------------------------------------------------------


def test_a_thousand_lines() -> None:
    content = render(
        replace(PLAIN, lines=tuple(line(n, f"Vara {n:04}") for n in range(1, 1001))), "sv"
    )
    each = pages(content)
    assert len(each) > 20
    shown = " ".join(each)
    assert all(f"Vara {n:04}" in shown for n in range(1, 1001))
    for number, page in enumerate(each, 1):
        assert f"Sida {number} av {len(each)}" in page
    for page in each[1:-1]:
        assert "Benämning" in page, "the table's head is on every page"
        assert "Faktura 1001" in page


@pytest.mark.parametrize("given", [PLAIN, FULL])
def test_the_sums_never_stand_on_a_page_without_a_row_above_them(given: Invoice) -> None:
    last = [adjusted.reason for adjusted in (*given.allowances, *given.charges)][-1:]
    counts = set()
    for count in range(12, 42):  # more rows than the rest of any page has room for
        rows = [line(n, f"Hyvelbänk nr {n};") for n in range(1, count + 1)]
        found = pages(render(replace(given, lines=tuple(rows)), "sv"))
        (sums,) = [page for page in found if "Summa rader" in page]
        above = sums[: sums.index("Summa rader")]
        assert (last[0] or "" if last else f"Hyvelbänk nr {count};") in above
        counts.add((len(found), found.index(sums)))
    assert len(counts) > 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_stands_outside_the_paper(language: str) -> None:
    long = replace(
        FULL,
        lines=(
            line(1, "ord " * 3000),
            line(
                2,
                "x" * 400,
                quantity=Decimal("123456789.123456"),
                net_amount=Decimal("-99999999999.99"),
            ),
        ),
        notes=tuple(Note("n" * 5000) for _ in range(3)),
        vat_breakdown=tuple(
            VatBreakdown("E", Decimal(n), Decimal(1), Decimal(1), "skäl " * 60) for n in range(40)
        ),
        payments=tuple(
            Payment(
                "30", reference="9" * 90, credit_transfers=(CreditTransfer("8" * 60, "n" * 90),)
            )
            for _ in range(30)
        ),
        totals=Totals(due=Decimal("-123456789012345.67")),
        buyer=replace(FULL.buyer, contact=Contact("k" * 3000)),
    )
    content = render(long, language)
    for number in range(len(pages(content))):
        for x, y, piece in places(content, number):
            assert 15 <= x <= 195, piece
            assert 8 <= y <= 292, piece


def test_an_amount_wider_than_its_column_is_smaller_not_over_its_neighbour() -> None:
    wide = replace(PLAIN, lines=(line(1, net_amount=Decimal("-123456789012.34")),))
    x, _ = place(render(wide, "sv"), "123")
    assert x > 168, "right of the VAT column, which ends there"


@settings(max_examples=40, deadline=None)
@given(words=st.text(max_size=200), amount=st.decimals(-(10**15), 10**15, places=2))
def test_any_text_and_any_amount_can_be_rendered(words: str, amount: Decimal) -> None:
    invoice = replace(
        FULL,
        number=words or "1",
        seller=replace(FULL.seller, name=words, contact=Contact(words, words, words)),
        notes=(Note(words),),
        lines=(line(1, words, net_amount=amount, unit=words, note=words),),
        buyer=replace(FULL.buyer, name=words, identifier=Identifier(words, words)),
    )
    assert pages(render(invoice, "sv"))


@pytest.mark.skipif(not BASES.is_dir(), reason="the official examples are not beside this checkout")
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_official_example_can_be_rendered(language: str) -> None:
    rendered = 0
    for path in sorted(BASES.glob("*.xml")):
        root = etree.parse(path).getroot()
        if not re.search(r"xsd:(Invoice|CreditNote)-2}", str(root.tag)):
            continue
        invoice = read(root)
        shown = " ".join(pages(render(invoice, language)))
        assert invoice.number in shown
        rendered += 1
    assert rendered > 60


def test_vat_shows_its_category_where_it_is_not_ordinary() -> None:
    lines = (
        line(1, item=Item("Hyra", Vat("E", Decimal(0)))),
        line(2, item=Item("Bok", Vat("S", Decimal(6)))),
    )
    shown = text(replace(PLAIN, lines=lines))
    assert "E 0 %" in shown
    assert "6 %" in shown
    assert "S 6 %" not in shown
