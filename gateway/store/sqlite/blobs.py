"""The rows of blobs: what is small lies in them, of the rest they say where it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from gateway.blobs.port import Address, Blob
from gateway.store.parts import StoredPart
from gateway.store.sqlite.rows import PART_COLUMNS, Row
from gateway.store.sqlite.writer import Transaction

# Retention takes a blob away with the last part that names it.
# The way of today wins: a newer day, as rules of the object store let older ones expire; another
# key, as the one before may have been deleted.
_NEWER = "blob.key_id IS NOT excluded.key_id OR blob.folder < excluded.folder"
COLUMNS = "company_id, sha256, content, folder, key_id"
MOVE = f"""
ON CONFLICT (company_id, sha256) DO UPDATE SET uses = uses + 1,
    content = iif({_NEWER}, excluded.content, blob.content),
    folder = iif({_NEWER}, excluded.folder, blob.folder),
    key_id = iif({_NEWER}, excluded.key_id, blob.key_id)
"""


def insert_parts(
    transaction: Transaction, rows: Sequence[tuple[str, str, int, Sequence[StoredPart]]]
) -> None:
    """Writes the parts of documents: (document id, company id, time, parts) of each."""
    each = [(d, c, at, one.part, one.blob) for d, c, at, parts in rows for one in parts]
    transaction.insert(
        f"blob ({COLUMNS})",
        [(c, blob.sha256, blob.content, blob.folder, blob.key_id) for _, c, _, _, blob in each],
        MOVE,
    )
    transaction.insert(
        f"part (document_id, company_id, {PART_COLUMNS})",
        [
            (
                *(d, c, part.role.value, part.name, part.media_type),
                *(blob.sha256, blob.size_bytes, at, part.attempt_id),
            )
            for d, c, at, part, blob in each
        ],
    )


def find(
    connection: sqlite3.Connection, company_id: str, document_id: str, sha256: str
) -> Blob | None:
    """The blob of a part of the document; None: no such part."""
    row: Row | None = connection.execute(
        """
        SELECT part.company_id, sha256, part.size_bytes, content, folder, key_id
        FROM part JOIN blob USING (company_id, sha256)
        WHERE part.document_id = ? AND part.company_id = ? AND part.sha256 = ? LIMIT 1
        """,
        (document_id, company_id, sha256),
    ).fetchone()
    return None if row is None else Blob(*row)


def named(connection: sqlite3.Connection, addresses: Sequence[Address]) -> set[Address]:
    """Those of the addresses that a row names."""
    return {
        address
        for address in addresses
        if connection.execute(
            "SELECT 1 FROM blob WHERE company_id = ? AND sha256 = ? AND folder = ? AND key_id IS ?",
            (address.company_id, address.sha256, address.folder, address.key_id),
        ).fetchone()
    }
