"""The page on writing an invoice: its example works, and its table has every term."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

from gateway.intake.filled_in import _reasons
from gateway.intake.prepare import Prepared, prepare
from gateway.intake.submission import JSON
from transports.base import File

PAGE = (Path(__file__).parents[2] / "docs/howto/write-an-invoice.md").read_text("utf-8")


def test_the_invoice_on_the_page_can_be_sent() -> None:
    (body,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert json.loads(body)
    original = File("document.json", JSON, body.encode())
    outcome = prepare(original, (), {}, at=date(2026, 11, 21))
    assert isinstance(outcome, Prepared), outcome.findings
    assert outcome.findings == ()


def test_the_table_has_every_term_that_may_be_filled_in() -> None:
    told = set(re.findall(r"BT-\d+(?:-1)?", PAGE))
    for first, last in re.findall(r"BT-(\d+) to BT-(\d+)", PAGE):
        told |= {f"BT-{number}" for number in range(int(first), int(last) + 1)}
    assert _reasons("en").keys() == told
