"""Where a document stands, in a sentence: what is, who must act, and what comes next. Pure.

In charge of choosing the sentence, out of `words/documents.toml`, for every state and the codes
that people have to tell apart. Not in charge of the states themselves (`gateway.lifecycle`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, assert_never

from gateway.console.pages import Words
from gateway.delivery import recall
from gateway.delivery.choice import SEVERAL
from gateway.delivery.fetches import ERROR
from gateway.delivery.legs import LegState, next_leg, step_of
from gateway.delivery.outcome import OUTCOME_UNKNOWN, Result
from gateway.delivery.scanning import INFECTED
from gateway.delivery.standing import CODE as COMPANY
from gateway.inbound.reading import SCAN_WAITS
from gateway.lifecycle import InboxState, State
from gateway.routing.plan import Plan
from gateway.store.inbox import Item
from gateway.store.port import Attempt, Direction, Document, Leg


class Actor(StrEnum):
    """Whose turn it is."""

    NOBODY = "nobody"
    GATEWAY = "gateway"  # it goes on by itself
    COMPANY = "company"  # whose document it is
    OPERATOR = "operator"
    CHANNEL = "channel"
    RECIPIENT = "recipient"


@dataclass(frozen=True, slots=True)
class Case:
    """All that the sentence is made of. `item` is there for what came in; `plan` once there is
    one."""

    document: Document
    now: datetime
    legs: Sequence[Leg] = ()
    attempts: Sequence[Attempt] = ()  # oldest first
    plan: Plan | None = None
    item: Item | None = None


Values = Mapping[str, datetime | str | int | None]


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence by its name in the words, what it is filled in with, and whose turn it is.

    Of the values, times and channels are written as the reader's language has them.
    """

    word: str
    actor: Actor
    values: Values = field(default_factory=dict)

    def text(self, words: Words, now: datetime) -> str:
        """The sentence."""
        filled = {
            name: clock(value, now)
            if isinstance(value, datetime)
            else channel_name(words, value)
            if name in ("channel", "next") and isinstance(value, str)
            else value
            for name, value in self.values.items()
        }
        return words(f"document_is_{self.word}", **filled)


def clock(at: datetime, now: datetime) -> str:
    """A time as a sentence has it: of today the hour alone; what is soon, to the second."""
    if timedelta() < at - now < timedelta(minutes=2):
        return f"{at:%H:%M:%S}"
    return f"{at:%H:%M}" if at.date() == now.date() else f"{at:%Y-%m-%d %H:%M}"


def channel_name(words: Words, channel: str) -> str:
    """What a channel is called; by its own name where the words have none for it."""
    try:
        return words(f"document_channel_{channel}")
    except KeyError:
        return channel


def standing(case: Case) -> Said:
    """The sentence."""
    if case.document.direction is Direction.IN:
        return _came_in(case)
    document = case.document
    at = document.updated_at
    leg = _current(case)
    by = document.channel or (leg.channel if leg else "")
    match document.state:
        case State.RECEIVED:
            return _received(document)
        case State.REJECTED:
            word = "infected" if document.code == INFECTED else "rejected"
            return Said(word, Actor.COMPANY, {"at": at})
        case State.ROUTING:
            return _routing(case)
        case State.SENDING:
            return Said("sending", Actor.GATEWAY, {"channel": by, "at": at})
        case State.SENT:
            return _sent(case, leg, by)
        case State.DELIVERED:
            if document.code == recall.ASKED:
                return Said("recalling", Actor.CHANNEL, {"channel": by})
            return Said(_DELIVERED.get(by, "delivered"), Actor.NOBODY, {"at": at, "channel": by})
        case State.WAITING:
            return _waiting(case, leg, by)
        case State.HELD:
            return _held(case, by)
        case State.FAILED:
            return Said("failed", Actor.COMPANY, {"at": at, "tried": len(case.attempts)})
        case State.CANCELLED:
            return _cancelled(case)
        case state:
            assert_never(state)


# A letter's proof is that it was posted: nobody tells of the letter box.
_DELIVERED: Final = {"internal": "delivered_here", "letter": "posted"}


def _received(document: Document) -> Said:
    if document.code == "document.scan_waits":
        return Said("scan_waits", Actor.OPERATOR, {"at": document.created_at})
    return Said("received", Actor.GATEWAY, {"at": document.created_at})


def _routing(case: Case) -> Said:
    leg = next_leg(case.legs)
    if leg is None:
        return Said("routing", Actor.GATEWAY, {})
    return Said("routing_to", Actor.GATEWAY, {"next": leg.channel})


def _sent(case: Case, leg: Leg | None, by: str) -> Said:
    document = case.document
    at = document.updated_at
    if document.code == recall.ASKED:
        return Said("recalling", Actor.CHANNEL, {"channel": by})
    if document.code == "released.counts_as_sent":
        return Said("counted_as_sent", Actor.NOBODY, {"at": at})
    if document.code == "delivery.unconfirmed":
        return Said("unconfirmed", Actor.COMPANY, {"at": at, "channel": by})
    if leg is not None and leg.expects and leg.until:
        values: Values = {"at": at, "channel": by, "until": leg.until}
        return Said("sent_expecting", Actor.CHANNEL, values)
    return Said("sent", Actor.NOBODY, {"at": at, "channel": by})


