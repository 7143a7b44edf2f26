"""Documents that are Invoice Responses: from what was accepted to a plan.

In charge of their plan. What they say, and whether it may be said, was decided before they were
accepted (`gateway.inbound.replies`). Pure.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Final

from gateway.delivery.envelope import Particulars
from gateway.delivery.legs import legs_of
from gateway.events import Type
from gateway.lifecycle import State, change
from gateway.routing.plan import INCLUDED, Plan, Step
from gateway.store.port import Checkpoint, Document, Head, Keep, NewEvent, NewPart, Role
from validators.profiles import PEPPOL_INVOICE_RESPONSE

# The name, among a document's wishes, of the document that it answers. Nobody can wish for it.
ANSWERS: Final = "answers"
KIND: Final = "invoice_response"

# A response goes where invoices come from; nobody is sent one by e-mail.
CHANNELS: Final = ("internal", "peppol")


def responding(document: Document, known: Particulars, configured: Collection[str]) -> Checkpoint:
    """It can be sent: its plan, and its head."""
    plan = Plan(
        "Invoice Response",
        tuple(_step(channel, channel in configured) for channel in CHANNELS),
        PEPPOL_INVOICE_RESPONSE,
    )
    data = plan.data()
    content = json.dumps(data, ensure_ascii=False).encode()
    return Checkpoint(
        next=Keep({}, "deliver"),
        change=change(
            State.RECEIVED,
            State.ROUTING,
            code="document.prepared",
            text="It is valid, and the first channel is being chosen.",
        ),
        head=Head(
            number=known.summary.number,
            kind=KIND,
            sender_name=known.sender.name,
            recipient_name=known.recipient.name,
            sender=str(known.sender.participant),
            recipient=str(known.recipient.participant),
            issue_date=document.created_at.date().isoformat(),
        ),
        parts=(NewPart(Role.PLAN, "plan.json", "application/json", content),),
        legs=legs_of(document.id, plan),
        events=(NewEvent(Type.ROUTED, {"steps": data["steps"]}),),
    )


def _step(channel: str, configured: bool) -> Step:
    if configured:
        return Step(channel, channel, True, INCLUDED, "In line: responses are taken there.")
    reason = "Not configured on this gateway."
    return Step(channel, channel, False, "route.not_configured", reason)
