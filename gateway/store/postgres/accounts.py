"""Accounts, and the companies within somebody's reach, in PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gateway.audit.chain import Told
from gateway.store.accounts import Account
from gateway.store.port import Company, Overtaken
from gateway.store.postgres import audit, companies
from gateway.store.postgres.connections import Connections
from gateway.store.postgres.reads import Reads
from gateway.store.postgres.rows import Row, moment, to_json
from gateway.store.postgres.transactions import Transaction
from gateway.trust.reach import Reach

# The ids of the companies within reach, as `Reach.takes_in` has it; $1 and $2 are `reached`.
WITHIN = """
    SELECT id FROM company WHERE account_id = $1
    UNION ALL SELECT id FROM company WHERE id = ANY($2::text[])
    UNION ALL SELECT id FROM company WHERE parent_id = ANY($2::text[])"""


def reached(reach: Reach) -> tuple[str | None, list[str]]:
    """The values of WITHIN. A company without an account is in none, not in the empty one."""
    return reach.account_id or None, list(reach.companies)


class AccountRows(audit.Telling):
    """Implements `gateway.store.accounts.Accounts`; a part of `PostgresStore`."""

    _connections: Connections
    _reads: Reads

    async def add_account(self, account: Account, *, told: Told | None = None) -> None:
        """Adds an account, or gives the one with this id another name."""
        await self._told(add, account, told)

    async def account(self, account_id: str) -> Account | None:
        """One account."""
        found = await self._connections.read(
            "SELECT id, name, created_at, settings FROM account WHERE id = $1", account_id
        )
        return _account(found[0]) if found else None

    async def accounts(self) -> Sequence[Account]:
        """All of them, by id."""
        found = await self._connections.read(
            "SELECT id, name, created_at, settings FROM account ORDER BY id"
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
        company = await self._reads.read(companies.by_id, company_id)
        if company is None or not reach.takes_in(company.id, company.parent_id, company.account_id):
            return None
        return company

    async def companies_within(self, reach: Reach, after: str, limit: int) -> Sequence[Company]:
        """The companies within reach past the id `after`, by id."""
        where = f"WHERE id IN ({WITHIN}) AND id > $3 ORDER BY id LIMIT $4"
        return await companies.those(self._connections, where, *reached(reach), after, limit)

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


async def add(transaction: Transaction, units: Sequence[Account]) -> list[None]:
    """Adds accounts."""
    for unit in units:
        await transaction.run(
            """
            INSERT INTO account (id, name, created_at) VALUES ($1, $2, $3)
            ON CONFLICT (id) DO UPDATE SET name = excluded.name
            """,
            *(unit.id, unit.name, moment(unit.created_at)),
        )
    return [None] * len(units)


@dataclass(frozen=True, slots=True)
class SettleAccount:
    """Settings of an account in the place of those before."""

    account_id: str
    settings: Mapping[str, Any]
    before: Mapping[str, Any]


async def settle(
    transaction: Transaction, units: Sequence[SettleAccount]
) -> list[Exception | None]:
    """Changes accounts' settings."""
    return [await _settle(transaction, unit) for unit in units]


async def _settle(transaction: Transaction, unit: SettleAccount) -> Exception | None:
    found = await transaction.fetch(
        "SELECT settings FROM account WHERE id = $1 FOR UPDATE", unit.account_id
    )
    if not found or json.loads(found[0]["settings"]) != unit.before:
        return Overtaken(unit.account_id)
    await transaction.run(
        "UPDATE account SET settings = $2 WHERE id = $1", unit.account_id, to_json(unit.settings)
    )
    return None


def _account(row: Row) -> Account:
    id_, name, at, settings = row
    return Account(id_, name, at, json.loads(settings))


@dataclass(frozen=True, slots=True)
class ChangeCompany:
    """What is to be changed of a company, by the names of its fields."""

    company_id: str
    fields: dict[str, Any]
    now: datetime


async def change(
    transaction: Transaction, units: Sequence[ChangeCompany]
) -> list[bool | Exception]:
    """Changes companies."""
    return [await _change(transaction, unit) for unit in units]


async def _change(transaction: Transaction, unit: ChangeCompany) -> bool | Exception:
    found = await transaction.fetch(
        f"SELECT {companies.COLUMNS} FROM company WHERE id = $1 FOR UPDATE", unit.company_id
    )
    if not found:
        return False
    changed = replace(companies.whole(found[0]), **unit.fields)
    (refused,) = await companies.add(transaction, [companies.AddCompany(changed, unit.now)])
    return refused or True