def _waiting(case: Case, leg: Leg | None, by: str) -> Said:
    document, last = case.document, case.attempts[-1] if case.attempts else None
    due = document.next_at
    if document.code.startswith(ERROR):
        return Said("file_waits", Actor.COMPANY, {"due": due})
    if document.code == "internal.error":
        return Said("fault_waits", Actor.GATEWAY, {"due": due})
    if leg is None or last is None or last.leg != leg.n:
        return Said("waiting", Actor.GATEWAY, {"due": due})
    at = last.ended_at or last.started_at
    if last.outcome == Result.UNKNOWN:
        return Said("unknown_waits", Actor.GATEWAY, {"channel": by, "at": at, "due": due})
    if last.outcome == Result.TRY_LATER:
        tries = sum(attempt.leg == leg.n for attempt in case.attempts)
        tried: Values = {"channel": leg.channel, "at": at, "due": due, "tries": tries}
        return Said("try_later", Actor.GATEWAY, tried)
    step = step_of(case.plan, case.legs, leg) if case.plan else None
    if step is None or step.recheck_after_days is None:
        return Said("put_off", Actor.CHANNEL, {"channel": leg.channel, "due": due})
    asked = next(a for a in case.attempts if a.leg == leg.n).started_at
    values: Values = {"channel": leg.channel, "at": asked, "due": due}
    then = _after(case, leg)
    if then is None:
        return Said("agreement", Actor.RECIPIENT, values)
    return Said("agreement_then", Actor.RECIPIENT, {**values, "next": then.channel})


def _held(case: Case, by: str) -> Said:
    document = case.document
    match document.code:
        case code if code == OUTCOME_UNKNOWN:
            unknown = [a for a in case.attempts if a.outcome == Result.UNKNOWN or not a.ended_at]
            last = unknown[-1] if unknown else None
            at = last.started_at if last else document.updated_at
            by = last.channel if last else by
            return Said("outcome_unknown", Actor.COMPANY, {"channel": by, "at": at})
        case code if code == SEVERAL:
            return Said("several", Actor.COMPANY, {"channel": by})
        case code if code.startswith(COMPANY):
            return Said("company_closed", Actor.COMPANY, {})
        case code if code.startswith(ERROR):
            return Said("file_missing", Actor.COMPANY, {})
        case "document.held_on_request":
            return Said("held_on_request", Actor.COMPANY, {})
        case "held.by_person":
            return Said("held_by_person", Actor.COMPANY, {"at": document.updated_at})
        case "document.not_scannable":
            return Said("not_scannable", Actor.OPERATOR, {})
        case "internal.error":
            return Said("fault", Actor.OPERATOR, {"at": document.updated_at})
        case _:
            return Said("held", Actor.COMPANY, {"at": document.updated_at})


def _cancelled(case: Case) -> Said:
    at = case.document.updated_at
    back = next((leg for leg in case.legs if leg.state == LegState.RECALLED), None)
    if back is not None:
        return Said("taken_back", Actor.NOBODY, {"at": at, "channel": back.channel})
    if any(attempt.outcome == Result.UNKNOWN for attempt in case.attempts):
        return Said("cancelled_unsure", Actor.NOBODY, {"at": at})
    return Said("cancelled", Actor.NOBODY, {"at": at})


def _came_in(case: Case) -> Said:
    document, item = case.document, case.item
    by = document.channel or ""
    if item is None:  # an answer to an invoice: it was for no inbox
        return Said("came_in", Actor.NOBODY, {"at": document.created_at, "channel": by})
    match item.state:
        case InboxState.READING:
            return Said("reading", Actor.GATEWAY, {"at": document.created_at, "channel": by})
        case InboxState.NEW:
            return Said("inbox_new", Actor.COMPANY, {"at": document.created_at, "channel": by})
        case InboxState.BLOCKED:
            return _kept_back(item)
        case InboxState.ATTACHMENT_ERROR:
            return Said("inbox_attachment_error", Actor.COMPANY, {})
        case InboxState.CONFIRMED:
            return Said("inbox_confirmed", Actor.NOBODY, {"at": document.confirmed_at or case.now})
        case InboxState.HANDLED:
            return Said("inbox_handled", Actor.NOBODY, {"at": item.handled_at or case.now})
        case state:
            assert_never(state)


def _kept_back(item: Item) -> Said:
    if item.code == INFECTED:
        return Said("inbox_infected", Actor.OPERATOR, {})
    if item.code.startswith(COMPANY):
        return Said("inbox_company", Actor.COMPANY, {})
    if item.code == SCAN_WAITS:
        return Said("inbox_scan_waits", Actor.OPERATOR, {})
    if item.code == "inbox.held":
        return Said("inbox_held", Actor.COMPANY, {})
    return Said("inbox_blocked", Actor.OPERATOR, {})


def _current(case: Case) -> Leg | None:
    """The leg that the document's channel has, or that it is at."""
    if case.document.state in recall.POSSIBLE:
        return recall.taken(case.legs)
    return next_leg(case.legs)


def _after(case: Case, leg: Leg) -> Leg | None:
    return next((other for other in case.legs if other.n > leg.n), None)
