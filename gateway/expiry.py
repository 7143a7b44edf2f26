"""Certificates of ours that run out: told in the audit and in the log, in time and once.

In charge of when it is told, and of telling it once. Not in charge of the metric, nor of doctor,
which look for themselves. Why it is an audit entry, and no event of a company's feed:
docs/decisions/0009-an-expiring-certificate-is-an-audit-entry.md.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import structlog
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from gateway.audit.chain import Entry, NewEntry
from gateway.store.keeping import Keeping

log = structlog.get_logger()

EXPIRES: Final = "certificate.expires"

# Days before the end; the last time is when it is over. A new certificate takes some weeks.
TOLD_AT: Final = (60, 30, 14, 7, 1, 0)
_SOON: Final = 7  # from here on it is an error in the log

_PAGE: Final = 500


class Expiry:
    """What looks at a certificate: `do` of a schedule. `name` is what people know it by."""

    def __init__(self, store: Keeping, name: str, certificate: x509.Certificate) -> None:
        self._store = store
        self._name = name
        self._end = certificate.not_valid_after_utc
        self._fingerprint = certificate.fingerprint(SHA256()).hex()
        self._told: int | None = None

    async def __call__(self, now: datetime) -> bool:
        """Tells what is to be told; there is never more."""
        left = self._end - now
        due = min((days for days in TOLD_AT if left <= timedelta(days=days)), default=None)
        if due is None or due == self._told:
            return False
        if not await self._was_told(due):
            ends = self._end.isoformat()
            data = {"certificate": self._fingerprint, "days": due, "ends": ends}
            entry = NewEntry("gateway", EXPIRES, self._name, data=data)
            await self._store.audit(entry, now)
            days = left // timedelta(days=1)
            say = log.error if due <= _SOON else log.warning
            say("certificate_expires", certificate=self._name, days=days, ends=ends)
        self._told = due
        return False

    async def _was_told(self, due: int) -> bool:
        """Whether there is such an entry since its time came: the chain itself remembers."""
        before = await self._store.audit_before(self._end - timedelta(days=due))
        after = before.seq if before else 0
        while page := await self._store.audit_entries(after, _PAGE):
            if any(self._is(entry, due) for entry in page):
                return True
            after = page[-1].seq
        return False

    def _is(self, entry: Entry, due: int) -> bool:
        if entry.action != EXPIRES or entry.subject != self._name:
            return False
        return f'"{self._fingerprint}"' in entry.data and f'"days":{due},' in entry.data
