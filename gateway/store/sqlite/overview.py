"""The gateway at a glance, in SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

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
from gateway.store.sqlite.readers import Readers
from gateway.store.sqlite.rows import Row, micros, moment
from gateway.store.sqlite.writer import Transaction, Writer

_HOUR: Final = 3_600_000_000  # microseconds

# As the indexes have it, to the letter: SQLite finds them by that.
_IS_TIMER: Final = "kind IN ({})".format(", ".join(f"'{kind}'" for kind in TIMERS))
_IS_LYING: Final = "inbox.state IN ('reading', 'new', 'blocked', 'attachment_error')"


def open_documents(
    connection: sqlite3.Connection, edges: Sequence[datetime], most: int
) -> OpenDocuments:
    """What is open, by what it has in common; only an index is read."""
    age = " + ".join(f"(seq >= {_first_since(connection, edge)})" for edge in edges) or "0"
    alike: list[Row] = []
    whole = True
    for state in OPEN:
        found = connection.execute(
            f"""
            SELECT alike.channel, alike.code, age, n, document.created_at FROM (
                SELECT channel, iif(?1 = 'held', code, '') AS code, {age} AS age, count(*) AS n,
                    min(seq) AS first
                FROM (
                    SELECT channel, code, seq FROM document INDEXED BY document_standing
                    WHERE state = ?1 LIMIT ?2)
                GROUP BY 1, 2, 3) AS alike
            JOIN document ON document.seq = first
            """,
            (state, most + 1),
        ).fetchall()
        whole &= sum(n for *_, n, _ in found) <= most
        alike += [(state, *row) for row in found]
    of = tuple(
        Aged(state, channel, code, age, n, moment(oldest))
        for state, channel, code, age, n, oldest in alike
    )
    return OpenDocuments(of, sum(one.n for one in of), whole)


def _first_since(connection: sqlite3.Connection, edge: datetime) -> int:
    """The place of the first document that came at `edge` or later: they lie in the order of their
    coming, and halving finds it in a few steps, without an index of times."""
    low, high = connection.execute(
        "SELECT coalesce((SELECT min(seq) FROM document), 0),"
        " coalesce((SELECT max(seq) FROM document) + 1, 0)"
    ).fetchone()
    while low < high:
        seq, created_at = connection.execute(
            "SELECT seq, created_at FROM document WHERE seq >= ? ORDER BY seq LIMIT 1",
            ((low + high) // 2,),
        ).fetchone()
        if created_at < micros(edge):
            low = seq + 1
        else:
            high = (low + high) // 2
    return int(low)


# Each answers code, time and company; a place that holds more than was asked for is cut off there.
_PILES: Final = {
    Where.DEAD: "SELECT kind, died_at, company_id FROM job_dead",
    Where.BLOCKED: f"""
        SELECT inbox.code, document.created_at, inbox.company_id
        FROM inbox INDEXED BY inbox_lying_in
        JOIN document ON document.id = inbox.document_id
        WHERE {_IS_LYING} AND inbox.state = 'blocked' AND inbox.company_id <> :aside
        """,
    Where.ATTACHMENT_ERROR: f"""
        SELECT inbox.code, document.created_at, inbox.company_id
        FROM inbox INDEXED BY inbox_lying_in
        JOIN document ON document.id = inbox.document_id
        WHERE {_IS_LYING} AND inbox.state = 'attachment_error' AND inbox.company_id <> :aside
        """,
    Where.ASIDE: f"""
        SELECT '', document.created_at, inbox.company_id FROM inbox INDEXED BY inbox_lying
        JOIN document ON document.id = inbox.document_id
        WHERE inbox.company_id = :aside AND {_IS_LYING}
        """,
    Where.WEBHOOK: "SELECT code, updated_at, company_id FROM endpoint WHERE NOT active",
    Where.REGISTRATION: """
        SELECT state, updated_at, company_id FROM registration INDEXED BY registration_in_trouble
        WHERE code <> ''
        """,
    Where.VERIFICATION: """
        SELECT standing || '.' || asking, updated_at, company_id FROM verification
        INDEXED BY verification_not_verified WHERE standing <> 'verified'
        """,
}


def piles(connection: sqlite3.Connection, aside: str, most: int) -> list[Pile]:
    """What lies where a person may have to look. Of a group with `min`, SQLite's other columns are
    those of the row that has it."""
    found: list[Pile] = []
    for where, query in _PILES.items():
        lying = connection.execute(
            f"WITH lying (code, at, whose) AS (SELECT * FROM ({query}) LIMIT :most)"
            " SELECT code, count(*), min(at), whose FROM lying GROUP BY code ORDER BY code",
            {"aside": aside, "most": most},
        ).fetchall()
        whole = sum(n for _, n, *_ in lying) < most
        found += [
            Pile(where, code, n, moment(oldest), whose, whole) for code, n, oldest, whose in lying
        ]
    return found


def deadlines(connection: sqlite3.Connection, limit: int) -> list[Deadline]:
    """The timers that run out next."""
    found = connection.execute(
        f"""
        SELECT next.kind, next.due_at, next.company_id, next.document_id, document.number,
            document.direction, coalesce(route_leg.channel, document.channel), route_leg.expects
        FROM (
            SELECT kind, due_at, company_id, document_id, id FROM job INDEXED BY job_timer
            WHERE {_IS_TIMER} ORDER BY due_at, id LIMIT ?) AS next
        LEFT JOIN document
            ON document.id = next.document_id AND document.company_id = next.company_id
        LEFT JOIN route_leg ON route_leg.document_id = document.id AND route_leg.n = (
            SELECT max(n) FROM route_leg AS leg
            WHERE leg.document_id = document.id AND leg.state = 'sent' AND leg.expects IS NOT NULL)
        ORDER BY next.due_at, next.id
        """,
        (limit,),
    )
    return [
        Deadline(
            *(kind, moment(due), company_id, document_id, number),
            *(None if way is None else Direction(way), channel, expects),
        )
        for kind, due, company_id, document_id, number, way, channel, expects in found
    ]


def timers_until(connection: sqlite3.Connection, edges: Sequence[datetime], most: int) -> list[int]:
    """How many timers run out before each edge."""
    return [
        connection.execute(
            f"""
            SELECT count(*) FROM (
                SELECT 1 FROM job INDEXED BY job_timer
                WHERE {_IS_TIMER} AND due_at < ? ORDER BY due_at LIMIT ?)
            """,
            (micros(edge), most),
        ).fetchone()[0]
        for edge in edges
    ]


def outcomes(connection: sqlite3.Connection, since: datetime, step: timedelta) -> list[Outcomes]:
    """How attempts ended, by channel and step."""
    hours = hours_of(step)
    found = connection.execute(
        """
        SELECT channel, hour / :hours * :hours AS began, outcome, sum(n) FROM attempt_hour
        WHERE hour >= :since GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
        """,
        {"hours": hours, "since": micros(since) // _HOUR},
    )
    return [
        Outcomes(channel, moment(began * _HOUR), outcome, n) for channel, began, outcome, n in found
    ]


def last_outcomes(connection: sqlite3.Connection) -> list[LastOutcome]:
    """The last of each channel's outcomes. Of a group with `max`, SQLite's other columns are those
    of the row that has it."""
    found = connection.execute(
        """
        SELECT last.*, document.company_id FROM (
            SELECT channel, outcome, max(last_at), code, text, document_id
            FROM attempt_hour GROUP BY channel, outcome) AS last
        LEFT JOIN document ON document.id = last.document_id
        ORDER BY last.channel, last.outcome
        """
    )
    return [
        LastOutcome(channel, outcome, moment(at), code, text, document_id, company_id)
        for channel, outcome, at, code, text, document_id, company_id in found
    ]


def schedules(connection: sqlite3.Connection) -> list[Scheduled]:
    """When each schedule comes round next, and how it went last."""
    found = connection.execute(
        "SELECT key, due_at, data FROM job WHERE key >= 'schedule:' AND key < 'schedule;'"
        " ORDER BY key"
    )
    return [scheduled(key, moment(due), json.loads(data)) for key, due, data in found]


def add(transaction: Transaction, attempts: Sequence[Attempt]) -> None:
    """Adds attempts that have ended to the sums of their hours."""
    transaction.insert(
        "attempt_hour (channel, hour, outcome, n, last_at, code, text, document_id)",
        [
            (
                *(one.channel, micros(one.hour) // _HOUR, one.outcome, one.n),
                *(micros(one.last_at), one.code, one.text, one.document_id),
            )
            for one in ended(attempts)
        ],
        "ON CONFLICT (channel, hour, outcome) DO UPDATE SET n = n + excluded.n,"
        " last_at = excluded.last_at, code = excluded.code, text = excluded.text,"
        " document_id = excluded.document_id",
    )


@dataclass(frozen=True, slots=True)
class Tidy:
    """Sums older than the hour of `before` go."""

    before: datetime


def tidy(transaction: Transaction, units: Sequence[Tidy]) -> list[None]:
    """Lets go of old sums."""
    for unit in units:
        transaction.run("DELETE FROM attempt_hour WHERE hour < ?", (micros(unit.before) // _HOUR,))
    return [None] * len(units)


class OverviewRows:
    """Implements `gateway.store.overview.Overview`; a part of `SqliteStore`."""

    _readers: Readers
    _writer: Writer

    async def open_documents(self, edges: Sequence[datetime], most: int) -> OpenDocuments:
        """What is open, by state, channel and age, `most` of a state at most."""
        return await self._readers.read_many(lambda c: open_documents(c, edges, most))

    async def piles(self, aside: str, most: int) -> Sequence[Pile]:
        """What lies where a person may have to look."""
        return await self._readers.read_many(lambda c: piles(c, aside, most))

    async def deadlines(self, limit: int) -> Sequence[Deadline]:
        """The timers that run out next."""
        return await self._readers.read_many(lambda c: deadlines(c, limit))

    async def timers_until(self, edges: Sequence[datetime], most: int) -> Sequence[int]:
        """How many timers run out before each edge."""
        return await self._readers.read_many(lambda c: timers_until(c, edges, most))

    async def outcomes(self, since: datetime, step: timedelta) -> Sequence[Outcomes]:
        """How attempts ended since the hour of `since`, by channel and by `step`."""
        return await self._readers.read_many(lambda c: outcomes(c, since, step))

    async def last_outcomes(self) -> Sequence[LastOutcome]:
        """The last of each channel's outcomes."""
        return await self._readers.read_many(last_outcomes)

    async def tidy_outcomes(self, before: datetime) -> None:
        """Lets go of sums older than the hour of `before`."""
        await self._writer.write(tidy, Tidy(before))

    async def schedules(self) -> Sequence[Scheduled]:
        """When each schedule comes round next, and how it went last."""
        return self._readers.read(schedules)
