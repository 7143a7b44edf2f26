"""Channels as pages show them. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from gateway.audit.chain import Entry
from gateway.channel_health import ChannelHealth, Condition
from gateway.console.setup import Mailbox, Setting
from gateway.store.lanes import LaneState, rests

# Of what a partner in the sandbox has received, the newest.
_MOST_RECEIVED: Final = 50


class Verb(StrEnum):
    """What a person does to a lane."""

    PAUSE = "pause"
    RESUME = "resume"
    TRY = "try"


# By verb, its entry in the audit.
ACTIONS: Final = {Verb.PAUSE: "lane.paused", Verb.RESUME: "lane.resumed", Verb.TRY: "lane.tried"}


@dataclass(frozen=True, slots=True)
class Lane:
    """What waits for work that is no channel's."""

    name: str
    condition: Condition
    waiting: int
    under_way: int
    oldest_due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Channels:
    """The list. `absent`: channels that are not set up; `done`: what was done just now."""

    channels: tuple[ChannelHealth, ...]
    absent: tuple[str, ...]
    lanes: tuple[Lane, ...]
    done: str


@dataclass(frozen=True, slots=True)
class Act:
    """Something that a person did to the lane."""

    at: datetime
    who: str
    action: str
    reason: str


@dataclass(frozen=True, slots=True)
class Received:
    """What a partner in the sandbox has received, the newest first; `rows` are as long as
    `columns`. `count` is all there are."""

    title: str
    count: int
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel. `verbs`: what can be done to it now."""

    health: ChannelHealth
    verbs: tuple[Verb, ...]
    settings: tuple[Setting, ...]
    acts: tuple[Act, ...]
    received: tuple[Received, ...]
    done: str


@dataclass(frozen=True, slots=True)
class Asking:
    """What a verb will do, before it is done. `minutes`: about how long what waits will take at
    the channel's rate, rounded up; None: there is no rate. `possible`: the lane is as the verb
    needs it."""

    name: str
    is_channel: bool
    verb: Verb
    possible: bool
    waiting: int
    under_way: int
    oldest_due_at: datetime | None
    minutes: int | None
    reason: str
    fault: str


def verbs(condition: Condition) -> tuple[Verb, ...]:
    """What can be done to a lane."""
    match condition:
        case Condition.PAUSED:
            return (Verb.RESUME,)
        case Condition.RESTING:
            return (Verb.TRY, Verb.PAUSE)
        case _:
            return (Verb.PAUSE,)


def lane(state: LaneState, now: datetime) -> Lane:
    """A lane that is no channel's."""
    condition = Condition.PAUSED if state.paused else Condition.WELL
    if not state.paused and state.meter is not None and rests(state.meter, state.limits, now):
        condition = Condition.RESTING
    return Lane(state.name, condition, state.waiting, state.leased, state.oldest_due_at)


def others(
    lanes: Sequence[LaneState], channels: Collection[str], now: datetime
) -> tuple[Lane, ...]:
    """The lanes that are no channel's."""
    return tuple(lane(one, now) for one in lanes if one.name not in channels)


def act(entry: Entry, people: Mapping[str, str]) -> Act:
    """An entry of the audit that is about a lane."""
    reason = json.loads(entry.data).get("reason")
    who = people.get(entry.actor, entry.actor)
    return Act(entry.at, who, entry.action, reason if isinstance(reason, str) else "")


def received(box: Mailbox) -> Received:
    """A partner's mailbox."""
    columns = tuple(dict.fromkeys(name for row in box.rows for name in row))
    newest = box.rows[::-1][:_MOST_RECEIVED]
    rows = tuple(tuple(_cell(row.get(name)) for name in columns) for row in newest)
    return Received(box.title, len(box.rows), columns, rows)


def asking(
    health: ChannelHealth | Lane, verb: Verb, *, reason: str = "", fault: str = ""
) -> Asking:
    """What a verb will do to a channel, or to another lane."""
    is_channel = isinstance(health, ChannelHealth)
    rate = health.rate_per_s if isinstance(health, ChannelHealth) else None
    return Asking(
        name=health.name,
        is_channel=is_channel,
        verb=verb,
        possible=verb in verbs(health.condition),
        waiting=health.waiting,
        under_way=health.under_way,
        oldest_due_at=health.oldest_due_at,
        minutes=None if not rate else -int(-health.waiting // (60 * rate)),
        reason=reason,
        fault=fault,
    )


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case list() | tuple():
            return ", ".join(map(_cell, value))
        case _:
            return str(value)
