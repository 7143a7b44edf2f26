"""Accounts, and the companies within somebody's reach, in SQLite."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gateway.audit.chain import Told
from gateway.store.accounts import Account
from gateway.store.port import Company, Overtaken
from gateway.store.sqlite import audit, companies
from gateway.store.sqlite.readers import Readers
from gateway.store.sqlite.rows import Row, micros, moment, to_json
from gateway.store.sqlite.writer import Transaction
from gateway.trust.reach import Reach

# The ids of the companies within reach, as `Reach.takes_in` has it; with the values of `reached`.
WITHIN = """
    SELECT id FROM company WHERE account_id = :account
    UNION ALL SELECT id FROM company WHERE id IN (SELECT value FROM json_each(:companies))
    UNION ALL SELECT id FROM company WHERE parent_id IN (SELECT value FROM json_each(:companies))"""


def reached(reach: Reach) -> dict[str, Any]:
    """The values of WITHIN. A company without an account is in none, not in the empty one."""
    return {"account": reach.account_id or None, "companies": json.dumps(reach.companies)}


class AccountRows(audit.Telling):
    """Implements `gateway.store.accounts.Accounts`; a part of `SqliteStore`."""

    _readers: Readers

    async def add_account(self, account: Account, *, told: Told | None = None) -> None:
        """Adds an account, or gives the one with this id another name."""
        await self._told(add, account, told)

    async def account(self, account_id: str) -> Account | None:
        """One account."""
        found = self._readers.read(
            lambda c: c.execute(
                "SELECT id, name, created_at, settings FROM account WHERE id = ?", (account_id,)
            ).fetchone()
        )
        return None if found is None else _account(found)

    async def accounts(self) -> Sequence[Account]:
        """All of them, by id."""
        found = await self._readers.read_many(
            lambda c: c.execute(
                "SELECT id, name, created_at, settings FROM account ORDER BY id"
            ).fetchall()
        )
        return [_account(row) for row in found]

    async def settle_account(
        self,
        account_id: str,
        settings: Mapping[str, Any],
        before: Mapping[str, Any],
        *,
        told: Told | None = None,
    ) -> None:
        """Changes an account's settings, if they still are those before."""
        await self._told(settle, SettleAccount(account_id, settings, before), told)

    async def company_within(self, reach: Reach, company_id: str) -> Company | None:
        """One company, if it is within reach."""
        company = self._readers.read(lambda c: companies.one(c, company_id))
        if company is None or not reach.takes_in(company.id, company.parent_id, company.account_id):
            return None
        return company

    async def companies_within(self, reach: Reach, after: str, limit: int) -> Sequence[Company]:
        """The companies within reach past the id `after`, by id."""
        where = f"WHERE id IN ({WITHIN}) AND id > :after ORDER BY id LIMIT :limit"
        values = {**reached(reach), "after": after, "limit": limit}
        return await self._readers.read_many(lambda c: companies.those(c, where, values))

    async def change_company(
        self,
        company_id: str,
        now: datetime,
        *,
        name: str | None = None,
        participants: Sequence[str] | None = None,
        told: Told | None = None,
    ) -> bool:
        """Changes what is given of a company and nothing else; False when it is not there."""
        given = {"name": name, "participants": None if participants is None else (*participants,)}
        fields = {field: value for field, value in given.items() if value is not None}
        return await self._told(change, ChangeCompany(company_id, fields, now), told)


def add(transaction: Transaction, units: Sequence[Account]) -> list[None]:
    """Adds accounts."""
    transaction.insert(
        "account (id, name, created_at)",
        [(unit.id, unit.name, micros(unit.created_at)) for unit in units],
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name",
    )
    return [None] * len(units)


@dataclass(frozen=True, slots=True)
class SettleAccount:
    """Settings of an account in the place of those before."""

    account_id: str
    settings: Mapping[str, Any]
    before: Mapping[str, Any]


def settle(transaction: Transaction, units: Sequence[SettleAccount]) -> list[Exception | None]:
    """Changes accounts' settings."""
    return [_settle(transaction, unit) for unit in units]


def _settle(transaction: Transaction, unit: SettleAccount) -> Exception | None:
    found = transaction.run("SELECT settings FROM account WHERE id = ?", (unit.account_id,))
    row = found.fetchone()
    if row is None or json.loads(row[0]) != unit.before:
        return Overtaken(unit.account_id)
    transaction.run(
        "UPDATE account SET settings = ? WHERE id = ?", (to_json(unit.settings), unit.account_id)
    )
    return None


def _account(row: Row) -> Account:
    id_, name, at, settings = row
    return Account(id_, name, moment(at), json.loads(settings))


@dataclass(frozen=True, slots=True)
class ChangeCompany:
    """What is to be changed of a company, by the names of its fields."""

    company_id: str
    fields: dict[str, Any]
    now: datetime


def change(transaction: Transaction, units: Sequence[ChangeCompany]) -> list[bool | Exception]:
    """Changes companies."""
    return [_change(transaction, unit) for unit in units]


def _change(transaction: Transaction, unit: ChangeCompany) -> bool | Exception:
    company = companies.one(transaction.connection, unit.company_id)
    if company is None:
        return False
    changed = companies.AddCompany(replace(company, **unit.fields), unit.now)
    (refused,) = companies.add(transaction, [changed])
    return refused or True
