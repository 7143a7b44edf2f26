"""The tab "Way": every step of the plan and why it is in or out, and every try. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from gateway.delivery.legs import first_of_round, step_of
from gateway.events import Type
from gateway.routing.plan import Plan
from gateway.store.port import Attempt, Event, Leg, Part, Role

# The addresses of these are shown; those of others may be personal numbers.
_SHOWN: Final = frozenset({"email", "peppol"})


@dataclass(frozen=True, slots=True)
class File:
    """Bytes that are kept. `shown`: whether there is a page that shows them."""

    name: str
    media_type: str
    size_bytes: int
    sha256: str
    at: datetime
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of the plan: in or out, why, and how far its leg has come. `n` counts from 1 the steps
    that are in."""

    step: str
    channel: str
    included: bool
    code: str
    reason: str
    recheck_after_days: int | None
    n: int | None
    leg: str  # the leg's state; empty for a step that is out
    reference: str
    address: str
    expects: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Try:
    """An attempt. `text` is for operators, and empty for others; `public_text` for all."""

    id: str
    leg: int
    channel: str
    started_at: datetime
    ended_at: datetime | None
    ms: int | None
    outcome: str  # empty: not known, or not over
    code: str
    text: str
    public_text: str
    remote: str
    files: tuple[File, ...]


@dataclass(frozen=True, slots=True)
class Later:
    """What came back of a try after it was over: a bounce, a proof of delivery, a status."""

    leg: int
    channel: str
    at: datetime
    outcome: str
    code: str
    text: str  # for everybody


@dataclass(frozen=True, slots=True)
class Earlier:
    """A leg of a round before: a person began anew since."""

    n: int
    channel: str
    state: str
    reference: str


@dataclass(frozen=True, slots=True)
class Way:
    """The tab. `order` names the rule that the plan follows; `files` went over the wire outside of
    any attempt."""

    order: str
    profile: str
    stages: tuple[Stage, ...]
    earlier: tuple[Earlier, ...]
    tries: tuple[Try, ...]  # newest first
    reports: tuple[Later, ...]  # newest first
    files: tuple[File, ...]


def way(
    plan: Plan | None,
    legs: Sequence[Leg],
    attempts: Sequence[Attempt],
    parts: Sequence[Part],
    events: Sequence[Event],
    *,
    operator: bool,
) -> Way:
    """The tab, out of the rows. Who is no operator sees the texts that are for everybody."""
    by_attempt: dict[str | None, list[File]] = {}
    for part in parts:
        if part.role is Role.EVIDENCE:
            by_attempt.setdefault(part.attempt_id, []).append(file(part))
    first = len(legs) if plan is None else max(0, first_of_round(plan, legs))
    return Way(
        order=plan.order if plan else "",
        profile=plan.profile if plan else "",
        stages=_stages(plan, legs, operator) if plan else (),
        earlier=tuple(
            Earlier(leg.n, leg.channel, leg.state, leg.reference or "") for leg in legs[:first]
        ),
        tries=tuple(_try(one, by_attempt, operator) for one in reversed(attempts)),
        reports=tuple(
            _later(event.data, event.at)
            for event in reversed(events)
            if event.type == Type.REPORTED
        ),
        files=tuple(by_attempt.get(None, ())),
    )


def _later(data: Mapping[str, Any], at: datetime) -> Later:
    said = [str(data.get(name, "")) for name in ("channel", "outcome", "code", "text")]
    channel, outcome, code, text = said
    return Later(data.get("leg", 0), channel, at, outcome, code, text)


def file(part: Part) -> File:
    """A part as pages list it."""
    return File(part.name, part.media_type, part.size_bytes, part.sha256, part.at)


def _stages(plan: Plan, legs: Sequence[Leg], operator: bool) -> tuple[Stage, ...]:
    of_steps = {id(step): leg for leg in legs if (step := step_of(plan, legs, leg)) is not None}
    numbers = {id(step): n for n, step in enumerate(plan.included, 1)}
    stages = []
    for step in plan.steps:
        leg = of_steps.get(id(step))
        address = leg.address if leg and operator and leg.channel in _SHOWN else None
        stages.append(
            Stage(
                step=step.step,
                channel=step.channel,
                included=step.included,
                code=step.code,
                reason=step.reason,
                recheck_after_days=step.recheck_after_days,
                n=numbers.get(id(step)),
                leg=leg.state if leg else "",
                reference=(leg.reference if leg else None) or "",
                address=address or "",
                expects=(leg.expects if leg else None) or "",
                until=leg.until if leg else None,
            )
        )
    return tuple(stages)


def _try(attempt: Attempt, files: Mapping[str | None, Sequence[File]], operator: bool) -> Try:
    lasted = attempt.ended_at - attempt.started_at if attempt.ended_at else None
    return Try(
        id=attempt.id,
        leg=attempt.leg,
        channel=attempt.channel,
        started_at=attempt.started_at,
        ended_at=attempt.ended_at,
        ms=None if lasted is None else lasted // timedelta(milliseconds=1),
        outcome=attempt.outcome or "",
        code=attempt.code or "",
        text=(attempt.text or "") if operator else "",
        public_text=attempt.public_text or "",
        remote=(attempt.remote or "") if operator else "",
        files=tuple(files.get(attempt.id, ())),
    )
