"""The dead list: jobs that nobody works on any more, until a person revives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.store.port import Dead, DeadJob
from gateway.store.postgres import rows
from gateway.store.postgres.connections import Connections
from gateway.store.postgres.transactions import Transaction

_COLUMNS = "id, company_id, document_id, kind, lane, key, data, tries, code, text, died_at"
_WHAT = "key, company_id, document_id, kind, lane, priority, data"


def bury(transaction: Transaction, jobs: Sequence[tuple[int, Dead, datetime]]) -> None:
    """Moves jobs to the list."""
    dying = [(id_, why.code, why.text, at) for id_, why, at in jobs]
    transaction.later(
        f"""
        INSERT INTO job_dead (id, {_WHAT}, tries, code, text, died_at)
        SELECT id, {_WHAT}, tries, asked.code, asked.text, asked.died_at
        FROM {{asked}} JOIN job USING (id)
        """,
        "id bigint, code text, text text, died_at timestamptz",
        dying,
    )
    transaction.later(
        "DELETE FROM job USING {asked} WHERE job.id = asked.id",
        "id bigint",
        [row[:1] for row in dying],
    )


async def forget(transaction: Transaction, keys: Sequence[str]) -> None:
    """Takes dead jobs away: a person, or a late report, has decided what becomes of them."""
    await transaction.run("DELETE FROM job_dead WHERE key = ANY($1::text[])", keys)


async def drop(transaction: Transaction, units: Sequence[int]) -> list[bool]:
    """Takes dead jobs away by their ids; answers of each whether it was there."""
    return [
        await transaction.run("DELETE FROM job_dead WHERE id = $1", job_id) > 0 for job_id in units
    ]


async def after(connections: Connections, job_id: int, limit: int) -> list[DeadJob]:
    """The list past an id."""
    found = await connections.read(
        f"SELECT {_COLUMNS} FROM job_dead WHERE id > $1 ORDER BY id LIMIT $2", job_id, limit
    )
    return [DeadJob(**{**row, "data": rows.from_json(row["data"])}) for row in found]


@dataclass(frozen=True, slots=True)
class Revive:
    """A person puts a dead job in line again."""

    job_id: int
    now: datetime


async def revive(transaction: Transaction, units: Sequence[Revive]) -> list[bool]:
    """Puts dead jobs in line again, with ids of their own: whoever held one before has lost it."""
    return [await _revive(transaction, unit) for unit in units]


async def _revive(transaction: Transaction, unit: Revive) -> bool:
    revived = await transaction.fetch(
        f"""
        INSERT INTO job ({_WHAT}, state, due_at)
        SELECT {_WHAT}, 'ready', $1::timestamptz FROM job_dead WHERE id = $2
        ON CONFLICT (key) DO NOTHING RETURNING 1
        """,
        rows.moment(unit.now),
        unit.job_id,
    )
    if not revived:
        return False
    await transaction.run("DELETE FROM job_dead WHERE id = $1", unit.job_id)
    transaction.topics.add("jobs")
    return True
