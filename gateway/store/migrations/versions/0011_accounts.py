"""Accounts, and what keys may do."""

from __future__ import annotations

from gateway.store.migrations.texts import write

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Adds it."""
    write(__file__)
