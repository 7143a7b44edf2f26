"""Where PDFs that others made are worked on: merged, and their pages counted.

In charge of the process that does it, and of a file that sends it astray: that file stays by
itself, and the others are merged without it. What is done there is `gateway.pdf.merge`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import structlog

from gateway.delivery.processes import Processes
from gateway.delivery.workshop import WorkFailed, Workshop
from gateway.pdf import bounds
from gateway.pdf.merge import Merged, NotMerged, Unmerged, merge
from gateway.pdf.source import Why
from transports.letter import enclosures

log = structlog.get_logger()


def press(number: int = 1) -> Processes:
    """Processes that stay within `bounds` and can open nothing. They are started when there is work
    for them."""
    return Processes(
        number,
        limit_s=bounds.LIMIT_S,
        processor_s=bounds.PROCESSOR_S,
        memory_bytes=bounds.MEMORY_BYTES,
        begin=bounds.load,
        sealed=True,
    )


class Bindery:
    """Merges and counts in the workshop given, which should be a `press`."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop

    async def bind(self, files: Sequence[bytes], limit_bytes: int) -> Merged | NotMerged:
        """The first file (the invoice's image) and the others as one PDF: `merge`. Whatever is in
        them, it answers."""
        try:
            return await self._merge(files, limit_bytes)
        except WorkFailed as failure:
            log.warning("merge_failed", files=len(files), reason=_last_line(failure))
        wild = [n for n in range(1, len(files)) if await self._fails(files[0], files[n])]
        tame = [n for n in range(len(files)) if n not in wild]
        left = tuple((n, Why.TOO_MUCH_WORK) for n in wild)
        if not wild:  # none by itself: all together are too much
            return NotMerged(Unmerged.TOO_MUCH_WORK)
        try:
            made = await self._merge([files[n] for n in tame], limit_bytes)
        except WorkFailed as failure:
            log.warning("merge_failed", files=len(tame), reason=_last_line(failure))
            return NotMerged(Unmerged.TOO_MUCH_WORK, left)
        apart = tuple(sorted((*left, *((tame[n], why) for n, why in made.apart))))
        if isinstance(made, NotMerged):
            return replace(made, apart=apart)
        return replace(
            made,
            taken=tuple(tame[n] for n in made.taken),
            apart=apart,
            repaired=tuple(tame[n] for n in made.repaired),
        )

    async def pages(self, content: bytes) -> int | None:
        """How many pages a PDF has; None when it can not be read. Raises CountFailed when its
        process was ended twice, which a busy machine does too."""
        for _ in range(2):
            try:
                return await self._workshop.run(len(content), enclosures.pages, content)
            except WorkFailed as failure:
                log.warning("count_failed", reason=_last_line(failure))
        raise enclosures.CountFailed

    async def _merge(self, files: Sequence[bytes], limit_bytes: int) -> Merged | NotMerged:
        size = sum(map(len, files))
        return await self._workshop.run(size, merge, list(files), limit_bytes)

    async def _fails(self, image: bytes, content: bytes) -> bool:
        try:
            await self._merge([image, content], len(image) + len(content))
        except WorkFailed:
            return True
        return False


def _last_line(failure: WorkFailed) -> str:
    return str(failure).strip().rpartition("\n")[2][:200]
