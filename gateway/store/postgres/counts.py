"""How many documents and jobs there are, for the metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from gateway.store.postgres.connections import Connections
from gateway.store.postgres.transactions import Transaction

_MOST_SUMMED = 10_000


async def counts(connections: Connections, now: datetime) -> Mapping[str, Mapping[str, int]]:
    """Documents by state; jobs that are due, that are leased, and how late the oldest is;
    participants by state, and how many do not stand as they should."""
    # Those that became due since the last claim still are waiting.
    ((due, oldest, leased),) = await connections.read(
        """
        SELECT sum(n)::bigint, min(oldest),
            (SELECT count(*) FROM job WHERE state = 'leased')
        FROM (
            SELECT count(*) AS n, min(due_at) AS oldest FROM job
            WHERE state = 'ready' AND due_at <= $1
            UNION ALL
            SELECT count(*), min(due_at) FROM job WHERE state = 'waiting' AND due_at <= $1) AS each
        """,
        now,
    )
    states = await connections.read(
        "SELECT state, sum(n)::bigint FROM document_count GROUP BY state"
    )
    participants = await connections.read(
        "SELECT state, count(*), count(nullif(code, '')) FROM registration GROUP BY state"
    )
    late_s = 0 if oldest is None else int((now - oldest).total_seconds())
    return {
        "documents": {state: n for state, n in states},  # noqa: C416 - records are no pairs
        "jobs": {"due": due, "leased": leased, "oldest_due_s": late_s},
        "participants": {state: n for state, n, _ in participants},
        "participants_in_trouble": {state: n for state, _, n in participants if n},
    }


async def sum_up(transaction: Transaction, units: Sequence[None]) -> list[None]:
    """Sums up what statements have added to the number of documents in each state."""
    await transaction.run(
        f"""
        WITH old AS (
            DELETE FROM document_count WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM document_count LIMIT {_MOST_SUMMED} FOR UPDATE SKIP LOCKED))
            RETURNING state, n)
        INSERT INTO document_count
        SELECT state, sum(n) FROM old GROUP BY state HAVING sum(n) <> 0
        """
    )
    return list(units)
