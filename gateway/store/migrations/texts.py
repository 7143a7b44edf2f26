"""The SQL of a version: a file for each kind of database, beside the version's own."""

from __future__ import annotations

from pathlib import Path

from alembic import op


def write(version: str) -> None:
    """Writes the text of the version with this file name: `0001_first.sqlite.sql` and the like.

    As it stands: alembic would take colons and percent signs for its own.
    """
    context = op.get_context()
    text = Path(version).with_suffix(f".{context.dialect.name}.sql").read_text(encoding="utf-8")
    context.impl.static_output(text)
