"""Journeys: the parts, legs and attempts of a document, read."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from gateway.blobs.port import Blob
from gateway.store.port import Attempt, Document, Leg, Part
from gateway.store.postgres import rows
from gateway.store.postgres.connections import Connections
from gateway.store.postgres.reads import each
from gateway.store.postgres.rows import Row

_LEG_COLUMNS = ", ".join(f"route_leg.{name}" for name in rows.LEG_COLUMNS.split(", "))
_PART_COLUMNS = ", ".join(f"part.{name}" for name in rows.PART_COLUMNS.split(", "))
_DOCUMENT_COLUMNS = ", ".join(f"document.{name}" for name in rows.DOCUMENT_COLUMNS.split(", "))

# What is asked here is about documents, each by (company id, id).
_ASKED = "company_id text, id text"
_OF_COMPANY = "document ON document.id = asked.id AND document.company_id = asked.company_id"


async def parts(connections: Connections, asked: Sequence[tuple[str, str]]) -> list[Sequence[Part]]:
    """The parts of documents, in the order they were written."""
    found = await each(
        connections,
        f"""
        SELECT {rows.PART_COLUMNS}, nth FROM {{asked}} JOIN part
            ON part.document_id = asked.id AND part.company_id = asked.company_id
        ORDER BY nth, seq
        """,
        _ASKED,
        asked,
    )
    return [[rows.part(tuple(row)[:-1]) for row in one] for one in found]


async def files(
    connections: Connections, asked: Sequence[tuple[str, str, str]]
) -> list[Sequence[tuple[Part, Blob]]]:
    """The parts of documents, in the order they were written, and their blobs: what is asked is
    (company id, document id, roles with commas between them)."""
    found = await each(
        connections,
        f"""
        SELECT content, folder, key_id, part.company_id, {_PART_COLUMNS}, nth
        FROM {{asked}} JOIN part
            ON part.document_id = asked.id AND part.company_id = asked.company_id
            AND part.role = ANY (string_to_array(asked.roles, ','))
        JOIN blob ON blob.company_id = part.company_id AND blob.sha256 = part.sha256
        ORDER BY nth, seq
        """,
        f"{_ASKED}, roles text",
        asked,
    )
    return [[_with_blob(tuple(row)[:-1]) for row in one] for one in found]


def _with_blob(row: Row) -> tuple[Part, Blob]:
    content, folder, key_id, company_id, *values = row
    part = rows.part(tuple(values))
    return part, Blob(company_id, part.sha256, part.size_bytes, content, folder, key_id)


async def legs(connections: Connections, asked: Sequence[tuple[str, str]]) -> list[Sequence[Leg]]:
    """The legs of documents, in the plan's order."""
    found = await each(
        connections,
        f"""
        SELECT {_LEG_COLUMNS}, nth FROM {{asked}} JOIN {_OF_COMPANY}
            JOIN route_leg ON route_leg.document_id = document.id
        ORDER BY nth, route_leg.n
        """,
        _ASKED,
        asked,
    )
    return [[rows.leg(tuple(row)[:-1]) for row in one] for one in found]


async def attempts(connections: Connections, company_id: str, document_id: str) -> list[Attempt]:
    """The attempts, oldest first."""
    found = await connections.read(
        f"""
        SELECT {rows.ATTEMPT_COLUMNS} FROM attempt
        WHERE document_id = (SELECT id FROM document WHERE id = $1 AND company_id = $2)
        ORDER BY started_at, id
        """,
        document_id,
        company_id,
    )
    return [rows.attempt(row) for row in found]


async def leg_of_key(connections: Connections, key: UUID) -> tuple[Document, Leg] | None:
    """The leg with this idempotency key, and its document."""
    found = await connections.read(
        f"SELECT {_LEG_COLUMNS}, {_DOCUMENT_COLUMNS} FROM route_leg JOIN document"
        " ON document.id = route_leg.document_id WHERE route_leg.key = $1",
        key,
    )
    if not found:
        return None
    width = len(rows.LEG_COLUMNS.split(", "))
    values = tuple(found[0])
    return rows.document(values[width:]), rows.leg(values[:width])
