"""Invoice Responses: what a buyer says of an invoice that we carried to him.

In charge of finding the invoice and of what the answer makes of it (the business axis). Not in
charge of the form of a response (`schemas.response`), nor of how it came (`statuses`).
Source: Peppol BIS Invoice Response 3 (BIS 63), sections on statuses and clarifications.
"""

from __future__ import annotations

from typing import Any, Final

import structlog

from gateway.clock import Clock
from gateway.delivery.legs import LegState
from gateway.events import Type
from gateway.lifecycle import Business, may_answer
from gateway.store.port import (
    Checkpoint,
    Direction,
    Document,
    Done,
    Leg,
    NewEvent,
    NewPart,
    Role,
    Store,
)
from schemas.response import Response

log = structlog.get_logger()

MEANS: Final = {
    "AB": (Business.ACKNOWLEDGED, "The buyer has received it."),
    "IP": (Business.IN_PROCESS, "The buyer is working on it."),
    "UQ": (Business.UNDER_QUERY, "The buyer has a question about it, and waits for an answer."),
    "CA": (Business.CONDITIONALLY_ACCEPTED, "The buyer accepts it under conditions."),
    "RE": (Business.REJECTED, "The buyer rejects it."),
    "AP": (Business.ACCEPTED, "The buyer accepts it."),
    "PD": (Business.PAID, "The buyer has paid it."),
}
# Paid in part: the invoice is not at its end by that.
_IN_PART: Final = "PPD"
_PAGE: Final = 50


class Answers:
    """Takes Invoice Responses."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def take(self, response: Response, content: bytes) -> None:
        """Writes what the buyer says to the invoice that he means; once for each response."""
        found = await self._invoice(response)
        meaning = MEANS.get(response.code)
        if found is None or meaning is None:
            log.warning("answer_without_invoice", response_id=response.id, code=response.code)
            return
        document, leg = found
        now = self._clock.now()
        part = NewPart(Role.EVIDENCE, "response", "application/xml", content)
        work = _answered(document, response, meaning, part)
        await self._store.report(leg.key, f"response:{response.id}", work, now)
        log.info("answer_taken", document_id=document.id, business=meaning[0])

    async def _invoice(self, response: Response) -> tuple[Document, Leg] | None:
        """The newest invoice of this number that went from the one to the other."""
        company = await self._store.company_of(str(response.receiver.endpoint))
        if company is None:
            return None
        page = await self._store.documents(
            company.id, direction=Direction.OUT, number=response.refers_to, limit=_PAGE
        )
        buyer = str(response.sender.endpoint).lower()
        for document in page.documents:
            if (document.head.recipient or "").lower() != buyer:
                continue
            for leg in reversed(await self._store.legs(company.id, document.id)):
                if leg.state in (LegState.SENT, LegState.DELIVERED):
                    return document, leg
        return None


def _answered(
    document: Document, response: Response, meaning: tuple[Business, str], part: NewPart
) -> Checkpoint:
    after, text = meaning
    if after is Business.PAID and any(one.code == _IN_PART for one in response.clarifications):
        after, text = Business.ACCEPTED, "The buyer has paid a part of it."
    counts = may_answer(document.business, after)
    data: dict[str, Any] = {
        "code": f"response.{response.code.lower()}",
        "text": text if counts else f"{text} It comes too late to count.",
        "business": after if counts else document.business,
        "reasons": _reasons(response),
    }
    return Checkpoint(
        next=Done(),
        parts=(part,),
        events=(NewEvent(Type.ANSWERED, data),),
        business=after if counts else None,
    )


def _reasons(response: Response) -> list[dict[str, Any]]:
    """Why he says so and what he wants, as the ledger's people may read it."""
    return [
        {
            "code": one.code,
            "action": one.is_action,
            "text": one.text,
            "details": [{"term": term, "value": value} for term, value in one.details],
        }
        for one in response.clarifications
    ]
