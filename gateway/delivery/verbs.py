"""What a person may do to a document: hold, release, retry, resend, reroute, cancel.

In charge of what each verb means in each state. Not in charge of who may do it (`gateway.api`), nor
of another route itself (`rerouting`) or of choosing (`choosing`).
A verb is refused while a channel is being called: nothing can call that back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from gateway.audit.chain import NewEntry, Told
from gateway.clock import Clock
from gateway.delivery import recall
from gateway.delivery.history import every_event
from gateway.delivery.legs import anew
from gateway.delivery.outcome import OUTCOME_UNKNOWN, Result
from gateway.delivery.papers import Papers
from gateway.delivery.responses import ANSWERS
from gateway.events import Type
from gateway.lifecycle import Change, State, change
from gateway.store.port import (
    Again,
    Direction,
    Document,
    Event,
    Keep,
    Leg,
    NewEvent,
    NewJob,
    NewPart,
    Role,
    Store,
)


class Verb(StrEnum):
    """What a person may do."""

    HOLD = "hold"  # nothing more happens until a person decides
    RELEASE = "release"  # a held document goes on; one with an unknown outcome counts as sent
    RETRY = "retry"  # try again now; a failed document from its first channel
    RESEND = "resend"  # once more on purpose what was sent, from its first channel
    REROUTE = "reroute"  # by another plan, or to another address
    CANCEL = "cancel"  # it shall not be sent; or its channel shall take it back


@dataclass(frozen=True, slots=True)
class Denied:
    """The verb is not possible in this state; `text` says why and what is, `code` why in a word."""

    verb: str
    state: State
    text: str
    code: str = "state"


@dataclass(frozen=True, slots=True)
class Reused(Denied):
    """The key stands for another request."""


@dataclass(frozen=True, slots=True)
class Way:
    """What a verb changes of the way: legs that end and legs that are new, and what is kept of it.
    The old ones have keys of their own, so that the new ones are no repeats of them."""

    legs: tuple[Leg, ...] = ()
    parts: tuple[NewPart, ...] = ()
    events: tuple[NewEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What a verb does: the change, the job from then on, the events, and the way."""

    change: Change
    job: Again | Keep | None
    events: tuple[NewEvent, ...]
    way: Way = Way()
    jobs: tuple[NewJob, ...] = ()  # beside the document's own


# Decides on a document as it is just now, which may have to be asked again.
Decide = Callable[[Document, datetime], Awaitable[Decision | Denied]]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a document has beside its row, as far as verbs depend on it. `unsure`: nobody knows
    whether one of its attempts reached the recipient."""

    roles: frozenset[Role]
    legs: tuple[Leg, ...]
    unsure: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """What a person had before them when they asked: the document's `version`. `key` is what their
    wish is known by: it is carried out once, however often it is sent."""

    version: int | None = None
    key: str | None = None


UNSEEN = Seen()


POSSIBLE: dict[Verb, frozenset[State]] = {
    Verb.HOLD: frozenset({State.RECEIVED, State.ROUTING, State.WAITING}),
    Verb.RELEASE: frozenset({State.HELD}),
    Verb.RETRY: frozenset({State.HELD, State.WAITING, State.FAILED}),
    Verb.RESEND: frozenset({State.SENT, State.DELIVERED}),
    Verb.REROUTE: frozenset({State.WAITING, State.HELD, State.SENT, State.DELIVERED, State.FAILED}),
    Verb.CANCEL: frozenset(
        {
            *(State.RECEIVED, State.ROUTING, State.WAITING, State.HELD),
            *recall.POSSIBLE,
        }
    ),
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
    recalling: Collection[str] = (),
    seen: Seen = UNSEEN,
) -> Document | Denied | None:
    """Does what a person asks; answers the document as it is then, None when there is none.

    `reroute` takes the plan there is once more here; with another one it is `rerouting`'s.
    `recalling` are the channels that take documents back. Reused where the key of what was `seen`
    came with another reason.

    `actor` is who asks, for the audit. The reason is not kept there: it may hold names.
    """

    async def decide_now(document: Document, now: datetime) -> Decision | Denied:
        facts = await facts_of(store, document)
        decision = judge(document, verb, facts, reason, now, recalling=recalling)
        if isinstance(decision, Denied) or not from_the_first(document, verb, facts):
            return decision
        way = anew(document.id, await Papers(store, document).plan(), facts.legs)
        return replace(decision, way=Way(way))

    given = (store, clock, company_id, document_id, verb, decide_now)
    return await carry_out(*given, actor=actor, reason=reason, seen=seen)


async def carry_out(
    store: Store,
    clock: Clock,
    company_id: str,
    document_id: str,
    verb: str,
    decide_now: Decide,
    *,
    actor: str,
    reason: str = "",
    seen: Seen = UNSEEN,
) -> Document | Denied | None:
    """Decides on a document and writes it down, as it then is; the rest as `act`."""
    document = await store.document(company_id, document_id)
    for _ in range(ATTEMPTS):
        if document is None:
            return None
        if seen.key is not None and (before := await _with(seen.key, store, document)) is not None:
            if before.data["reason"] == reason:
                return document
            text = "The key came with another reason before."
            return Reused(verb, document.state, text, "reused")
        if seen.version not in (None, document.version):
            return Denied(verb, document.state, _MOVED_ON, "moved_on")
        now = clock.now()
        decision = await decide_now(document, now)
        if isinstance(decision, Denied):
            return decision
        told, *others = (*decision.events, *decision.way.events)
        if seen.key is not None:
            told = replace(told, data={**told.data, "idempotency_key": seen.key})
        done = await store.act(
            company_id,
            document_id,
            decision.change,
            now,
            version=document.version,
            job=decision.job,
            events=(told, *others),
            legs=decision.way.legs,
            parts=decision.way.parts,
            jobs=decision.jobs,
            told=Told(_entry(actor, document, decision), now),
        )
        document = await store.document(company_id, document_id)
        if done:
            return document
    assert document is not None
    text = "The document is changing just now. Try again in a moment."
    return Denied(verb, document.state, text, "moved_on")


_MOVED_ON = "The document has moved on since you looked at it. Look at it again."


async def facts_of(store: Store, document: Document) -> Facts:
    """Reads them."""
    at = (document.company_id, document.id)
    parts, attempts = await store.parts(*at), await store.attempts(*at)
    unsure = any(attempt.outcome == Result.UNKNOWN for attempt in attempts)
    return Facts(frozenset(part.role for part in parts), tuple(await store.legs(*at)), unsure)


async def _with(key: str, store: Store, document: Document) -> Event | None:
    """The event of the wish that came with this key."""
    events = await every_event(store, document)
    return next((one for one in events if one.data.get("idempotency_key") == key), None)


CONTENT_GONE = "Its content was deleted when its time was over; there is nothing to be sent."


def _entry(actor: str, document: Document, decision: Decision) -> NewEntry:
    what = {"from": decision.change.before.value, "to": decision.change.after.value}
    return NewEntry(actor, decision.events[0].type, document.id, document.company_id, what)


def from_the_first(document: Document, verb: Verb, facts: Facts) -> bool:
    """Whether the verb begins the document's plan once more."""
    again = verb in (Verb.RESEND, Verb.REROUTE)
    failed = verb is Verb.RETRY and document.state is State.FAILED
    return (again or failed) and Role.PLAN in facts.roles


