"""The logos of companies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.store.postgres import rows
from gateway.store.postgres.connections import Connections
from gateway.store.postgres.transactions import Transaction
from transports.base import File


async def of(connections: Connections, company_id: str) -> File | None:
    """A company's logo."""
    found = await connections.read(
        "SELECT name, media_type, content FROM company_logo WHERE company_id = $1", company_id
    )
    return File(*found[0]) if found else None


@dataclass(frozen=True, slots=True)
class SetLogo:
    """A logo in place of the one there was; None: none any more."""

    company_id: str
    file: File | None
    now: datetime


async def put(transaction: Transaction, units: Sequence[SetLogo]) -> list[None]:
    """Stores logos, or takes them away."""
    for unit in units:
        if unit.file is None:
            await transaction.run("DELETE FROM company_logo WHERE company_id = $1", unit.company_id)
            continue
        await transaction.run(
            """
            INSERT INTO company_logo (company_id, name, media_type, content, at)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (company_id) DO UPDATE SET name = excluded.name,
                media_type = excluded.media_type, content = excluded.content, at = excluded.at
            """,
            unit.company_id,
            unit.file.name,
            unit.file.media_type,
            unit.file.content,
            rows.moment(unit.now),
        )
    return [None] * len(units)
