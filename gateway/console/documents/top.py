"""What stands above every tab of a document: who, what, how much, how it stands, what can be done.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.console.acting.allowed import Allowed
from gateway.console.documents.sentence import Actor, Case, standing
from gateway.console.pages import Words
from gateway.lifecycle import Business
from gateway.store.port import Document


@dataclass(frozen=True, slots=True)
class Party:
    """Who sends, or gets it. `id`: the electronic address."""

    name: str
    id: str


@dataclass(frozen=True, slots=True)
class Top:
    """The head of the page. `sentence` says how it stands, `turn` who must act; `path` is where the
    page is."""

    path: str
    company_id: str
    company: str
    id: str
    direction: str
    state: str
    inbox: str  # where it is in the inbox; empty for what goes out
    code: str
    text: str  # what the state itself says: why, in words for the company's people
    sentence: str
    turn: str
    actor: str
    business: str  # what the buyer says; empty: nothing
    number: str
    kind: str
    sender: Party
    recipient: Party
    amount: str
    issue_date: str
    due_date: str
    channel: str
    created_at: datetime
    updated_at: datetime
    next_at: datetime | None
    verbs: tuple[Allowed, ...]


def top(
    case: Case,
    company: str,
    words: Words,
    *,
    operator: bool,
    verbs: Sequence[Allowed] = (),
) -> Top:
    """The head. `verbs`: what who looks can do to it now, and why not the rest."""
    document, head = case.document, case.document.head
    said = standing(case)
    return Top(
        path=path_of(document),
        company_id=document.company_id,
        company=company,
        id=document.id,
        direction=document.direction.value,
        state=document.state.value,
        inbox=case.item.state.value if case.item else "",
        code=case.item.code if case.item else document.code,
        text=case.item.text if case.item else document.text,
        sentence=said.text(words, case.now),
        turn=_turn(words, said.actor, operator=operator),
        actor=said.actor.value,
        business="" if document.business is Business.NONE else document.business.value,
        number=head.number or "",
        kind=head.kind or "",
        sender=Party(head.sender_name or "", head.sender or ""),
        recipient=Party(head.recipient_name or "", head.recipient or ""),
        amount="" if head.amount_due is None else f"{head.amount_due} {head.currency or ''}",
        issue_date=head.issue_date or "",
        due_date=head.due_date or "",
        channel=document.channel or "",
        created_at=document.created_at,
        updated_at=document.updated_at,
        next_at=document.next_at,
        verbs=tuple(verbs),
    )


def path_of(document: Document) -> str:
    """Where the page of a document is."""
    return f"/console/documents/{document.company_id}/{document.id}"


_YOURS: Final[Mapping[bool, Actor]] = {True: Actor.OPERATOR, False: Actor.COMPANY}


def _turn(words: Words, actor: Actor, *, operator: bool) -> str:
    yours = "_you" if _YOURS[operator] is actor else ""
    return words(f"document_turn_{actor}{yours}")
