"""A company's logo, as it stands at the head of its invoices: decoded once, and written anew.

In charge of what is taken and of why not. What is kept was written here, so that nothing of a file
that somebody made is ever handed to a reader, or decoded again beside other work. Pure; `read` is
meant for the process that can open nothing (`gateway.delivery.bindery.press`).
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

PNG: Final = "image/png"
JPEG: Final = "image/jpeg"

# What comes in, and what is kept: the store holds it beside its rows.
MOST_BYTES: Final = 256 * 1024

# Pixels that come in: 64 MB once decoded; 190 MB at most were seen while such a one was made small.
_PIXELS: Final = 16_000_000

# What is kept fills its place on paper with 500 pixels to an inch.
_FITS: Final = (1200, 400)

# On paper, in millimetres: what the head of a letter has above the envelope's window.
_PAPER_WIDTH, _PAPER_HEIGHT = 60.0, 20.0

# An inch of paper has at least as many pixels (CSS reckons so too): a small logo stays small.
_PIXELS_PER_MM: Final = 96 / 25.4

# Less is a dot or a line, not a logo.
_LEAST, _LONGEST = 16, 20

# Of 255: what is nowhere darker is white to the eye.
_BRIGHT = 245

# Steps of JPEG until it fits.
_QUALITIES: Final = (92, 85, 75, 60, 40, 20)

# Pillow has an error of its own for few of the ways in which an image is broken.
_REFUSALS: Final = (
    OSError,
    ValueError,
    SyntaxError,
    LookupError,
    TypeError,
    RuntimeError,
    ArithmeticError,
    EOFError,
)


@dataclass(frozen=True, slots=True)
class Logo:
    """A PNG or a JPEG that `read` wrote; width and height are pixels."""

    content: bytes = field(repr=False)
    media_type: str
    width: int
    height: int

    def on_paper(self) -> tuple[float, float]:
        """Width and height in millimetres: at most 60 x 20."""
        pixels_per_mm = max(_PIXELS_PER_MM, self.width / _PAPER_WIDTH, self.height / _PAPER_HEIGHT)
        return self.width / pixels_per_mm, self.height / pixels_per_mm


def kept(content: bytes) -> Logo:
    """The logo whose content `read` wrote: not a pixel is decoded."""
    with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as image:
        return Logo(content, PNG if image.format == "PNG" else JPEG, *image.size)


def read(content: bytes) -> Logo | str:
    """The logo in a PNG or JPEG file; or why it is not taken, in a sentence for who sent it.

    Whatever else is in the file (text, places, colour profiles) is dropped, CMYK becomes RGB,
    what is transparent white as paper is, and what has more than 1200 x 400 pixels is made smaller.
    """
    if len(content) > MOST_BYTES:
        return f"The file has {len(content)} bytes: a logo has at most {MOST_BYTES}."
    try:
        image = Image.open(io.BytesIO(content), formats=("PNG", "JPEG"))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return f"The image has too many pixels: a logo has at most {_PIXELS // 10**6} million."
    except UnidentifiedImageError:
        return "The file is neither a PNG nor a JPEG image."
    except _REFUSALS:
        return _BROKEN
    with image:
        try:
            return _misfit(image) or _written(image)
        except _REFUSALS:
            return _BROKEN


_BROKEN: Final = "The image is broken: save it again in the program that made it."


def _misfit(image: Image.Image) -> str | None:
    """Why it can not be a logo, as its first bytes tell."""
    width, height = image.size
    size = f"The image has {width} x {height} pixels"
    if width * height > _PIXELS:
        return f"{size}: a logo has at most {_PIXELS // 10**6} million."
    if min(width, height) < _LEAST:
        return f"{size}: a logo has at least {_LEAST} each way."
    if max(width, height) > _LONGEST * min(width, height):
        return f"{size}: a logo is at most {_LONGEST} times as long as it is wide."
    if image.format == "PNG" and getattr(image, "is_animated", False):
        return "The image moves: a logo is a still picture."
    return None


def _written(image: Image.Image) -> Logo | str:
    photo = image.format != "PNG"
    image.draft("RGB", (2 * _FITS[1], 2 * _FITS[1]))  # a JPEG is decoded no larger than needed
    drawn = ImageOps.exif_transpose(image)
    if drawn.mode.startswith("I"):  # 16 bits of grey, of which the upper 8 are seen
        drawn = drawn.convert("I").point(lambda grey: grey / 256).convert("L")
    if drawn.has_transparency_data:
        drawn = drawn.convert("RGBA")
        drawn.thumbnail(_FITS)
        drawn = Image.alpha_composite(Image.new("RGBA", drawn.size, "white"), drawn)
    drawn = drawn.convert("RGB")
    drawn.thumbnail(_FITS)
    if not any(drawn.convert("L").histogram()[:_BRIGHT]):
        return "On white paper nothing of the image would be seen."
    drawn.info.clear()
    content = None if photo else _png(drawn)
    if content is None:
        content = _jpeg(drawn)
    if content is None:
        return f"The image takes more than {MOST_BYTES} bytes however it is written."
    return kept(content)


def _png(image: Image.Image) -> bytes | None:
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue() if out.tell() <= MOST_BYTES else None


def _jpeg(image: Image.Image) -> bytes | None:
    for quality in _QUALITIES:
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality, optimize=True)
        if out.tell() <= MOST_BYTES:
            return out.getvalue()
    return None
