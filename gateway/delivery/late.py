"""What comes late: a channel's report on a document that had left, or no report in time.

In charge of what it makes of the document. Not in charge of fetching reports (`collect`). Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, assert_never

from gateway.delivery.legs import LegState, failed, first_of_round, next_leg
from gateway.delivery.outcome import Result, changed, expect, sent_event, sent_leg, told
from gateway.events import Type
from gateway.lifecycle import Business, State, may_answer
from gateway.routing.plan import Plan
from gateway.store.port import Again, Checkpoint, Document, Done, Leg, NewEvent, NewPart
from transports.base import Delivered, Paid, Recalled, Refused, Sent, Verdict

# A document in one of these is in somebody's hands just now: its report is taken up afterwards.
BUSY = frozenset({State.ROUTING, State.SENDING})

# In these a report can change something; in all others it is written down only.
OPEN = frozenset({State.SENT, State.DELIVERED, State.WAITING, State.HELD})
HAS_IT = frozenset({LegState.TRYING, LegState.SENT, LegState.DELIVERED})


def reported(
    document: Document,
    leg: Leg,
    outcome: Delivered | Sent | Refused | Recalled,
    *,
    plan: Plan,
    legs: Sequence[Leg],
    earlier: Iterable[Mapping[str, Any]],
    parts: Sequence[NewPart],
    now: datetime,
) -> Checkpoint:
    """What a late report makes of a document that is not BUSY.

    `earlier` is what channels said before, for the reasons when no channel is left; `parts` are the
    report's own evidence.
    """
    result = _result(outcome)
    note = told(Type.REPORTED, outcome.verdict, leg, leg=leg.n, outcome=result)
    noted = Checkpoint(next=Done(), parts=parts, events=(note,))
    settled = document.state is State.DELIVERED and isinstance(outcome, Delivered | Sent)
    if document.state not in OPEN or leg.state not in HAS_IT or settled:
        return noted
    if leg.n < first_of_round(plan, legs):  # it has been sent once more since, on purpose
        return replace(noted, legs=(_of_earlier_round(leg, outcome),))
    match outcome:
        case Delivered():
            reference = outcome.reference or leg.reference
            return replace(
                noted,
                change=changed(document, State.DELIVERED, outcome.verdict),
                legs=(replace(leg, state=LegState.DELIVERED, reference=reference),),
                events=(note, told(Type.DELIVERED, outcome.verdict, leg)),
            )
        case Sent():
            sent = sent_leg(leg, outcome)
            news = () if document.state is State.SENT else (sent_event(sent, outcome),)
            return replace(
                noted,
                next=expect(sent),
                change=changed(document, State.SENT, outcome.verdict),
                legs=(sent,),
                events=(note, *news),
            )
        case Recalled():
            return replace(
                noted,
                change=changed(document, State.CANCELLED, outcome.verdict),
                legs=(replace(leg, state=LegState.RECALLED),),
                events=(note, told(Type.CANCELLED, outcome.verdict)),
            )
        case Refused():
            back = replace(leg, state=LegState.REFUSED)
            came_back = replace(noted, legs=(back,))
            if document.state is State.HELD:  # it stays a person's to let it go on
                return replace(
                    came_back,
                    change=changed(document, State.HELD, outcome.verdict),
                    events=(note, told(Type.HELD, outcome.verdict)),
                )
            legs = [back if other.n == leg.n else other for other in legs]
            if document.state is State.WAITING or next_leg(legs) is not None:
                return replace(
                    came_back,
                    next=Again(now, "deliver", {}, "deliver"),
                    change=changed(document, State.ROUTING, outcome.verdict),
                )
            nothing_left = failed(document, plan, legs, [*earlier, note.data])
            return replace(
                came_back,
                change=nothing_left.change,
                events=(note, *nothing_left.events),
            )
        case _:
            assert_never(outcome)


def _of_earlier_round(leg: Leg, outcome: Delivered | Sent | Refused | Recalled) -> Leg:
    match outcome:
        case Delivered():
            return replace(leg, state=LegState.DELIVERED)
        case Sent():
            return sent_leg(leg, outcome)
        case Refused():
            return replace(leg, state=LegState.REFUSED)
        case Recalled():
            return replace(leg, state=LegState.RECALLED)
        case _:
            assert_never(outcome)


def paid(document: Document, outcome: Paid, parts: Sequence[NewPart]) -> Checkpoint:
    """The recipient has paid: the business axis, by its own rules, whatever the document's state.

    One that is paid already is not told of again.
    """
    noted = Checkpoint(next=Done(), parts=parts)
    if document.business is Business.PAID:
        return noted
    counts = may_answer(document.business, Business.PAID)
    text = outcome.verdict.public_text
    data: dict[str, Any] = {
        "code": outcome.verdict.code,
        "text": text if counts else f"{text} It comes too late to count.",
        "business": Business.PAID if counts else document.business,
        "reasons": [],
    }
    return replace(
        noted,
        events=(NewEvent(Type.ANSWERED, data),),
        business=Business.PAID if counts else None,
    )


def _result(outcome: Delivered | Sent | Refused | Recalled) -> Result:
    match outcome:
        case Delivered():
            return Result.DELIVERED
        case Sent():
            return Result.SENT
        case Refused():
            return Result.REFUSED
        case Recalled():
            return Result.RECALLED
        case _:
            assert_never(outcome)


def overdue(document: Document, leg: Leg) -> Checkpoint:
    """The report that was expected has not come: the ERP is told, and the document stays sent."""
    verdict = Verdict(
        "delivery.unconfirmed",
        f"no {leg.expects} in time",
        "The confirmation that was expected has not come in time. The document counts as sent.",
    )
    until = leg.until.isoformat() if leg.until else None
    return Checkpoint(
        next=Done(),
        change=changed(document, State.SENT, verdict),
        legs=(replace(leg, expects=None, until=None),),
        events=(told(Type.UNCONFIRMED, verdict, leg, expects=leg.expects, until=until),),
    )
