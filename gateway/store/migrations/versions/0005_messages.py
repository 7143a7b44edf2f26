"""Messages of networks: what tells a repeat, and what reports count."""

from __future__ import annotations

from gateway.store.migrations.texts import write

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Adds them."""
    write(__file__)
