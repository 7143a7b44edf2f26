"""A page that stands for files that are too large: what it is, and where they can be fetched.

Kivra takes PDFs only, so a link has to be in one. Pure: the same envelope, the same bytes.
"""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Final

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from schemas.figures import day, money
from transports.base import Envelope
from transports.kivra.wire import Part

_LEFT: Final = 57  # points: 20 mm

# What it is, where it is, and what is to be paid; by language.
_SENTENCES: Final = {
    "en": ("Your invoice is too large for Kivra. You find it here until {until}:", "To pay"),
    "sv": ("Din faktura är för stor för Kivra. Du hittar den här till och med {until}:", "Belopp"),
    "nb": ("Fakturaen din er for stor for Kivra. Du finner den her til og med {until}:", "Beløp"),
}


def page(envelope: Envelope) -> Part:
    """The page of an envelope with a link, which can be followed."""
    link, summary = envelope.link, envelope.summary
    assert link is not None
    sentence, to_pay = _SENTENCES[summary.language]
    # The day before it ends: it opens all through the day that is named.
    until = day(link.until.date() - timedelta(days=1), summary.language)
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4, invariant=1)
    height = A4[1] - 85
    for size, text in (
        (16, f"{envelope.sender.name}"),
        (12, summary.number),
        (12, f"{to_pay}: {money(summary.amount_due, summary.currency, summary.language)}"),
        (11, sentence.format(until=until)),
        (9, link.url),
    ):
        canvas.setFont("Helvetica", size)
        # The built-in fonts hold Western letters; what is none is no part of an address.
        canvas.drawString(_LEFT, height, text.encode("cp1252", "replace").decode("cp1252"))
        height -= size * 2
    canvas.linkURL(link.url, (_LEFT, height + 12, A4[0] - _LEFT, height + 36))
    canvas.save()
    return Part(f"link-{envelope.key.hex[:8]}.pdf", buffer.getvalue())
