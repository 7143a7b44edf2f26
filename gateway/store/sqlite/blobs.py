"""Bytes by their hash, each company's own: small ones as rows, large ones as files.

A small blob (64 KB or less) goes into the transaction of its document and shares its sync: ten
times as many a second as files (12,100 to 1,200, measured), and no orphans. A large one is a file
that is wholly on disk before the row that names it is written. A crash in between leaves a file
that nothing names; it is taken over when the same bytes come again.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.store.port import NewPart, StorageUnavailable
from gateway.store.sqlite.directory import make, sync
from gateway.store.sqlite.rows import PART_COLUMNS, Row
from gateway.store.sqlite.writer import Transaction

SMALL_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part whose bytes are in a file already, or small enough for the row."""

    part: NewPart
    sha256: str

    @property
    def row_content(self) -> bytes | None:
        """What the blob's row holds; None when a file does."""
        return self.part.content if len(self.part.content) <= SMALL_BYTES else None

    def values(self, document_id: str, company_id: str, at: int) -> Row:
        """The values of a row of `part`."""
        part = self.part
        return (
            document_id,
            company_id,
            part.role,
            part.name,
            part.media_type,
            self.sha256,
            len(part.content),
            at,
            part.attempt_id,
        )


class Blobs:
    """The files. Blocking: called in threads."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def put(self, company_id: str, content: bytes, sha256: str) -> None:
        """Writes a file, durably: when it returns, name and bytes are on disk."""
        path = self._path(company_id, sha256)
        make(path.parent)
        if not path.exists():
            draft = path.with_name(f"{sha256}.{os.urandom(4).hex()}.tmp")
            try:
                with draft.open("xb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                draft.rename(path)
            except OSError:
                draft.unlink(missing_ok=True)
                raise
        sync(path.parent)  # also when it was there: whoever wrote it may not have come so far

    def get(self, company_id: str, sha256: str) -> bytes:
        """The bytes of a file. Raises StorageUnavailable when they are not what was stored."""
        try:
            content = self._path(company_id, sha256).read_bytes()
        except OSError as error:
            raise StorageUnavailable(f"a stored file can not be read: {error}") from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise StorageUnavailable(f"the stored file {sha256} is damaged on disk")
        return content

    def _path(self, company_id: str, sha256: str) -> Path:
        return self._directory / company_id / sha256[:2] / sha256


def prepared(blobs: Blobs, company_id: str, parts: Sequence[NewPart]) -> tuple[StoredPart, ...]:
    """Hashes the parts and writes the large ones. Blocking. Raises StorageUnavailable."""
    stored = tuple(StoredPart(p, hashlib.sha256(p.content).hexdigest()) for p in parts)
    try:
        for one in stored:
            if one.row_content is None:
                blobs.put(company_id, one.part.content, one.sha256)
    except OSError as error:
        raise StorageUnavailable(f"a file can not be stored: {error}") from error
    return stored


def insert_parts(
    transaction: Transaction, rows: Sequence[tuple[str, str, int, Sequence[StoredPart]]]
) -> None:
    """Writes the parts of documents: (document id, company id, time, parts) of each."""
    each = [(d, c, at, one) for d, c, at, parts in rows for one in parts]
    transaction.insert(
        "blob (company_id, sha256, content)",
        [(c, one.sha256, one.row_content) for _, c, _, one in each],
        "ON CONFLICT DO NOTHING",
    )
    transaction.insert(
        f"part (document_id, company_id, {PART_COLUMNS})",
        [one.values(d, c, at) for d, c, at, one in each],
    )


def find(
    connection: sqlite3.Connection, company_id: str, document_id: str, sha256: str
) -> tuple[bytes | None] | None:
    """(content,) of a part of the document, (None,) when a file has it; None: no such part."""
    row: tuple[bytes | None] | None = connection.execute(
        """
        SELECT blob.content FROM part JOIN blob USING (company_id, sha256)
        WHERE part.document_id = ? AND part.company_id = ? AND part.sha256 = ? LIMIT 1
        """,
        (document_id, company_id, sha256),
    ).fetchone()
    return row
