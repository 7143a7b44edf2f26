"""Every change of state a document may make: the one table.

In charge of which state may follow which, and why. Not in charge of saving (gateway.store) or of
deciding (gateway.delivery). Nothing else assigns a state: the store applies a `Change` made here.
The diagram in docs/reference/states.md is generated from this file. See design 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    """Where a document is on its way (the transport axis)."""

    RECEIVED = "received"  # durable with us; not looked at yet
    REJECTED = "rejected"  # fatal findings; will not be sent
    ROUTING = "routing"  # valid; the next channel is being chosen
    SENDING = "sending"  # a channel is being tried
    SENT = "sent"  # a channel took responsibility
    DELIVERED = "delivered"  # proof that the recipient's side has it
    WAITING = "waiting"  # will go on by itself at `next_at`, for the reason given
    HELD = "held"  # a person must decide
    FAILED = "failed"  # no channel is left
    CANCELLED = "cancelled"  # stopped by a person, or taken back by its channel for one


class Business(StrEnum):
    """What the buyer says of the invoice (the business axis), independent of the transport."""

    NONE = "none"
    ACKNOWLEDGED = "acknowledged"
    IN_PROCESS = "in_process"
    UNDER_QUERY = "under_query"
    CONDITIONALLY_ACCEPTED = "conditionally_accepted"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    PAID = "paid"


# What a buyer may say after what he has said: anything first, steps left out, never back; under
# query again and again, as questions are answered. Peppol BIS Invoice Response 3, section on
# statuses. A payment in part leaves an invoice accepted, and may be told again.
_QUERY, _ACCEPTED, _END = Business.UNDER_QUERY, Business.ACCEPTED, (Business.PAID,)
_LAST = (Business.REJECTED, _ACCEPTED, *_END)
_THEN = (_QUERY, Business.CONDITIONALLY_ACCEPTED, *_LAST)
ANSWERS: dict[Business, tuple[Business, ...]] = {
    Business.NONE: (Business.ACKNOWLEDGED, Business.IN_PROCESS, *_THEN),
    Business.ACKNOWLEDGED: (Business.IN_PROCESS, *_THEN),
    Business.IN_PROCESS: _THEN,
    Business.UNDER_QUERY: _THEN,
    Business.CONDITIONALLY_ACCEPTED: _LAST,
    Business.ACCEPTED: _END,
    Business.REJECTED: (),
    Business.PAID: (),
}


def may_answer(before: Business, after: Business, *, in_part: bool = False) -> bool:
    """Whether a buyer who has said `before` may say `after`. `in_part`: that he has paid a part,
    by which the invoice counts as accepted."""
    return after in ANSWERS[before] or (in_part and before is after is Business.ACCEPTED)


ALLOWED: dict[tuple[State, State], str] = {
    (State.RECEIVED, State.REJECTED): "fatal findings",
    (State.RECEIVED, State.ROUTING): "checked and built",
    (State.RECEIVED, State.WAITING): "a file that it names could not be fetched yet",
    (State.RECEIVED, State.HELD): "held on request; a file that it names can not be fetched; or it"
    " could not be read for a reason of ours",
    (State.RECEIVED, State.CANCELLED): "cancelled before anything was sent",
    (State.RECEIVED, State.DELIVERED): "an inbound document is in the inbox",
    (State.ROUTING, State.SENDING): "a channel is tried",
    (State.ROUTING, State.WAITING): "no channel can say yet",
    (State.ROUTING, State.HELD): "a person must choose",
    (State.ROUTING, State.FAILED): "no channel is left",
    (State.ROUTING, State.CANCELLED): "cancelled between two channels",
    (State.SENDING, State.SENT): "the channel took responsibility",
    (State.SENDING, State.DELIVERED): "proof at once",
    (State.SENDING, State.ROUTING): "refused for good: the next channel",
    (State.SENDING, State.WAITING): "refused for now: the same channel again",
    (State.SENDING, State.HELD): "the outcome is unknown and the channel can not be asked",
    (State.WAITING, State.RECEIVED): "its files have come, or were repaired",
    (State.WAITING, State.ROUTING): "time to look again",
    (State.WAITING, State.SENDING): "time to try again",
    (State.WAITING, State.SENT): "the channel reported that it has it after all",
    (State.WAITING, State.DELIVERED): "proof came after all",
    (State.WAITING, State.HELD): "held by a person",
    (State.WAITING, State.CANCELLED): "cancelled while waiting",
    (State.HELD, State.RECEIVED): "released or repaired before it was checked",
    (State.HELD, State.ROUTING): "released",
    (State.HELD, State.SENT): "a person, or the channel, says that it was sent",
    (State.HELD, State.DELIVERED): "proof came while it was held",
    (State.HELD, State.CANCELLED): "cancelled while held",
    (State.SENT, State.DELIVERED): "proof came later",
    (State.SENT, State.ROUTING): "came back: the next channel; or sent once more by a person",
    (State.SENT, State.FAILED): "came back, and no channel is left",
    (State.SENT, State.CANCELLED): "taken back on request: its channel says so",
    (State.DELIVERED, State.ROUTING): "came back after all (returned letter): the next channel; or"
    " sent once more by a person",
    (State.DELIVERED, State.FAILED): "came back after all, and no channel is left",
    (State.DELIVERED, State.CANCELLED): "taken back on request: its channel says so",
    (State.FAILED, State.ROUTING): "retried or rerouted by a person",
}

# Nothing more happens by itself.
FINAL = frozenset({State.REJECTED, State.SENT, State.DELIVERED, State.FAILED, State.CANCELLED})


class NotAllowed(Exception):
    """The state table has no such change."""

    def __init__(self, before: State, after: State) -> None:
        self.before, self.after = before, after
        super().__init__(f"a document that is {before} can not become {after}")


@dataclass(frozen=True, slots=True)
class Change:
    """A change of state that the table allows; made by `change`, applied by the store."""

    before: State
    after: State
    code: str  # why, stable and dotted: shown as it is and looked up in the docs
    text: str  # why, in a sentence that the ERP's people may read
    next_at: datetime | None = None  # when it goes on by itself; always set for WAITING


def change(
    before: State, after: State, *, code: str, text: str, next_at: datetime | None = None
) -> Change:
    """Makes the change from `before` to `after`.

    Raises NotAllowed when the table has no such row, ValueError when a waiting document would
    have no time to go on.
    """
    if before is not after and (before, after) not in ALLOWED:
        raise NotAllowed(before, after)
    if (after is State.WAITING) != (next_at is not None):
        raise ValueError("a waiting document has a time to go on, and only a waiting one")
    return Change(before, after, code, text, next_at)


# --- the inbox --------------------------------------------------------------------------------


class InboxState(StrEnum):
    """Where a document that came in is on its way to the company's ERP."""

    READING = "reading"  # being looked at: it comes next, and what came later waits for it
    NEW = "new"  # the ERP may take it
    BLOCKED = "blocked"  # kept back, for the reason given
    ATTACHMENT_ERROR = "attachment_error"  # a file of it can not be handed out: repair it
    CONFIRMED = "confirmed"  # the ERP has taken it over
    HANDLED = "handled"  # the ERP is done with it


