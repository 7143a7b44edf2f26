"""The job that takes a participant from step to step; there is one for each."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from gateway.store.port import NewJob

KIND: Final = "participant"


def job(company_id: str, participant: str, now: datetime) -> NewJob:
    """A job that is due now."""
    key = f"{KIND}/{participant.casefold()}"
    return NewJob(key, KIND, now, company_id, data={"participant": participant})
