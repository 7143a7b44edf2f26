"""People, their sessions and invitations."""

from __future__ import annotations

from gateway.store.migrations.texts import write

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Adds it."""
    write(__file__)
