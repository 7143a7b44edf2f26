"""The words for stored bytes: what a row says of a blob, and what a place for large ones can do.

In charge of addresses, and of when one may be swept. Not in charge of bytes.

A large blob lies in the folder of the day on which it was put, `<company>/<day>/<sha256>`. So a
rule of the object store can let a company's older days expire; and an accept that is under way only
ever takes over what was put today, while the sweep only takes away what is days old: the two never
meet, and need no lock.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Protocol, Self

SMALL_BYTES = 64 * 1024  # up to this a blob is in its row: ten times as many a second as files


@dataclass(frozen=True, slots=True)
class Address:
    """Where a large blob lies. `sha256` is of the bytes as they were handed in; `key_id` is the
    company key they are sealed with, None: they are not."""

    company_id: str
    folder: str
    sha256: str
    key_id: int | None = None

    def __str__(self) -> str:
        sealed = "" if self.key_id is None else f".{self.key_id}"
        return f"{self.company_id}/{self.folder}/{self.sha256}{sealed}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The address back from its text; None when it is none."""
        found = _ADDRESS.fullmatch(text)
        if found is None:
            return None
        return cls(found[1], found[2], found[3], int(found[4]) if found[4] else None)

    def settled(self, now: datetime) -> bool:
        """Whether nobody can be about to take it over: its day has been over for a day."""
        try:
            day = date.fromisoformat(self.folder)
        except ValueError:  # from before there were days
            return True
        return now >= datetime.combine(day, time(), UTC) + timedelta(days=2)


_ADDRESS = re.compile(
    r"([A-Za-z0-9][A-Za-z0-9_-]{0,63})/([0-9a-f]{2}|\d{4}-\d\d-\d\d)/([0-9a-f]{64})(?:\.([0-9]{1,18}))?"
)


def folder_of(now: datetime) -> str:
    """The folder for what is put now."""
    return now.astimezone(UTC).date().isoformat()


@dataclass(frozen=True, slots=True)
class Blob:
    """A blob as its row has it. `content` is what the row holds, sealed when there is a `key_id`;
    None: it lies in `folder`. Size and hash are those of the bytes as they were handed in."""

    company_id: str
    sha256: str
    size_bytes: int
    content: bytes | None
    folder: str | None
    key_id: int | None

    @property
    def address(self) -> Address:
        """Where it lies; only of a blob that is not in its row."""
        assert self.folder is not None, "the row holds the bytes"
        return Address(self.company_id, self.folder, self.sha256, self.key_id)


@dataclass(frozen=True, slots=True)
class Spooled:
    """Bytes that came in and wait in a file to be put; sealed when there is a `key_id`."""

    path: Path
    sha256: str
    size_bytes: int
    key_id: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """A blob or a leftover that the walk through a place came by."""

    name: str  # relative to the place
    modified_at: datetime
    size_bytes: int

    @property
    def address(self) -> Address | None:
        """None for anything that is no blob."""
        return Address.parse(self.name)


class Place(Protocol):
    """Where large blobs lie. Bytes are what they are here, sealed or not; nobody checks them.

    Everything raises StorageUnavailable when the place can not be reached or refuses.
    """

    async def put(self, address: Address, source: bytes | Path) -> None:
        """Stores the bytes, or those of a file, which may be moved away. When it returns they are
        durable. What is there already stays."""
        ...

    def read(self, address: Address) -> AsyncIterator[bytes]:
        """The bytes in chunks of at most 1 MB. Raises StorageUnavailable when there are none."""
        ...

    async def delete(self, name: str) -> None:
        """Takes away what the walk found; nothing happens when it is not there."""
        ...

    def walk(self) -> AsyncIterator[Found]:
        """Everything there is, in any order."""
        ...

    async def probe(self) -> None:
        """Raises StorageUnavailable, with a clear text, when nothing could be stored."""
        ...


class BlobRows(Protocol):
    """What the sweep asks of the database."""

    async def named(self, addresses: Sequence[Address]) -> set[Address]:
        """Those of the addresses that a row names."""
        ...


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A company key as its row has it; `master` names the key of the ring that opens it."""

    id: int
    company_id: str
    master: str
    wrapped: bytes
    created_at: datetime


class KeyRows(Protocol):
    """What the database keeps of company keys."""

    async def company_keys(self, company_id: str | None = None) -> Sequence[WrappedKey]:
        """A company's keys, or all of them (operators only), by id: the newest is the last. A
        `company_id` that is empty, here and below, is the gateway itself."""
        ...

    async def add_company_key(
        self, company_id: str, master: str, wrapped: bytes, now: datetime
    ) -> int:
        """Adds a key and answers its id, which no key ever had or will have."""
        ...

    async def rewrap_company_key(self, key_id: int, master: str, wrapped: bytes) -> None:
        """Changes how a key is wrapped; nothing happens when it is not there."""
        ...

    async def drop_company_keys(self, company_id: str) -> int:
        """Deletes a company's keys and answers how many: what they sealed is unreadable. What
        channels remember of the company under a key (`gateway.store.entries`) is deleted too."""
        ...
