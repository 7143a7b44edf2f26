"""Prices and charges."""

from __future__ import annotations

from gateway.store.migrations.texts import write

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Adds it."""
    write(__file__)
