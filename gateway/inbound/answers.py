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
from gateway.delivery.responses import KIND
from gateway.events import Type
from gateway.lifecycle import Business, may_answer
from gateway.store.port import (
    Checkpoint,
    Direction,
    Document,
    Done,
    Leg,
    MovedOn,
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
# An answer may be here before the receipt: what he says of it proves that he has it.
_HE_MAY_HAVE_IT: Final = (LegState.TRYING, LegState.SENT, LegState.DELIVERED)


class Answers:
    """Takes Invoice Responses."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def take(self, response: Response, content: bytes) -> bool:
        """Writes what the buyer says to the invoice that he means, once for each response. False:
        there is no such invoice, or no such word."""
        part = NewPart(Role.EVIDENCE, "response", "application/xml", content)
        while True:
            found = await self._invoice(response)
            if found is None or response.code not in MEANS:
                log.warning("answer_without_invoice", response_id=response.id, code=response.code)
                return False
            document, leg = found
            work, id_ = _answered(document, response, part), f"response:{response.id}"
            try:
                await self._store.report(
                    leg.key, id_, work, self._clock.now(), version=document.version
                )
            except MovedOn:  # another answer was quicker: what this one makes of it is asked anew
                continue
            log.info("answer_taken", document_id=document.id, code=response.code)
            return True

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
            if (document.head.recipient or "").lower() != buyer or document.head.kind == KIND:
                continue
            for leg in reversed(await self._store.legs(company.id, document.id)):
                if leg.state in _HE_MAY_HAVE_IT:
                    return document, leg
        return None


def meaning(response: Response) -> tuple[Business, str]:
    """What a response makes of the invoice, and the sentence for it. KeyError: no such code."""
    if response.code == "PD" and any(one.code == _IN_PART for one in response.clarifications):
        return Business.ACCEPTED, "The buyer has paid a part of it."
    return MEANS[response.code]


def _answered(document: Document, response: Response, part: NewPart) -> Checkpoint:
    after, text = meaning(response)
    in_part = response.code == "PD" and after is Business.ACCEPTED
    counts = may_answer(document.business, after, in_part=in_part)
    data: dict[str, Any] = {
        "code": f"response.{response.code.lower()}",
        "text": text if counts else f"{text} It comes too late to count.",
        "business": after if counts else document.business,
        "reasons": reasons(response),
    }
    return Checkpoint(
        next=Done(),
        parts=(part,),
        events=(NewEvent(Type.ANSWERED, data),),
        business=after if counts else None,
    )


def reasons(response: Response) -> list[dict[str, Any]]:
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