def judge(
    document: Document,
    verb: Verb,
    facts: Facts,
    reason: str,
    now: datetime,
    *,
    recalling: Collection[str] = (),
) -> Decision | Denied:
    """What a verb does, all things considered but the new way. Pure."""
    if verb is Verb.CANCEL and document.state in recall.POSSIBLE:
        return _recall(document, facts.legs, recalling, reason, now)
    if verb is Verb.REROUTE and ANSWERS in document.delivery:
        return Denied(verb, document.state, _IS_AN_ANSWER, "is_an_answer")
    prepared = Role.PLAN in facts.roles
    if verb is Verb.RETRY and document.state is State.FAILED and not prepared:
        return Denied(verb, document.state, CONTENT_GONE, "content_gone")
    decision = decide(document, verb, reason, now, prepared=prepared, unsure=facts.unsure)
    gone = Role.ORIGINAL not in facts.roles and from_the_first(document, verb, facts)
    if gone and not isinstance(decision, Denied):
        return Denied(verb, document.state, CONTENT_GONE, "content_gone")
    return decision


_IS_AN_ANSWER = "It is the answer to an invoice, and goes where that came from."


def _recall(
    document: Document, legs: Sequence[Leg], recalling: Collection[str], reason: str, now: datetime
) -> Decision | Denied:
    """Has a channel asked for a document that it has."""
    if document.direction is Direction.IN:
        return Denied(Verb.CANCEL, document.state, _CAME_IN, "came_in")
    leg = recall.taken(legs)
    if leg is None or leg.channel not in recalling:
        by = f" by {leg.channel}" if leg else ""
        text = f"It was handed over{by}, and can not be taken back."
        return Denied(Verb.CANCEL, document.state, text, "not_taken_back")
    text = f"It is being taken back from this channel: {leg.channel}."
    told = {"channel": leg.channel, "code": recall.ASKED, "text": text, "reason": reason}
    return Decision(
        change(document.state, document.state, code=recall.ASKED, text=text),
        Keep(),
        (NewEvent(Type.RECALLING, told),),
        jobs=(recall.job(document, leg, now),),
    )


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
        return Denied(verb, document.state, _CAME_IN, "came_in")
    if document.state not in POSSIBLE[verb]:
        busy = "busy" if document.state is State.SENDING else "state"
        return Denied(verb, document.state, _why_not(document.state, verb), busy)
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
            kind = "deliver" if prepared else "prepare"
            return _decision(
                document,
                State.ROUTING if prepared else State.RECEIVED,
                Again(now, kind, {}, kind),
                Type.RELEASED if release else Type.RETRIED,
                "released.by_person" if release else "retried.by_person",
                "Released by you." if release else "Tried again because you asked for it.",
                reason,
            )
        case Verb.RESEND | Verb.REROUTE if not prepared:
            return Denied(verb, document.state, _NOT_CHECKED, "not_checked")
        case Verb.RESEND | Verb.REROUTE:
            resend = verb is Verb.RESEND
            text = "Sent once more" if resend else "Sent by another route"
            had = document.state in (State.SENT, State.DELIVERED)
            twice = " The recipient may get it twice." if unsure or had else ""
            return _decision(
                document,
                State.ROUTING,
                Again(now, "deliver", {}, "deliver"),
                Type.RESENT if resend else Type.REROUTED,
                "resent.by_person" if resend else "rerouted.by_person",
                f"{text} because you asked for it.{twice}",
                reason,
            )
        case _:
            assert_never(verb)


_CAME_IN = "The document came in; there is nothing to be sent."
_NOT_CHECKED = "It has not been checked yet, and has no route to be changed; release it first."


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
