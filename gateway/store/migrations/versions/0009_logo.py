"""The logo of each company, which stands on the invoices that we draw."""

from __future__ import annotations

from gateway.store.migrations.texts import write

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Adds it."""
    write(__file__)
