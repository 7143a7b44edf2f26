"""When keys were used last: noted with each request, written once in a while, all together.

A request never waits for it. What was noted since the last time is lost with the process, as it may
be: it is told to a minute or so.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final

import structlog

from gateway.store.port import StorageUnavailable, Store

log = structlog.get_logger()

EVERY_S: Final = 60.0


class Uses:
    """The notes of one process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._noted: dict[str, datetime] = {}

    def note(self, key_id: str, at: datetime) -> None:
        """A key was used."""
        self._noted[key_id] = at

    async def write(self) -> None:
        """Writes what was noted. What can not be written now is written the next time."""
        noted, self._noted = self._noted, {}
        if not noted:
            return
        try:
            await self._store.use_keys(noted)
        except StorageUnavailable as error:
            log.warning("key_uses_not_written", reason=str(error))
            self._noted = noted | self._noted

    async def run(self) -> None:
        """Writes them now and then, until it is cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.write()
