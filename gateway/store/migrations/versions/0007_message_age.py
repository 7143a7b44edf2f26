"""Messages of networks by their age: what goes, and what a month's reports count."""

from __future__ import annotations

from gateway.store.migrations.texts import write

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Adds the index."""
    write(__file__)
