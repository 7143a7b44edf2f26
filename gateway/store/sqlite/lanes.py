"""Lanes: their limits, what they have used up, and the claims from them that these allow."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.store.lanes import LaneState, Limits, Meter, fresh, heard, refilled, tried
from gateway.store.sqlite.rows import Row, maybe_micros, maybe_moment, micros, moment
from gateway.store.sqlite.writer import Transaction

COLUMNS = (
    "paused, rate_per_s, burst, at_once, trip_after, rest_s, tokens, refilled_at, fails, open_until"
)
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
        meter = Meter(tokens, moment(refilled_at), fails, maybe_moment(open_until))
        return cls(name, bool(paused), limits, meter)


@dataclass(frozen=True, slots=True)
class SetLimits:
    """The limits of all lanes from now on."""

    limits: Mapping[str, Limits]
    now: datetime


def set_limits(transaction: Transaction, units: Sequence[SetLimits]) -> list[None]:
    """Sets the limits of lanes, and takes away those of all others."""
    for unit in units:
        meters = {lane.name: lane.meter for lane in _every(transaction.connection)}
        transaction.run(
            """
            UPDATE lane SET tokens = NULL, rate_per_s = NULL, burst = NULL, at_once = NULL,
                trip_after = NULL, rest_s = NULL, refilled_at = NULL, fails = 0, open_until = NULL
            """
        )
        _write(
            transaction,
            [
                Lane(name, False, limits, meters.get(name) or fresh(limits, unit.now))
                for name, limits in unit.limits.items()
            ],
        )
        _forget_plain(transaction)
    transaction.topics.add("jobs")
    return [None] * len(units)


@dataclass(frozen=True, slots=True)
class Pause:
    """A person stops claims from a lane, or lets them go on."""

    lane: str
    paused: bool


def pause(transaction: Transaction, units: Sequence[Pause]) -> list[None]:
    """Stops claims from lanes, or lets them go on."""
    for unit in units:
        transaction.run(
            "INSERT INTO lane (name, paused) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET paused = excluded.paused",
            (unit.lane, unit.paused),
        )
        _forget_plain(transaction)
    transaction.topics.add("jobs")
    return [None] * len(units)


@dataclass(frozen=True, slots=True)
class Try:
    """A person lets a lane that rests try now."""

    lane: str
    now: datetime


def try_now(transaction: Transaction, units: Sequence[Try]) -> list[bool]:
    """Ends the rest of lanes; answers of each whether it rested."""
    return [_try(transaction, unit) for unit in units]


def _try(transaction: Transaction, unit: Try) -> bool:
    for name, *row in transaction.run(
        f"SELECT name, {COLUMNS} FROM lane WHERE name = ?", (unit.lane,)
    ):
        lane = Lane.of(name, tuple(row))
        meter = lane.meter and tried(lane.meter, lane.limits, unit.now)
        if meter is not None:
            keep(transaction, {name: meter})
            transaction.topics.add("jobs")
            return True
    return False


def paused(connection: sqlite3.Connection) -> list[str]:
    """The lanes that are paused."""
    return [name for (name,) in connection.execute("SELECT name FROM lane WHERE paused")]


@dataclass(frozen=True, slots=True)
class Call:
    """A call by a job of this lane came to its end: whether the channel answered."""

    lane: str
    answered: bool
    at: datetime


def hear(transaction: Transaction, calls: Sequence[Call]) -> None:
    """Tells the breakers of lanes how calls ended."""
    if not calls:
        return
    names = json.dumps(sorted({call.lane for call in calls}))
    lanes = {
        name: Lane.of(name, tuple(row))
        for name, *row in transaction.run(
            f"SELECT name, {COLUMNS} FROM lane WHERE name IN (SELECT value FROM json_each(?))",
            (names,),
        )
    }
    meters = {name: lane.meter for name, lane in lanes.items()}
    for call in calls:
        meter = meters.get(call.lane)
        if meter is not None:
            limits = lanes[call.lane].limits
            meters[call.lane] = heard(meter, limits, call.answered, call.at)
    changed = {name: meter for name, meter in meters.items() if meter != lanes[name].meter}
    keep(transaction, changed)
    if any(meter and meter.open_until is None for meter in changed.values()):
        transaction.topics.add("jobs")


def keep(transaction: Transaction, meters: Mapping[str, Meter | None]) -> None:
    """Writes down what lanes have used up."""
    for name, meter in meters.items():
        if meter is not None:
            transaction.run(
                "UPDATE lane SET tokens = ?, refilled_at = ?, fails = ?, open_until = ?"
                " WHERE name = ?",
                (*_used(meter), name),
            )


def states(connection: sqlite3.Connection, now: datetime) -> list[LaneState]:
    """All lanes that have limits, a pause, or jobs that are due or leased."""
    at = micros(now)
    due: dict[str, tuple[int, int]] = {}
    for state in ("ready", "waiting"):
        for name, n, oldest in connection.execute(
            f"SELECT lane, count(*), min(due_at) FROM job WHERE state = '{state}'"
            " AND due_at <= ? GROUP BY lane",
            (at,),
        ):
            before, older = due.get(name, (0, oldest))
            due[name] = (before + n, min(oldest, older))
    leased: dict[str, int] = dict(
        connection.execute(
            "SELECT lane, count(*) FROM job WHERE state = 'leased' GROUP BY lane"
        ).fetchall()
    )
    lanes = {lane.name: lane for lane in _every(connection)}
    return [
        _state(lanes.get(name) or Lane(name, False, NONE, None), due.get(name), leased, now)
        for name in sorted({*due, *leased, *lanes})
    ]


def _state(
    lane: Lane, due: tuple[int, int] | None, leased: Mapping[str, int], now: datetime
) -> LaneState:
    n, oldest = due or (0, None)
    return LaneState(
        lane.name,
        lane.limits,
        lane.paused,
        lane.meter and refilled(lane.meter, lane.limits, now),
        n,
        leased.get(lane.name, 0),
        maybe_moment(oldest),
    )


def _every(connection: sqlite3.Connection) -> Iterable[Lane]:
    found = connection.execute(f"SELECT name, {COLUMNS} FROM lane")
    return [Lane.of(name, tuple(row)) for name, *row in found]


def _write(transaction: Transaction, lanes: Sequence[Lane]) -> None:
    """Their limits and meters; a pause stays as it is."""
    names = COLUMNS.removeprefix("paused, ")
    transaction.insert(
        f"lane (name, {names})",
        [
            (
                *(lane.name, limits.rate_per_s, limits.burst, limits.at_once, limits.trip_after),
                *(limits.rest_s, *_used(meter)),
            )
            for lane in lanes
            if (limits := lane.limits) and (meter := lane.meter)
        ],
        "ON CONFLICT (name) DO UPDATE SET "
        + ", ".join(f"{name} = excluded.{name}" for name in names.split(", ")),
    )


def _used(meter: Meter) -> Row:
    return meter.tokens, micros(meter.refilled_at), meter.fails, maybe_micros(meter.open_until)


def _forget_plain(transaction: Transaction) -> None:
    transaction.run("DELETE FROM lane WHERE tokens IS NULL AND NOT paused")
