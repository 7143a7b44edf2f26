"""What channels remember."""

from __future__ import annotations

from gateway.store.migrations.texts import write

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Adds it."""
    write(__file__)
