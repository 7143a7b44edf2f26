"""An invoice as people read it: its image as PDF, and the files inside it.

In charge of getting both out of the stored UBL. Pure; worth a thread or a process of its own.
"""

from __future__ import annotations

from gateway.intake.attachment import embedded
from gateway.pdf.render import render
from schemas.invoice import Invoice
from schemas.ubl.read import read
from transports.base import File
from validators.pipeline import parse


def image(document: bytes, language: str) -> bytes:
    """The invoice as PDF: the same bytes for the same document and language, until the drawing
    changes. What a channel carried is therefore kept."""
    return render(_invoice(document), language)


def inside(document: bytes) -> tuple[File, ...]:
    """The files inside the invoice (BG-24): the same for the same document."""
    return embedded(_invoice(document))


def _invoice(document: bytes) -> Invoice:
    root = parse(document)
    if isinstance(root, tuple):  # it was parsed when it was accepted
        raise ValueError(f"the stored document can not be parsed: {root[0].rule}")
    return read(root)
