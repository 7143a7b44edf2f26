"""All tables of the first release."""

from __future__ import annotations

from gateway.store.migrations.texts import write

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes them."""
    write(__file__)
