from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from gateway.intake.prepare import Prepared, prepare
from gateway.pdf.render import render
from transports.base import File

EXAMPLE = Path(__file__).parents[3] / "examples" / "se-b2b-invoice.json"


@pytest.fixture
def eager_threads() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def test_invoices_drawn_at_the_same_time_keep_their_own_letters(eager_threads: None) -> None:
    made = prepare(
        File("invoice.json", "application/json", EXAMPLE.read_bytes()),
        (),
        {},
        at=date(2026, 11, 21),
    )
    assert isinstance(made, Prepared)
    # Each with letters that the others lack, so that each needs another part of the font.
    invoices = [
        replace(made.invoice, buyer=replace(made.invoice.buyer, name=name))
        for name in ("Ærø Øl", "Žižka ÿ", "¿Qué? ñ", "ßẞ Ðþ")
    ]
    alone = [render(invoice, "sv") for invoice in invoices]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda n: render(invoices[n % 4], "sv"), range(240)))
    assert [n for n, drawn in enumerate(together) if drawn != alone[n % 4]] == []
