"""Webhook endpoints, and what was sent to them."""

from __future__ import annotations

from gateway.store.migrations.texts import write

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Adds them."""
    write(__file__)
