"""Smaller, and the same to the pixel."""

from __future__ import annotations

import io

import pikepdf
import pytest
from pypdf import PdfReader

from gateway.pdf.merge import Merged, merge
from gateway.pdf.shrink import STEPS, shrink
from tests.hostile import pdfs

MUCH = 10 * pdfs.MB


def merged(*files: bytes) -> bytes:
    made = merge(files, MUCH)
    assert isinstance(made, Merged)
    assert made.shrunk == ()
    return made.content


def pixels(content: bytes) -> list[bytes]:
    """Of each picture, in the order of pages."""
    with pikepdf.open(io.BytesIO(content)) as pdf:
        return [
            pikepdf.PdfImage(drawing).as_pil_image().convert("RGB").tobytes()
            for page in pdf.pages
            for _, drawing in sorted(page.obj.Resources.get("/XObject", {}).items())
            if drawing.Subtype == pikepdf.Name.Image
        ]


def texts(content: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]


def test_what_fits_is_left_as_it_is() -> None:
    content = merged(pdfs.drawn(1), pdfs.drawn(2))
    shrunk = shrink(content, len(content))
    assert (shrunk.content, shrunk.steps) == (content, ())


def test_a_picture_in_ascii85_is_taken_out_of_it() -> None:
    content = merged(pdfs.drawn(1), pdfs.with_picture(pdfs.noise(400, 300)))
    shrunk = shrink(content, len(content) * 85 // 100)
    assert shrunk.steps == ("text_filters",)
    assert len(shrunk.content) <= len(content) * 85 // 100
    assert pixels(shrunk.content) == pixels(content)


def test_what_every_file_brings_along_is_kept_once() -> None:
    logo = pdfs.with_scan(pdfs.noise(300, 300))
    content = merged(pdfs.drawn(1), logo, logo, logo)
    shrunk = shrink(content, len(content) // 2)
    assert shrunk.steps[-1] == "duplicates"
    assert pixels(shrunk.content) == pixels(content)
    assert len(pixels(content)) == 3


@pytest.mark.parametrize("name", STEPS)
def test_no_step_changes_what_is_shown(name: str) -> None:
    files = [
        *(pdfs.drawn(2, pageCompression=0), pdfs.with_form(), pdfs.scanned_losslessly()),
        *(pdfs.with_picture(pdfs.noise(90, 60)), pdfs.png("RGBA"), pdfs.tiff("group4", "1")),
    ]
    content = merged(*files)
    after = STEPS[name](content)
    assert texts(after) == texts(content)
    assert pixels(after) == pixels(content)
    assert len(pixels(content)) == 5
    with pikepdf.open(io.BytesIO(after)) as pdf:
        assert pdf.check_pdf_syntax() == []


def test_all_steps_together_are_the_last_resort() -> None:
    content = merged(pdfs.drawn(20, pageCompression=0), pdfs.drawn(20))
    shrunk = shrink(content, 1)
    assert set(shrunk.steps) >= {"object_streams"}
    assert len(shrunk.content) < len(content) // 2
    assert texts(shrunk.content) == texts(content)


@pytest.mark.parametrize("entries", [b"/Filter 5", b"/Filter/A\xa0"])
def test_what_stands_wrong_in_a_stream_stops_no_other_step(entries: bytes) -> None:
    page = b"<</Type/Page/Parent 2 0 R/Contents 4 0 R>>"
    odd = {1: pdfs.CATALOG, 2: pdfs.PAGES, 3: page, 4: pdfs.stream(b"q Q", entries)}
    content = merged(pdfs.drawn(1, pageCompression=0), pdfs.written(odd))
    shrunk = shrink(content, len(content) // 2)
    assert shrunk.steps and "text_filters" not in shrunk.steps
    assert len(PdfReader(io.BytesIO(shrunk.content)).pages) == 2
