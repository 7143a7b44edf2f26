"""The chain checked piece by piece, so that nobody waits for all of it: each goes on from the last.

In charge of where a piece begins and ends. Not in charge of what holds in a chain
(`gateway.audit.chain`). A piece that begins with the entry that the one before ended with, and
finds it to be the same, says as much as if both had been read at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway.audit.chain import CUT, EMPTY, Broken, Entry, Head, seals_before, verify
from gateway.store.keeping import Sought

if TYPE_CHECKING:
    from gateway.store.keeping import Keeping

MOST: Final = 50_000  # entries of a piece: some two seconds of work
_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Checked:
    """The chain is whole from its beginning, `first`, up to `head`, which is its end where nothing
    is left. `entries` were read in this piece; entries from before `first` were cut off, and the
    cut is sealed."""

    entries: int
    first: int
    head: Head
    left: int


async def check(
    store: Keeping,
    sealed_by: Callable[[bytes, bytes], bool],
    after: Head = EMPTY,
    most: int = MOST,
) -> Checked | Broken:
    """Checks the piece that follows `after`, the head of the piece before, or the first one."""
    oldest = next(iter(await store.audit_entries(0, 1)), None)
    first = 1 if oldest is None else oldest.seq
    if after.seq < first:  # the first piece, or what was read has been cut off since
        if oldest is not None and first > 1 and not await _is_sealed(store, oldest, sealed_by):
            return Broken(1, "it is not there, and no entry says that it was cut off")
        begin, noted = first, tuple[Head, ...]()
    else:
        begin, noted = after.seq, (after,)
    found = await verify(
        _pages(store, begin - 1, most + len(noted)),
        sealed_by=sealed_by,
        noted=noted,
        from_seq=begin,
    )
    if isinstance(found, Broken):
        return found
    newest = await store.audit_head()
    read = found.entries - len(noted)
    return Checked(read, first, found.head, newest.seq - found.head.seq)


async def _is_sealed(
    store: Keeping, oldest: Entry, sealed_by: Callable[[bytes, bytes], bool]
) -> bool:
    cuts = await store.audit_found(Sought(action=CUT), None, 1)
    return bool(cuts) and seals_before(cuts[0], oldest, sealed_by)


async def _pages(store: Keeping, after: int, most: int) -> AsyncIterator[Sequence[Entry]]:
    while most > 0 and (page := await store.audit_entries(after, min(_PAGE, most))):
        yield page
        after, most = page[-1].seq, most - len(page)
        await asyncio.sleep(0)  # others have their turn
