"""Large blobs in folders of a day, and keys to seal them with."""

from __future__ import annotations

from gateway.store.migrations.texts import write

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Adds them."""
    write(__file__)
