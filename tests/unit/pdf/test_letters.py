"""Names from elsewhere: drawn in embedded fonts, and to be read out of the PDF again."""

from __future__ import annotations

import io
import shutil
import subprocess
from dataclasses import replace

import pytest
from pypdf import PdfReader

from gateway.pdf.render import render
from tests.unit.pdf.invoices import PLAIN, line

NAMES = (
    "Žižka & Đorđević",
    "Київ Щука",
    "Αθήνα Ψαρράς",
    "Nguyễn Đặng Việt",
    "თბილისი",
    "李小龍 株式会社",
    "한국전자",
    "−5 °C → ≤ 3 m²",
)


def drawn() -> bytes:
    lines = tuple(line(n, name) for n, name in enumerate(NAMES, 1))
    buyer = replace(PLAIN.buyer, name=" · ".join(NAMES[:4]))
    return render(replace(PLAIN, lines=lines, buyer=buyer), "en")


@pytest.mark.parametrize("name", NAMES)
def test_they_can_be_read_out_again(name: str) -> None:
    (page,) = PdfReader(io.BytesIO(drawn())).pages
    # A text in several fonts is read out in pieces.
    shown = "".join(page.extract_text().split())
    assert "".join(name.split()) in shown


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed here")
def test_another_reader_reads_them_too() -> None:
    found = subprocess.run(
        ["pdftotext", "-enc", "UTF-8", "-", "-"], input=drawn(), capture_output=True, check=True
    )
    shown = "".join(found.stdout.decode().split())
    assert [name for name in NAMES if "".join(name.split()) not in shown] == []


def test_only_the_letters_used_are_embedded() -> None:
    assert len(drawn()) < 200_000, "the fonts are 30 MB"
    reader = PdfReader(io.BytesIO(drawn()))
    fonts = [
        font.get_object() for page in reader.pages for font in page["/Resources"]["/Font"].values()
    ]
    assert len(fonts) >= 5
    for font in fonts:
        assert "/FontFile2" in font["/FontDescriptor"], font["/BaseFont"]
        assert "+" in font["/BaseFont"], "a subset's name has a tag before it"
