"""Lanes: their limits, what they have used up, and what calls tell of their channel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.store.lanes import LaneState, Limits, Meter, fresh, heard, refilled, tried
from gateway.store.postgres.connections import Connections
from gateway.store.postgres.rows import Row
from gateway.store.postgres.transactions import Transaction

_LIMITS = "rate_per_s, burst, at_once, trip_after, rest_s, tokens, refilled_at, fails, open_until"
COLUMNS = f"paused, {_LIMITS}"
NONE = Limits(trip_after=None)


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane's row; one without a row has no limits, and one without limits no meter."""

    name: str
    paused: bool
    limits: Limits
    meter: Meter | None

    @classmethod
    def of(cls, name: str, row: Row) -> Lane:
        """Out of COLUMNS, which are all NULL where there is no row."""
        paused, rate_per_s, burst, at_once, trip_after, rest_s, *used = row
        tokens, refilled_at, fails, open_until = used
        if tokens is None:
            return cls(name, bool(paused), NONE, None)
        limits = Limits(rate_per_s, burst, at_once, trip_after, rest_s)
        return cls(name, bool(paused), limits, Meter(tokens, refilled_at, fails, open_until))


@dataclass(frozen=True, slots=True)
class SetLimits:
    """The limits of all lanes from now on."""

    limits: Mapping[str, Limits]
    now: datetime


async def set_limits(transaction: Transaction, units: Sequence[SetLimits]) -> list[None]:
    """Sets the limits of lanes, and takes away those of all others."""
    await transaction.fetch("LOCK TABLE lane IN SHARE ROW EXCLUSIVE MODE")  # one after the other
    for unit in units:
        found = await transaction.fetch(
            f"SELECT name, {COLUMNS} FROM lane ORDER BY name FOR UPDATE"
        )
        meters = {lane.name: lane.meter for lane in map(_lane, found)}
        await transaction.run(
            """
            UPDATE lane SET tokens = NULL, rate_per_s = NULL, burst = NULL, at_once = NULL,
                trip_after = NULL, rest_s = NULL, refilled_at = NULL, fails = 0, open_until = NULL
            """
        )
        await transaction.each(
            f"""
            INSERT INTO lane (name, {_LIMITS}) SELECT name, {_LIMITS} FROM {{asked}}
            ON CONFLICT (name) DO UPDATE SET ({_LIMITS}) =
                ROW ({", ".join(f"excluded.{name}" for name in _LIMITS.split(", "))})
            """,
            "name text, rate_per_s float8, burst integer, at_once integer, trip_after integer, "
            "rest_s float8, tokens float8, refilled_at timestamptz, fails integer, "
            "open_until timestamptz",
            [
                (
                    *(name, one.rate_per_s, one.burst, one.at_once, one.trip_after, one.rest_s),
                    *_used(meters.get(name) or fresh(one, unit.now)),
                )
                for name, one in unit.limits.items()
            ],
        )
    await _forget_plain(transaction)
    transaction.topics.add("jobs")
    return [None] * len(units)


@dataclass(frozen=True, slots=True)
class Pause:
    """A person stops claims from a lane, or lets them go on."""

    lane: str
    paused: bool


async def pause(transaction: Transaction, units: Sequence[Pause]) -> list[None]:
    """Stops claims from lanes, or lets them go on."""
    for unit in units:
        await transaction.run(
            "INSERT INTO lane (name, paused) VALUES ($1, $2)"
            " ON CONFLICT (name) DO UPDATE SET paused = excluded.paused",
            unit.lane,
            unit.paused,
        )
    await _forget_plain(transaction)
    transaction.topics.add("jobs")
    return [None] * len(units)


@dataclass(frozen=True, slots=True)
class Try:
    """A person lets a lane that rests try now."""

    lane: str
    now: datetime


async def try_now(transaction: Transaction, units: Sequence[Try]) -> list[bool]:
    """Ends the rest of lanes; answers of each whether it rested."""
    return [await _try(transaction, unit) for unit in units]


async def _try(transaction: Transaction, unit: Try) -> bool:
    lane = (await _read(transaction, [unit.lane], "FOR UPDATE")).get(unit.lane)
    if lane is None or lane.meter is None:
        return False
    meter = tried(lane.meter, lane.limits, unit.now)
    if meter is None:
        return False
    await keep(transaction, {unit.lane: meter})
    transaction.topics.add("jobs")
    return True


