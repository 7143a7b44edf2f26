"""The sweep: what crashes and deletions leave in a place, taken away once nobody can want it.

A blob goes when no row names it, its day has been over for a day (`Address.settled`) and it was
not written since yesterday; so nothing is taken that an accept under way has just put or is about
to name. A leftover of a write that was cut off goes after a day. Rows are deleted by others
(retention): their bytes follow with the next sweep.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from gateway.blobs.blobs import Blobs
from gateway.blobs.files import Files
from gateway.blobs.port import BlobRows, Found, Place

# Longer than any request or step of work takes, by far.
REST = timedelta(days=1)
_ASKED_AT_ONCE = 500


@dataclass(slots=True)
class Swept:
    """What a sweep has seen, and what it took away, or would have."""

    seen: int = 0
    blobs: int = 0  # that no row names
    leftovers: int = 0  # of writes that were cut off
    size_bytes: int = 0  # of both
    names: list[str] = field(default_factory=list)


async def sweep(
    blobs: Blobs,
    rows: BlobRows,
    now: datetime,
    *,
    dry_run: bool = False,
    machine_now: datetime | None = None,
) -> Swept:
    """Sweeps the place and the spool. Raises StorageUnavailable; doing it again goes on.

    `now` is the gateway's clock, which folders go by. Ages of files go by the machine's clock,
    however far the gateway's was moved: `machine_now`, None: what it says.
    """
    swept = Swept()
    before = (machine_now or datetime.now(UTC)) - REST
    await _sweep_leftovers(Files(blobs.spool), before, swept, dry_run=dry_run)
    waiting: list[Found] = []
    async for found in blobs.place.walk():
        swept.seen += 1
        address = found.address
        if found.modified_at >= before:
            continue
        if address is None:
            if found.name.endswith(".tmp"):
                await _take(blobs.place, found, swept, dry_run=dry_run)
                swept.leftovers += 1
        elif address.settled(now):
            waiting.append(found)
            if len(waiting) == _ASKED_AT_ONCE:
                await _sweep_unnamed(blobs.place, rows, waiting, swept, dry_run=dry_run)
                waiting = []
    await _sweep_unnamed(blobs.place, rows, waiting, swept, dry_run=dry_run)
    return swept


async def _sweep_leftovers(spool: Files, before: datetime, swept: Swept, *, dry_run: bool) -> None:
    async for found in spool.walk():
        if found.modified_at < before:
            await _take(spool, found, swept, dry_run=dry_run)
            swept.leftovers += 1


async def _sweep_unnamed(
    place: Place, rows: BlobRows, candidates: Sequence[Found], swept: Swept, *, dry_run: bool
) -> None:
    addresses = {found: found.address for found in candidates}
    named = await rows.named([address for address in addresses.values() if address is not None])
    for found, address in addresses.items():
        if address not in named:
            await _take(place, found, swept, dry_run=dry_run)
            swept.blobs += 1


async def _take(place: Place, found: Found, swept: Swept, *, dry_run: bool) -> None:
    if not dry_run:
        await place.delete(found.name)
    swept.size_bytes += found.size_bytes
    swept.names.append(found.name)
