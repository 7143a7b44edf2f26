"""How much a process may spend on files that others made: all PDF work stays within these.

In charge of the numbers, and of loading beforehand what the work needs: the process that does it
may open nothing, neither a file nor a connection (`gateway.delivery.child`).
"""

from __future__ import annotations

import importlib
import io
import logging
import warnings
from typing import Final

import pikepdf
from pypdf import PdfReader, PdfWriter

# A set of 40 MB takes 270 MB to merge, and 460 MB to shrink.
MEMORY_BYTES: Final = 512 * 1024**2

# Of the processor, and on the wall: a typical set takes 0.03 s.
PROCESSOR_S: Final = 5.0
LIMIT_S: Final = 10.0

# Pages of a merged PDF. Nobody reads more, and print houses take 110.
PAGES: Final = 500

# Files together, before anything is tried: more would never fit any channel's limit.
INPUT_BYTES: Final = 40 * 1024**2

# Pixels of an image that becomes a page: A3 at 600 dpi in colour is 70 million.
PIXELS: Final = 80_000_000

# What the libraries import only when a file needs it.
_LATE: Final = (
    "gateway.pdf.logo",
    "gateway.pdf.merge",
    "PIL.ImageCms",
    "PIL.ImageFile",
    "PIL.ImageOps",
    "PIL.JpegImagePlugin",
    "PIL.MpoImagePlugin",
    "PIL.BmpImagePlugin",
    "PIL.GifImagePlugin",
    "PIL.PngImagePlugin",
    "PIL.PpmImagePlugin",
    "PIL.TiffImagePlugin",
    "transports.letter.enclosures",
)


def load() -> None:
    """Loads what the work needs. What libraries say of a file is not logged: it may quote it."""
    for name in _LATE:
        importlib.import_module(name)
    _rehearse()
    for name in ("pypdf", "pikepdf", "PIL", "img2pdf"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    warnings.simplefilter("ignore")


def _rehearse() -> None:
    """Does a little of everything: qpdf opens the system's source of random numbers when it first
    decrypts, pypdf its own text when it first reads."""
    locked = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(locked, encryption=pikepdf.Encryption(owner="owner"))
    pikepdf.open(locked).close()
    PdfWriter(clone_from=PdfReader(locked)).write(io.BytesIO())