async def hear(transaction: Transaction, calls: Sequence[tuple[str, bool, datetime]]) -> None:
    """What calls from lanes tell of the channel: (lane, whether it answered, when) of each.

    A lane that nothing can change is not locked: answers are many, and mostly good.
    """
    seen = await _read(transaction, {name for name, _, _ in calls}, "")
    news = [call for call in calls if _news(seen.get(call[0]), call[1])]
    if not news:
        return
    found = await _read(transaction, {name for name, _, _ in news}, "ORDER BY name FOR UPDATE")
    meters = {name: lane.meter for name, lane in found.items()}
    for name, answered, now in news:
        meter = meters.get(name)
        if meter is not None:
            meters[name] = heard(meter, found[name].limits, answered, now)
    changed = {name: one for name, one in meters.items() if one and one != found[name].meter}
    await keep(transaction, changed)
    if any(meter.open_until is None for meter in changed.values()):
        transaction.topics.add("jobs")


def _news(lane: Lane | None, answered: bool) -> bool:
    if lane is None or lane.meter is None:
        return False
    return not answered or lane.meter.fails > 0 or lane.meter.open_until is not None


async def _read(transaction: Transaction, names: Iterable[str], how: str) -> dict[str, Lane]:
    found = await transaction.fetch(
        f"SELECT name, {COLUMNS} FROM lane WHERE name = ANY($1::text[]) {how}", list(names)
    )
    return {lane.name: lane for lane in map(_lane, found)}


async def taken(transaction: Transaction, names: Sequence[str]) -> dict[str, tuple[Lane, int]]:
    """Those of the lanes that nobody else claims from just now, ours until the transaction ends,
    each with the number of its jobs that are leased."""
    lanes = await _read(transaction, names, "ORDER BY name FOR UPDATE SKIP LOCKED")
    # Counted by a statement of its own: it sees what was committed before the lock was ours.
    leased = await transaction.fetch(
        "SELECT lane, count(*) FROM job WHERE state = 'leased' AND lane = ANY($1::text[])"
        " GROUP BY lane",
        list(lanes),
    )
    count = {name: n for name, n in leased}  # noqa: C416 - records are no pairs for dict()
    return {name: (lane, count.get(name, 0)) for name, lane in lanes.items()}


async def keep(transaction: Transaction, meters: Mapping[str, Meter]) -> None:
    """Writes down what lanes have used up; their rows are locked."""
    await transaction.each(
        """
        UPDATE lane SET tokens = asked.tokens, refilled_at = asked.refilled_at,
            fails = asked.fails, open_until = asked.open_until
        FROM {asked} WHERE lane.name = asked.name
        """,
        "name text, tokens float8, refilled_at timestamptz, fails integer, open_until timestamptz",
        [(name, *_used(meter)) for name, meter in meters.items()],
    )


async def paused(connections: Connections) -> list[str]:
    """The lanes that are paused."""
    return [name for (name,) in await connections.read("SELECT name FROM lane WHERE paused")]


async def states(connections: Connections, now: datetime) -> list[LaneState]:
    """All lanes that have limits, a pause, or jobs that are due or leased."""
    found = await connections.read(
        f"""
        WITH due AS (
            SELECT lane, count(*) AS n, min(due_at) AS oldest FROM job
            WHERE state IN ('ready', 'waiting') AND due_at <= $1 GROUP BY lane),
        leased AS (
            SELECT lane, count(*) AS n FROM job WHERE state = 'leased' GROUP BY lane),
        named AS (
            SELECT lane AS name FROM due UNION SELECT lane FROM leased UNION SELECT name FROM lane)
        SELECT named.name, coalesce(due.n, 0), coalesce(leased.n, 0), due.oldest, {COLUMNS}
        FROM named LEFT JOIN due ON due.lane = named.name LEFT JOIN leased
            ON leased.lane = named.name LEFT JOIN lane ON lane.name = named.name
        ORDER BY named.name
        """,
        now,
    )
    return [_state(tuple(row), now) for row in found]


def _state(row: Row, now: datetime) -> LaneState:
    name, due, leased, oldest, *columns = row
    lane = Lane.of(name, columns)
    meter = lane.meter and refilled(lane.meter, lane.limits, now)
    return LaneState(name, lane.limits, lane.paused, meter, due, leased, oldest)


def _lane(row: Row) -> Lane:
    name, *columns = tuple(row)
    return Lane.of(name, columns)


def _used(meter: Meter) -> Row:
    return meter.tokens, meter.refilled_at, meter.fails, meter.open_until


async def _forget_plain(transaction: Transaction) -> None:
    await transaction.run("DELETE FROM lane WHERE tokens IS NULL AND NOT paused")
