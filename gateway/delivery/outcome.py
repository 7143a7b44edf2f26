"""What a channel's answer means for the document: the decisions of an attempt.

In charge of turning an answer into a checkpoint: state, leg, attempt, events, and what becomes of
the job. Not in charge of asking (`deliver`), of saving, nor of what comes late (`late`). Every
function is pure; the time is handed in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, assert_never

from gateway.delivery.backoff import Backoff
from gateway.delivery.legs import LegState
from gateway.delivery.merging import Made
from gateway.events import Type
from gateway.lifecycle import Change, State, change
from gateway.store.messages import Message
from gateway.store.port import (
    Again,
    Attempt,
    Checkpoint,
    Direction,
    Document,
    Done,
    Keep,
    Leg,
    NewEvent,
    NewPart,
    Role,
)
from transports.base import (
    Delivered,
    Evidence,
    NotReachable,
    Outcome,
    Packed,
    ReachabilityUnknown,
    Reachable,
    Refused,
    Repeat,
    Sent,
    Several,
    TryLater,
    Unknown,
    Verdict,
    Waiting,
)

OUTCOME_UNKNOWN = "delivery.outcome_unknown"

# An attempt that was cut short so often is likely what kills the gateway.
INTERRUPTIONS: Final = 10


class Result(StrEnum):
    """How an attempt ended."""

    DELIVERED = "delivered"
    SENT = "sent"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"  # the channel was asked, and does not know the recipient
    SEVERAL = "several"  # it knows several whom the sender may mean
    TRY_LATER = "try_later"
    WAITING = "waiting"
    UNKNOWN = "unknown"
    RECALLED = "recalled"  # it was taken back, later


@dataclass(frozen=True, slots=True)
class Try:
    """An attempt that is being made: document and leg as they stand, and the attempt's row."""

    document: Document
    leg: Leg
    attempt: Attempt
    earlier: Sequence[Attempt] = ()  # of the same leg

    @property
    def number(self) -> int:
        """Counts from 1."""
        return len(self.earlier) + 1

    @property
    def first_at(self) -> datetime:
        """When the leg was first tried. What the channel put off to a time of its own choosing
        was no try: a wait of a week must not use up the days that trouble is given."""
        tried = (each.started_at for each in self.earlier if each.outcome != Result.WAITING)
        return next(tried, self.attempt.started_at)

    @property
    def unknowns(self) -> int:
        """How many attempts before this one had an outcome that nobody knows: the channel may have
        the document, and no other one may get it."""
        return sum(attempt.outcome == Result.UNKNOWN for attempt in self.earlier)

    def after(self, saved: Checkpoint) -> Try:
        """The same attempt once its intent is on disk."""
        state = saved.change.after if saved.change else self.document.state
        attempt = saved.attempt or self.attempt
        document = replace(self.document, state=state)
        return Try(document, saved.legs[0], attempt, self.earlier)


# --- before the call --------------------------------------------------------------------------


def intent(
    trial: Try,
    answer: Reachable,
    image: NewPart | None,
    packed: Packed | None = None,
    merged: Made | None = None,
    lane: str | None = None,
) -> Checkpoint:
    """What must be on disk before the channel is called: with the very bytes, where they would not
    be the same if they were made again. The job goes on in `lane`, where that is another one."""
    channel = trial.leg.channel
    attempt, address, wire = trial.attempt, answer.address, answer.evidence
    if packed is not None:
        attempt = replace(attempt, remote=packed.remote)
        address, wire = packed.address, (*wire, packed.request)
    text = f"It is being handed over by this channel: {channel}."
    return Checkpoint(
        next=Keep(lane=lane),
        change=change(trial.document.state, State.SENDING, code="delivery.sending", text=text),
        channel=channel,
        parts=(
            *([image] if image else ()),
            *(merged.parts if merged else ()),
            *evidence(wire, attempt),
        ),
        events=(merged.event,) if merged else (),
        legs=(replace(trial.leg, state=LegState.TRYING, address=address),),
        attempt=attempt,
    )


def not_tried(
    trial: Try, answer: NotReachable | ReachabilityUnknown, backoff: Backoff, now: datetime
) -> Checkpoint:
    """The channel does not know the recipient: the next one. It could not say: the same one again,
    until its deadline."""
    match answer:
        case NotReachable() if trial.unknowns:
            return _hold(trial, answer, Result.UNREACHABLE, now)
        case NotReachable():
            leg = replace(trial.leg, state=LegState.UNREACHABLE)
            return ended(
                trial, answer, Result.UNREACHABLE, State.ROUTING, now, then=Keep({}), leg=leg
            )
        case ReachabilityUnknown():
            later = TryLater(answer.verdict, answer.evidence, answer.retry_after)
            work = _try_later(trial, later, backoff, now)
            return work if answer.answered else replace(work, answered=False)
        case _:
            assert_never(answer)


