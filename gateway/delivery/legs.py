"""The legs of a document's journey: the steps of its plan, and why none of them led there.

In charge of their keys, their states and which one is next. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from gateway.events import Type
from gateway.lifecycle import State, change
from gateway.routing.plan import Plan, Step
from gateway.store.port import Checkpoint, Document, Done, Event, Leg, NewEvent


class LegState(StrEnum):
    """How far a leg has come."""

    PLANNED = "planned"
    TRYING = "trying"
    SENT = "sent"
    DELIVERED = "delivered"
    REFUSED = "refused"
    RECALLED = "recalled"  # its channel has taken the document back
    UNREACHABLE = "unreachable"
    SKIPPED = "skipped"  # its round ended before its turn came, or in the middle of it


OPEN = frozenset({LegState.TRYING, LegState.PLANNED})


def key(document_id: str, n: int) -> UUID:
    """The idempotency key of a leg: the same for every attempt of it."""
    return uuid5(NAMESPACE_URL, f"budkavle:{document_id}/{n}")


def legs_of(document_id: str, plan: Plan, first: int = 0) -> tuple[Leg, ...]:
    """The legs of the plan's included steps, numbered from `first`."""
    return tuple(
        Leg(document_id, n, step.channel, key(document_id, n), LegState.PLANNED)
        for n, step in enumerate(plan.included, first)
    )


def anew(document_id: str, plan: Plan, legs: Sequence[Leg]) -> tuple[Leg, ...]:
    """What is written to begin a new round with a plan: the open legs of the round before end, and
    the new ones have keys of their own."""
    ended = (replace(leg, state=LegState.SKIPPED) for leg in legs if leg.state in OPEN)
    return (*ended, *legs_of(document_id, plan, first=len(legs)))


def first_of_round(plan: Plan, legs: Sequence[Leg]) -> int:
    """The place of the first leg of the latest round, which is of this plan."""
    return len(legs) - len(plan.included)


def step_of(plan: Plan, legs: Sequence[Leg], leg: Leg) -> Step | None:
    """The step of a leg; None for one of a round before, whose plan may have been another."""
    place = leg.n - first_of_round(plan, legs)
    return plan.included[place] if 0 <= place < len(plan.included) else None


def next_leg(legs: Iterable[Leg]) -> Leg | None:
    """The leg that is being tried, or else the first one that has not been."""
    return next((leg for leg in legs if leg.state in OPEN), None)


def failed(
    document: Document, plan: Plan, legs: Sequence[Leg], told: Iterable[Mapping[str, Any]]
) -> Checkpoint:
    """No channel is left, with what each one said; `told` as for `reasons`."""
    why = reasons(plan, legs, told)
    text = " ".join(["No channel is left.", *(f"{r['channel']}: {r['text']}" for r in why)])
    code = "delivery.no_channel_left"
    return Checkpoint(
        next=Done(),
        change=change(document.state, State.FAILED, code=code, text=text),
        events=(NewEvent(Type.FAILED, {"code": code, "text": text, "reasons": why}),),
    )


def reasons(
    plan: Plan, legs: Sequence[Leg], told: Iterable[Mapping[str, Any]]
) -> list[dict[str, str]]:
    """Why each step did not lead there: its reason to be out, or the last word on its leg.

    `told` is what channels said, in order (`what_channels_said`). Only the latest round of legs
    counts: a person may have had the whole plan tried again.
    """
    last = {data["leg"]: data for data in told}
    round_of_legs = iter(legs[first_of_round(plan, legs) :])
    why = []
    for step in plan.steps:
        code, text = step.code, step.reason
        if step.included and (leg := next(round_of_legs, None)) and leg.n in last:
            code, text = last[leg.n]["code"], last[leg.n]["text"]
        why.append({"channel": step.channel, "code": code, "text": text})
    return why


def what_channels_said(events: Iterable[Event]) -> list[Mapping[str, Any]]:
    """The answers and reports among a document's events, in order, and what became of a step that
    was waited for."""
    said = (Type.ATTEMPTED, Type.REPORTED, Type.RECHECKED)
    return [event.data for event in events if event.type in said]
