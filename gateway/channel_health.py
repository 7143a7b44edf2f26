"""How channels are: when each last worked, what went wrong last, and what holds it back.

In charge of what is made of the store's rows; the console's pages Now and Channels show it. Not in
charge of asking partners how they are (`budkavle doctor`): nothing here leaves the house.

`await healths(store, channels, certificates, now)` gives a `ChannelHealth` for each channel, by
name; it costs three small reads.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from gateway.certificates import Certificate
from gateway.delivery.outcome import Result
from gateway.store.lanes import LaneState, Meter, rests
from gateway.store.overview import LastOutcome, Scheduled
from gateway.store.port import Store

# The channel did what it was asked for.
GOOD: Final = frozenset({Result.DELIVERED, Result.SENT})
# It did not; of these, an answer that is a no is the document's trouble and not the channel's.
BAD: Final = frozenset({Result.REFUSED, Result.TRY_LATER, Result.UNKNOWN})
TROUBLE: Final = BAD - {Result.REFUSED}


# So long sums of outcomes are kept: the month that pages show, and a little more.
KEPT: Final = timedelta(days=32)


class Sums:
    """Keeps the sums of outcomes small: `tidy` is a schedule's."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def tidy(self, now: datetime) -> bool:
        """Lets go of old ones; there is never more."""
        await self._store.tidy_outcomes(now - KEPT)
        return False


class Condition(StrEnum):
    """How a channel is, the first of these that holds."""

    PAUSED = "paused"  # a person has stopped it
    RESTING = "resting"  # its breaker is open: nothing is tried until `rests_until`
    TRYING = "trying"  # the breaker lets one through, to see whether it answers again
    FAILING = "failing"  # what was tried last did not work, for a reason of the channel's
    WELL = "well"
    UNUSED = "unused"  # nothing was tried in the last weeks


@dataclass(frozen=True, slots=True)
class LastError:
    """The last attempt that a channel did not do what it was asked for. `text` is the public one;
    `company_id` and `document_id` name the document, empty where it is gone."""

    at: datetime
    outcome: str
    code: str
    text: str
    company_id: str
    document_id: str


@dataclass(frozen=True, slots=True)
class CertificateLeft:
    """A certificate of ours that the channel shows, and how many days it is still good; with
    `days` None it can not be read, for the reason in `fault`."""

    setting: str  # as in the settings, "peppol.key_store"
    ends_at: datetime | None
    days: int | None
    fault: str


@dataclass(frozen=True, slots=True)
class Round:
    """Something that is done for the channel by the clock, and when next."""

    name: str
    next_at: datetime


@dataclass(frozen=True, slots=True)
class ChannelHealth:
    """How one channel is.

    `set_up`: it is in the settings; one that is not may still have work from before. `waiting` jobs
    are due, since `oldest_due_at`; `under_way` are in a worker's hands. `fails` is how many calls
    in a row were not answered; after `trip_after` of them (None: never) the breaker opens for
    `rest_s` and more. `rate_per_s` None: as fast as it goes; `at_once` None: as many as workers
    have room for.
    """

    name: str
    condition: Condition
    set_up: bool
    paused: bool
    fails: int
    rests_until: datetime | None
    waiting: int
    under_way: int
    oldest_due_at: datetime | None
    rate_per_s: float | None
    burst: int
    at_once: int | None
    trip_after: int | None
    rest_s: float
    last_good_at: datetime | None
    last_error: LastError | None
    certificates: tuple[CertificateLeft, ...]
    rounds: tuple[Round, ...]


async def healths(
    store: Store, channels: Collection[str], certificates: Sequence[Certificate], now: datetime
) -> tuple[ChannelHealth, ...]:
    """Every channel that is set up (`channels`) or was used in the last weeks, by name."""
    return health_of(
        await store.lanes(now),
        await store.last_outcomes(),
        await store.schedules(),
        channels,
        certificates,
        now,
    )


def health_of(
    lanes: Sequence[LaneState],
    outcomes: Sequence[LastOutcome],
    schedules: Sequence[Scheduled],
    channels: Collection[str],
    certificates: Sequence[Certificate],
    now: datetime,
) -> tuple[ChannelHealth, ...]:
    """The same, of rows that were read. Pure."""
    lane_of = {lane.name: lane for lane in lanes}
    names = sorted({*channels, *(one.channel for one in outcomes)})
    return tuple(
        _health(
            name,
            lane_of.get(name),
            [one for one in outcomes if one.channel == name],
            tuple(Round(one.name, one.next_at) for one in schedules if _is_of(one.name, name)),
            tuple(_left(one, now) for one in certificates if one.section in _SHOWS.get(name, ())),
            now,
            set_up=name in channels,
        )
        for name in names
    )


# Which sections of the settings name a certificate that the channel shows to others.
_SHOWS: Final = {"peppol": ("peppol", "publisher"), "efaktura_no": ("efaktura_no",)}


def _is_of(schedule: str, channel: str) -> bool:
    return schedule == channel or schedule.startswith(f"{channel}_")


def _health(
    name: str,
    lane: LaneState | None,
    outcomes: Sequence[LastOutcome],
    rounds: tuple[Round, ...],
    certificates: tuple[CertificateLeft, ...],
    now: datetime,
    *,
    set_up: bool,
) -> ChannelHealth:
    good = max((one.at for one in outcomes if one.outcome in GOOD), default=None)
    bad = max((one for one in outcomes if one.outcome in BAD), key=lambda one: one.at, default=None)
    trouble = max((one.at for one in outcomes if one.outcome in TROUBLE), default=None)
    meter = lane.meter if lane else None
    limits = lane.limits if lane else None
    return ChannelHealth(
        name=name,
        condition=_condition(lane, good, trouble, now, used=bool(outcomes)),
        set_up=set_up,
        paused=lane is not None and lane.paused,
        fails=meter.fails if meter else 0,
        rests_until=_rests_until(lane, meter, now),
        waiting=lane.waiting if lane else 0,
        under_way=lane.leased if lane else 0,
        oldest_due_at=lane.oldest_due_at if lane else None,
        rate_per_s=limits.rate_per_s if limits else None,
        burst=limits.burst if limits else 1,
        at_once=limits.at_once if limits else None,
        trip_after=limits.trip_after if limits else None,
        rest_s=limits.rest_s if limits else 0.0,
        last_good_at=good,
        last_error=None if bad is None else _error(bad),
        certificates=certificates,
        rounds=rounds,
    )


def _condition(
    lane: LaneState | None,
    good: datetime | None,
    trouble: datetime | None,
    now: datetime,
    *,
    used: bool,
) -> Condition:
    if lane is not None and lane.paused:
        return Condition.PAUSED
    if lane is not None and lane.meter is not None and lane.meter.open_until is not None:
        return Condition.RESTING if rests(lane.meter, lane.limits, now) else Condition.TRYING
    if trouble is not None and (good is None or good < trouble):
        return Condition.FAILING
    return Condition.WELL if used else Condition.UNUSED


def _rests_until(lane: LaneState | None, meter: Meter | None, now: datetime) -> datetime | None:
    if lane is None or meter is None or not rests(meter, lane.limits, now):
        return None
    return meter.open_until


def _error(one: LastOutcome) -> LastError:
    there = one.company_id is not None
    return LastError(
        *(one.at, one.outcome, one.code, one.text),
        *((one.company_id or "", one.document_id) if there else ("", "")),
    )


def _left(one: Certificate, now: datetime) -> CertificateLeft:
    return CertificateLeft(f"{one.section}.{one.setting}", one.ends_at, one.days(now), one.fault)
