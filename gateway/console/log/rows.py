"""Documents as lists show them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from gateway.lifecycle import State
from gateway.store.port import Document

# A document in one of these says why in its row.
_SAYS_WHY: Final = frozenset({State.REJECTED, State.WAITING, State.HELD, State.FAILED})


@dataclass(frozen=True, slots=True)
class Row:
    """A document in a list. `sender` and `recipient` are names, else participants; `why` is empty
    where all goes as it should."""

    company_id: str
    document_id: str
    company: str
    direction: str
    kind: str
    number: str
    sender: str
    recipient: str
    amount: Decimal | None
    currency: str
    state: str
    business: str
    channel: str
    code: str
    why: str
    next_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @property
    def ticked(self) -> str:
        """What a form says of the row when it is ticked."""
        return f"{self.company_id}/{self.document_id}"


def row(document: Document, companies: Mapping[str, str]) -> Row:
    """A document's row. `companies`: names by id."""
    head = document.head
    return Row(
        document.company_id,
        document.id,
        companies.get(document.company_id, document.company_id),
        document.direction.value,
        head.kind or "",
        head.number or "",
        head.sender_name or head.sender or "",
        head.recipient_name or head.recipient or "",
        head.amount_due,
        head.currency or "",
        document.state.value,
        document.business.value,
        document.channel or "",
        document.code or "",
        document.text if document.state in _SAYS_WHY else "",
        document.next_at,
        document.created_at,
        document.updated_at,
    )
