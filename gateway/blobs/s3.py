"""Large blobs as objects of an S3 bucket, for gateways that share no disk.

An object is put before the row that names it is committed; a crash in between leaves an object that
no row names, and the sweep takes it away. What the bucket does with old objects, versions and
copies is the bucket's own to set.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from obstore.store import S3Store

from gateway.blobs.port import Address, Found
from gateway.store.port import StorageUnavailable

if TYPE_CHECKING:
    from obstore.store import S3Config

# What is read at once: small enough for many slow readers, large enough for few round trips.
_CHUNK_BYTES = 1024 * 1024
# A larger file goes in parts, so that it need not be in memory; S3 takes no smaller parts.
_PART_BYTES = 5 * 1024 * 1024
# Files put at the same time, each with two parts in memory: at most 40 MB.
_FILES_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Bucket:
    """Which bucket, and how long to wait for it. Times in seconds."""

    name: str
    region: str = "us-east-1"
    endpoint: str | None = None  # None: Amazon's
    prefix: str = ""
    access_key_id: str | None = None  # None: what the machine or its role gives
    secret_access_key: str | None = field(default=None, repr=False)
    connect_timeout_s: float = 5
    answer_timeout_s: float = 30
    give_up_s: float = 20


class S3:
    """A `gateway.blobs.port.Place` in a bucket."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._store = _store(bucket)
        self._files = asyncio.Semaphore(_FILES_AT_ONCE)

    async def put(self, address: Address, source: bytes | Path) -> None:
        """Puts an object; when it is there, the same bytes are not sent again."""
        with _told(self._bucket):
            if isinstance(source, bytes):
                try:
                    await self._store.put_async(
                        str(address), source, mode="create", use_multipart=False
                    )
                except AlreadyExistsError:
                    pass
            elif not await self._exists(address):
                # In parts there is no "only if it is new"; the same address has the same bytes.
                async with self._files:
                    await self._store.put_async(
                        str(address), source, chunk_size=_PART_BYTES, max_concurrency=2
                    )

    async def _exists(self, address: Address) -> bool:
        try:
            await self._store.head_async(str(address))
        except FileNotFoundError:
            return False
        return True

    async def read(self, address: Address) -> AsyncIterator[bytes]:
        """The bytes of an object. Each chunk is asked for by itself: a reader that is slow holds no
        connection open."""
        name = str(address)
        with _told(self._bucket):
            size = (await self._store.head_async(name))["size"]
        for start in range(0, size, _CHUNK_BYTES):
            with _told(self._bucket):
                end = min(start + _CHUNK_BYTES, size)
                chunk = await self._store.get_range_async(name, start=start, end=end)
            yield bytes(chunk)

    async def delete(self, name: str) -> None:
        """Takes an object away."""
        with _told(self._bucket):
            try:
                await self._store.delete_async(name)
            except FileNotFoundError:
                pass

    async def walk(self) -> AsyncIterator[Found]:
        """Every object below the prefix."""
        pages = self._store.list()
        while True:
            with _told(self._bucket):
                try:
                    page = await anext(pages)
                except StopAsyncIteration:
                    return
            for one in page:
                yield Found(one["path"], one["last_modified"], one["size"])

    async def probe(self) -> None:
        """Puts a small object over the last one, so that a key without the right to write, or a
        bucket that is not there, is found out."""
        with _told(self._bucket):
            await self._store.put_async("probe", b"1", use_multipart=False)


def _store(bucket: Bucket) -> S3Store:
    given: S3Config = {}
    if bucket.endpoint is not None:
        given["endpoint"] = bucket.endpoint
    if bucket.access_key_id is not None:
        given["access_key_id"] = bucket.access_key_id
    if bucket.secret_access_key is not None:
        given["secret_access_key"] = bucket.secret_access_key
    return S3Store(
        bucket.name,
        prefix=bucket.prefix or None,
        region=bucket.region,
        virtual_hosted_style_request=bucket.endpoint is None,
        client_options={
            "allow_http": (bucket.endpoint or "").startswith("http://"),
            "connect_timeout": timedelta(seconds=bucket.connect_timeout_s),
            "timeout": timedelta(seconds=bucket.answer_timeout_s),
        },
        retry_config={
            "max_retries": 5,
            "retry_timeout": timedelta(seconds=bucket.give_up_s),
            "backoff": {
                "init_backoff": timedelta(milliseconds=100),
                "max_backoff": timedelta(seconds=5),
                "base": 2,
            },
        },
        config=given,
    )


@contextmanager
def _told(bucket: Bucket) -> Iterator[None]:
    """What the bucket refuses, as StorageUnavailable with what to look at."""
    try:
        yield
    except FileNotFoundError as error:
        raise StorageUnavailable(
            f"the bucket {bucket.name} has not, or no longer, what was asked for: {_short(error)}"
        ) from None
    except (PermissionDeniedError, UnauthenticatedError) as error:
        raise StorageUnavailable(
            f"the bucket {bucket.name} refuses the access key: {_short(error)}"
        ) from None
    except (BaseError, OSError, ValueError) as error:
        raise StorageUnavailable(
            f"the bucket {bucket.name} can not be used: {_short(error)}"
        ) from None


def _short(error: Exception) -> str:
    # The library's texts go on for pages, with the request in them.
    return " ".join(str(error).split())[:300]
