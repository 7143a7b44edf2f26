"""Large blobs as files: wholly on disk before the row that names them is written.

A file is written under another name, synced, and renamed; then its folder is synced. A crash in
between leaves a `.tmp` file, or a file that no row names: the sweep takes both away.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, TypeVar

from gateway.blobs.disk import make, sync, write
from gateway.blobs.port import Address, Found
from gateway.store.port import StorageUnavailable

CHUNK_BYTES = 256 * 1024
_AT_ONCE = 1000  # names found in one go

T = TypeVar("T")


class Files:
    """A `gateway.blobs.port.Place` in a directory, made when the first blob is put."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def put(self, address: Address, source: bytes | Path) -> None:
        """Writes a file, durably; a source that is a file on the same disk is moved."""
        await _apart(self._put, address, source)

    def _put(self, address: Address, source: bytes | Path) -> None:
        path = self._directory / str(address)
        make(path.parent)
        if not path.exists():
            with drafted(path) as draft:
                if isinstance(source, Path):
                    shutil.move(source, draft)  # copied when it is on another disk
                    sync(draft)
                else:
                    write(draft, source)
                draft.rename(path)
        sync(path.parent)  # also when it was there: whoever wrote it may not have come so far

    async def read(self, address: Address) -> AsyncIterator[bytes]:
        """The bytes of a file, in chunks."""
        path = self._directory / str(address)
        file = await _apart(_opened, path)
        with file:
            while chunk := await _apart(file.read, CHUNK_BYTES):
                yield chunk

    async def delete(self, name: str) -> None:
        """Takes a file away, and the folder of a day with it when it was the last."""
        await _apart(self._delete, name)

    def _delete(self, name: str) -> None:
        path = self._directory / name
        path.unlink(missing_ok=True)
        if Address.parse(name) is not None:
            try:
                path.parent.rmdir()
            except OSError:  # not empty, or it is gone already
                pass

    async def walk(self) -> AsyncIterator[Found]:
        """Every file below the directory."""
        names = self._names()
        while some := await _apart(_some, names):
            for one in some:
                yield one

    def _names(self) -> Iterator[Found]:
        for folder, _, names in os.walk(self._directory):
            for name in names:
                path = Path(folder, name)
                try:
                    state = path.stat()
                except FileNotFoundError:  # renamed or deleted meanwhile
                    continue
                modified = datetime.fromtimestamp(state.st_mtime, UTC)
                yield Found(str(path.relative_to(self._directory)), modified, state.st_size)

    async def probe(self) -> None:
        """Writes a file and takes it away."""
        await _apart(self._probe)

    def _probe(self) -> None:
        make(self._directory)
        path = self._directory / f"probe.{os.urandom(4).hex()}.tmp"
        try:
            write(path, b"1")
        finally:
            path.unlink(missing_ok=True)


def _opened(path: Path) -> BinaryIO:
    return path.open("rb")


def _some(names: Iterator[Found]) -> list[Found]:
    return [found for found, _ in zip(names, range(_AT_ONCE), strict=False)]


async def _apart(work: Callable[..., T], *arguments: object) -> T:
    try:
        return await asyncio.to_thread(work, *arguments)
    except OSError as error:
        raise StorageUnavailable(f"a file can not be written or read: {error}") from error


@contextmanager
def drafted(path: Path) -> Iterator[Path]:
    """A name for what shall become `path`; what is left of it after a failure is taken away."""
    draft = path.with_name(f"{path.name}.{os.urandom(4).hex()}.tmp")
    try:
        yield draft
    except OSError:
        draft.unlink(missing_ok=True)
        raise
