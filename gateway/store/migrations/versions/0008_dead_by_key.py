"""Dead jobs by their key, which are looked for whenever a document goes on; participants by state,
which are counted for metrics."""

from __future__ import annotations

from gateway.store.migrations.texts import write

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Adds the indexes."""
    write(__file__)
