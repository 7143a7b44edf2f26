"""Merging PDFs, beside pikepdf that opens, copies and saves the same files and does nothing else;
drawing an invoice, beside a bare canvas that is told the same texts and lines at the same places.

Processor time, that of the process which merges and of the way there and back included; medians of
short rounds, one of each in turn.
"""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import Final

import pikepdf
from reportlab.pdfgen.canvas import Canvas

from gateway.delivery.bindery import Bindery, press
from gateway.delivery.processes import Processes
from gateway.pdf.fonts import REGULAR
from gateway.pdf.merge import Merged
from gateway.pdf.page import Page
from gateway.pdf.render import foot, render, sections
from gateway.pdf.sheet import PAGE_HEIGHT, POINTS, Mark, Rule, Text
from gateway.pdf.words import Words
from schemas.invoice import Invoice
from tests.hostile import pdfs
from tests.unit.pdf.invoices import PLAIN, line

ROUNDS: Final = 15
TIMES: Final = 10
LIMIT_BYTES: Final = 5 * 1024 * 1024


def measure() -> Mapping[str, float]:
    """The ratios."""
    return {**asyncio.run(_measure()), "an invoice of 10 pages, x a bare canvas": drawing()}


def sets() -> Mapping[str, Sequence[bytes]]:
    """What invoices come with."""
    invoice = pdfs.drawn(1, "Invoice")
    return {
        "an invoice, a time sheet and a photographed receipt": (
            invoice,
            pdfs.drawn(3, "Time sheet"),
            pdfs.with_scan(pdfs.noise(700, 900)),
        ),
        "10 pages: an invoice, terms and a scan": (
            invoice,
            pdfs.drawn(7, "Terms"),
            pdfs.scanned(),
        ),
    }


def by_pikepdf(files: Sequence[bytes]) -> bytes:
    """The files as one, by pikepdf alone."""
    with pikepdf.new() as into:
        opened = [pikepdf.open(io.BytesIO(content)) for content in files]
        for one in opened:
            into.pages.extend(one.pages)
        out = io.BytesIO()
        into.save(out)
        for one in opened:
            one.close()
    return out.getvalue()


def typical() -> Invoice:
    """An invoice of 10 pages."""
    lines = tuple(line(n, f"Planhyvel {n}, björk, med list") for n in range(1, 331))
    return replace(PLAIN, lines=lines)


def drawing() -> float:
    """How many times as long an invoice takes as its texts and lines on a bare canvas."""
    invoice = typical()
    pages = _placed(invoice)
    assert len(pages) == 10
    render(invoice, "sv")
    by_canvas(pages)
    return median(
        _spent(lambda: render(invoice, "sv")) / _spent(lambda: by_canvas(pages))
        for _ in range(ROUNDS)
    )


def by_canvas(pages: Sequence[Sequence[Mark]]) -> bytes:
    """The marks drawn by reportlab's canvas as its manual says."""
    out = io.BytesIO()
    canvas = Canvas(out, pageCompression=1, initialFontName=REGULAR)
    for page in pages:
        for mark in page:
            match mark:
                case Text(x, y, text, face, right):
                    canvas.setFillGray(face.ink.value)
                    canvas.setFont(face.font, face.size)
                    draw = canvas.drawRightString if right else canvas.drawString
                    draw(x * POINTS, (PAGE_HEIGHT - y) * POINTS, text)
                case Rule(x, y, to, ink, weight):
                    canvas.setStrokeGray(ink.value)
                    canvas.setLineWidth(weight)
                    canvas.line(
                        x * POINTS,
                        (PAGE_HEIGHT - y) * POINTS,
                        to * POINTS,
                        (PAGE_HEIGHT - y) * POINTS,
                    )
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _placed(invoice: Invoice) -> Sequence[Sequence[Mark]]:
    pages: list[Sequence[Mark]] = []
    page = Page(invoice, Words("sv"), pages.append)
    sections(page)
    return [[*marks, *foot(page, n, len(pages))] for n, marks in enumerate(pages, 1)]


async def _measure() -> Mapping[str, float]:
    processes = press()
    await processes.start()
    figures: dict[str, float] = {}
    try:
        for name, files in sets().items():
            figures[f"{name}, x pikepdf"] = await _ratio(processes, files)
    finally:
        await processes.close()
    return figures


async def _ratio(processes: Processes, files: Sequence[bytes]) -> float:
    bindery, ratios = Bindery(processes), []
    for _ in range(ROUNDS):
        began = time.process_time() + await _used(processes)
        for _ in range(TIMES):
            made = await bindery.bind(files, LIMIT_BYTES)
            assert isinstance(made, Merged)
        ours = time.process_time() + await _used(processes) - began
        ratios.append(ours / _spent(lambda: by_pikepdf(files)))
    return median(ratios)


async def _used(processes: Processes) -> float:
    return await processes.run(0, time.process_time)


def _spent(work: Callable[[], object]) -> float:
    began = time.process_time()
    for _ in range(TIMES):
        work()
    return time.process_time() - began
