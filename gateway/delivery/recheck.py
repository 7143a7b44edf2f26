"""The recipient was asked for an agreement: the time that is given, and the look afterwards.

In charge of what the answer `Waiting` means on a step that the order has rechecked
(`gateway.routing.orders`): the document waits so many days, then the steps before are asked once
more, and after them it goes on with the step after. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from gateway.delivery.legs import LegState, first_of_round
from gateway.delivery.outcome import Result, changed, told
from gateway.events import Type
from gateway.lifecycle import State
from gateway.routing.plan import Plan, Step
from gateway.store.port import Attempt, Checkpoint, Document, Keep, Leg
from transports.base import Verdict, Waiting

RECHECKED: Final = "route.rechecked"


def given_time(outcome: Waiting, step: Step, now: datetime) -> Waiting:
    """The channel's answer, with the time that the order gives, which says what comes then."""
    if step.recheck_after_days is None:
        return outcome
    until = now + timedelta(days=step.recheck_after_days)
    text = (
        f"{outcome.verdict.public_text} The channels before are asked once more on"
        f" {until:%Y-%m-%d}; then the next one is taken."
    )
    return replace(outcome, verdict=replace(outcome.verdict, public_text=text), until=until)


def is_over(step: Step | None, earlier: Sequence[Attempt]) -> bool:
    """Whether a leg that goes on is one that was given time: nothing else makes it go on."""
    waited = bool(earlier) and earlier[-1].outcome == Result.WAITING
    return waited and step is not None and step.recheck_after_days is not None


def present(attempts: Sequence[Attempt]) -> Sequence[Attempt]:
    """Those of a leg's attempts that count: it may have been unreachable, and been lined up again
    days later. Nothing was handed over then, and its time begins anew."""
    if any(attempt.outcome == Result.UNKNOWN for attempt in attempts):
        return attempts
    ends = [n for n, attempt in enumerate(attempts) if attempt.outcome == Result.UNREACHABLE]
    return attempts[ends[-1] + 1 :] if ends else attempts


def rechecked(
    document: Document, plan: Plan, legs: Sequence[Leg], asking: Leg, step: Step
) -> Checkpoint:
    """The steps before, which did not know the recipient, are lined up again. The asking leg ends
    by that, so that it happens once. Nothing was handed over: their keys stay the same."""
    first = first_of_round(plan, legs)
    again = [leg for leg in legs[first : asking.n] if leg.state == LegState.UNREACHABLE]
    steps = [plan.included[leg.n - first].step for leg in again]
    what = f"{', '.join(steps)}: asked once more" if steps else "There is nothing to ask once more"
    verdict = Verdict(
        RECHECKED,
        f"{step.recheck_after_days} days have passed since {step.step} was asked",
        f"The time that the recipient had to agree ({step.step}) is over. {what}, then the next"
        " channel is taken.",
    )
    return Checkpoint(
        next=Keep({}),
        change=changed(document, State.ROUTING, verdict),
        legs=(
            *(replace(leg, state=LegState.PLANNED) for leg in again),
            replace(asking, state=LegState.UNREACHABLE),
        ),
        events=(told(Type.RECHECKED, verdict, asking, leg=asking.n),),
    )
