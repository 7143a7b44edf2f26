"""The inbox: leases, and what became of what came in."""

from __future__ import annotations

from gateway.store.migrations.texts import write

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Adds it."""
    write(__file__)
