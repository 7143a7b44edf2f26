"""Who has proved who they are."""

from __future__ import annotations

from gateway.store.migrations.texts import write

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Adds it."""
    write(__file__)