_READING, _NEW, _BLOCKED = InboxState.READING, InboxState.NEW, InboxState.BLOCKED
_ERROR = InboxState.ATTACHMENT_ERROR
INBOX: dict[tuple[InboxState, InboxState], str] = {
    (_READING, _NEW): "read and checked",
    (_READING, _BLOCKED): "there is a virus in it, the scanner does not answer, or the company is"
    " not verified",
    (_READING, _ERROR): "a file of it must not be handed out, or does not open",
    (_NEW, _BLOCKED): "held by a person",
    (_NEW, InboxState.CONFIRMED): "taken over by the ERP",
    (_NEW, InboxState.HANDLED): "handled without being taken over first",
    (_BLOCKED, _READING): "released: it is looked at once more",
    (_BLOCKED, _NEW): "what kept it back is over",
    (_BLOCKED, _ERROR): "the scanner answers again, and a file can not be handed out",
    (_BLOCKED, InboxState.HANDLED): "an operator has ended it",
    (_ERROR, InboxState.HANDLED): "an operator has ended it",
    (_ERROR, _NEW): "repaired, or to be handed out without its bad files",
    (_ERROR, _READING): "its files are looked at once more",
    (_ERROR, _BLOCKED): "held by a person",
    (InboxState.CONFIRMED, InboxState.HANDLED): "the ERP is done with it",
}

# Not taken over yet.
LYING = (_READING, _NEW, _BLOCKED, _ERROR)


class InboxNotAllowed(Exception):
    """The table of the inbox has no such change."""

    def __init__(self, before: InboxState, after: InboxState) -> None:
        self.before, self.after = before, after
        super().__init__(f"what is {before} in the inbox can not become {after}")


@dataclass(frozen=True, slots=True)
class InboxChange:
    """A change of the state in the inbox that the table allows; made by `inbox_change`."""

    before: InboxState
    after: InboxState
    code: str
    text: str


def inbox_change(before: InboxState, after: InboxState, *, code: str, text: str) -> InboxChange:
    """Makes the change. Raises InboxNotAllowed when the table has no such row."""
    if before is not after and (before, after) not in INBOX:
        raise InboxNotAllowed(before, after)
    return InboxChange(before, after, code, text)
