"""ZIP files, written piece by piece: the same files give the same bytes, whoever writes them when.

Entries have a fixed time and no owner, and come in the order they are given. Memory is bounded by
the largest piece of an entry. Sizes beyond 4 GB become ZIP64 by themselves.
"""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass

MEDIA_TYPE = "application/zip"

_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest a ZIP can tell
INLINE_BYTES = 64 * 1024  # a larger piece is worked on in a thread


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a ZIP. `pieces` are its bytes, and can be taken once; `size_bytes` is how many."""

    path: str
    size_bytes: int
    pieces: AsyncIterator[bytes]


def entry(path: str, content: bytes) -> Entry:
    """A file whose bytes are at hand."""

    async def whole() -> AsyncIterator[bytes]:
        yield content

    return Entry(path, len(content), whole())


class _Sink:
    """What zipfile writes to: a stream that can not go back."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing is held back here."""

    def taken(self) -> bytes:
        """What was written since the last time."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


async def zipped(entries: AsyncIterator[Entry]) -> AsyncIterator[bytes]:
    """The bytes of the ZIP. What is raised while an entry is made leaves it without its end, so
    that nobody takes it for a whole one."""
    sink = _Sink()
    # zipfile asks for more of a file than it uses of one that can not seek.
    archive = zipfile.ZipFile(sink, "w")  # type: ignore[call-overload]
    async for entry in entries:
        with archive.open(_info(entry), "w") as file:
            async for piece in entry.pieces:
                if len(piece) <= INLINE_BYTES:
                    file.write(piece)
                else:
                    await asyncio.to_thread(file.write, piece)
                yield sink.taken()
        yield sink.taken()
    archive.close()
    yield sink.taken()


def _info(entry: Entry) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(entry.path, _TIME)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system = 3  # Unix, wherever it is written
    info.external_attr = 0o100644 << 16
    info.file_size = entry.size_bytes  # more than 2 GB needs ZIP64, which must be said before
    return info
