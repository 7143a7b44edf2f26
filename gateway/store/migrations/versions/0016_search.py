"""What documents are found by."""

from __future__ import annotations

from gateway.store.migrations.texts import write

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Adds it."""
    write(__file__)
