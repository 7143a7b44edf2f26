"""`budkavle account`, `company`, `key`: what the operator sets up, and what it is good for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli import cli
from gateway.store.access import Holder
from gateway.store.sqlite import SqliteStore
from gateway.trust.keys import counts, digest
from gateway.trust.scopes import EVERY, Scope

Command = Callable[..., Result]


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Runs a command on one data directory."""
    return lambda *words: CliRunner().invoke(cli, [*words, "--data", str(tmp_path)])


def lines(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def one(result: Result) -> dict[str, Any]:
    (line,) = lines(result)
    return line


def company(command: Command, name: str, participant: str, *more: str) -> Result:
    return command(
        *("company", "add", name, "--country", "se", "--participant", participant, *more)
    )


def holder(data: Path, secret: str, company_id: str = "") -> Holder | None:
    async def ask() -> Holder | None:
        store = await SqliteStore.open(data)
        try:
            return await store.holder(digest(secret), company_id)
        finally:
            await store.close()

    return asyncio.run(ask())


def test_an_account_its_companies_and_keys(command: Command, tmp_path: Path) -> None:
    account = one(command("account", "add", "Firm AB"))["id"]
    assert one(command("account", "list"))["name"] == "Firm AB"
    north = one(company(command, "North AB", "0007:5567321707", "--account", account))["id"]
    unit = one(
        company(command, "Umeå", "0088:7300010000001", "--account", account, "--parent", north)
    )["id"]
    listed = {row["id"]: row for row in lines(command("company", "list"))}
    assert listed[unit]["parent"] == north and listed[north]["account"] == account

    whole = one(command("key", "add", "--account", account, "--label", "vendor"))["key"]
    some = one(
        command(
            *("key", "add", north, "--company", unit, "--scope", "read", "--scope", "send"),
            *("--expires", "2099-01-01"),
        )
    )["key"]
    found = holder(tmp_path, whole, unit)
    assert found is not None and found.company is not None and found.company.id == unit
    assert found.scopes == EVERY
    found = holder(tmp_path, some)
    assert found is not None and found.company is None
    assert found.scopes == {Scope.READ, Scope.SEND}
    assert found.key.expires_at == datetime(2099, 1, 1, tzinfo=UTC)
    assert set(found.key.companies) == {north, unit}


def test_a_key_is_rotated_and_revoked(command: Command, tmp_path: Path) -> None:
    north = one(company(command, "North AB", "0007:5567321707"))["id"]
    first = one(command("key", "add", north))["key"]
    (row,) = lines(command("key", "list"))
    assert row["for"] == north and row["revoked"] is None and first not in str(row)
    second = one(command("key", "rotate", row["id"], "--grace", "2"))["key"]
    old, new = holder(tmp_path, first), holder(tmp_path, second)
    assert old is not None and new is not None and old.until is not None and new.until is None
    assert old.until - datetime.now(UTC) < timedelta(hours=2)
    assert command("key", "revoke", row["id"]).exit_code == 0
    revoked = holder(tmp_path, second)
    assert revoked is not None and not counts(revoked, datetime.now(UTC))
    for words in (("key", "revoke", row["id"]), ("key", "rotate", row["id"])):
        again = command(*words)
        assert again.exit_code == 2 and "revoked" in again.output
    actions = [entry["action"] for entry in lines(command("audit", "list"))]
    assert actions == ["company.added", "key.added", "key.rotated", "key.revoked"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("key", "add"), "COMPANY_ID"),
        (("key", "add", "com_x", "--account", "acc_x"), "COMPANY_ID"),
        (("key", "add", "com_none"), "budkavle company list"),
        (("key", "add", "--account", "acc_none"), "budkavle account list"),
        (("key", "add", "com_x", "--scope", "everything"), "--scope"),
        (("key", "add", "com_x", "--expires", "2020-01-01"), "later"),
        (("key", "revoke", "key_none"), "budkavle key list"),
        (("key", "rotate", "key_none"), "budkavle key list"),
        (("account", "add", " "), "NAME"),
    ],
)
def test_what_can_not_be_done_is_told(command: Command, words: tuple[str, ...], told: str) -> None:
    ran = command(*words)
    assert ran.exit_code == 2 and told in ran.output


def test_a_company_stays_in_its_account(command: Command) -> None:
    first, second = (one(command("account", "add", name))["id"] for name in ("A", "B"))
    north = one(company(command, "North AB", "0007:5567321707"))["id"]
    assert command("company", "change", north, "--account", first).exit_code == 0
    refused = command("company", "change", north, "--account", second)
    assert refused.exit_code == 2 and "stays" in refused.output
    unknown = company(command, "X", "0007:5560001116", "--account", "acc_none")
    assert unknown.exit_code == 2 and "acc_none" in unknown.output
