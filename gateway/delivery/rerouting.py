"""Another route for a document: a new plan, from its first channel, by a person's wish.

In charge of the plan, and of what is known of the recipient from then on. Not in charge of when it
is possible (`verbs`). The legs there were end by it; the new ones have keys of their own, so that
no channel takes them for a repeat.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from lxml import etree

from gateway.clock import Clock
from gateway.customers import settled
from gateway.delivery.envelope import Particulars
from gateway.delivery.legs import anew
from gateway.delivery.papers import Papers
from gateway.delivery.verbs import (
    UNSEEN,
    Decision,
    Denied,
    Seen,
    Verb,
    Way,
    carry_out,
    facts_of,
    judge,
)
from gateway.events import Type
from gateway.routing.orders import Orders, shipped
from gateway.routing.plan import Plan, plan
from gateway.store.port import Document, NewEvent, NewPart, Role, Store
from schemas.marks import Mark, mark
from schemas.ubl.read import read
from transports.base import PostalAddress
from validators.pipeline import parse


@dataclass(frozen=True, slots=True)
class NewRoute:
    """What is to be otherwise. `channels` and `disabled` are in place of the document's own wishes
    where they are given; `recipient` are fields of `transports.base.Recipient`. A postal address
    without a name has the recipient's."""

    channels: tuple[str, ...] | None = None
    disabled: tuple[str, ...] | None = None
    recipient: Mapping[str, str] = field(default_factory=dict)
    postal_address: PostalAddress | None = None


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A route as it would be: its plan, and what is known of the recipient then."""

    plan: Plan
    known: Particulars


@dataclass(frozen=True, slots=True)
class NoWay:
    """No channel is left by that plan; nothing was changed."""

    plan: Plan


async def reroute(
    store: Store,
    clock: Clock,
    company_id: str,
    document_id: str,
    route: NewRoute,
    reason: str,
    *,
    configured: Collection[str],
    orders: Orders | None = None,
    actor: str = "operator",
    seen: Seen = UNSEEN,
    expected: str | None = None,
) -> Document | Denied | NoWay | None:
    """Gives a document another route; the rest as `verbs.act`. `configured` are the channels set up
    here; `orders` None: those that are shipped. With `expected`, the digest of a plan that was
    foreseen, it is Denied where the plan has become another one meanwhile."""
    none: NoWay | None = None

    async def decide_now(document: Document, now: datetime) -> Decision | Denied:
        nonlocal none
        none = None
        facts = await facts_of(store, document)
        decision = judge(document, Verb.REROUTE, facts, reason, now)
        if isinstance(decision, Denied):
            return decision
        new = await foresee(store, document, route, configured, now, orders)
        if expected is not None and new.plan.digest != expected:
            return Denied(Verb.REROUTE, document.state, _OTHERWISE, "moved_on")
        if not new.plan.included:
            none = NoWay(new.plan)
            return Denied(Verb.REROUTE, document.state, "No channel is possible by that.", "no_way")
        data = new.plan.data()
        content = json.dumps(data, ensure_ascii=False).encode()
        way = Way(
            legs=anew(document.id, new.plan, facts.legs),
            parts=(
                new.known.part(),
                NewPart(Role.PLAN, "plan.json", "application/json", content),
            ),
            events=(NewEvent(Type.ROUTED, {"steps": data["steps"]}),),
        )
        return replace(decision, way=way)

    given = (store, clock, company_id, document_id, Verb.REROUTE, decide_now)
    done = await carry_out(*given, actor=actor, reason=reason, seen=seen)
    return none if none is not None and isinstance(done, Denied) else done


_OTHERWISE = "The route would be another one than you have seen. Look at it again."


async def foresee(
    store: Store,
    document: Document,
    route: NewRoute,
    configured: Collection[str],
    now: datetime,
    orders: Orders | None = None,
) -> Foreseen:
    """The route as it would be just now; nothing is written. The document has a plan already."""
    papers = Papers(store, document)
    known, before = await papers.particulars(), await papers.plan()
    changes: dict[str, Any] = dict(route.recipient)
    address = route.postal_address
    if address is not None:
        changes["postal_address"] = replace(address, name=address.name or known.recipient.name)
    recipient = replace(known.recipient, **changes)
    company = await store.company(document.company_id)
    wishes = {"channels": route.channels, "disabled_channels": route.disabled}
    new = plan(
        recipient,
        known.summary,
        {**document.delivery, **{k: list(v) for k, v in wishes.items() if v is not None}},
        configured=configured,
        orders=orders or shipped(),
        at=now.date(),
        profile=before.profile,
        mark=await _mark(store, document, before),
        settled=settled(
            company.settings if company else {}, recipient, company.above if company else ()
        ),
    )
    return Foreseen(new, replace(known, recipient=recipient))


async def _mark(store: Store, document: Document, before: Plan) -> Mark | None:
    """What a marked invoice asks for, which no person's wish changes."""
    if not any(step.code.startswith("route.marked_") for step in before.steps):
        return None
    files = await store.files(document.company_id, document.id, [Role.DOCUMENT])
    return await asyncio.to_thread(_marked, files[0][1]) if files else None


def _marked(content: bytes) -> Mark | None:
    root = parse(content)
    return mark(read(root)) if isinstance(root, etree._Element) else None
