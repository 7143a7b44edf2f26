"""Company keys, wrapped as they are."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.blobs.port import WrappedKey
from gateway.store.sqlite.rows import micros, moment
from gateway.store.sqlite.writer import Transaction

_OF = "company_id IS nullif(?, '')"


def of(connection: sqlite3.Connection, company_id: str | None) -> list[WrappedKey]:
    """A company's keys, those of the gateway's own (empty), or all of them, by id."""
    of_whom, values = ("", ()) if company_id is None else (f"WHERE {_OF}", (company_id,))
    found = connection.execute(
        "SELECT id, coalesce(company_id, ''), master, wrapped, created_at FROM company_key"
        f" {of_whom} ORDER BY id",
        values,
    )
    return [
        WrappedKey(id_, company, master, wrapped, moment(at))
        for id_, company, master, wrapped, at in found
    ]


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key to be added."""

    company_id: str
    master: str
    wrapped: bytes
    now: datetime


def add(transaction: Transaction, units: Sequence[NewKey]) -> list[int]:
    """Adds keys and answers their ids."""
    return [
        transaction.run(
            "INSERT INTO company_key (company_id, master, wrapped, created_at)"
            " VALUES (nullif(?, ''), ?, ?, ?) RETURNING id",
            (unit.company_id, unit.master, unit.wrapped, micros(unit.now)),
        ).fetchone()[0]
        for unit in units
    ]


def rewrap(transaction: Transaction, units: Sequence[tuple[int, str, bytes]]) -> list[None]:
    """Changes how keys are wrapped: (id, master, wrapped) of each."""
    for key_id, master, wrapped in units:
        transaction.run(
            "UPDATE company_key SET master = ?, wrapped = ? WHERE id = ?", (master, wrapped, key_id)
        )
    return [None] * len(units)


def drop(transaction: Transaction, units: Sequence[str]) -> list[int]:
    """Deletes the keys of companies and answers how many each had. What channels remember of them
    under a key goes too: it could be neither read nor cleared away any more."""
    for unit in units:
        transaction.run(
            "DELETE FROM register_entry WHERE company_id = ? AND substr(data, 1, 1) <> x'7b'",
            (unit,),
        )
    return [
        transaction.run(f"DELETE FROM company_key WHERE {_OF}", (unit,)).rowcount for unit in units
    ]
