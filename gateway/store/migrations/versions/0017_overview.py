"""What operators see at a glance: what is open, what waits, and outcomes by the hour."""

from __future__ import annotations

from gateway.store.migrations.texts import write

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Adds it."""
    write(__file__)
