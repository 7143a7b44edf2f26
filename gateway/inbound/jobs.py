"""The jobs that what came in leaves behind."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from gateway.store.port import NewJob

# Look at it.
READ: Final = "inbox_read"
# Look whether a company may receive by now.
GATE: Final = "inbox_gate"


def first_reading(now: datetime) -> NewJob:
    """The job of an arrival: its key is what comes behind the document's id."""
    return NewJob("read", READ, now)


def reading(company_id: str, document_id: str, now: datetime, **data: Any) -> NewJob:
    """The same, of a document that is there."""
    return NewJob(f"{document_id}/read", READ, now, company_id, document_id, data=data)
