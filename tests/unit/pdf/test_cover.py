"""The page with the address that goes before an invoice."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from pypdf import PdfReader

from gateway.pdf.cover import draw
from transports.letter.address import Window
from transports.letter.cover import Cover

POINTS = 72 / 25.4
PAGE = Cover(
    window=Window(),
    lines=("Bageri Ägget AB", "Ågatan 2", "222 33 Lund"),
    country="SE",
    home="SE",
    return_line="Åkeri & Söner AB, Kajen 1, 111 22 Stockholm, SE",
    sender="Åkeri & Söner AB",
    kind="invoice",
    number="1001",
    language="sv",
)


def placed(content: bytes) -> list[tuple[str, float, float]]:
    """The texts of the one page, with the millimetres from the left and the top of their start."""
    (page,) = PdfReader(io.BytesIO(content)).pages
    found: list[tuple[str, float, float]] = []

    def visit(text: str, _: object, matrix: list[float], *more: object) -> None:
        if text.strip():
            found.append((text.strip(), matrix[4] / POINTS, 297 - matrix[5] / POINTS))

    page.extract_text(visitor_text=visit)
    return found


def test_the_page_says_to_whom_from_whom_and_what() -> None:
    texts = [text for text, _, _ in placed(draw(PAGE))]
    assert texts == [
        "Åkeri & Söner AB, Kajen 1, 111 22 Stockholm, SE",
        "Bageri Ägget AB",
        "Ågatan 2",
        "222 33 Lund",
        "Åkeri & Söner AB",
        "Faktura 1001",
    ]


def test_a_letter_abroad_names_the_country() -> None:
    abroad = replace(PAGE, country="NO", kind="credit_note", language="nb", return_line=None)
    texts = [text for text, _, _ in placed(draw(abroad))]
    assert texts[3] == "NORWAY"
    assert texts[-1] == "Kreditnota 1001"


@pytest.mark.parametrize("window", [Window(), Window(110, 40, 90, 35), Window(20, 60, 60, 30)])
def test_the_address_stands_in_the_window_and_nothing_else_does(window: Window) -> None:
    full = replace(
        PAGE, window=window, lines=("a" * 30, "b", "c", "d", "e", "f")[: window.lines - 1]
    )
    texts = placed(draw(full))
    for text, left, top in texts[: window.lines]:
        assert window.left < left < window.left + window.width, text
        assert window.top < top < window.top + window.height, text
    for text, _, top in texts[window.lines :]:
        assert top > window.top + window.height, text


def test_the_same_page_is_the_same_bytes() -> None:
    assert draw(PAGE) == draw(replace(PAGE))
    assert draw(PAGE) != draw(replace(PAGE, number="1002"))
