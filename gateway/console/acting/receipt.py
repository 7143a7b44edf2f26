"""The receipt of a document, to show to a customer: what was sent to whom, and what proves it.

In charge of saying no more than what is kept as evidence. Not in charge of the signed bundle for
experts (`gateway.archive`). The view is a pure function of rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from aiohttp import web

from gateway.api.routes import Service
from gateway.console.acting.foreseen import shown_address
from gateway.console.console import Page, Parts
from gateway.console.documents.sentence import channel_name
from gateway.console.forms import HOME
from gateway.console.visit import Visit
from gateway.delivery.history import every_event
from gateway.delivery.legs import LegState
from gateway.delivery.outcome import Result
from gateway.events import Type
from gateway.lifecycle import State
from gateway.store.port import Attempt, Company, Direction, Document, Event, Leg, Part, Role
from gateway.trust.scopes import Scope


@dataclass(frozen=True, slots=True)
class Proof:
    """Bytes that are kept of it: `kind` is request, answer, receipt or report."""

    kind: str
    at: datetime
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Handed:
    """That a channel got it. `verdict`: delivered, posted, sent, expecting (a report, until
    `until`), recalled or back; `says` is what the channel said last, at `said_at`; `reference` is
    its own name for it."""

    channel: str
    verdict: str
    handed_at: datetime
    address: str
    reference: str
    says: str
    said_at: datetime
    until: datetime | None
    proofs: tuple[Proof, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """The page. `verdict`: delivered, posted, sent, expecting, recalled, under_way (nothing counts
    yet) or not_sent."""

    verdict: str
    company_id: str
    document_id: str
    company: str
    number: str | None
    kind: str | None
    sender: str | None
    recipient: str | None
    issue_date: str | None
    due_date: str | None
    amount: Decimal | None
    currency: str | None
    taken_at: datetime
    sha256: str
    attachments: tuple[tuple[str, str], ...]  # name, SHA-256
    handed: tuple[Handed, ...]
    made_at: datetime


_TAKEN: Final = frozenset({Result.SENT, Result.DELIVERED})
_BESIDE: Final = Role.ATTACHMENT
_KINDS: Final = ("request", "answer", "receipt", "report")
_VERDICTS: Final = {
    LegState.DELIVERED: "delivered",
    LegState.SENT: "sent",
    LegState.RECALLED: "recalled",
}
_COUNTS: Final = ("delivered", "posted", "sent", "expecting")
_ENDED: Final = frozenset({State.REJECTED, State.FAILED, State.CANCELLED})


def receipt(
    company: Company,
    document: Document,
    legs: Sequence[Leg],
    attempts: Sequence[Attempt],
    events: Sequence[Event],
    parts: Sequence[Part],
    now: datetime,
) -> Receipt:
    """The receipt as it is now. Pure."""
    head = document.head
    handed = tuple(_handed(legs, attempts, events, parts))
    sent = [part for part in parts if part.role is Role.DOCUMENT]
    return Receipt(
        verdict=_verdict(document, handed),
        company_id=company.id,
        document_id=document.id,
        company=company.name,
        number=head.number,
        kind=head.kind,
        sender=head.sender_name or company.name,
        recipient=head.recipient_name,
        issue_date=head.issue_date,
        due_date=head.due_date,
        amount=head.amount_due,
        currency=head.currency,
        taken_at=document.created_at,
        sha256=sent[-1].sha256 if sent else "",
        attachments=tuple((part.name, part.sha256) for part in parts if part.role is _BESIDE),
        handed=handed,
        made_at=now,
    )


def _verdict(document: Document, handed: Sequence[Handed]) -> str:
    last = handed[-1].verdict if handed else ""
    match document.state:
        case State.DELIVERED | State.SENT if last in _COUNTS:
            return last
        case State.DELIVERED | State.SENT:  # a person says that it counts as sent
            return "sent"
        case State.CANCELLED if last == "recalled":
            return "recalled"
        case state if state in _ENDED:
            return "not_sent"
        case _:
            return "under_way"


def _handed(
    legs: Sequence[Leg],
    attempts: Sequence[Attempt],
    events: Sequence[Event],
    parts: Sequence[Part],
) -> Iterator[Handed]:
    for leg in legs:
        taken = [one for one in attempts if one.leg == leg.n and one.outcome in _TAKEN]
        if not taken:
            continue
        last = taken[-1]
        at = last.ended_at or last.started_at
        said = [one for one in events if one.at >= at and _is_of(one, leg)]
        verdict = _VERDICTS.get(LegState(leg.state), "back")
        if verdict == "sent" and leg.expects is not None:
            verdict = "expecting"
        if verdict == "delivered" and leg.channel == "letter":
            verdict = "posted"  # the print house says so; nobody tells of the letter box
        yield Handed(
            leg.channel,
            verdict,
            at,
            shown_address(leg),
            leg.reference or "",
            said[-1].data["text"] if said else last.public_text or "",
            said[-1].at if said else at,
            leg.until if verdict == "expecting" else None,
            tuple(
                Proof(part.name, part.at, part.sha256, part.size_bytes)
                for part in parts
                if part.attempt_id in {one.id for one in taken} and part.name in _KINDS
            ),
        )


def _is_of(event: Event, leg: Leg) -> bool:
    """Whether the channel of the leg said it, of this leg."""
    told = event.type in (Type.ATTEMPTED, Type.REPORTED)
    return told and event.data.get("leg") == leg.n


class Receipts:
    """The page."""

    def __init__(self, parts: Parts, service: Service) -> None:
        self._parts = parts
        self._service = service

    def pages(self) -> list[Page]:
        """The one there is."""
        path = f"{HOME}/documents/{{company_id}}/{{document_id}}/receipt"
        return [Page("GET", path, self._show, scope=Scope.READ, twin=True)]

    async def _show(self, visit: Visit) -> web.Response:
        at = visit.request.match_info
        company = await self._parts.company_of(visit, at["company_id"])
        store = self._service.store
        document = await store.document(company.id, at["document_id"]) if company else None
        if company is None or document is None or document.direction is Direction.IN:
            title = visit.words("not_found_title")
            return visit.show("notice", 404, title=title, what="not_found")
        key = (company.id, document.id)
        view = receipt(
            *(company, document),
            await store.legs(*key),
            await store.attempts(*key),
            await every_event(store, document),
            await store.parts(*key),
            self._service.clock.now(),
        )
        title = visit.words("acting_receipt", number=view.number or view.document_id)
        if visit.as_json:
            return visit.view("acting/receipt", view, title=title)
        names = {one.channel: channel_name(visit.words, one.channel) for one in view.handed}
        return visit.show("acting/receipt", title=title, view=view, names=names)
