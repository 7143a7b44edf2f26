"""Our states in the words of a ledger: what a mapping is, and how a status is read out of one.

In charge of the rule which of our two axes decides. Not in charge of the words themselves
(`gateway.ledger.systems`). Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from gateway.events import Type
from gateway.lifecycle import Business, State


class Ledger(StrEnum):
    """The status models that we speak."""

    BUSINESS_CENTRAL = "business_central"
    BUSINESS_CENTRAL_EXCHANGE = "business_central_exchange"
    ODOO = "odoo"
    FORTNOX = "fortnox"
    SAP_B1 = "sap_b1"
    MAVENTA = "maventa"


class Basis(StrEnum):
    """What a mapping stands on."""

    PUBLISHED = "published"  # the values are in the system's public documentation or source
    ASSUMED = "assumed"  # the values are known by name; what they mean there is our reading
    NONE_FOUND = "none_found"  # no such status is documented: only what the ledger does is mapped


@dataclass(frozen=True, slots=True)
class Status:
    """A status of a ledger. `name` None: the system has no word for it, leave what is there."""

    name: str | None
    text: str


@dataclass(frozen=True, slots=True)
class System:
    """A ledger's status model, and ours in it.

    `transport` has every state of ours; `business` those of the buyer's answers that the system
    has a word for, which then outweigh the way the document took.
    """

    id: Ledger
    title: str
    of: str  # which field of the ledger it is
    values: tuple[str, ...]  # all that our source names, so that nothing else can be mapped to
    basis: Basis
    source: str
    read: date  # when we read the source: what the system has added since is not here
    transport: Mapping[State, Status]
    business: Mapping[Business, Status]
    lost: str  # what of ours the ledger can not tell


def status(system: System, state: State, business: Business) -> Status:
    """What a document in this state is in the ledger.

    The buyer's answer, where the ledger has a word for it; else how far the document came. A
    document that did not get there, or is not under way any more, is told as that whatever the
    buyer said of it before.
    """
    if state in _CAME_THROUGH and business in system.business:
        return system.business[business]
    return system.transport[state]


# States in which the buyer may have the document, so that his answer is news.
_CAME_THROUGH = frozenset(State) - {State.REJECTED, State.FAILED, State.CANCELLED}

# The state that an event of this type leaves its document in. Others leave it where it is, or the
# event of the new state follows.
_LEAVES_IN: Mapping[Type, State] = {
    Type.RECEIVED: State.RECEIVED,
    Type.REJECTED: State.REJECTED,
    Type.ROUTED: State.ROUTING,
    Type.SENT: State.SENT,
    Type.DELIVERED: State.DELIVERED,
    Type.WAITING: State.WAITING,
    Type.HELD: State.HELD,
    Type.CANCELLED: State.CANCELLED,
    Type.FAILED: State.FAILED,
}


def status_of_event(system: System, type_: str, data: Mapping[str, Any]) -> Status | None:
    """What an event says in the ledger's words; None where it says nothing of the status.

    An event knows one axis only: book what it says, whatever was there. The buyer's answer proves
    that he has the document.
    """
    if type_ == Type.ANSWERED:
        return status(system, State.DELIVERED, Business(data["business"]))
    state = _LEAVES_IN.get(Type(type_))
    return None if state is None else system.transport[state]
