"""Claims: which jobs a worker gets, so that lanes keep to their limits and companies take turns.

Statements jump from lane to lane and from company to company by index, and lock about as many rows
as are claimed. Other claimers pass by what is locked: nobody waits, and two workers get different
jobs. A lane with limits is claimed from by one at a time, who holds its row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.store import lanes as meters
from gateway.store.lanes import Meter
from gateway.store.port import Job
from gateway.store.postgres import jobs, lanes
from gateway.store.postgres.jobs import Hold
from gateway.store.postgres.lanes import Lane
from gateway.store.postgres.transactions import Transaction
from gateway.store.turns import beginning_after, in_turn

# Of jobs that have become due since the last claim. A million at once come in little by little,
# and no claim waits for all of them.
_MOST_MADE_READY = 1000

MAKE_READY = f"""
    WITH due AS MATERIALIZED (
        SELECT id FROM job WHERE state = 'waiting' AND due_at <= $1
        ORDER BY due_at LIMIT {_MOST_MADE_READY} FOR UPDATE SKIP LOCKED)
    UPDATE job SET state = 'ready' FROM due WHERE job.id = due.id
"""

LANES = f"""
    WITH RECURSIVE found (name) AS (
        (SELECT lane FROM job WHERE state = 'ready' ORDER BY lane LIMIT 1)
        UNION ALL
        SELECT (SELECT lane FROM job WHERE state = 'ready' AND lane > found.name
                ORDER BY lane LIMIT 1)
        FROM found WHERE found.name IS NOT NULL)
    SELECT found.name, {lanes.COLUMNS}
    FROM found LEFT JOIN lane ON lane.name = found.name WHERE found.name IS NOT NULL
"""

# Companies in two stretches of the alphabet: from the one whose turn it is, and then up to it.
# Each gives its share of the room, rounded up.
_TURNS = """
    WITH RECURSIVE asked AS MATERIALIZED (SELECT * FROM {asked}),
    turn AS (
        SELECT lane, room, stretch, until, at, 1 AS n, (
            SELECT company_id FROM job
            WHERE state = 'ready' AND job.lane = asked.lane AND due_at <= asked.at
                AND company_id >= asked.since AND company_id < asked.until
            ORDER BY company_id LIMIT 1) AS company_id
        FROM asked
        UNION ALL
        SELECT lane, room, stretch, until, at, n + 1, (
            SELECT company_id FROM job
            WHERE state = 'ready' AND job.lane = turn.lane AND due_at <= turn.at
                AND company_id > turn.company_id AND company_id < turn.until
            ORDER BY company_id LIMIT 1)
        FROM turn WHERE company_id IS NOT NULL AND n < room),
    share AS MATERIALIZED (
        SELECT lane, stretch, at, company_id,
            ceil(room::float8 / count(*) OVER (PARTITION BY lane))::bigint AS most
        FROM turn WHERE company_id IS NOT NULL)
    SELECT share.lane, share.stretch, share.company_id, share.most, first.id
    FROM share CROSS JOIN LATERAL (
        SELECT id, priority, due_at FROM job
        WHERE state = 'ready' AND job.lane = share.lane AND due_at <= share.at
            AND job.company_id = share.company_id
        ORDER BY priority DESC, due_at, id LIMIT share.most
        FOR UPDATE SKIP LOCKED) AS first
    ORDER BY share.lane, share.stretch, share.company_id, first.priority DESC, first.due_at,
        first.id
"""
_ASKED = "lane text, room bigint, stretch integer, since text, until text, at timestamptz"

# Sort behind a company and before every other, and behind all: no company's id has such a sign.
_BEHIND, _END = " ", "~"

_MOST_ROUNDS = 10

_Turn = tuple[str, str, int]  # lane, company, job


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker asks for work."""

    hold: Hold
    limit: int
    room: Mapping[str, int]


class Claims:
    """Remembers in memory who was served last: after a restart the turns begin anew."""

    def __init__(self) -> None:
        self._lane = ""
        self._place: dict[str, str] = {}

    async def claim(self, transaction: Transaction, units: Sequence[Claim]) -> list[Sequence[Job]]:
        """Leases due jobs in turn."""
        return [await self._claim(transaction, unit) for unit in units]

    async def _claim(self, transaction: Transaction, unit: Claim) -> list[Job]:
        await transaction.run(MAKE_READY, unit.hold.now)
        room, meter_of = await _open(transaction, unit)
        claimed: list[Job] = []
        # What a lane or a company does not use of its share goes round again.
        for _ in range(_MOST_ROUNDS):
            if not room or len(claimed) == unit.limit:
                break
            ids, room = await self._round(transaction, room, unit.limit - len(claimed), unit)
            if ids:
                claimed += await jobs.lease(transaction, ids, unit.hold)
        await lanes.keep(
            transaction,
            {
                name: meters.claimed(meter, lane.limits, sum(job.lane == name for job in claimed))
                for name, (lane, meter) in meter_of.items()
                if any(job.lane == name for job in claimed)
            },
        )
        return claimed

    async def _round(
        self, transaction: Transaction, room: Mapping[str, int], limit: int, unit: Claim
    ) -> tuple[list[int], dict[str, int]]:
        """Jobs to be leased, and how many more each lane may give that may have more."""
        share = -(-limit // len(room))
        asked = []
        for name, free in room.items():
            place = self._place.get(name, "")
            wanted = min(free, share)
            asked += [
                (name, wanted, 0, place, _END, unit.hold.now),
                (name, wanted, 1, "", place, unit.hold.now),
            ]
        found: dict[str, dict[str, list[_Turn]]] = {}
        more: set[str] = set()
        for lane, _, company_id, most, id_ in await transaction.each(_TURNS, _ASKED, asked):
            line = found.setdefault(lane, {}).setdefault(company_id, [])
            line.append((lane, company_id, id_))
            if len(line) == most:
                more.add(lane)
        lines = [
            in_turn(found[name].values(), min(room[name], share))
            for name in beginning_after(sorted(found), self._lane)
        ]
        chosen = in_turn(lines, limit)
        if not chosen:
            return [], {}
        self._lane = chosen[-1][0]
        self._place |= {lane: company_id + _BEHIND for lane, company_id, _ in chosen}
        taken = Counter(lane for lane, _, _ in chosen)
        left = {lane: room[lane] - taken[lane] for lane in more if room[lane] > taken[lane]}
        return [id_ for _, _, id_ in chosen], left


async def _open(
    transaction: Transaction, unit: Claim
) -> tuple[dict[str, int], dict[str, tuple[Lane, Meter]]]:
    """How much each lane with work allows, and the refilled meters of those with limits."""
    found = [Lane.of(name, row) for name, *row in await transaction.fetch(LANES)]
    free = {lane.name: unit.limit for lane in found if lane.meter is None and not lane.paused}
    limited = [lane.name for lane in found if lane.meter is not None and not lane.paused]
    refilled: dict[str, tuple[Lane, Meter]] = {}
    if limited:
        for name, (lane, leased) in (await lanes.taken(transaction, limited)).items():
            if lane.paused or lane.meter is None:
                continue
            meter = meters.refilled(lane.meter, lane.limits, unit.hold.now)
            admitted = meters.admitted(meter, lane.limits, leased, unit.hold.now)
            free[name] = unit.limit if admitted is None else min(unit.limit, admitted)
            refilled[name] = (lane, meter)
    room = {name: min(n, unit.room.get(name, n)) for name, n in free.items()}
    return {name: n for name, n in room.items() if n > 0}, refilled
