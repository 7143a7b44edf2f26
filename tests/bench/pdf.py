"""Merging PDFs, beside pikepdf that opens, copies and saves the same files and does nothing else.

Processor time, that of the process which merges and of the way there and back included; medians of
short rounds, one of each in turn.
"""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Final

import pikepdf

from gateway.delivery.bindery import Bindery, press
from gateway.delivery.processes import Processes
from gateway.pdf.merge import Merged
from tests.hostile import pdfs

ROUNDS: Final = 15
TIMES: Final = 10
LIMIT_BYTES: Final = 5 * 1024 * 1024


def measure() -> Mapping[str, float]:
    """The ratios."""
    return asyncio.run(_measure())


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
