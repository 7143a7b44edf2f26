"""What refers to one document, and who did what, found without reading all there is."""

from __future__ import annotations

from gateway.store.migrations.texts import write

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Adds it."""
    write(__file__)
