"""Where the logos of companies are taken: pictures that others made.

In charge of the process that opens one, and of a file that sends it astray: that is refused as any
other that is no logo. What is done there is `gateway.pdf.logo.read`.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

import structlog

from gateway.audit.chain import NewEntry, Told
from gateway.delivery.workshop import NotLoaded, WorkFailed, Workshop
from gateway.pdf.logo import Logo, kept, read
from gateway.store.port import Store
from transports.base import File

log = structlog.get_logger()


class Logos:
    """Takes logos in the workshop given, which should be one whose processes are sealed."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop

    async def take(self, content: bytes) -> File | str:
        """The picture as it is stored, written anew; or why it is not taken, in a sentence."""
        try:
            logo = await self._workshop.run(len(content), read, content)
        except (WorkFailed, NotLoaded) as failure:
            reason = str(failure).strip().rpartition("\n")[2][:200]
            log.warning("logo_failed", bytes=len(content), reason=reason)
            return "To open it took more time or memory than any logo needs."
        if isinstance(logo, str):
            return logo
        ending = logo.media_type.partition("/")[2]
        return File(f"logo.{ending}", logo.media_type, logo.content)


def told(actor: str, company_id: str, logo: File | None, now: datetime) -> Told:
    """What the audit says of a logo that `actor` sets, or of none in its place."""
    if logo is None:
        entry = NewEntry(actor, "logo.removed", company_id, company_id)
    else:
        data = {"sha256": sha256(logo.content).hexdigest()}
        entry = NewEntry(actor, "logo.set", company_id, company_id, data)
    return Told(entry, now)


async def logo_of(store: Store, company_id: str) -> Logo | None:
    """The company's logo, for an invoice that is to be drawn."""
    file = await store.logo(company_id)
    return None if file is None else kept(file.content)
