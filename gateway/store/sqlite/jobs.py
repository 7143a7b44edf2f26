"""Jobs: claimed with a lease and a fence, renewed, reaped, given back.

A job is free while it has no owner. Each claim raises its fence, and only who knows the newest
fence may write back: a worker that slept through its lease finds that it has lost it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.store.port import Again, Contradiction, Job
from gateway.store.sqlite import rows
from gateway.store.sqlite.rows import micros
from gateway.store.sqlite.writer import Transaction


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker asks for work, or for more time."""

    owner: str
    now: datetime
    lease_s: float
    limit: int = 0

    @property
    def until(self) -> int:
        """When the lease ends."""
        return micros(self.now + timedelta(seconds=self.lease_s))


def claim(transaction: Transaction, units: Sequence[Claim]) -> list[Sequence[Job]]:
    """Leases due jobs, oldest first."""
    return [_claim(transaction, unit) for unit in units]


def _claim(transaction: Transaction, unit: Claim) -> list[Job]:
    claimed = transaction.run(
        """
        UPDATE job SET owner = ?, lease_until = ?, fence = fence + 1, tries = tries + 1
        WHERE id IN (
            SELECT id FROM job WHERE owner IS NULL AND due_at <= ? ORDER BY due_at, id LIMIT ?)
        RETURNING due_at, id, company_id, document_id, kind, fence, tries, data
        """,
        (unit.owner, unit.until, micros(unit.now), unit.limit),
    ).fetchall()
    return [rows.job(row[1:]) for row in sorted(claimed)]


def renew(transaction: Transaction, units: Sequence[Claim]) -> list[None]:
    """Prolongs every lease of the owners."""
    for unit in units:
        transaction.run(
            "UPDATE job SET lease_until = ? WHERE owner IS NOT NULL AND owner = ?",
            (unit.until, unit.owner),
        )
    return [None] * len(units)


def reap(transaction: Transaction, units: Sequence[datetime]) -> list[int]:
    """Frees jobs whose lease ran out."""
    return [_reap(transaction, now) for now in units]


def _reap(transaction: Transaction, now: datetime) -> int:
    freed = transaction.run(
        """
        UPDATE job SET owner = NULL, lease_until = NULL
        WHERE owner IS NOT NULL AND lease_until <= ?
        """,
        (micros(now),),
    ).rowcount
    if freed:
        transaction.topics.add("jobs")
    return freed


def free_all(connection: sqlite3.Connection) -> None:
    """Clears every lease: at the start of the only process, nobody can hold one."""
    connection.execute("UPDATE job SET owner = NULL, lease_until = NULL WHERE owner IS NOT NULL")


def holds(connection: sqlite3.Connection, job: Job, now: datetime) -> bool:
    """Whether nobody else has the job, or could have it by now."""
    row = connection.execute(
        "SELECT 1 FROM job WHERE id = ? AND fence = ? AND owner IS NOT NULL AND lease_until > ?",
        (job.id, job.fence, micros(now)),
    ).fetchone()
    return row is not None


def replace(
    transaction: Transaction, company_id: str, document_id: str, again: Again | None
) -> None:
    """Takes the document's job away from whoever has it, and puts `again` in its place.

    What `again` does not say stays as it was. Raises Contradiction when it names no kind and there
    was no job.
    """
    was = transaction.run(
        "DELETE FROM job WHERE document_id = ? RETURNING kind, data", (document_id,)
    ).fetchall()
    if again is None:
        return
    kind, data = was[0] if was else (None, "{}")
    if again.kind is None and kind is None:
        raise Contradiction(f"{document_id} has no job, and the new one has no kind")
    transaction.insert(
        "job (document_id, company_id, kind, data, due_at)",
        [
            (
                document_id,
                company_id,
                again.kind or kind,
                data if again.data is None else rows.to_json(again.data),
                micros(again.due_at),
            )
        ],
    )
    transaction.topics.add("jobs")
