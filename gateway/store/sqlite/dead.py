"""The dead list: jobs that nobody works on any more, until a person revives them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.store.port import Dead, DeadJob
from gateway.store.sqlite.rows import Row, micros, moment
from gateway.store.sqlite.writer import Transaction

_COLUMNS = "id, company_id, document_id, kind, lane, key, data, tries, code, text, died_at"
_WHAT = "key, company_id, document_id, kind, lane, priority, data"


def bury(transaction: Transaction, job_id: int, why: Dead, at: int) -> None:
    """Writes a job down in the list; the caller takes it away."""
    transaction.run(
        f"""
        INSERT INTO job_dead (id, {_WHAT}, tries, code, text, died_at)
        SELECT id, {_WHAT}, tries, ?, ?, ? FROM job WHERE id = ?
        """,
        (why.code, why.text, at, job_id),
    )


def forget(transaction: Transaction, keys: Sequence[str]) -> None:
    """Takes dead jobs away: a person, or a late report, has decided what becomes of them."""
    transaction.run(
        "DELETE FROM job_dead WHERE key IN (SELECT value FROM json_each(?))", (json.dumps(keys),)
    )


def drop(transaction: Transaction, units: Sequence[int]) -> list[bool]:
    """Takes dead jobs away by their ids; answers of each whether it was there."""
    return [
        transaction.run("DELETE FROM job_dead WHERE id = ?", (job_id,)).rowcount > 0
        for job_id in units
    ]


def after(connection: sqlite3.Connection, job_id: int, limit: int) -> list[DeadJob]:
    """The list past an id."""
    found = connection.execute(
        f"SELECT {_COLUMNS} FROM job_dead WHERE id > ? ORDER BY id LIMIT ?", (job_id, limit)
    )
    return [_dead_job(row) for row in found]


def _dead_job(row: Row) -> DeadJob:
    id_, company_id, document_id, kind, lane, key, data, tries, code, text, died_at = row
    return DeadJob(
        *(id_, company_id, document_id, kind, lane, key, json.loads(data)),
        *(tries, code, text, moment(died_at)),
    )


@dataclass(frozen=True, slots=True)
class Revive:
    """A person puts a dead job in line again."""

    job_id: int
    now: datetime


def revive(transaction: Transaction, units: Sequence[Revive]) -> list[bool]:
    """Puts dead jobs in line again, with ids of their own: whoever held one before has lost it."""
    return [_revive(transaction, unit) for unit in units]


def _revive(transaction: Transaction, unit: Revive) -> bool:
    revived = transaction.run(
        f"""
        INSERT INTO job ({_WHAT}, state, due_at)
        SELECT {_WHAT}, 'ready', ? FROM job_dead WHERE id = ?
        ON CONFLICT (key) DO NOTHING
        """,
        (micros(unit.now), unit.job_id),
    ).rowcount
    if not revived:
        return False
    transaction.run("DELETE FROM job_dead WHERE id = ?", (unit.job_id,))
    transaction.topics.add("jobs")
    return True
