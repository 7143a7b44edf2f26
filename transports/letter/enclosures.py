"""Which of the attachments are printed and posted with the invoice. Pure.

The limits are those print houses in Sweden and Norway give; over any of them the attachments stay
behind and the invoice goes alone, because an invoice that arrives is worth more.
"""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from transports.base import File
from transports.letter.wire import PDF


@dataclass(frozen=True, slots=True)
class Limits:
    """What fits into one letter."""

    pages: int = 110  # the invoice and its attachments
    attachments: int = 3
    attachment_bytes: int = 50 * 1024 * 1024  # each


@dataclass(frozen=True, slots=True)
class Enclosures:
    """What goes into the envelope. `left_out` says in a sentence each what does not, and why."""

    files: tuple[File, ...]
    pages: int
    left_out: tuple[str, ...] = ()


def pages(content: bytes) -> int | None:
    """How many pages a PDF has; None when it can not be read (or only with a password)."""
    try:
        return len(PdfReader(io.BytesIO(content), strict=False).pages) or None
    except _STUMBLES:
        return None


# A broken PDF makes pypdf stumble in many ways; all mean that it can not be counted.
_STUMBLES = (
    PyPdfError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RuntimeError,  # too deep, or a feature it does not have
    zlib.error,
)


def enclose(image: File, attachments: tuple[File, ...], limits: Limits) -> Enclosures | None:
    """Chooses what goes along with the invoice; None when the invoice itself can not be read.

    `pages` of the result may be over the limit only when the invoice alone is.
    """
    own = pages(image.content)
    if own is None:
        return None
    printable = tuple(file for file in attachments if file.media_type == PDF)
    left_out = tuple(
        f"{file.name} is not a PDF and can not be printed."
        for file in attachments
        if file.media_type != PDF
    )
    too_much, total = _too_much(own, printable, limits)
    if too_much:
        return Enclosures((), own, (*left_out, f"No attachment is printed: {too_much}."))
    return Enclosures(printable, own + total, left_out)


def _too_much(own: int, files: tuple[File, ...], limits: Limits) -> tuple[str, int]:
    """Why the attachments stay behind, empty when they go; and their pages."""
    if len(files) > limits.attachments:
        return f"there are {len(files)}, and at most {limits.attachments} go into a letter", 0
    total = 0
    for file in files:
        if len(file.content) > limits.attachment_bytes:
            return f"{file.name} is larger than {limits.attachment_bytes:,} bytes", 0
        count = pages(file.content)
        if count is None:
            return f"{file.name} can not be read as a PDF", 0
        total += count
    if own + total > limits.pages:
        return f"with them the letter has {own + total} pages, and at most {limits.pages} fit", 0
    return "", total