def not_called(trial: Try, now: datetime) -> Checkpoint:
    """The lease ran out between the intent and the call, so the call was not made. If somebody else
    has the job by now this is never written, and they find an attempt without an end."""
    text = "It was not handed over: the gateway stood still for too long just before."
    verdict = Verdict("delivery.not_called", "the lease ran out before the call", text)
    return ended(
        trial,
        TryLater(verdict),
        Result.TRY_LATER,
        State.ROUTING,
        now,
        then=Again(now, data={}),
        leg=trial.leg,
    )


# --- after the call ---------------------------------------------------------------------------


def settle(
    trial: Try, outcome: Outcome, repeat: Repeat, backoff: Backoff, now: datetime
) -> Checkpoint:
    """What the outcome of an attempt makes of the document, and whether the channel answered."""
    silent = isinstance(outcome, TryLater | Unknown) and not outcome.answered
    return replace(_settled(trial, outcome, repeat, backoff, now), answered=not silent)


def _settled(
    trial: Try, outcome: Outcome, repeat: Repeat, backoff: Backoff, now: datetime
) -> Checkpoint:
    leg = trial.leg
    match outcome:
        case Delivered():
            leg = replace(leg, state=LegState.DELIVERED, reference=outcome.reference)
            return ended(
                trial,
                outcome,
                Result.DELIVERED,
                State.DELIVERED,
                now,
                then=Done(),
                leg=leg,
                event=told(Type.DELIVERED, outcome.verdict, leg),
            )
        case Sent():
            leg = sent_leg(leg, outcome)
            work = ended(
                trial,
                outcome,
                Result.SENT,
                State.SENT,
                now,
                then=expect(leg),
                leg=leg,
                event=sent_event(leg, outcome),
            )
            return replace(work, message=_message(trial, outcome, now))
        case Refused():
            leg = replace(leg, state=LegState.REFUSED)
            return ended(trial, outcome, Result.REFUSED, State.ROUTING, now, then=Keep({}), leg=leg)
        case TryLater():
            return _try_later(trial, outcome, backoff, now)
        case Waiting():
            return _wait(trial, outcome, Result.WAITING, outcome.until, now)
        case Unknown():
            return _unknown(trial, outcome, repeat, backoff, now)
        case _:
            assert_never(outcome)


def _message(trial: Try, outcome: Sent, now: datetime) -> Message | None:
    """The network message that it went out with, for the network's reports."""
    one = outcome.exchanged
    if one is None:
        return None
    return Message(
        channel=trial.leg.channel,
        direction=Direction.OUT,
        id=one.message_id,
        reference=one.reference,
        company_id=trial.document.company_id,
        document_id=trial.document.id,
        provider=one.provider,
        document_type=str(one.document_type),
        process=str(one.process),
        country=one.country,
        at=now,
    )


def interrupted(trial: Try, repeat: Repeat, now: datetime) -> Checkpoint:
    """An attempt was found without an end: the gateway stopped in the middle of it.

    Where the channel knows the key, the holder goes on and sends the same bytes again at once,
    however long ago that was: it was not the channel that made trouble.
    """
    verdict = Verdict(
        "delivery.interrupted",
        "the gateway stopped between the intent and the outcome of this attempt",
        "The gateway was interrupted while it handed the document over "
        f"({trial.leg.channel}): it may or may not have been taken.",
    )
    if repeat is Repeat.SAFE and trial.unknowns < INTERRUPTIONS:
        attempt = _close(trial.attempt, Result.UNKNOWN, verdict, now)
        return Checkpoint(next=Keep(), attempt=attempt, events=(_attempted(attempt),))
    return _hold(trial, Unknown(verdict), Result.UNKNOWN, now)


def _try_later(trial: Try, outcome: TryLater, backoff: Backoff, now: datetime) -> Checkpoint:
    due = now + backoff.delay(trial.leg.key, trial.number, outcome.after)
    if due <= backoff.deadline(trial.leg.channel, trial.first_at):
        return _wait(trial, outcome, Result.TRY_LATER, due, now)
    if trial.unknowns:
        return _hold(trial, outcome, Result.TRY_LATER, now)
    given_up = Verdict(
        "delivery.gave_up",
        outcome.verdict.text,
        f"{outcome.verdict.public_text} Given up after {trial.number} tries since "
        f"{trial.first_at:%Y-%m-%d %H:%M} UTC.",
        outcome.verdict.remote,
    )
    return ended(
        trial,
        replace(outcome, verdict=given_up),
        Result.REFUSED,
        State.ROUTING,
        now,
        then=Keep({}),
        leg=replace(trial.leg, state=LegState.REFUSED),
    )


