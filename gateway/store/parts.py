"""Parts on their way into the store: their bytes first, then their rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.blobs.blobs import Blobs
from gateway.blobs.port import Blob
from gateway.store.port import NewPart


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part whose bytes are durable, or become so with the row of `blob`."""

    part: NewPart
    blob: Blob


async def stored(
    blobs: Blobs, company_id: str, parts: Sequence[NewPart], now: datetime
) -> tuple[StoredPart, ...]:
    """Puts the bytes of parts where they belong. Raises StorageUnavailable."""
    return tuple(
        [StoredPart(part, await blobs.keep(company_id, part.content, now)) for part in parts]
    )
