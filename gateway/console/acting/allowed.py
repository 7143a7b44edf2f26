"""Which verbs there are for a document just now, and why not the others. Pure, but for reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from gateway.api.routes import Service
from gateway.api.verbs import routes
from gateway.delivery import links
from gateway.delivery.choice import Choice
from gateway.delivery.choosing import offer
from gateway.delivery.verbs import Denied, Facts, Verb, facts_of, judge
from gateway.store.port import Direction, Document, Role, Store
from gateway.trust.gate import Closed, Way, asked


class Act(StrEnum):
    """What somebody may want of a document, by the word in its address."""

    HOLD = "hold"
    RELEASE = "release"
    RETRY = "retry"
    CHOOSE = "choose"
    REROUTE = "reroute"
    RESEND = "resend"
    CANCEL = "cancel"
    REVOKE_LINK = "revoke-link"


# What the gate is asked before each, as the API has it.
WAYS: Final[Mapping[Act, Way | None]] = {
    act: next(one.way for one in routes.operations if one.path.endswith(f"/{act}")) for act in Act
}

# Those that `gateway.delivery.verbs` judges.
VERBS: Final[Mapping[Act, Verb]] = {Act(verb): verb for verb in Verb}


@dataclass(frozen=True, slots=True)
class Known:
    """What decides beside the document's row. `choice`: whom it may go to, where a person is to
    say; `links`: how many open; `closed`: why its company may not send; `may`: whether who asks has
    the right; `recalling`: the channels that take documents back."""

    facts: Facts
    choice: Choice | None = None
    links: int = 0
    closed: Closed | None = None
    may: bool = True
    recalling: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Allowed:
    """A verb, and whether it is possible: `why_not` is a code that the words have a sentence for
    (`acting_why_...`), empty where it is; `text` says the same in English."""

    verb: str
    why_not: str = ""
    text: str = ""


def allowed(document: Document, known: Known, now: datetime) -> tuple[Allowed, ...]:
    """Every verb there is for a document on its way out; none for what came in."""
    if document.direction is Direction.IN:
        return ()
    return tuple(judged(act, document, known, now) for act in Act)


def judged(act: Act, document: Document, known: Known, now: datetime) -> Allowed:
    """One of them. What never changes by waiting counts first."""
    if not known.may:
        return Allowed(act, "role", "Your role does not have the right to it.")
    denied = _denied(act, document, known, now)
    if denied is not None:
        return Allowed(act, denied.code, denied.text)
    if WAYS[act] is not None and known.closed is not None:
        return Allowed(act, "closed", known.closed.text)
    return Allowed(act)


def _denied(act: Act, document: Document, known: Known, now: datetime) -> Denied | None:
    if document.direction is Direction.IN:
        return Denied(act, document.state, "The document came in.", "came_in")
    if act is Act.CHOOSE:
        text = "It is not held for a recipient to be chosen."
        nothing = Denied(act, document.state, text, "nothing_to_choose")
        return nothing if known.choice is None else None
    if act is Act.REVOKE_LINK:
        text = "No link to the document opens."
        return Denied(act, document.state, text, "no_link") if not known.links else None
    decision = judge(
        *(document, VERBS[act], known.facts, "", now),
        recalling=known.recalling,
    )
    return decision if isinstance(decision, Denied) else None


async def known_of(service: Service, document: Document, *, may: bool) -> Known:
    """Reads it."""
    store = service.store
    facts = await facts_of(store, document)
    choice = await offer(store, document, facts.legs)
    return Known(
        facts,
        None if isinstance(choice, Denied) else choice,
        await _links(store, document, service.clock.now()) if Role.LINK in facts.roles else 0,
        await asked(service.gate, Way.SEND, document.company_id),
        may,
        service.recalling,
    )


async def _links(store: Store, document: Document, now: datetime) -> int:
    parts = await store.files(document.company_id, document.id, [Role.LINK])
    records = links.newest([content for _, content in parts]).values()
    return sum(record.opens(now) for record in records)
