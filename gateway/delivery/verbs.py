"""What a person may do to a document: hold, release, retry, cancel.

In charge of what each verb means in each state. Not in charge of who may do it (`gateway.api`).
A verb is refused while a channel is being called: nothing can call that back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from gateway.audit.chain import NewEntry, Told
from gateway.clock import Clock
from gateway.delivery.deliver import ANEW
from gateway.delivery.outcome import OUTCOME_UNKNOWN, Result
from gateway.events import Type
from gateway.lifecycle import Change, State, change
from gateway.store.port import Again, Direction, Document, NewEvent, Role, Store


class Verb(StrEnum):
    """What a person may do."""

    HOLD = "hold"  # nothing more happens until a person decides
    RELEASE = "release"  # a held document goes on; one with an unknown outcome counts as sent
    RETRY = "retry"  # try again now; a failed document from its first channel
    CANCEL = "cancel"  # it shall not be sent


@dataclass(frozen=True, slots=True)
class Denied:
    """The verb is not possible in this state; `text` says why and what is."""

    verb: Verb
    state: State
    text: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What a verb does: the change, the job from then on, and the events."""

    change: Change
    job: Again | None
    events: tuple[NewEvent, ...]


POSSIBLE: dict[Verb, frozenset[State]] = {
    Verb.HOLD: frozenset({State.RECEIVED, State.ROUTING, State.WAITING}),
    Verb.RELEASE: frozenset({State.HELD}),
    Verb.RETRY: frozenset({State.HELD, State.WAITING, State.FAILED}),
    Verb.CANCEL: frozenset({State.RECEIVED, State.ROUTING, State.WAITING, State.HELD}),
}

# A document may move on between the reading and the writing; it does not do so for ever.
ATTEMPTS = 5


async def act(
    store: Store,
    clock: Clock,
    company_id: str,
    document_id: str,
    verb: Verb,
    reason: str,
    *,
    actor: str = "operator",
) -> Document | Denied | None:
    """Does what a person asks; answers the document as it is then, None when there is none.

    `actor` is who asks, for the audit. The reason is not kept there: it may hold names.
    """
    document = await store.document(company_id, document_id)
    for _ in range(ATTEMPTS):
        if document is None:
            return None
        now = clock.now()
        parts = await store.parts(company_id, document_id)
        attempts = await store.attempts(company_id, document_id)
        if document.state is State.FAILED and not any(part.role is Role.ORIGINAL for part in parts):
            return Denied(verb, document.state, _CONTENT_GONE)
        decision = decide(
            document,
            verb,
            reason,
            now,
            prepared=any(part.role is Role.PLAN for part in parts),
            unsure=any(attempt.outcome == Result.UNKNOWN for attempt in attempts),
        )
        if isinstance(decision, Denied):
            return decision
        done = await store.act(
            company_id,
            document_id,
            decision.change,
            now,
            version=document.version,
            job=decision.job,
            events=decision.events,
            told=Told(_entry(actor, document, decision), now),
        )
        document = await store.document(company_id, document_id)
        if done:
            return document
    assert document is not None
    return Denied(verb, document.state, "The document is changing just now. Try again in a moment.")


_CONTENT_GONE = "Its content was deleted when its time was over; there is nothing to be sent."


def _entry(actor: str, document: Document, decision: Decision) -> NewEntry:
    what = {"from": decision.change.before.value, "to": decision.change.after.value}
    return NewEntry(actor, decision.events[0].type, document.id, document.company_id, what)


def decide(
    document: Document,
    verb: Verb,
    reason: str,
    now: datetime,
    *,
    prepared: bool,
    unsure: bool,
) -> Decision | Denied:
    """What the verb does to the document. `prepared`: it has been checked and has a plan; `unsure`:
    nobody knows whether one of its attempts reached the recipient."""
    if document.direction is Direction.IN:
        return Denied(verb, document.state, "The document came in; there is nothing to be sent.")
    if document.state not in POSSIBLE[verb]:
        return Denied(verb, document.state, _why_not(document.state, verb))
    match verb:
        case Verb.HOLD:
            return _decision(
                document, State.HELD, None, Type.HELD, "held.by_person", "Held by you.", reason
            )
        case Verb.CANCEL:
            text = "Cancelled by you."
            if unsure:
                text += " One of its attempts may have reached the recipient all the same."
            return _decision(
                document,
                State.CANCELLED,
                None,
                Type.CANCELLED,
                "cancelled.by_person",
                text,
                reason,
            )
        case Verb.RELEASE if document.code == OUTCOME_UNKNOWN:
            text = "Counted as sent by you; whether the recipient has it is not known here."
            code = "released.counts_as_sent"
            decision = _decision(document, State.SENT, None, Type.RELEASED, code, text, reason)
            sent = {"channel": document.channel, "code": code, "text": text}
            expects = {"expects": None, "until": None}
            return Decision(
                decision.change, None, (*decision.events, NewEvent(Type.SENT, sent | expects))
            )
        case Verb.RELEASE | Verb.RETRY:
            release = verb is Verb.RELEASE
            data = ANEW if document.state is State.FAILED else {}
            kind = "deliver" if prepared else "prepare"
            return _decision(
                document,
                State.ROUTING if prepared else State.RECEIVED,
                Again(now, kind, data, kind),
                Type.RELEASED if release else Type.RETRIED,
                "released.by_person" if release else "retried.by_person",
                "Released by you." if release else "Tried again because you asked for it.",
                reason,
            )
        case _:
            assert_never(verb)


def _decision(
    document: Document,
    after: State,
    job: Again | None,
    event: Type,
    code: str,
    text: str,
    reason: str,
) -> Decision:
    return Decision(
        change(document.state, after, code=code, text=text),
        job,
        (NewEvent(event, {"code": code, "text": text, "reason": reason}),),
    )


def _why_not(state: State, verb: Verb) -> str:
    if state is State.SENDING:
        return "The document is being handed over just now. Try again in a moment."
    possible = [other for other in Verb if state in POSSIBLE[other]]
    what = f"it can be: {', '.join(possible)}" if possible else "nothing can be done to it"
    return f"A document that is {state} takes no {verb}; {what}."
