"""What was refused at the Peppol access point, in the audit trail.

In charge of how much is written: whoever may post to us may be refused as often as they like, and
must not fill the disk with it. In charge of what is written too: what nobody has proved is written
as little as can be, and long numbers, which may be somebody's, never.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from gateway.audit.chain import NewEntry
from gateway.clock import Clock
from gateway.store.port import StorageUnavailable, Store
from transports.peppol.receiver import Refusal

log = structlog.get_logger()

ACTION: Final = "peppol.refused"
# So many in an hour have an entry each; after that one is written whenever their number has
# doubled. A million in an hour make 40 entries.
EACH: Final = 20
HOUR: Final = timedelta(hours=1)

_NUMBER: Final = re.compile(r"\d{6,}")
_LONGEST: Final = 200


class PeppolRefusals:
    """Implements `transports.peppol.receiver.Refusals`. One for a process.

    Entries that were spared are counted in the next one that is written (`more`); a process that
    stops takes with it the number of those since its last one, at most as many as it had told of.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._since: datetime | None = None
        self._came = 0  # since then
        self._untold = 0

    async def note(self, refusal: Refusal) -> None:
        """Writes an entry, or counts it for the next."""
        now = self._clock.now()
        if self._since is None or now - self._since >= HOUR:
            self._since, self._came = now, 0
        self._came += 1
        if self._came > EACH and (self._came - EACH) & (self._came - EACH - 1):  # no power of two
            self._untold += 1
            return
        more, self._untold = self._untold, 0
        entry = NewEntry("gateway", ACTION, refusal.message_id or "", data=_data(refusal, more))
        try:
            await self._store.audit(entry, now)
        except StorageUnavailable as error:
            self._untold += more + 1
            log.error("refusal_not_noted", code=refusal.code, reason=str(error))


def _data(refusal: Refusal, more: int) -> Mapping[str, Any]:
    data = {
        "code": refusal.code,
        "detail": _NUMBER.sub("...", refusal.detail)[:_LONGEST],
        "bytes": refusal.size,
        "sha256": refusal.sha256,
        "seat": refusal.seat,
        "more": more,
    }
    return {name: value for name, value in data.items() if value not in ("", 0)}