def _unknown(
    trial: Try, outcome: Unknown, repeat: Repeat, backoff: Backoff, now: datetime
) -> Checkpoint:
    """Nobody here knows whether the channel has it: the same bytes again where that is safe, else
    a person decides. Never the next channel: that would be a second copy."""
    due = now + backoff.delay(trial.leg.key, trial.number)
    again = repeat is Repeat.SAFE and (outcome.repeats is None or trial.unknowns < outcome.repeats)
    if again and due <= backoff.deadline(trial.leg.channel, trial.first_at):
        return _wait(trial, outcome, Result.UNKNOWN, due, now)
    return _hold(trial, outcome, Result.UNKNOWN, now)


def _hold(
    trial: Try, answer: NotReachable | TryLater | Unknown, result: Result, now: datetime
) -> Checkpoint:
    held = held_unknown(answer.verdict, trial.leg)
    return ended(
        trial,
        answer,
        result,
        State.HELD,
        now,
        then=Done(),
        leg=trial.leg,
        why=held,
        event=told(Type.HELD, held),
    )


def held_unknown(verdict: Verdict, leg: Leg | None = None) -> Verdict:
    """Why a document is held that a channel may have, and what a person can do about it."""
    # The key is what the channel knows it by: in the Message-ID of an e-mail, the job of a letter.
    what = f" for {leg.key}" if leg else ""
    return Verdict(
        OUTCOME_UNKNOWN,
        verdict.text,
        f"{verdict.public_text} It may have reached the recipient: ask there, or look{what} in the "
        "channel's own log. If it did not arrive, `retry` sends it once more; if it did, `release` "
        "counts it as sent.",
    )


def _wait(
    trial: Try, outcome: TryLater | Waiting | Unknown, result: Result, due: datetime, now: datetime
) -> Checkpoint:
    return ended(
        trial,
        outcome,
        result,
        State.WAITING,
        now,
        then=Again(due, data={}),
        leg=replace(trial.leg, state=LegState.TRYING),
        event=told(Type.WAITING, outcome.verdict, trial.leg, next_at=due.isoformat()),
        next_at=due,
    )


# --- the shape of it ----------------------------------------------------------------------------


def ended(
    trial: Try,
    answer: Outcome | NotReachable | Several,
    result: Result,
    after: State,
    now: datetime,
    *,
    then: Done | Again | Keep,
    leg: Leg,
    why: Verdict | None = None,
    event: NewEvent | None = None,
    next_at: datetime | None = None,
) -> Checkpoint:
    """The attempt has ended with `result`; the document becomes `after`, because of `why` where
    that is not the answer itself."""
    attempt = _close(trial.attempt, result, answer.verdict, now)
    return Checkpoint(
        next=then,
        change=changed(trial.document, after, why or answer.verdict, next_at),
        parts=evidence(answer.evidence, attempt),
        legs=(leg,),
        attempt=attempt,
        events=(_attempted(attempt), *([event] if event else ())),
    )


def _close(attempt: Attempt, result: Result, verdict: Verdict, now: datetime) -> Attempt:
    return replace(
        attempt,
        ended_at=now,
        outcome=result,
        code=verdict.code,
        text=verdict.text,
        public_text=verdict.public_text,
        remote=verdict.remote or attempt.remote,
    )


def _attempted(attempt: Attempt) -> NewEvent:
    data = {
        "leg": attempt.leg,
        "channel": attempt.channel,
        "outcome": attempt.outcome,
        "code": attempt.code,
        "text": attempt.public_text,
    }
    return NewEvent(Type.ATTEMPTED, data)


def changed(
    document: Document, after: State, why: Verdict, next_at: datetime | None = None
) -> Change:
    """The change of a document's state that a channel's verdict explains."""
    return change(document.state, after, code=why.code, text=why.public_text, next_at=next_at)


def told(kind: Type, verdict: Verdict, leg: Leg | None = None, /, **more: Any) -> NewEvent:
    """An event that says what a verdict says."""
    channel = {"channel": leg.channel} if leg else {}
    return NewEvent(kind, {**channel, "code": verdict.code, "text": verdict.public_text, **more})


def evidence(items: Iterable[Evidence], attempt: Attempt) -> tuple[NewPart, ...]:
    """The parts that keep what went over the wire."""
    return tuple(
        NewPart(Role.EVIDENCE, item.kind, item.media_type, item.content, attempt.id)
        for item in items
    )


def sent_leg(leg: Leg, outcome: Sent) -> Leg:
    """The leg once its channel has taken responsibility. A channel that still owes a report, and
    does not say until when, owes it until the time it gave before."""
    return replace(
        leg,
        state=LegState.SENT,
        reference=outcome.reference or leg.reference,
        expects=outcome.expects,
        until=(outcome.until or leg.until) if outcome.expects else None,
    )


def sent_event(leg: Leg, outcome: Sent) -> NewEvent:
    """The event of a leg that is sent now."""
    until = leg.until.isoformat() if leg.until else None
    return told(Type.SENT, outcome.verdict, leg, expects=leg.expects, until=until)


def expect(leg: Leg) -> Done | Again:
    """The job that looks, when its time is over, whether an expected report has come."""
    return Done() if leg.until is None else Again(leg.until, "expect", {}, "expect")
