"""The sweep: what crashes and deletions leave in a place, taken away once nobody can want it.

A blob goes when no row names it, its day has been over for a day (`Address.settled`) and it was
not written since yesterday; so nothing is taken that an accept under way has just put or is about
to name. A leftover of a write that was cut off goes after a day. Rows are deleted by others
(retention): their bytes follow with the next sweep.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog

from gateway.blobs.blobs import Blobs
from gateway.blobs.files import Files
from gateway.blobs.port import BlobRows, Found, Place

log = structlog.get_logger()

# Longer than any request or step of work takes, by far.
REST = timedelta(days=1)
# Looked at in one piece, and asked of the database at once: a second or two with S3.
PIECE = 1000


@dataclass(slots=True)
class Swept:
    """What a sweep has seen, and what it took away, or would have."""

    seen: int = 0
    blobs: int = 0  # that no row names
    leftovers: int = 0  # of writes that were cut off
    size_bytes: int = 0  # of both
    names: list[str] = field(default_factory=list)  # of a dry run only


class Sweep:
    """One sweep of the place and the spool: `go_on` until it says that there is no more.

    `now` is the gateway's clock, which folders go by. Ages of files go by the machine's clock,
    however far the gateway's was moved: `machine_now`, None: what it says.
    """

    def __init__(
        self,
        blobs: Blobs,
        rows: BlobRows,
        now: datetime,
        *,
        dry_run: bool = False,
        machine_now: datetime | None = None,
    ) -> None:
        self.swept = Swept()
        self._rows = rows
        self._now = now
        self._before = (machine_now or datetime.now(UTC)) - REST
        self._dry_run = dry_run
        self._walk = _everything(blobs)

    async def go_on(self, most: int = PIECE) -> bool:
        """Sweeps the next piece; whether there may be more. Raises StorageUnavailable."""
        old: list[tuple[Place, Found]] = []
        more = False
        seen = 0
        async for place, found in self._walk:
            seen += 1
            if found.modified_at < self._before:
                old.append((place, found))
            if seen == most:
                more = True
                break
        self.swept.seen += seen
        await self._sweep(old)
        return more

    async def _sweep(self, old: Sequence[tuple[Place, Found]]) -> None:
        addresses = [found.address for _, found in old]
        settled = [one for one in addresses if one is not None and one.settled(self._now)]
        unnamed = set(settled) - await self._rows.named(settled)
        for (place, found), address in zip(old, addresses, strict=True):
            if address in unnamed:
                self.swept.blobs += 1
            elif address is None and found.name.endswith(".tmp"):
                self.swept.leftovers += 1
            else:
                continue
            self.swept.size_bytes += found.size_bytes
            if self._dry_run:
                self.swept.names.append(found.name)
            else:
                await place.delete(found.name)


class Sweeps:
    """A sweep after the other, a piece at a time: for a schedule."""

    def __init__(self, blobs: Blobs, rows: BlobRows) -> None:
        self._blobs = blobs
        self._rows = rows
        self._under_way: Sweep | None = None

    async def __call__(self, now: datetime) -> bool:
        """Does the next piece; whether there is more. A sweep that failed begins anew."""
        sweep = self._under_way or Sweep(self._blobs, self._rows, now)
        self._under_way = None
        if await sweep.go_on():
            self._under_way = sweep
            return True
        swept = sweep.swept
        log.info(
            "blobs_swept",
            seen=swept.seen,
            blobs=swept.blobs,
            leftovers=swept.leftovers,
            bytes=swept.size_bytes,
        )
        return False


async def _everything(blobs: Blobs) -> AsyncIterator[tuple[Place, Found]]:
    spool = Files(blobs.spool)
    for place in (spool, blobs.place):
        async for found in place.walk():
            yield place, found
