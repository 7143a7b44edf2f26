"""A file that comes over several tries, and over crashes: what came before is not asked for again.

In charge of its bytes on the disk. Not in charge of where they come from, nor of what is kept of
them in rows: whoever has a Partial writes down its `notes` when `mark` is called, and begins with
them the next time.

It lies in the spool in pieces, each of them whole, hashed and sealed by itself: a crash costs what
has come since the last one, and a piece that is damaged is found out. Pieces that nobody comes for
are swept as all leftovers of the spool are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from gateway.blobs.blobs import Blobs, Draft
from gateway.blobs.port import Spooled
from gateway.store.port import ContentLost

PIECE_BYTES: Final = 4 * 1024 * 1024  # some seconds on a slow line
HEAD_BYTES: Final = 8 * 1024  # as much as kinds of files are told by

Mark = Callable[[Mapping[str, Any]], Awaitable[None]]


class Partial:
    """The bytes that have come so far. `async with` it; what is not a piece by then is gone.

    `notes` are what was marked last, {} for a new file; `mark` is called with new ones whenever a
    piece is whole. Raises StorageUnavailable.
    """

    def __init__(
        self,
        blobs: Blobs,
        company_id: str,
        now: datetime,
        notes: Mapping[str, Any],
        mark: Mark,
        *,
        piece_bytes: int = PIECE_BYTES,
    ) -> None:
        self._blobs = blobs
        self._company_id = company_id
        self._now = now
        self._mark = mark
        self._piece_bytes = piece_bytes
        self._pieces = [_piece(blobs, each) for each in notes.get("pieces", ())]
        self._open: Draft | None = None
        self._opened = AsyncExitStack()
        self._in_open = 0
        self.about: Mapping[str, Any] = notes.get("about", {})  # the version of the file
        self.size = 0
        self.head = b""

    async def __aenter__(self) -> Partial:
        try:
            for piece in self._pieces:
                async for chunk in self._blobs.waiting(self._company_id, piece):
                    self.head = (self.head + chunk)[:HEAD_BYTES]
                self.size += piece.size_bytes
        except ContentLost:
            await self.begin({})
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._opened.aclose()

    async def begin(self, about: Mapping[str, Any]) -> None:
        """Begins anew: nothing of what came is wanted. `about` is what tells this version of the
        file from others."""
        await self._opened.aclose()
        await self.drop()
        self._open, self._in_open = None, 0
        self.about, self.size, self.head = about, 0, b""

    async def write(self, content: bytes) -> None:
        """Takes the next bytes."""
        if self._open is None:
            draft = self._blobs.draft(self._company_id, self._now)
            self._open = await self._opened.enter_async_context(draft)
        await self._open.write(content)
        self.head += content[: HEAD_BYTES - len(self.head)]
        self.size += len(content)
        self._in_open += len(content)
        if self._in_open >= self._piece_bytes:
            await self.pause()

    async def pause(self) -> None:
        """What has come so far will be there the next time."""
        if self._open is None:
            return
        self._pieces.append(await self._open.finish())
        self._open.leave()
        self._open, self._in_open = None, 0
        pieces = [
            [piece.path.name, piece.sha256, piece.size_bytes, piece.key_id]
            for piece in self._pieces
        ]
        await self._mark({"about": dict(self.about), "pieces": pieces})

    async def whole(self) -> Spooled | None:
        """All of it has come: the one file to be kept. None where pieces got lost meanwhile: it has
        to begin anew. Whoever does not keep it drops it."""
        await self.pause()
        if len(self._pieces) == 1:
            return self._pieces[0]
        async with self._blobs.draft(self._company_id, self._now) as draft:
            try:
                for piece in self._pieces:
                    async for chunk in self._blobs.waiting(self._company_id, piece):
                        await draft.write(chunk)
            except ContentLost:
                return None
            one = await draft.finish()
            draft.leave()
        await self.drop()
        self._pieces = [one]
        return one

    async def drop(self) -> None:
        """Takes what has come off the disk."""
        paths = [piece.path for piece in self._pieces]
        self._pieces = []
        await asyncio.to_thread(_unlink, paths)


def _piece(blobs: Blobs, noted: list[Any]) -> Spooled:
    name, sha256, size_bytes, key_id = noted
    return Spooled(blobs.spool / name, sha256, size_bytes, key_id)


def _unlink(paths: list[Path]) -> None:
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError:  # the sweep tries again
            pass
