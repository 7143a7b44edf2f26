"""The one way in: hashing, sealing and placing bytes, and getting them back whole or not at all.

In charge of what is small, of sealing where it is asked for, and of checking every byte that is
read. Not in charge of rows: the store writes what `keep` answers, together with its document.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, TypeVar

from gateway.blobs.disk import make
from gateway.blobs.keys import Keys
from gateway.blobs.port import SMALL_BYTES, Address, Blob, Place, Spooled, folder_of
from gateway.blobs.seal import Opener, Sealer, Secret, Tampered, seal, unseal
from gateway.store.port import ContentLost, StorageUnavailable

T = TypeVar("T")

_WRITE_BYTES = 256 * 1024


class Blobs:
    """Blobs of one place. `keys` None: they are not sealed, though sealed ones stay unreadable.

    `spool` is the directory for what is on its way in; on the disk of the place, where it has one.
    """

    def __init__(self, place: Place, spool: Path, keys: Keys | None = None) -> None:
        self.place = place
        self.spool = spool
        self.keys = keys

    async def keep(self, company_id: str, content: bytes | Spooled, now: datetime) -> Blob:
        """Makes bytes ready for their row: a large blob is durable when this returns, a small one
        becomes so with the row. Raises StorageUnavailable."""
        if isinstance(content, Spooled):
            address = Address(company_id, folder_of(now), content.sha256, content.key_id)
            await self.place.put(address, content.path)
            return _placed(address, content.size_bytes)
        small = len(content) <= SMALL_BYTES
        sha256 = _sha256(content) if small else await asyncio.to_thread(_sha256, content)
        key_id, key = await self._key(company_id, now)
        if small:
            held = content if key is None else seal(key, content)
            return Blob(company_id, sha256, len(content), held, None, key_id)
        held = content if key is None else await asyncio.to_thread(seal, key, content)
        address = Address(company_id, folder_of(now), sha256, key_id)
        await self.place.put(address, held)
        return _placed(address, len(content))

    async def get(self, blob: Blob) -> bytes:
        """The bytes. Raises StorageUnavailable, and ContentLost when they are not those that were
        handed in, or their key was deleted."""
        if blob.content is not None:
            return await self._small(blob, blob.content)
        return b"".join([chunk async for chunk in self.stream(blob)])

    async def stream(self, blob: Blob) -> AsyncGenerator[bytes, None]:
        """The bytes in chunks of at most 1 MB; the last one comes when all of them are known to be
        those that were handed in. Raises what `get` raises before it otherwise."""
        if blob.content is not None:
            yield await self._small(blob, blob.content)
            return
        digest, size, held = hashlib.sha256(), 0, b""
        async for chunk in self._opened(blob):
            if held:
                yield held
            held = chunk
            size += len(chunk)
            await asyncio.to_thread(digest.update, chunk)
        if digest.hexdigest() != blob.sha256 or size != blob.size_bytes:
            raise damaged(blob)
        yield held

    async def waiting(self, company_id: str, spooled: Spooled) -> AsyncGenerator[bytes, None]:
        """The bytes of a file that waits in the spool, in chunks. Raises ContentLost, before the
        last chunk, when it is gone or is not what was written."""
        digest, held = hashlib.sha256(), b""
        lost = ContentLost(f"{spooled.path.name} of the spool is gone, or damaged")
        try:
            async for chunk in self._unsealed(_chunks(spooled.path), company_id, spooled.key_id):
                if held:
                    yield held
                held = chunk
                await asyncio.to_thread(digest.update, chunk)
        except (FileNotFoundError, Tampered):
            raise lost from None
        if digest.hexdigest() != spooled.sha256:
            raise lost
        yield held

    def draft(self, company_id: str, now: datetime) -> Draft:
        """A file of the spool for bytes that are still coming: `async with` it."""
        return Draft(self, company_id, now)

    async def check(self) -> None:
        """Raises StorageUnavailable unless the ring has every master that company keys need."""
        if self.keys is not None:
            await self.keys.check()

    async def _small(self, blob: Blob, held: bytes) -> bytes:
        if blob.key_id is None:
            return held
        try:
            return unseal(await self._opening(blob.company_id, blob.key_id), held)
        except Tampered:
            raise damaged(blob) from None

    async def _opened(self, blob: Blob) -> AsyncIterator[bytes]:
        chunks = self.place.read(blob.address)
        try:
            async for chunk in self._unsealed(chunks, blob.company_id, blob.key_id):
                yield chunk
        except Tampered:
            raise damaged(blob) from None

    async def _unsealed(
        self, chunks: AsyncIterator[bytes], company_id: str, key_id: int | None
    ) -> AsyncIterator[bytes]:
        """The chunks as they were handed in. Raises Tampered."""
        if key_id is None:
            async for chunk in chunks:
                yield chunk
            return
        opener = Opener(await self._opening(company_id, key_id))
        async for chunk in chunks:
            if opened := await asyncio.to_thread(opener.update, chunk):
                yield opened
        yield opener.finish()

    async def _opening(self, company_id: str, key_id: int) -> Secret:
        if self.keys is None:
            raise StorageUnavailable(
                f"what {company_id} has is encrypted; set encryption.ring_file to the key ring"
            )
        return await self.keys.one(company_id, key_id)

    async def _key(self, company_id: str, now: datetime) -> tuple[int | None, Secret | None]:
        return (None, None) if self.keys is None else await self.keys.current(company_id, now)


class Draft:
    """Bytes that are coming in: `write` them, then `finish`. What was not kept at the end of the
    `async with`, nor left for later (`leave`), is gone from the disk. Raises StorageUnavailable."""

    def __init__(self, blobs: Blobs, company_id: str, now: datetime) -> None:
        self._blobs = blobs
        self._company_id = company_id
        self._now = now
        self._path = blobs.spool / f"{os.urandom(16).hex()}.tmp"
        self._file: BinaryIO | None = None
        self._digest = hashlib.sha256()
        self._size = 0
        self._waiting = bytearray()
        self._sealer: Sealer | None = None
        self._key_id: int | None = None
        self._left = False

    async def __aenter__(self) -> Draft:
        self._key_id, key = await self._blobs._key(self._company_id, self._now)
        if key is not None:
            self._sealer = Sealer(key)
        self._file = await _on_disk(self._open)
        return self

    async def write(self, content: bytes) -> None:
        """Takes the next bytes."""
        self._waiting += content
        if len(self._waiting) >= _WRITE_BYTES:
            await _on_disk(self._flush)

    async def finish(self) -> Spooled:
        """All bytes have come."""
        await _on_disk(self._close)
        return Spooled(self._path, self._digest.hexdigest(), self._size, self._key_id)

    def leave(self) -> None:
        """What was finished stays in the spool. Whoever wants it then comes within a day: after
        that it may be swept."""
        self._left = True

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Not in a thread: a request that is cancelled must not leave the file behind.
        if self._file is not None:
            self._file.close()
        if self._left:
            return
        try:
            self._path.unlink(missing_ok=True)
        except OSError:  # the sweep tries again
            pass

    def _open(self) -> BinaryIO:
        make(self._path.parent)
        return self._path.open("xb", 0)

    def _flush(self) -> None:
        assert self._file is not None, "write inside of `async with`"
        content, self._waiting = bytes(self._waiting), bytearray()
        self._digest.update(content)
        self._size += len(content)
        _write_all(self._file, content if self._sealer is None else self._sealer.update(content))

    def _close(self) -> None:
        self._flush()
        assert self._file is not None
        if self._sealer is not None:
            _write_all(self._file, self._sealer.finish())
        self._file.close()


def damaged(blob: Blob) -> ContentLost:
    """The bytes in the store are not those that were handed in."""
    where = "the database" if blob.folder is None else str(blob.address)
    return ContentLost(f"the blob {blob.sha256} is damaged in {where}")


def _placed(address: Address, size: int) -> Blob:
    return Blob(address.company_id, address.sha256, size, None, address.folder, address.key_id)


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    file = await asyncio.to_thread(path.open, "rb")
    with file:
        while chunk := await _on_disk(lambda: file.read(_WRITE_BYTES)):
            yield chunk


async def _on_disk(work: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(work)
    except OSError as error:
        raise StorageUnavailable(f"what comes in can not be stored: {error}") from error


def _write_all(file: BinaryIO, content: bytes) -> None:
    left = memoryview(content)
    while left:  # an unbuffered file may take less than it was given
        left = left[file.write(left) :]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
