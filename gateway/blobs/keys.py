"""The keys of companies: random, kept in the database, wrapped by a master of the key ring.

In charge of which key a new blob is sealed with, and of finding the one that an older blob needs.
A company's newest key is the current one. Not in charge of sealing (`seal`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime

from gateway.blobs.port import KeyRows, WrappedKey
from gateway.blobs.ring import Ring, UnknownMaster
from gateway.blobs.seal import Secret, Tampered
from gateway.store.port import ContentLost, StorageUnavailable

# A key that was deleted is used by a process that has it in memory for so long at most.
_REMEMBERED_S = 60.0
_MOST_REMEMBERED = 10_000


class Keys:
    """The company keys that a process works with. `monotonic` tells seconds."""

    def __init__(
        self, ring: Ring, rows: KeyRows, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._ring = ring
        self._rows = rows
        self._monotonic = monotonic
        self._making = asyncio.Lock()
        self._known: dict[str, tuple[float, dict[int, Secret]]] = {}

    async def current(self, company_id: str, now: datetime) -> tuple[int, Secret]:
        """The key for new blobs, and its id; made when the company has none."""
        known = await self._of(company_id)
        if not known:
            async with self._making:  # only the first of several makes one
                known = await self._of(company_id)
                if not known:
                    await self.renew(company_id, now)
                    known = await self._of(company_id)
        newest = max(known)
        return newest, known[newest]

    async def one(self, company_id: str, key_id: int) -> Secret:
        """The key that a blob was sealed with. Raises ContentLost when it was deleted."""
        known = await self._of(company_id)
        if key_id not in known:  # made by another process since
            known = await self._of(company_id, fresh=True)
        if key_id not in known:
            raise ContentLost(
                f"key {key_id} of {company_id} was deleted: what it sealed can not be read again"
            )
        return known[key_id]

    async def renew(self, company_id: str, now: datetime) -> int:
        """Makes a new key for the company's new blobs; older ones keep theirs."""
        master, wrapped = self._ring.wrap(Secret.random(), company_id)
        key_id = await self._rows.add_company_key(company_id, master, wrapped, now)
        self._known.pop(company_id, None)
        return key_id

    async def rotate(self) -> int:
        """Wraps every key with the current master; answers how many were wrapped by another."""
        changed = 0
        for row in await self._rows.company_keys():
            if row.master != self._ring.current:
                master, wrapped = self._ring.wrap(self._unwrapped(row), row.company_id)
                await self._rows.rewrap_company_key(row.id, master, wrapped)
                changed += 1
        return changed

    async def check(self) -> None:
        """Raises StorageUnavailable unless the ring has every master that is needed."""
        missing = {row.master for row in await self._rows.company_keys()} - set(self._ring.masters)
        if missing:
            raise StorageUnavailable(str(UnknownMaster(", ".join(sorted(missing)))))

    async def _of(self, company_id: str, *, fresh: bool = False) -> dict[int, Secret]:
        until, known = self._known.get(company_id, (0.0, {}))
        if fresh or not known or self._monotonic() >= until:
            rows = await self._rows.company_keys(company_id)
            known = {row.id: self._unwrapped(row) for row in rows}
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[company_id] = (self._monotonic() + _REMEMBERED_S, known)
        return known

    def _unwrapped(self, row: WrappedKey) -> Secret:
        try:
            return self._ring.unwrap(row.master, row.wrapped, row.company_id)
        except UnknownMaster as error:
            raise StorageUnavailable(str(error)) from None
        except Tampered:
            raise StorageUnavailable(
                f"key {row.id} of {row.company_id} does not open with the master {row.master}: "
                "the key ring has another key under that name, or the row is damaged"
            ) from None
