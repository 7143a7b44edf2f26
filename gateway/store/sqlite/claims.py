"""Claims: which jobs a worker gets, so that lanes keep to their limits and companies take turns.

Four statements, however many jobs there are: they jump from lane to lane and from company to
company by index, and read no more rows of each than could be claimed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.store import lanes as meters
from gateway.store.port import Job
from gateway.store.sqlite import jobs, lanes
from gateway.store.sqlite.jobs import Hold
from gateway.store.sqlite.lanes import Lane
from gateway.store.sqlite.rows import micros
from gateway.store.sqlite.writer import Transaction
from gateway.store.turns import beginning_after, in_turn

# Of jobs that have become due since the last claim. A million at once come in little by little,
# and no claim waits for all of them.
_MOST_MADE_READY = 1000

_MAKE_READY = f"""
    UPDATE job SET state = 'ready' WHERE id IN (
        SELECT id FROM job WHERE state = 'waiting' AND due_at <= ?
        ORDER BY due_at LIMIT {_MOST_MADE_READY})
"""

_LANES = f"""
    WITH RECURSIVE found (name) AS (
        SELECT (SELECT lane FROM job WHERE state = 'ready' ORDER BY lane LIMIT 1)
        UNION ALL
        SELECT (SELECT lane FROM job WHERE state = 'ready' AND lane > found.name
                ORDER BY lane LIMIT 1)
        FROM found WHERE found.name IS NOT NULL)
    SELECT found.name, iif(lane.tokens IS NULL, 0, (
            SELECT count(*) FROM job WHERE state = 'leased' AND job.lane = found.name)),
        {lanes.COLUMNS}
    FROM found LEFT JOIN lane ON lane.name = found.name WHERE found.name IS NOT NULL
"""

# Companies in two stretches of the alphabet: from the one whose turn it is, and then up to it. Of
# each, as many jobs as it can get when all others get one.
_TURNS = """
    , turn (lane, room, stretch, until, at, n, company_id) AS MATERIALIZED (
        SELECT lane, room, stretch, until, at, 1, (
            SELECT company_id FROM job
            WHERE state = 'ready' AND job.lane = asked.lane AND due_at <= asked.at
                AND company_id >= asked.since AND company_id < asked.until
            ORDER BY company_id LIMIT 1)
        FROM asked
        UNION ALL
        SELECT lane, room, stretch, until, at, n + 1, (
            SELECT company_id FROM job
            WHERE state = 'ready' AND job.lane = turn.lane AND due_at <= turn.at
                AND company_id > turn.company_id AND company_id < turn.until
            ORDER BY company_id LIMIT 1)
        FROM turn WHERE company_id IS NOT NULL AND n < room),
    share (most) AS (SELECT room - count(company_id) + 1 FROM turn GROUP BY lane)
    SELECT lane, stretch, company_id, (
        SELECT json_group_array(id) FROM (
            SELECT id FROM job
            WHERE state = 'ready' AND job.lane = turn.lane AND due_at <= turn.at
                AND job.company_id = turn.company_id
            ORDER BY priority DESC, due_at, id LIMIT (SELECT max(max(most), 1) FROM share)))
    FROM turn WHERE company_id IS NOT NULL
"""

# Sort behind a company and before every other, and behind all: no company's id has such a sign.
_BEHIND, _END = " ", "~"


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker asks for work."""

    hold: Hold
    limit: int
    room: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Way:
    """A lane that may be claimed from, and how many."""

    lane: Lane
    room: int


class Claims:
    """Remembers in memory who was served last: after a restart the turns begin anew."""

    def __init__(self) -> None:
        self._lane = ""
        self._place: dict[str, str] = {}  # by lane: where it goes on among the companies

    def claim(self, transaction: Transaction, units: Sequence[Claim]) -> list[Sequence[Job]]:
        """Leases due jobs in turn."""
        return [self._claim(transaction, unit) for unit in units]

    def _claim(self, transaction: Transaction, unit: Claim) -> list[Job]:
        now = unit.hold.now
        transaction.run(_MAKE_READY, (micros(now),))
        ways = {way.lane.name: way for way in _open(transaction, unit) if way.room > 0}
        if not ways:
            return []
        lines = self._lines(transaction, ways, micros(now))
        names = beginning_after(sorted(lines), self._lane)
        chosen = in_turn([lines[name] for name in names], unit.limit)
        if not chosen:
            return []
        self._lane = chosen[-1][0]
        self._place |= {lane: company_id + _BEHIND for lane, company_id, _ in chosen}
        for way in ways.values():
            taken = sum(lane == way.lane.name for lane, _, _ in chosen)
            if way.lane.meter is not None and taken:
                meter = meters.claimed(way.lane.meter, way.lane.limits, taken)
                if meter is not way.lane.meter:
                    lanes.keep(transaction, {way.lane.name: meter})
        return jobs.lease(transaction, [id_ for _, _, id_ in chosen], unit.hold)

    def _lines(
        self, transaction: Transaction, ways: Mapping[str, _Way], at: int
    ) -> dict[str, list[tuple[str, str, int]]]:
        """By lane, what is to be claimed from it: (lane, company, job) of each, in order."""
        asked = []
        for name, way in ways.items():
            place = self._place.get(name, "")
            asked += [(name, way.room, 0, place, _END, at), (name, way.room, 1, "", place, at)]
        found: dict[str, list[tuple[int, str, str]]] = {}
        for name, *turn in transaction.asked(
            "lane, room, stretch, since, until, at", asked, _TURNS
        ):
            found.setdefault(name, []).append(tuple(turn))
        return {
            name: in_turn(
                [
                    [(name, company_id, id_) for id_ in json.loads(ids)]
                    for _, company_id, ids in sorted(turns)
                ],
                ways[name].room,
            )
            for name, turns in found.items()
        }


def _open(transaction: Transaction, unit: Claim) -> Iterable[_Way]:
    """The lanes with work, and how much of it each allows."""
    for name, leased, *row in transaction.run(_LANES).fetchall():
        lane = Lane.of(name, tuple(row))
        room = min(unit.limit, unit.room.get(name, unit.limit))
        if lane.paused:
            continue
        if lane.meter is not None:
            meter = meters.refilled(lane.meter, lane.limits, unit.hold.now)
            lane = replace(lane, meter=meter)
            admitted = meters.admitted(meter, lane.limits, leased, unit.hold.now)
            room = room if admitted is None else min(room, admitted)
        yield _Way(lane, room)
