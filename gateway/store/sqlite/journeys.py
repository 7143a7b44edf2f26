"""Journeys: the parts, legs and attempts of a document, read."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from uuid import UUID

from gateway.blobs.port import Blob
from gateway.store.port import Attempt, Document, Leg, Part, Role
from gateway.store.sqlite import rows


def parts(connection: sqlite3.Connection, company_id: str, document_id: str) -> list[Part]:
    """The parts, in the order they were written."""
    found = connection.execute(
        f"""
        SELECT {rows.PART_COLUMNS} FROM part WHERE document_id = ? AND company_id = ? ORDER BY seq
        """,
        (document_id, company_id),
    )
    return [rows.part(row) for row in found]


def files(
    connection: sqlite3.Connection, company_id: str, document_id: str, roles: Collection[Role]
) -> list[tuple[Part, Blob]]:
    """The parts of these roles, in the order they were written, and their blobs."""
    found = connection.execute(
        f"""
        SELECT content, folder, key_id, {rows.PART_COLUMNS}
        FROM part JOIN blob USING (company_id, sha256)
        WHERE document_id = ? AND company_id = ? AND role IN ({", ".join("?" * len(roles))})
        ORDER BY part.seq
        """,
        (document_id, company_id, *roles),
    )
    parts = [(rows.part(row[3:]), row[:3]) for row in found]
    return [(part, Blob(company_id, part.sha256, part.size_bytes, *lies)) for part, lies in parts]


def legs(connection: sqlite3.Connection, company_id: str, document_id: str) -> list[Leg]:
    """The legs, in the plan's order."""
    found = connection.execute(
        f"""
        SELECT {rows.LEG_COLUMNS} FROM route_leg
        WHERE document_id = (SELECT id FROM document WHERE id = ? AND company_id = ?) ORDER BY n
        """,
        (document_id, company_id),
    )
    return [rows.leg(row) for row in found]


def attempts(connection: sqlite3.Connection, company_id: str, document_id: str) -> list[Attempt]:
    """The attempts, oldest first."""
    found = connection.execute(
        f"""
        SELECT {rows.ATTEMPT_COLUMNS} FROM attempt
        WHERE document_id = (SELECT id FROM document WHERE id = ? AND company_id = ?)
        ORDER BY started_at, id
        """,
        (document_id, company_id),
    )
    return [rows.attempt(row) for row in found]


def leg_of_key(connection: sqlite3.Connection, key: UUID) -> tuple[Document, Leg] | None:
    """The leg with this idempotency key, and its document."""
    found = connection.execute(
        f"SELECT {rows.LEG_COLUMNS} FROM route_leg WHERE key = ?", (str(key),)
    ).fetchone()
    if found is None:
        return None
    leg = rows.leg(found)
    document = connection.execute(
        f"SELECT {rows.DOCUMENT_COLUMNS} FROM document WHERE id = ?", (leg.document_id,)
    ).fetchone()
    return rows.document(document), leg
