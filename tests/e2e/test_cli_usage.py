"""`budkavle prices` and `usage`: a price list from a file, and a month's statement."""

from __future__ import annotations

import csv
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from gateway.store.sqlite import SqliteStore
from gateway.store.usage import Charge
from tests.e2e.command import budkavle
from tests.e2e.invoices import SENDER

COMPANY = SENDER.company
PRICES = """
currency = "SEK"
valid_from = 2026-01-01
[[prices]]
channel = "peppol"
amount = "1.25"
[[prices]]
channel = "letter"
country = "SE"
amount = "12.90"
"""


async def test_prices_are_checked_imported_once_and_shown(tmp_path: Path) -> None:
    data, file = ("--data", tmp_path / "data"), tmp_path / "prices.toml"
    file.write_text(PRICES + '[[prices]]\nchannel = "pigeon"\namount = "x"\n')
    wrong = await budkavle("prices", "import", file, *data)
    assert wrong.code == 1
    assert {line["where"] for line in wrong.lines} == {"price 3"}
    assert len(wrong.lines) == 2
    file.write_text(PRICES)
    added = await budkavle("prices", "import", file, *data)
    assert added.code == 0 and "2 prices were added; 0 were there already." in added.err
    again = await budkavle("prices", "import", file, *data)
    assert again.code == 0 and "0 prices were added; 2 were there already." in again.err
    file.write_text(PRICES.replace("1.25", "1.40"))
    changed = await budkavle("prices", "import", file, *data)
    assert changed.code == 1 and "counts already" in changed.out
    shown = await budkavle("prices", "show", "--at", "2026-02-01", *data)
    assert [(line["channel"], line["country"], line["amount"]) for line in shown.lines] == [
        *(("letter", "SE", "12.90"), ("peppol", "", "1.25"))
    ]
    assert (await budkavle("prices", "show", "--at", "2025-12-31", *data)).lines == []
    entries = (await budkavle("audit", "list", *data)).lines
    assert [entry["action"] for entry in entries] == ["prices.imported"]


async def test_a_months_statement_is_shown_and_written(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    month = f"{now:%Y-%m}"
    store = await SqliteStore.open(tmp_path / "data")
    await store.add_company(COMPANY, now)
    charge = Charge(
        *("doc_1/0", COMPANY.id, "", "doc_1", "letter", "SE", "out", "invoice"),
        *(now - timedelta(seconds=1), date(2026, 1, 2), month, 1, "SEK", Decimal("12.90")),
    )
    await store.count(COMPANY.id, [charge])
    await store.close()
    data, place = ("--data", tmp_path / "data"), tmp_path / "statement"
    shown = await budkavle("usage", month, *data)
    assert shown.code == 0 and "12.90 SEK" in shown.err
    (line,) = shown.lines
    assert (line["company"], line["charged"], line["amount"]) == (COMPANY.name, 1, "12.90")
    for form in ("json", "csv", "pdf"):
        file = place.with_suffix(f".{form}")
        assert (await budkavle("usage", month, "--to", file, *data)).code == 0
    assert json.loads(place.with_suffix(".json").read_text())["totals"] == {"SEK": "12.90"}
    (row,) = csv.DictReader(place.with_suffix(".csv").read_text().splitlines())
    assert (row["month"], row["amount"]) == (month, "12.90")
    assert place.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
    assert (await budkavle("usage", "November", *data)).code == 2
    assert (await budkavle("usage", month, "--company", "com_none", *data)).code == 2
