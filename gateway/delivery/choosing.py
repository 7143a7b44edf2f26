"""Choosing one of several possible recipients of a document that is held for that.

In charge of when that is possible and of what it changes. Not in charge of who may do it
(`gateway.api`), nor of the record of the recipients (`choice`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from gateway.clock import Clock
from gateway.delivery.choice import CHOSEN, SEVERAL, Choice, chosen, newest
from gateway.delivery.legs import next_leg
from gateway.delivery.verbs import UNSEEN, Decision, Denied, Seen, Way, carry_out
from gateway.events import Type
from gateway.lifecycle import State, change
from gateway.store.port import Again, Document, Leg, NewEvent, Role, Store
from transports.base import Candidate

CHOOSE: Final = "choose"


async def choose(
    store: Store,
    clock: Clock,
    company_id: str,
    document_id: str,
    address: str,
    reason: str,
    *,
    actor: str = "operator",
    seen: Seen = UNSEEN,
) -> Document | Denied | Sequence[Candidate] | None:
    """Chooses one of several possible recipients, by the address; answers those there are where
    none has that one. The rest as `verbs.act`."""
    offered: Sequence[Candidate] = ()

    async def decide_now(document: Document, now: datetime) -> Decision | Denied:
        nonlocal offered
        offered = ()
        found = await offer(store, document, await store.legs(company_id, document_id))
        if isinstance(found, Denied):
            return found
        candidate = found.candidate(address)
        if candidate is None:
            offered = found.candidates
            return Denied(CHOOSE, document.state, f"None of the recipients has {address!r}.")
        part, text = chosen(found, candidate)
        told = {"code": CHOSEN, "text": text, "address": candidate.address, "reason": reason}
        return Decision(
            change(document.state, State.ROUTING, code=CHOSEN, text=text),
            Again(now, "deliver", {}, "deliver"),
            (NewEvent(Type.CHOSEN, told),),
            Way(parts=(part,)),
        )

    given = (store, clock, company_id, document_id, CHOOSE, decide_now)
    done = await carry_out(*given, actor=actor, reason=reason, seen=seen)
    return offered if offered and isinstance(done, Denied) else done


async def offer(store: Store, document: Document, legs: Sequence[Leg]) -> Choice | Denied:
    """Whom a document may go to; Denied where it is not held for a person to choose."""
    leg = next_leg(legs)
    if document.state is State.HELD and document.code == SEVERAL and leg is not None:
        files = await store.files(document.company_id, document.id, [Role.CHOICE])
        record = newest([content for _, content in files], leg.key)
        if record is not None:
            return record
    return Denied(CHOOSE, document.state, _NOTHING_TO_CHOOSE, "nothing_to_choose")


_NOTHING_TO_CHOOSE = "It is not held for a recipient to be chosen."
