"""Companies, their participants and their API keys."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.store.port import Company, Contradiction, Overtaken
from gateway.store.sqlite import registrations, rows
from gateway.store.sqlite.rows import Row, micros
from gateway.store.sqlite.writer import Transaction

# It names a folder of files and a topic.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class AddCompany:
    """A company to be added, or changed: with `before`, only one that still has these settings."""

    company: Company
    now: datetime
    before: Mapping[str, Any] | None = None


def add(transaction: Transaction, units: Sequence[AddCompany]) -> list[Exception | None]:
    """Adds companies."""
    return [
        Overtaken(unit.company.id)
        if _overtaken(transaction, unit)
        else _add(transaction, unit.company, micros(unit.now))
        for unit in units
    ]


def _overtaken(transaction: Transaction, unit: AddCompany) -> bool:
    if unit.before is None:
        return False
    row = transaction.connection.execute(
        "SELECT settings FROM company WHERE id = ?", (unit.company.id,)
    ).fetchone()
    return row is None or json.loads(row[0]) != unit.before


def _add(transaction: Transaction, company: Company, at: int) -> Exception | None:
    if not _ID.fullmatch(company.id):
        return Contradiction(
            f"the company id {company.id!r} must be 1 to 64 letters, digits, _ or -"
        )
    taken = [
        name
        for name in company.participants
        if _owner(transaction.connection, name) not in (None, company.id)
    ]
    if taken:
        return Contradiction(f"another company has the participant {', '.join(taken)}")
    live = registrations.live(transaction, company.id)
    left = sorted(live[name] for name in live.keys() - set(map(_folded, company.participants)))
    if left:
        return Contradiction(f"{', '.join(left)} must be withdrawn from the network first")
    transaction.insert(
        "company (id, name, country, settings, created_at)",
        [(company.id, company.name, company.country, rows.to_json(company.settings), at)],
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name, country = excluded.country, "
        "settings = excluded.settings",
    )
    transaction.run("DELETE FROM participant WHERE company_id = ?", (company.id,))
    transaction.insert(
        "participant (folded, company_id, n, name)",
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


def add_key(transaction: Transaction, units: Sequence[AddKey]) -> list[None]:
    """Stores the hashes of API keys; a key that the company has already stays as it is."""
    for unit in units:
        transaction.insert(
            "api_key (sha256, company_id, label, created_at)",
            [(unit.sha256, unit.company_id, unit.label, micros(unit.now))],
            # Another company's key is no repeat: the primary key refuses it.
            "ON CONFLICT (sha256) DO UPDATE SET company_id = iif("
            "company_id = excluded.company_id, company_id, NULL)",
        )
    return [None] * len(units)


# Companies whole, in one statement: a company and its participants are of one moment.
_WHOLE = """
    SELECT id, name, country, settings,
        (SELECT json_group_array(name) FROM
            (SELECT name FROM participant WHERE company_id = company.id ORDER BY n))
    FROM company"""


def one(connection: sqlite3.Connection, company_id: str) -> Company | None:
    """One company."""
    return _find(connection, "?", company_id)


def every(connection: sqlite3.Connection) -> list[Company]:
    """All companies, by id."""
    return [_company(row) for row in connection.execute(f"{_WHOLE} ORDER BY id")]


def of_participant(connection: sqlite3.Connection, name: str) -> Company | None:
    """Whose participant this is."""
    owner = "(SELECT company_id FROM participant WHERE folded = ?)"
    return _find(connection, owner, _folded(name))


def of_key(connection: sqlite3.Connection, sha256: str) -> Company | None:
    """Whose API key this is."""
    return _find(connection, "(SELECT company_id FROM api_key WHERE sha256 = ?)", sha256)


def label_of_key(connection: sqlite3.Connection, sha256: str) -> str | None:
    """What an API key is for."""
    row = connection.execute("SELECT label FROM api_key WHERE sha256 = ?", (sha256,)).fetchone()
    return None if row is None else str(row[0])


def _find(connection: sqlite3.Connection, id_: str, value: str) -> Company | None:
    row = connection.execute(f"{_WHOLE} WHERE id = {id_}", (value,)).fetchone()
    return None if row is None else _company(row)


def _company(row: Row) -> Company:
    id_, name, country, settings, participants = row
    return Company(id_, name, country, tuple(json.loads(participants)), json.loads(settings))


def _owner(connection: sqlite3.Connection, name: str) -> str | None:
    row = connection.execute(
        "SELECT company_id FROM participant WHERE folded = ?", (_folded(name),)
    ).fetchone()
    return None if row is None else str(row[0])


def _folded(name: str) -> str:
    return name.casefold()
