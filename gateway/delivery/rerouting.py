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
from gateway.delivery.legs import anew
from gateway.delivery.outcome import Result
from gateway.delivery.papers import Papers
from gateway.delivery.responses import ANSWERS
from gateway.delivery.verbs import CONTENT_GONE, Decision, Denied, Verb, Way, carry_out, decide
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
) -> Document | Denied | NoWay | None:
    """Gives a document another route; the rest as `verbs.act`. `configured` are the channels set up
    here; `orders` None: those that are shipped."""
    none: NoWay | None = None

    async def decide_now(document: Document, now: datetime) -> Decision | Denied:
        nonlocal none
        none = None
        if ANSWERS in document.delivery:
            return Denied(Verb.REROUTE, document.state, _IS_AN_ANSWER)
        parts = await store.parts(company_id, document_id)
        attempts = await store.attempts(company_id, document_id)
        roles = {part.role for part in parts}
        prepared = Role.PLAN in roles
        unsure = any(attempt.outcome == Result.UNKNOWN for attempt in attempts)
        decision = decide(document, Verb.REROUTE, reason, now, prepared=prepared, unsure=unsure)
        if isinstance(decision, Denied):
            return decision
        if Role.ORIGINAL not in roles:
            return Denied(Verb.REROUTE, document.state, CONTENT_GONE)
        way = await _way(store, document, route, configured, orders or shipped(), now)
        if isinstance(way, NoWay):
            none = way
            return Denied(Verb.REROUTE, document.state, "No channel is possible by that.")
        return replace(decision, way=way)

    given = (store, clock, company_id, document_id, Verb.REROUTE, decide_now)
    done = await carry_out(*given, actor=actor)
    return none if none is not None and isinstance(done, Denied) else done


_IS_AN_ANSWER = "It is the answer to an invoice, and goes where that came from."


async def _way(
    store: Store,
    document: Document,
    route: NewRoute,
    configured: Collection[str],
    orders: Orders,
    now: datetime,
) -> Way | NoWay:
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
        orders=orders,
        at=now.date(),
        profile=before.profile,
        mark=await _mark(store, document, before),
        settled=settled(
            company.settings if company else {}, recipient, company.above if company else ()
        ),
    )
    if not new.included:
        return NoWay(new)
    content = json.dumps(new.data(), ensure_ascii=False).encode()
    return Way(
        legs=anew(document.id, new, await store.legs(document.company_id, document.id)),
        parts=(
            replace(known, recipient=recipient).part(),
            NewPart(Role.PLAN, "plan.json", "application/json", content),
        ),
        events=(NewEvent(Type.ROUTED, {"steps": new.data()["steps"]}),),
    )


async def _mark(store: Store, document: Document, before: Plan) -> Mark | None:
    """What a marked invoice asks for, which no person's wish changes."""
    if not any(step.code.startswith("route.marked_") for step in before.steps):
        return None
    files = await store.files(document.company_id, document.id, [Role.DOCUMENT])
    return await asyncio.to_thread(_marked, files[0][1]) if files else None


def _marked(content: bytes) -> Mark | None:
    root = parse(content)
    return mark(read(root)) if isinstance(root, etree._Element) else None
