"""Counts for metrics."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime

from gateway.store.sqlite.rows import micros


def counts(connection: sqlite3.Connection, now: datetime) -> Mapping[str, Mapping[str, int]]:
    """Documents by state; jobs that are due, that are leased, and how late the oldest is;
    participants by state, and how many do not stand as they should."""
    at = micros(now)
    # Those that became due since the last claim still are waiting.
    due, oldest = connection.execute(
        """
        SELECT sum(n), min(oldest) FROM (
            SELECT count(*) AS n, min(due_at) AS oldest FROM job
            WHERE state = 'ready' AND due_at <= ?1
            UNION ALL
            SELECT count(*), min(due_at) FROM job WHERE state = 'waiting' AND due_at <= ?1)
        """,
        (at,),
    ).fetchone()
    (leased,) = connection.execute("SELECT count(*) FROM job WHERE state = 'leased'").fetchone()
    late_s = 0 if oldest is None else (at - oldest) // 1_000_000
    participants = connection.execute(
        "SELECT state, count(*), count(nullif(code, '')) FROM registration GROUP BY state"
    ).fetchall()
    return {
        "documents": dict(connection.execute("SELECT state, n FROM document_count").fetchall()),
        "jobs": {"due": due, "leased": leased, "oldest_due_s": late_s},
        "participants": {state: n for state, n, _ in participants},
        "participants_in_trouble": {state: n for state, _, n in participants if n},
    }
