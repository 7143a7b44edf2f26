"""The rows of blobs: what is small lies in them, of the rest they say where it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from operator import itemgetter

from gateway.blobs.port import Address, Blob
from gateway.store.parts import StoredPart
from gateway.store.postgres import rows
from gateway.store.postgres.connections import Connections
from gateway.store.postgres.reads import each
from gateway.store.postgres.transactions import Transaction

# The way of today wins: a newer day, as rules of the object store let older ones expire; another
# key, as the one before may have been deleted.
_MOVED = "(blob.key_id IS DISTINCT FROM excluded.key_id OR blob.folder < excluded.folder)"
_COUNT_OR_MOVE = f"""
    INSERT INTO blob (company_id, sha256, size_bytes, content, folder, key_id, uses)
    SELECT company_id, sha256, size_bytes, content, folder, key_id, uses FROM {{asked}}
    ORDER BY nth
    ON CONFLICT (company_id, sha256) DO UPDATE SET uses = blob.uses + excluded.uses,
        content = CASE WHEN {_MOVED} THEN excluded.content ELSE blob.content END,
        folder = CASE WHEN {_MOVED} THEN excluded.folder ELSE blob.folder END,
        key_id = CASE WHEN {_MOVED} THEN excluded.key_id ELSE blob.key_id END
"""


def insert_parts(
    transaction: Transaction,
    parts_of: Sequence[tuple[str, str, datetime, Sequence[StoredPart]]],
    attempts: Collection[tuple[str, str]] = (),
) -> None:
    """Writes the parts of documents: (document id, company id, time, parts) of each.

    `attempts` are the (document id, id) of those that the same transaction writes. It is a
    Contradiction when evidence names an attempt that its document has not.
    """
    each = [(d, c, at, one.part, one.blob) for d, c, at, parts in parts_of for one in parts]
    uses = Counter((blob.company_id, blob.sha256) for *_, blob in each)
    blobs = {(blob.company_id, blob.sha256): blob for *_, blob in each}
    transaction.later(
        _COUNT_OR_MOVE,
        "company_id text, sha256 text, size_bytes bigint, content bytea, folder text, "
        "key_id bigint, uses integer",
        [
            (*place, blob.size_bytes, blob.content, blob.folder, blob.key_id, uses[place])
            # In one order: two writers of the same bytes wait for each other one way only.
            for place, blob in sorted(blobs.items(), key=itemgetter(0))
        ],
    )
    transaction.later(
        f"""
        INSERT INTO part (document_id, company_id, {rows.PART_COLUMNS})
        SELECT document_id, company_id, {rows.PART_COLUMNS} FROM {{asked}}
        WHERE attempt_id IS NULL OR new_attempt OR EXISTS (
            SELECT FROM attempt
            WHERE attempt.document_id = asked.document_id AND attempt.id = asked.attempt_id)
        ORDER BY nth RETURNING 1
        """,
        "document_id text, company_id text, role text, name text, media_type text, sha256 text, "
        "size_bytes bigint, at timestamptz, attempt_id text, new_attempt boolean",
        [
            (
                *(d, c, part.role, part.name, part.media_type),
                *(blob.sha256, blob.size_bytes, at, part.attempt_id),
                (d, part.attempt_id) in attempts,
            )
            for d, c, at, part, blob in each
        ],
        else_="evidence names an attempt that its document has not",
    )


async def of_parts(
    connections: Connections, asked: Sequence[tuple[str, str, str]]
) -> list[Blob | None]:
    """Blobs of parts by (company id, document id, hash); None: no such part."""
    found = await each(
        connections,
        """
        SELECT DISTINCT ON (nth) part.company_id, part.sha256, part.size_bytes, content, folder,
            key_id, nth
        FROM {asked}
        JOIN part ON part.document_id = asked.document_id AND part.company_id = asked.company_id
            AND part.sha256 = asked.sha256
        JOIN blob ON blob.company_id = part.company_id AND blob.sha256 = part.sha256
        """,
        "company_id text, document_id text, sha256 text",
        asked,
    )
    return [Blob(*tuple(one[0])[:-1]) if one else None for one in found]


async def named(connections: Connections, addresses: Sequence[Address]) -> set[Address]:
    """Those of the addresses that a row names."""
    found = await connections.read(
        """
        SELECT nth FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[])
            WITH ORDINALITY AS asked (company_id, sha256, folder, key_id, nth)
        WHERE EXISTS (
            SELECT FROM blob
            WHERE blob.company_id = asked.company_id AND blob.sha256 = asked.sha256
                AND blob.folder = asked.folder AND blob.key_id IS NOT DISTINCT FROM asked.key_id)
        """,
        [address.company_id for address in addresses],
        [address.sha256 for address in addresses],
        [address.folder for address in addresses],
        [address.key_id for address in addresses],
    )
    return {addresses[nth - 1] for (nth,) in found}
