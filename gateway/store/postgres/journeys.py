"""Journeys: the parts, legs and attempts of a document, read."""

from __future__ import annotations

from uuid import UUID

from gateway.store.port import Attempt, Document, Leg, Part
from gateway.store.postgres import rows
from gateway.store.postgres.connections import Connections

_OF_COMPANY = "document_id = (SELECT id FROM document WHERE id = $1 AND company_id = $2)"


async def parts(connections: Connections, company_id: str, document_id: str) -> list[Part]:
    """The parts, in the order they were written."""
    found = await connections.read(
        f"SELECT {rows.PART_COLUMNS} FROM part"
        " WHERE document_id = $1 AND company_id = $2 ORDER BY seq",
        document_id,
        company_id,
    )
    return [rows.part(row) for row in found]


async def legs(connections: Connections, company_id: str, document_id: str) -> list[Leg]:
    """The legs, in the plan's order."""
    found = await connections.read(
        f"SELECT {rows.LEG_COLUMNS} FROM route_leg WHERE {_OF_COMPANY} ORDER BY n",
        document_id,
        company_id,
    )
    return [rows.leg(row) for row in found]


async def attempts(connections: Connections, company_id: str, document_id: str) -> list[Attempt]:
    """The attempts, oldest first."""
    found = await connections.read(
        f"SELECT {rows.ATTEMPT_COLUMNS} FROM attempt WHERE {_OF_COMPANY} ORDER BY started_at, id",
        document_id,
        company_id,
    )
    return [rows.attempt(row) for row in found]


async def leg_of_key(connections: Connections, key: UUID) -> tuple[Document, Leg] | None:
    """The leg with this idempotency key, and its document."""
    legs = ", ".join(f"route_leg.{name}" for name in rows.LEG_COLUMNS.split(", "))
    documents = ", ".join(f"document.{name}" for name in rows.DOCUMENT_COLUMNS.split(", "))
    found = await connections.read(
        f"SELECT {legs}, {documents} FROM route_leg JOIN document"
        " ON document.id = route_leg.document_id WHERE route_leg.key = $1",
        key,
    )
    if not found:
        return None
    width = len(rows.LEG_COLUMNS.split(", "))
    values = tuple(found[0])
    return rows.document(values[width:]), rows.leg(values[:width])
