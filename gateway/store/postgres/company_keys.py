"""Company keys, wrapped as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.blobs.port import WrappedKey
from gateway.store.postgres.connections import Connections
from gateway.store.postgres.rows import moment
from gateway.store.postgres.transactions import Transaction


async def of(connections: Connections, company_id: str | None) -> list[WrappedKey]:
    """A company's keys, those of the gateway's own (empty), or all of them, by id."""
    found = await connections.read(
        """
        SELECT id, coalesce(company_id, ''), master, wrapped, created_at FROM company_key
        WHERE $1::text IS NULL OR company_id = $1 OR ($1 = '' AND company_id IS NULL)
        ORDER BY id
        """,
        company_id,
    )
    return [WrappedKey(*row) for row in found]


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key to be added."""

    company_id: str
    master: str
    wrapped: bytes
    now: datetime


async def add(transaction: Transaction, units: Sequence[NewKey]) -> list[int]:
    """Adds keys and answers their ids."""
    return [
        row[0]
        for unit in units
        for row in await transaction.fetch(
            "INSERT INTO company_key (company_id, master, wrapped, created_at)"
            " VALUES (nullif($1, ''), $2, $3, $4) RETURNING id",
            unit.company_id,
            unit.master,
            unit.wrapped,
            moment(unit.now),
        )
    ]


async def rewrap(transaction: Transaction, units: Sequence[tuple[int, str, bytes]]) -> list[None]:
    """Changes how keys are wrapped: (id, master, wrapped) of each."""
    for key_id, master, wrapped in units:
        await transaction.run(
            "UPDATE company_key SET master = $2, wrapped = $3 WHERE id = $1",
            key_id,
            master,
            wrapped,
        )
    return [None] * len(units)


async def drop(transaction: Transaction, units: Sequence[str]) -> list[int]:
    """Deletes the keys of companies and answers how many each had. What channels remember of them
    under a key goes too: it could be neither read nor cleared away any more."""
    await transaction.run(
        "DELETE FROM register_entry"
        " WHERE company_id = ANY($1::text[]) AND substr(data, 1, 1) <> '\\x7b'",
        list(units),
    )
    return [
        await transaction.run(
            "DELETE FROM company_key WHERE company_id = $1 OR ($1 = '' AND company_id IS NULL)",
            unit,
        )
        for unit in units
    ]
