"""Documents in whatever state a test wants them in, as if they had gone the whole way there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from gateway.lifecycle import State, change
from gateway.routing.plan import Plan
from gateway.store.port import Again, Checkpoint, Done, Head, Keep, NewEvent, NewPart, Role
from tests.console.office import OURS, Office
from tests.contracts.stores import arrival, claimed, submission

_WAY = {
    State.RECEIVED: (),
    State.REJECTED: (State.REJECTED,),
    State.ROUTING: (State.ROUTING,),
    State.WAITING: (State.ROUTING, State.WAITING),
    State.HELD: (State.ROUTING, State.HELD),
    State.FAILED: (State.ROUTING, State.FAILED),
    State.CANCELLED: (State.ROUTING, State.CANCELLED),
    State.SENDING: (State.ROUTING, State.SENDING),
    State.SENT: (State.ROUTING, State.SENDING, State.SENT),
    State.DELIVERED: (State.ROUTING, State.SENDING, State.DELIVERED),
}


async def sent_in(
    office: Office,
    state: State = State.RECEIVED,
    company_id: str = OURS.id,
    *,
    channel: str = "email",
    code: str = "test.code",
    text: str = "A reason.",
    findings: Sequence[dict[str, Any]] = (),
    **head: Any,
) -> str:
    """A document that goes out, a second after the one before; its id."""
    office.clock.move(timedelta(seconds=1))
    now = office.clock.now()
    handed = submission(company_id)
    await office.store.accept(handed, now)
    job = await claimed(office.store, now)
    while job.document_id != handed.document_id:  # another's, whose time has come again
        job = await claimed(office.store, now)
    before = State.RECEIVED
    way = _WAY[state]
    parts = []
    if findings:
        content = json.dumps(list(findings)).encode()
        parts.append(NewPart(Role.FINDINGS, "findings.json", "application/json", content))
    if State.ROUTING in way:
        content = json.dumps(Plan("test", ()).data()).encode()
        parts.append(NewPart(Role.PLAN, "plan.json", "application/json", content))
    for after in way:
        last = after is way[-1]
        later = now + timedelta(days=1) if after is State.WAITING else None
        moved = change(before, after, code=code, text=text, next_at=later)
        then = Again(later) if later else Done() if last else Keep()
        work = Checkpoint(
            then,
            moved,
            head=Head(**{"number": "F-1", "kind": "invoice", **head}) if last else None,
            channel=channel if last and after is not State.REJECTED else None,
            parts=parts if last else (),
            events=[NewEvent(f"document.{state}")] if last else (),
        )
        await office.store.checkpoint(job, work, now)
        before = after
    return handed.document_id


async def come_in(office: Office, company_id: str = OURS.id, key: str = "k1") -> str:
    """A document in a company's inbox; its id."""
    office.clock.move(timedelta(seconds=1))
    document_id = await office.store.arrive(arrival(company_id, key), office.clock.now())
    assert document_id is not None
    return document_id
