"""A company's logo: what is taken of a file, and where it stands."""

from __future__ import annotations

import io
import random
from dataclasses import replace

import pypdfium2
import pytest
from PIL import Image

from gateway.delivery.bindery import press
from gateway.pdf.html import html
from gateway.pdf.logo import JPEG, MOST_BYTES, PNG, Logo, kept, read
from gateway.pdf.merge import Merged, merge
from gateway.pdf.render import render
from tests.unit.pdf.invoices import PLAIN, line


def written(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def taken(content: bytes) -> Logo:
    logo = read(content)
    assert isinstance(logo, Logo), logo
    return logo


BLUE = Image.new("RGB", (600, 200), (20, 90, 160))
NOISE = Image.frombytes("RGB", (280, 280), random.Random(1).randbytes(280 * 280 * 3))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "neither"),
        (b"GIF89a", "neither"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "neither"),
        (bytes(MOST_BYTES + 1), f"{MOST_BYTES + 1} bytes"),
        (written(NOISE)[:4000], "broken"),
        (written(NOISE, "JPEG")[:400], "broken"),
        (written(Image.new("1", (5000, 5000))), "16 million"),
        (written(Image.new("1", (20000, 20000))), "16 million"),
        (written(Image.new("RGB", (15, 300))), "at least 16"),
        (written(Image.new("RGB", (16, 321))), "20 times"),
        (written(Image.new("RGBA", (99, 99))), "white paper"),
        (written(Image.new("L", (99, 99), 255)), "white paper"),
        (written(BLUE, save_all=True, append_images=[Image.new("RGB", BLUE.size)]), "moves"),
    ],
)
def test_what_is_no_logo_is_told_why(content: bytes, why: str) -> None:
    told = read(content)
    assert isinstance(told, str) and why in told and told.endswith(".")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_png(mode: str) -> None:
    image = (
        Image.new("I;16", (2400, 600))
        if mode == "I;16"
        else Image.new("RGB", (2400, 600)).convert(mode)
    )
    logo = taken(written(image))
    assert (logo.media_type, logo.width, logo.height) == (PNG, 1200, 300)
    assert logo == kept(logo.content) == taken(logo.content)


def test_nothing_but_the_picture_is_kept() -> None:
    exif = BLUE.getexif()
    exif[270], exif[274] = "secret place", 6
    profile = b"secret profile" * 10
    for form in ("PNG", "JPEG"):
        content = written(BLUE, form, exif=exif, icc_profile=profile)
        logo = taken(content)
        assert b"secret" in content and b"secret" not in logo.content
        assert logo.height > logo.width, "as it is looked at"


def test_cmyk_becomes_rgb() -> None:
    logo = taken(written(Image.new("CMYK", (300, 100), (255, 0, 0, 0)), "JPEG"))
    image = Image.open(io.BytesIO(logo.content))
    assert (logo.media_type, image.mode, image.getpixel((9, 9))) == (JPEG, "RGB", (0, 255, 255))


def test_whatever_is_broken_in_it_is_answered() -> None:
    chance = random.Random(7)
    for content in (
        written(NOISE.resize((64, 64))),
        written(BLUE, "JPEG"),
        written(BLUE.convert("P")),
    ):
        for _ in range(300):
            wild = bytearray(content)
            for _ in range(chance.randrange(1, 9)):
                wild[chance.randrange(8, len(wild))] = chance.randrange(256)
            found = read(bytes(wild))
            assert isinstance(found, str) or len(found.content) <= MOST_BYTES


async def test_it_is_read_where_nothing_can_be_opened() -> None:
    workshop = press()
    exif = BLUE.getexif()
    exif[274] = 6
    try:
        for content in (
            written(NOISE),
            written(BLUE, "JPEG", exif=exif),
            written(BLUE.convert("RGBA")),
            b"GIF89a",
        ):
            assert await workshop.run(len(content), read, content) == read(content)
    finally:
        await workshop.close()


@pytest.mark.parametrize("size", [(2000, 120), (600, 200), (200, 2000), (16, 16)])
def test_it_stands_above_the_window(size: tuple[int, int]) -> None:
    logo = taken(written(Image.new("RGB", size, (20, 90, 160))))
    seller = replace(PLAIN.seller, name="Snickeri " * 30, trading_name="Kajens")
    content = render(replace(PLAIN, seller=seller), "sv", logo)
    assert content == render(replace(PLAIN, seller=seller), "sv", logo)
    page = pypdfium2.PdfDocument(content)[0]
    (image,) = [
        each for each in page.get_objects() if each.type == pypdfium2.raw.FPDF_PAGEOBJ_IMAGE
    ]
    left, bottom, right, top = (side / 72 * 25.4 for side in image.get_bounds())
    assert right - left <= 60.01 and top - bottom <= 20.01
    assert 297 - top >= 9.9 and 297 - bottom <= 30.1 and left >= 19.9
    text = page.get_textpage()
    window = text.get_text_bounded(
        15 / 25.4 * 72, (297 - 74) / 25.4 * 72, 110 / 25.4 * 72, (297 - 44) / 25.4 * 72
    )
    assert window.startswith(PLAIN.buyer.name) and "Snickeri" not in window


def test_it_is_in_the_pdf_once_however_many_pages() -> None:
    lines = tuple(line(n) for n in range(1, 200))
    content = render(replace(PLAIN, lines=lines), "sv", taken(written(BLUE)))
    assert content.count(b"/Subtype /Image") == 1
    merged = merge([content, render(PLAIN, "sv", taken(written(BLUE)))], 10**7)
    assert isinstance(merged, Merged) and not merged.apart


def test_the_page_brings_it_along() -> None:
    page = html(PLAIN, "sv", taken(written(BLUE)))
    assert page.count("<img") == 1 and 'src="data:image/png;base64,' in page
    assert 'width="227" height="76"' in page
    assert "<img" not in html(PLAIN, "sv")
