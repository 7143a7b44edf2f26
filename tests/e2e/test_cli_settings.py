"""`budkavle settings`: settled at every place, and told where it comes from."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.store.accounts import Account
from gateway.store.sqlite import SqliteStore
from tests.e2e.command import budkavle
from tests.e2e.invoices import SENDER

COMPANY = replace(SENDER.company, account_id="acc_byra")
CUSTOMER = "SE:5592034846"


async def test_values_are_settled_at_every_place_and_told_from_where(tmp_path: Path) -> None:
    now, data = datetime.now(UTC), ("--data", tmp_path / "data")
    store = await SqliteStore.open(tmp_path / "data")
    await store.add_account(Account("acc_byra", "Byrån AB", now))
    await store.add_company(COMPANY, now)
    await store.close()

    async def do(*words: str) -> int:
        return (await budkavle("settings", *words, *data)).code

    assert await do("class", COMPANY.id, "swedes", "--country", "se") == 0
    assert await do("set", "acc_byra", "recheck", "no") == 0
    assert await do("set", COMPANY.id, "duplicate_days", "30") == 0
    assert await do("set", COMPANY.id, "route_order", "kivra,letter", "--class", "swedes") == 0
    assert await do("set", COMPANY.id, "recheck", "yes", "--customer", "se:559203-4846") == 0
    rows = (await budkavle("settings", "list", COMPANY.id, "--customer", CUSTOMER, *data)).lines
    found: dict[str, Any] = {row["setting"]: (row["value"], row["from"]) for row in rows}
    assert found["recheck"] == (True, f"customer {CUSTOMER}")
    assert found["route_order"] == ("kivra, letter", "class swedes")
    assert found["duplicate_days"] == (30, "company")
    assert found["archives"] == (True, "default")
    behind = {row["setting"]: (row["next"], row["next_from"]) for row in rows}
    assert behind["recheck"] == (False, "account")
    assert await do("unset", COMPANY.id, "recheck", "--customer", CUSTOMER) == 0
    assert await do("set", COMPANY.id, "archives", "perhaps") == 2
    assert await do("set", COMPANY.id, "archives", "no", "--customer", CUSTOMER) == 2
    assert await do("set", "com_none", "archives", "no") == 2
