"""Companies and their participants."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.store.accounts import misplaced
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
    wrong = _misplaced(transaction, company)
    if wrong is not None:
        return Contradiction(wrong)
    transaction.insert(
        "company (id, name, country, settings, created_at, account_id, parent_id)",
        [
            (
                *(company.id, company.name, company.country, rows.to_json(company.settings), at),
                *(company.account_id, company.parent_id),
            )
        ],
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name, country = excluded.country, "
        "settings = excluded.settings, account_id = excluded.account_id, "
        "parent_id = excluded.parent_id",
    )
    transaction.run(
        "UPDATE company SET account_id = ? WHERE parent_id = ? AND account_id <> ?",
        (company.account_id, company.id, company.account_id),
    )
    transaction.run("DELETE FROM participant WHERE company_id = ?", (company.id,))
    transaction.insert(
        "participant (folded, company_id, n, name)",
        [(_folded(name), company.id, n, name) for n, name in enumerate(company.participants)],
    )
    return None


def _misplaced(transaction: Transaction, company: Company) -> str | None:
    """Why the company can not be where it says that it is; None when it can."""
    account = transaction.run("SELECT 1 FROM account WHERE id = ?", (company.account_id,))
    parent = transaction.run(
        "SELECT account_id, parent_id FROM company WHERE id = ?", (company.parent_id,)
    )
    now_in = transaction.run(
        """
        SELECT account_id, EXISTS (SELECT 1 FROM company AS unit WHERE unit.parent_id = company.id)
        FROM company WHERE id = ?
        """,
        (company.id,),
    )
    return misplaced(company, account.fetchone(), parent.fetchone(), now_in.fetchone())


# Companies whole, in one statement: a company and its participants are of one moment.
COLUMNS = """company.id, company.name, company.country, company.settings,
    (SELECT json_group_array(name) FROM
        (SELECT name FROM participant WHERE company_id = company.id ORDER BY n)),
    company.account_id, company.parent_id,
    (SELECT parent.settings FROM company AS parent WHERE parent.id = company.parent_id),
    (SELECT account.settings FROM account WHERE account.id = company.account_id)"""


def one(connection: sqlite3.Connection, company_id: str) -> Company | None:
    """One company."""
    return _find(connection, "?", company_id)


def every(connection: sqlite3.Connection) -> list[Company]:
    """All companies, by id."""
    return those(connection, "ORDER BY id", {})


def those(connection: sqlite3.Connection, which: str, values: Mapping[str, Any]) -> list[Company]:
    """Companies that are asked for by a clause."""
    found = connection.execute(f"SELECT {COLUMNS} FROM company {which}", values)
    return [whole(row) for row in found]


def of_participant(connection: sqlite3.Connection, name: str) -> Company | None:
    """Whose participant this is."""
    owner = "(SELECT company_id FROM participant WHERE folded = ?)"
    return _find(connection, owner, _folded(name))


def _find(connection: sqlite3.Connection, id_: str, value: str) -> Company | None:
    row = connection.execute(f"SELECT {COLUMNS} FROM company WHERE id = {id_}", (value,)).fetchone()
    return None if row is None else whole(row)


def whole(row: Row) -> Company:
    """A company out of COLUMNS."""
    id_, name, country, settings, participants, account_id, parent_id, *above = row
    return Company(
        id_,
        name,
        country,
        tuple(json.loads(participants)),
        json.loads(settings),
        account_id,
        parent_id,
        tuple(filter(None, map(json.loads, filter(None, above)))),
    )


def _owner(connection: sqlite3.Connection, name: str) -> str | None:
    row = connection.execute(
        "SELECT company_id FROM participant WHERE folded = ?", (_folded(name),)
    ).fetchone()
    return None if row is None else str(row[0])


def _folded(name: str) -> str:
    return name.casefold()
