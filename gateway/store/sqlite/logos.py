"""The logos of companies."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.store.sqlite.rows import micros
from gateway.store.sqlite.writer import Transaction
from transports.base import File


def of(connection: sqlite3.Connection, company_id: str) -> File | None:
    """A company's logo."""
    row = connection.execute(
        "SELECT name, media_type, content FROM company_logo WHERE company_id = ?", (company_id,)
    ).fetchone()
    return None if row is None else File(*row)


@dataclass(frozen=True, slots=True)
class SetLogo:
    """A logo in place of the one there was; None: none any more."""

    company_id: str
    file: File | None
    now: datetime


def put(transaction: Transaction, units: Sequence[SetLogo]) -> list[None]:
    """Stores logos, or takes them away."""
    for unit in units:
        transaction.run("DELETE FROM company_logo WHERE company_id = ?", (unit.company_id,))
        if unit.file is not None:
            file = unit.file
            transaction.insert(
                "company_logo (company_id, name, media_type, content, at)",
                [(unit.company_id, file.name, file.media_type, file.content, micros(unit.now))],
            )
    return [None] * len(units)
