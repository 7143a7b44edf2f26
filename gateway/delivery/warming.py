"""A first document, of nobody: what reading and checking it builds is there for all that follow.

In charge of no document's waiting for code lists, structure and rules to be read: they take a
second. `gateway.delivery.processes` has each process do it at its start, while nobody waits.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

from gateway.delivery.prepare import Given, judged
from gateway.lifecycle import Business, State
from gateway.store.port import Company, Direction, Document, Head
from transports.base import File

_ADDRESS: Final = {"line1": "Storgatan 1", "post_code": "111 22", "city": "Stockholm"}


def _party(name: str, number: str) -> dict[str, Any]:
    return {
        "name": name,
        "legal_id": {"value": number, "scheme": "0007"},
        "address": _ADDRESS | {"country": "SE"},
        "endpoint": {"value": number, "scheme": "0007"},
    }


_SUBMISSION: Final = {
    "invoice": {
        "number": "1",
        "issue_date": "2026-01-01",
        "due_date": "2026-01-31",
        "currency": "SEK",
        "buyer_reference": "1",
        "seller": _party("Seller", "5560001116")
        | {"vat_id": "SE556000111601", "tax_registration_id": "Godkänd för F-skatt"},
        "buyer": _party("Buyer", "5592034846"),
        "payments": [{"means": "30", "credit_transfers": [{"account": "50501055"}]}],
        "lines": [
            {
                "id": "1",
                "quantity": "1",
                "unit": "EA",
                "price": {"net": "100.00"},
                "item": {"name": "Something", "vat": {"category": "S", "rate": "25"}},
            }
        ],
    }
}


_AT: Final = datetime(2026, 1, 2, tzinfo=UTC)
_DOCUMENT: Final = Document(
    id="doc_first",
    company_id="com_first",
    direction=Direction.OUT,
    state=State.RECEIVED,
    business=Business.NONE,
    version=1,
    media_type="application/json",
    head=Head(),
    delivery={},
    channel=None,
    code="",
    text="",
    next_at=None,
    created_at=_AT,
    updated_at=_AT,
)


def warm_up() -> bool:
    """Judges a small invoice, and forgets it; whether it could be sent."""
    original = File("invoice.json", _DOCUMENT.media_type, json.dumps(_SUBMISSION).encode())
    company = Company(_DOCUMENT.company_id, "Seller", "SE", (), {})
    work = judged(Given(_DOCUMENT, company, original, (), (), None, _AT))
    return work.change is not None and work.change.after is State.ROUTING
