"""Which of the attachments are printed and posted with the invoice.

The limits are those print houses in Sweden and Norway give; over any of them the attachments stay
behind and the invoice goes alone, because an invoice that arrives is worth more.
"""

from __future__ import annotations

import asyncio
import io
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from transports.base import Envelope, File
from transports.letter.wire import PDF


class CountFailed(Exception):
    """Nobody found out how many pages a PDF has. That says nothing about the PDF."""


# How many pages a PDF has; None when it can not be read. May raise CountFailed.
Count = Callable[[bytes], Awaitable[int | None]]


@dataclass(frozen=True, slots=True)
class Limits:
    """What fits into one letter."""

    pages: int = 110  # the invoice and its attachments
    attachments: int = 3
    attachment_bytes: int = 50 * 1024 * 1024  # each


@dataclass(frozen=True, slots=True)
class Enclosures:
    """What is printed: the invoice, with what was merged into it, and files beside it. `left_out`
    says in a sentence each what is not, and why."""

    letter: File
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
    AssertionError,
    ArithmeticError,
    RuntimeError,  # too deep, or a feature it does not have
    zlib.error,
)


async def count_here(content: bytes) -> int | None:
    """Counts in a thread of this process: for those who trust the files."""
    return await asyncio.to_thread(pages, content)


async def enclose(
    envelope: Envelope, limits: Limits, count: Count = count_here
) -> Enclosures | None:
    """Chooses what goes along with the invoice; None when the invoice itself can not be read.

    `pages` of the result may be over the limit only when the invoice alone is. Raises CountFailed
    when the invoice itself could not be counted.
    """
    image, merged = envelope.image, envelope.merged
    assert image is not None, "needs_image"
    if merged is not None and merged.pages <= limits.pages:
        apart = tuple(f"{file.name} can not be printed." for file in merged.apart)
        return Enclosures(merged.file, (), merged.pages, apart)
    own = await count(image.content)
    if own is None:
        return None
    attachments = envelope.attachments
    printable = tuple(file for file in attachments if file.media_type == PDF)
    left_out = tuple(
        f"{file.name} is not a PDF and can not be printed."
        for file in attachments
        if file.media_type != PDF
    )
    if merged is not None:
        too_much, total = _too_many(merged.pages, limits), 0
    else:
        too_much, total = await _too_much(own, printable, limits, count)
    if too_much:
        return Enclosures(image, (), own, (*left_out, f"No attachment is printed: {too_much}."))
    return Enclosures(image, printable, own + total, left_out)


async def _too_much(
    own: int, files: tuple[File, ...], limits: Limits, count: Count
) -> tuple[str, int]:
    """Why the attachments stay behind, empty when they go; and their pages."""
    if len(files) > limits.attachments:
        return f"there are {len(files)}, and at most {limits.attachments} go into a letter", 0
    total = 0
    for file in files:
        if len(file.content) > limits.attachment_bytes:
            return f"{file.name} is larger than {limits.attachment_bytes:,} bytes", 0
        try:
            number = await count(file.content)
        except CountFailed:
            return f"the pages of {file.name} could not be counted", 0
        if number is None:
            return f"{file.name} can not be read as a PDF", 0
        total += number
    if own + total > limits.pages:
        return _too_many(own + total, limits), 0
    return "", total


def _too_many(pages: int, limits: Limits) -> str:
    return f"with them the letter has {pages} pages, and at most {limits.pages} fit"
