"""Companies and their participants."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.store.accounts import misplaced
from gateway.store.port import Company, Contradiction, Overtaken
from gateway.store.postgres import registrations, rows
from gateway.store.postgres.connections import Connections
from gateway.store.postgres.reads import each
from gateway.store.postgres.rows import Row
from gateway.store.postgres.transactions import Transaction

# It names a folder of files and a topic.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class AddCompany:
    """A company to be added, or changed: with `before`, only one that still has these settings."""

    company: Company
    now: datetime
    before: Mapping[str, Any] | None = None


async def add(transaction: Transaction, units: Sequence[AddCompany]) -> list[Exception | None]:
    """Adds companies."""
    return [
        Overtaken(unit.company.id)
        if await _overtaken(transaction, unit)
        else await _add(transaction, unit.company, rows.moment(unit.now))
        for unit in units
    ]


async def _overtaken(transaction: Transaction, unit: AddCompany) -> bool:
    if unit.before is None:
        return False
    found = await transaction.fetch(
        "SELECT settings FROM company WHERE id = $1 FOR UPDATE", unit.company.id
    )
    return not found or json.loads(found[0]["settings"]) != unit.before


async def _add(transaction: Transaction, company: Company, at: datetime) -> Exception | None:
    if not _ID.fullmatch(company.id):
        return Contradiction(
            f"the company id {company.id!r} must be 1 to 64 letters, digits, _ or -"
        )
    names = {_folded(name): name for name in company.participants}
    taken = await transaction.fetch(
        "SELECT folded FROM participant WHERE folded = ANY($1::text[]) AND company_id <> $2",
        list(names),
        company.id,
    )
    if taken:
        theirs = ", ".join(names[row["folded"]] for row in taken)
        return Contradiction(f"another company has the participant {theirs}")
    wrong = await _misplaced(transaction, company)
    if wrong is not None:
        return Contradiction(wrong)
    await transaction.run(
        """
        INSERT INTO company (id, name, country, settings, created_at, account_id, parent_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, country = excluded.country,
            settings = excluded.settings, account_id = excluded.account_id,
            parent_id = excluded.parent_id
        """,
        *(company.id, company.name, company.country, rows.to_json(company.settings), at),
        *(company.account_id, company.parent_id),
    )
    await transaction.run(
        "UPDATE company SET account_id = $2 WHERE parent_id = $1 AND account_id <> $2",
        *(company.id, company.account_id),
    )
    await transaction.run("DELETE FROM participant WHERE company_id = $1", company.id)
    live = await registrations.live(transaction, company.id)
    left = sorted(live[name] for name in live.keys() - names.keys())
    if left:  # looked at under the lock of what was deleted: raised, so that nothing of it stays
        raise Contradiction(f"{', '.join(left)} must be withdrawn from the network first")
    await transaction.each(
        """
        INSERT INTO participant (folded, company_id, n, name)
        SELECT folded, company_id, n, name FROM {asked} ORDER BY folded
        """,
        "folded text, company_id text, n integer, name text",
        [(_folded(name), company.id, n, name) for n, name in enumerate(company.participants)],
    )
    return None


async def _misplaced(transaction: Transaction, company: Company) -> str | None:
    """Why the company can not be where it says that it is; None when it can."""
    account = await transaction.fetch("SELECT FROM account WHERE id = $1", company.account_id)
    # Locked in the order of their ids: neither becomes a sub-unit meanwhile.
    found = await transaction.fetch(
        """
        SELECT id, account_id, parent_id, EXISTS (
            SELECT FROM company AS unit WHERE unit.parent_id = company.id) AS has_units
        FROM company WHERE id = ANY($1::text[]) ORDER BY id FOR UPDATE
        """,
        [company.id, company.parent_id],
    )
    rows = {row["id"]: row for row in found}
    parent, now_in = rows.get(company.parent_id), rows.get(company.id)
    return misplaced(
        company,
        tuple(account[0]) if account else None,
        (parent["account_id"], parent["parent_id"]) if parent else None,
        (now_in["account_id"], now_in["has_units"]) if now_in else None,
    )


# Companies whole, in one statement: a company and its participants are of one moment.
COLUMNS = """company.id, company.name, company.country, company.settings,
    ARRAY(SELECT name FROM participant WHERE company_id = company.id ORDER BY n),
    company.account_id, company.parent_id,
    (SELECT parent.settings FROM company AS parent WHERE parent.id = company.parent_id),
    (SELECT account.settings FROM account WHERE account.id = company.account_id)"""


async def by_id(connections: Connections, asked: Sequence[str]) -> list[Company | None]:
    """Companies by their ids."""
    return await _found(connections, "company.id = asked.name", asked)


async def of_participant(connections: Connections, asked: Sequence[str]) -> list[Company | None]:
    """Whose these participants are."""
    owner = "company.id = (SELECT company_id FROM participant WHERE folded = asked.name)"
    return await _found(connections, owner, [_folded(name) for name in asked])


async def _found(
    connections: Connections, which: str, names: Sequence[str]
) -> list[Company | None]:
    found = await each(
        connections,
        f"SELECT {COLUMNS}, nth FROM {{asked}} JOIN company ON {which}",
        "name text",
        [(name,) for name in names],
    )
    return [whole(tuple(one[0])[:-1]) if one else None for one in found]


async def every(connections: Connections) -> list[Company]:
    """All companies, by id."""
    return await those(connections, "ORDER BY id")


async def those(connections: Connections, which: str, *values: Any) -> list[Company]:
    """Companies that are asked for by a clause."""
    found = await connections.read(f"SELECT {COLUMNS} FROM company {which}", *values)
    return [whole(row) for row in found]


def whole(row: Row) -> Company:
    """A company out of COLUMNS."""
    id_, name, country, settings, participants, account_id, parent_id, *above = row
    return Company(
        *(id_, name, country, tuple(participants), json.loads(settings), account_id, parent_id),
        above=tuple(filter(None, map(json.loads, filter(None, above)))),
    )


def _folded(name: str) -> str:
    return name.casefold()
