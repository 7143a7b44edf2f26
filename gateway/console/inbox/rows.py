"""A document that came in, as a row of a list: what it is, where it stands, whose turn it is. Pure.

In charge of what lists show of it. Not in charge of which are listed, nor of the sentence itself
(`gateway.console.documents.sentence`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.console.documents.sentence import Actor, Case, standing
from gateway.console.pages import Words
from gateway.lifecycle import Business, InboxState
from gateway.store.inbox import Item


@dataclass(frozen=True, slots=True)
class Row:
    """A row. `detail` is the gateway's own text of why it is in its state; `leased_until`: somebody
    has it until then."""

    company_id: str
    company: str
    document_id: str
    came_at: datetime
    waits_s: int
    channel: str | None
    sender: str | None
    sender_name: str | None
    number: str | None
    kind: str | None
    amount: str | None
    currency: str | None
    due_date: str | None
    state: InboxState
    code: str
    sentence: str
    turn: Actor
    detail: str
    business: Business
    right: bool | None  # None: it was not read yet
    duplicate_of: str | None
    leased_until: datetime | None
    reference: str | None
    version: int

    @property
    def repairable(self) -> bool:
        """Whether a file of it is to be repaired."""
        return self.state is InboxState.ATTACHMENT_ERROR


def row(item: Item, company: str, words: Words, now: datetime) -> Row:
    """The row of an item; `company` is the name of whose inbox it is in."""
    document, head = item.document, item.document.head
    said = standing(Case(document, now, item=item))
    until = item.lease_until
    return Row(
        company_id=document.company_id,
        company=company,
        document_id=document.id,
        came_at=document.created_at,
        waits_s=max(0, int((now - document.created_at).total_seconds())),
        channel=document.channel,
        sender=head.sender,
        sender_name=head.sender_name,
        number=head.number,
        kind=head.kind,
        amount=None if head.amount_due is None else f"{head.amount_due:,.2f}".replace(",", " "),
        currency=head.currency,
        due_date=head.due_date,
        state=item.state,
        code=item.code,
        sentence=said.text(words, now),
        turn=said.actor,
        detail=item.text,
        business=document.business,
        right=item.found.get("ok"),
        duplicate_of=item.found.get("duplicate_of"),
        leased_until=until if item.state is InboxState.NEW and until and until > now else None,
        reference=item.reference,
        version=document.version,
    )
