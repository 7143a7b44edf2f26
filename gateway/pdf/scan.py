"""An image as pages of paper: what a scanner or a telephone made.

In charge of PNG, JPEG and TIFF, each frame a page of A4. The pixels are kept as they are; only what
is transparent becomes white, as paper is. Pure.
"""

from __future__ import annotations

import io
from typing import Final

import img2pdf
from PIL import Image, ImageOps, UnidentifiedImageError

from gateway.pdf.bounds import PAGES, PIXELS

_MAGIC: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*")
_FORMATS: Final = ("PNG", "JPEG", "TIFF")
_A4: Final = (img2pdf.mm_to_pt(210), img2pdf.mm_to_pt(297))
_BORDER: Final = (img2pdf.mm_to_pt(10), img2pdf.mm_to_pt(10))


_OF_PNG: Final = ("1", "L", "P", "RGB")
_DPI: Final = 150  # where the image says nothing: a screen's picture in a legible size


class NotDrawn(Exception):
    """It only begins like an image, or has more pixels than anybody needs."""


def is_image(content: bytes) -> bool:
    """Whether it begins like a PNG, a JPEG or a TIFF."""
    return content.startswith(_MAGIC)


def pages(content: bytes) -> bytes:
    """A PDF with the image on it. Raises NotDrawn."""
    layout = img2pdf.get_layout_fun(
        pagesize=_A4, border=_BORDER, fit=img2pdf.FitMode.shrink, auto_orient=True
    )
    try:
        return bytes(
            img2pdf.convert(
                _frames(content),
                layout_fun=layout,
                rotation=img2pdf.Rotation.ifvalid,
                engine=img2pdf.Engine.internal,
                nodate=True,
            )
        )
    except _REFUSALS as refusal:
        raise NotDrawn(str(refusal)) from None


# Pillow has an error of its own for few of the ways in which an image is broken.
_REFUSALS: Final = (
    UnidentifiedImageError,
    Image.DecompressionBombError,
    img2pdf.ImageOpenError,
    img2pdf.JpegColorspaceError,
    img2pdf.PdfTooLargeError,
    img2pdf.ExifOrientationError,
    OSError,
    ValueError,
    SyntaxError,
    LookupError,
    TypeError,
    RuntimeError,
    ArithmeticError,
    EOFError,
)


def _frames(content: bytes) -> list[bytes]:
    """Each page as a PNG or JPEG, without anything transparent."""
    with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
        if image.format in ("JPEG", "MPO"):  # further frames of an MPO are for other eyes
            _measure(image)
            return [content]
        if image.format == "PNG" and not image.has_transparency_data:
            _measure(image)
            return [content]
        count = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
        if count > PAGES:
            raise NotDrawn(f"{count} frames")
        return [_frame(image, n) for n in range(count)]


def _frame(image: Image.Image, n: int) -> bytes:
    image.seek(n)
    _measure(image)
    drawn: Image.Image = ImageOps.exif_transpose(image)
    if drawn.has_transparency_data:
        paper = Image.new("RGBA", drawn.size, "white")
        drawn = Image.alpha_composite(paper, drawn.convert("RGBA")).convert("RGB")
    elif drawn.mode not in _OF_PNG:
        drawn = drawn.convert("RGB")
    out = io.BytesIO()
    drawn.save(out, "PNG", dpi=image.info.get("dpi", (_DPI, _DPI)))
    return out.getvalue()


def _measure(image: Image.Image) -> None:
    if image.width * image.height > PIXELS:
        raise NotDrawn(f"{image.width} x {image.height} pixels")
