"""The gateway at a glance, in PostgreSQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from gateway.lifecycle import State
from gateway.store.overview import (
    OPEN,
    TIMERS,
    Aged,
    Deadline,
    LastOutcome,
    OpenDocuments,
    Outcomes,
    Pile,
    Scheduled,
    Where,
    ended,
    hours_of,
    scheduled,
)
from gateway.store.port import Attempt, Direction
from gateway.store.postgres.connections import Connections
from gateway.store.postgres.rows import from_json
from gateway.store.postgres.transactions import Transaction, Transactions

# The planner finds the partial indexes by these.
_IS_TIMER: Final = "kind IN ({})".format(", ".join(f"'{kind}'" for kind in TIMERS))

_SUMS: Final = "channel, hour, outcome, n, last_at, code, text, document_id"
_MOST_SUMMED: Final = 50_000
# Older hours are added to no more, but for what a clock that was set back writes.
_STILL_ADDED_TO: Final = "3 hours"

# The place of the first document that came at each edge or later: they lie in the order of their
# coming, and halving finds it in a few steps, without an index of times.
_FIRST_SINCE: Final = """
    WITH RECURSIVE halving (nth, edge, low, high) AS (
        SELECT nth, edge, coalesce((SELECT min(seq) FROM document), 0),
            coalesce((SELECT max(seq) + 1 FROM document), 0)
        FROM unnest($1::timestamptz[]) WITH ORDINALITY AS asked (edge, nth)
        UNION ALL
        SELECT nth, edge, CASE WHEN created_at < edge THEN seq + 1 ELSE low END,
            CASE WHEN created_at < edge THEN high ELSE (low + high) / 2 END
        FROM halving, LATERAL (
            SELECT seq, created_at FROM document WHERE seq >= (low + high) / 2
            ORDER BY seq LIMIT 1) AS middle
        WHERE low < high),
    first AS (
        SELECT array_agg(low ORDER BY nth) AS edges FROM halving WHERE low >= high)
    """
_OPEN_DOCUMENTS: Final = """
    SELECT state, channel, code, age, n, (
        SELECT created_at FROM document WHERE seq = oldest ORDER BY seq LIMIT 1)
    FROM (
        SELECT one.state, one.channel, CASE one.state WHEN 'held' THEN one.code ELSE '' END AS code,
            coalesce(width_bucket(one.seq, first.edges), 0) AS age, count(*) AS n,
            min(one.seq) AS oldest
        FROM first, unnest($2::text[]) AS asked (state), LATERAL (
            SELECT state, channel, code, seq FROM document
            WHERE document.state = asked.state LIMIT $3) AS one
        GROUP BY 1, 2, 3, 4) AS alike
    """

# Each answers code, time and company; a place that holds more than was asked for is cut off there.
_PILES: Final = {
    Where.DEAD: "SELECT kind, died_at, company_id FROM job_dead",
    Where.BLOCKED: """
        SELECT inbox.code, document.created_at, inbox.company_id FROM inbox
        JOIN document ON document.id = inbox.document_id
        WHERE inbox.state = 'blocked' AND inbox.company_id <> $1
        """,
    Where.ATTACHMENT_ERROR: """
        SELECT inbox.code, document.created_at, inbox.company_id FROM inbox
        JOIN document ON document.id = inbox.document_id
        WHERE inbox.state = 'attachment_error' AND inbox.company_id <> $1
        """,
    Where.ASIDE: """
        SELECT '', document.created_at, inbox.company_id FROM inbox
        JOIN document ON document.id = inbox.document_id
        WHERE inbox.company_id = $1
            AND inbox.state IN ('reading', 'new', 'blocked', 'attachment_error')
        """,
    Where.WEBHOOK: "SELECT code, updated_at, company_id FROM endpoint WHERE NOT active",
    Where.REGISTRATION: """
        SELECT state, updated_at, company_id FROM registration WHERE code <> ''
        """,
    Where.VERIFICATION: """
        SELECT standing || '.' || asking, updated_at, company_id FROM verification
        WHERE standing <> 'verified'
        """,
}
_ALL_PILES: Final = "UNION ALL".join(
    f"""
    SELECT '{where}' AS place, lying.code, lying.at, lying.whose
    FROM (({query}) LIMIT $2) AS lying (code, at, whose)
    """
    for where, query in _PILES.items()
)


@dataclass(frozen=True, slots=True)
class Tidy:
    """Sums older than the hour of `before` go; those of one hour become one."""

    before: datetime


async def tidy(transaction: Transaction, units: Sequence[Tidy]) -> list[None]:
    """Lets go of old sums, and sums up what batches have added."""
    for unit in units:
        await transaction.run("DELETE FROM attempt_hour WHERE hour < $1", _hour(unit.before))
    await transaction.run(
        f"""
        WITH old AS (
            DELETE FROM attempt_hour WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM attempt_hour
                WHERE hour >= (SELECT max(hour) FROM attempt_hour) - interval '{_STILL_ADDED_TO}'
                LIMIT {_MOST_SUMMED} FOR UPDATE SKIP LOCKED))
            RETURNING {_SUMS})
        INSERT INTO attempt_hour ({_SUMS})
        SELECT channel, hour, outcome, sum(n), max(last_at),
            (array_agg(code ORDER BY last_at DESC))[1],
            (array_agg(text ORDER BY last_at DESC))[1],
            (array_agg(document_id ORDER BY last_at DESC))[1]
        FROM old GROUP BY channel, hour, outcome
        """
    )
    return [None] * len(units)


def add(transaction: Transaction, attempts: Sequence[Attempt]) -> None:
    """Adds attempts that have ended to the sums of their hours."""
    transaction.later(
        f"INSERT INTO attempt_hour ({_SUMS}) SELECT {_SUMS} FROM {{asked}}",
        "channel text, hour timestamptz, outcome text, n bigint, last_at timestamptz, code text, "
        "text text, document_id text",
        [
            (
                *(one.channel, _hour(one.hour), one.outcome, one.n, one.last_at),
                *(one.code, one.text, one.document_id),
            )
            for one in ended(attempts)
        ],
    )


def _hour(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


class OverviewRows:
    """Implements `gateway.store.overview.Overview`; a part of `PostgresStore`."""

    _connections: Connections
    _transactions: Transactions

    async def open_documents(self, edges: Sequence[datetime], most: int) -> OpenDocuments:
        """What is open, by state, channel and age, `most` of a state at most."""
        found = await self._connections.read(
            _FIRST_SINCE + _OPEN_DOCUMENTS, list(edges), [str(state) for state in OPEN], most + 1
        )
        of = tuple(
            Aged(State(state), channel, code, age, n, oldest)
            for state, channel, code, age, n, oldest in found
        )
        counted = Counter[State]()
        for one in of:
            counted[one.state] += one.n
        whole = all(n <= most for n in counted.values())
        return OpenDocuments(of, counted.total(), whole)

    async def piles(self, aside: str, most: int) -> Sequence[Pile]:
        """What lies where a person may have to look."""
        found = await self._connections.read(
            f"""
            WITH lying AS ({_ALL_PILES})
            SELECT place, code, count(*), min(at), (array_agg(whose ORDER BY at))[1],
                sum(count(*)) OVER (PARTITION BY place)
            FROM lying GROUP BY place, code ORDER BY place, code
            """,
            aside,
            most,
        )
        return [
            Pile(Where(place), code, n, oldest, whose, whole=all_of_it < most)
            for place, code, n, oldest, whose, all_of_it in found
        ]

    async def deadlines(self, limit: int) -> Sequence[Deadline]:
        """The timers that run out next."""
        found = await self._connections.read(
            f"""
            SELECT next.kind, next.due_at, next.company_id, next.document_id, document.number,
                document.direction, coalesce(leg.channel, document.channel), leg.expects
            FROM (
                SELECT kind, due_at, company_id, document_id, id FROM job
                WHERE {_IS_TIMER} ORDER BY due_at, id LIMIT $1) AS next
            LEFT JOIN document
                ON document.id = next.document_id AND document.company_id = next.company_id
            LEFT JOIN LATERAL (
                SELECT channel, expects FROM route_leg
                WHERE route_leg.document_id = document.id AND state = 'sent'
                    AND expects IS NOT NULL
                ORDER BY n DESC LIMIT 1) AS leg ON true
            ORDER BY next.due_at, next.id
            """,
            limit,
        )
        return [
            Deadline(
                *(kind, due, company_id, document_id, number),
                *(None if way is None else Direction(way), channel, expects),
            )
            for kind, due, company_id, document_id, number, way, channel, expects in found
        ]

    async def timers_until(self, edges: Sequence[datetime], most: int) -> Sequence[int]:
        """How many timers run out before each edge."""
        found = await self._connections.read(
            f"""
            SELECT (SELECT count(*) FROM (
                SELECT FROM job WHERE {_IS_TIMER} AND due_at < edge
                ORDER BY due_at LIMIT $2) AS over)
            FROM unnest($1::timestamptz[]) WITH ORDINALITY AS asked (edge, nth) ORDER BY nth
            """,
            list(edges),
            most,
        )
        return [n for (n,) in found]

    async def outcomes(self, since: datetime, step: timedelta) -> Sequence[Outcomes]:
        """How attempts ended since the hour of `since`, by channel and by `step`."""
        found = await self._connections.read(
            """
            SELECT channel, date_bin($2, hour, '1970-01-01 00:00Z'::timestamptz) AS began, outcome,
                sum(n)::bigint
            FROM attempt_hour WHERE hour >= $1 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
            """,
            _hour(since),
            timedelta(hours=hours_of(step)),
        )
        return [Outcomes(channel, at, outcome, n) for channel, at, outcome, n in found]

    async def last_outcomes(self) -> Sequence[LastOutcome]:
        """The last of each channel's outcomes."""
        found = await self._connections.read(
            """
            SELECT last.*, document.company_id FROM (
                SELECT DISTINCT ON (channel, outcome)
                    channel, outcome, last_at, code, text, document_id
                FROM attempt_hour ORDER BY channel, outcome, last_at DESC) AS last
            LEFT JOIN document ON document.id = last.document_id
            ORDER BY last.channel, last.outcome
            """
        )
        return [LastOutcome(*row) for row in found]

    async def tidy_outcomes(self, before: datetime) -> None:
        """Lets go of sums older than the hour of `before`, and sums up what was written apart."""
        await self._transactions.write(tidy, Tidy(before))

    async def schedules(self) -> Sequence[Scheduled]:
        """When each schedule comes round next, and how it went last."""
        found = await self._connections.read(
            "SELECT key, due_at, data FROM job WHERE key >= 'schedule:' AND key < 'schedule;'"
            " ORDER BY key"
        )
        return [scheduled(key, due, from_json(data)) for key, due, data in found]
