"""Companies, their participants and their API keys."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.store.port import Company, Contradiction, Overtaken
from gateway.store.postgres import registrations, rows
from gateway.store.postgres.connections import Connections
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
    await transaction.run(
        """
        INSERT INTO company (id, name, country, settings, created_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, country = excluded.country,
            settings = excluded.settings
        """,
        company.id,
        company.name,
        company.country,
        rows.to_json(company.settings),
        at,
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


@dataclass(frozen=True, slots=True)
class AddKey:
    """The hash of an API key to be stored."""

    company_id: str
    sha256: str
    label: str
    now: datetime


async def add_key(transaction: Transaction, units: Sequence[AddKey]) -> list[None]:
    """Stores the hashes of API keys; a key that the company has already stays as it is."""
    for unit in units:
        written = await transaction.run(
            """
            INSERT INTO api_key (sha256, company_id, label, created_at) VALUES ($1, $2, $3, $4)
            ON CONFLICT (sha256) DO UPDATE SET sha256 = excluded.sha256
                WHERE api_key.company_id = excluded.company_id
            """,
            unit.sha256,
            unit.company_id,
            unit.label,
            rows.moment(unit.now),
        )
        if not written:
            raise Contradiction("another company has this key")
    return [None] * len(units)


# Companies whole, in one statement: a company and its participants are of one moment.
_WHOLE = """
    SELECT id, name, country, settings, ARRAY(
        SELECT name FROM participant WHERE company_id = company.id ORDER BY n)
    FROM company"""


async def one(connections: Connections, company_id: str) -> Company | None:
    """One company."""
    return await _find(connections, "$1", company_id)


async def every(connections: Connections) -> list[Company]:
    """All companies, by id."""
    return [_company(row) for row in await connections.read(f"{_WHOLE} ORDER BY id")]


async def of_participant(connections: Connections, name: str) -> Company | None:
    """Whose participant this is."""
    owner = "(SELECT company_id FROM participant WHERE folded = $1)"
    return await _find(connections, owner, _folded(name))


async def of_key(connections: Connections, sha256: str) -> Company | None:
    """Whose API key this is."""
    return await _find(connections, "(SELECT company_id FROM api_key WHERE sha256 = $1)", sha256)


async def label_of_key(connections: Connections, sha256: str) -> str | None:
    """What an API key is for."""
    found = await connections.read("SELECT label FROM api_key WHERE sha256 = $1", sha256)
    return str(found[0][0]) if found else None


async def _find(connections: Connections, id_: str, value: str) -> Company | None:
    found = await connections.read(f"{_WHOLE} WHERE id = {id_}", value)
    return _company(found[0]) if found else None


def _company(row: Row) -> Company:
    id_, name, country, settings, participants = row
    return Company(id_, name, country, tuple(participants), json.loads(settings))


def _folded(name: str) -> str:
    return name.casefold()
