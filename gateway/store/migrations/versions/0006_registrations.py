"""Participants in the network: how each one stands, and what our own publisher shows of it."""

from __future__ import annotations

from gateway.store.migrations.texts import write

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Adds them."""
    write(__file__)
