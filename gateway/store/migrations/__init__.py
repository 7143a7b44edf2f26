"""How an older database becomes a newer one: one history, with a text for each kind of database.

In charge of which versions there are, and of the SQL that leads from one to the newest. Not in
charge of running it: each store does so under its own lock (`sqlite/schema.py`,
`postgres/schema.py`), all of it in one transaction. There is no way back: who wants the older
program restores the backup from before.

Alembic keeps the history and writes the SQL. It is imported when there is something to migrate,
not at every start: it takes longer than all the rest.
"""

from __future__ import annotations

import threading
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Literal

Dialect = Literal["sqlite", "postgresql"]

_HERE = Path(__file__).parent
# A version is a file `0002_what_it_adds.py`; its id is the number.
VERSIONS = tuple(sorted(path.name[:4] for path in _HERE.glob("versions/[0-9]*.py")))
NEWEST = VERSIONS[-1]

_alembic = threading.Lock()  # it keeps what it works on in globals


class SchemaTooNew(Exception):
    """The database was written by a newer version of this program."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"the store has schema {found} and this version knows {NEWEST}: "
            "use the version that wrote it, or a newer one"
        )


class MigrationNeeded(Exception):
    """The database is older than this program, and somebody has to say when it is migrated."""

    def __init__(self, found: str | None) -> None:
        super().__init__(
            f"the store has schema {found or '0000 (none)'} and this version needs {NEWEST}: "
            "run `budkavle migrate`"
        )


@cache
def script(dialect: Dialect, since: str | None) -> str:
    """The SQL that brings a database from version `since` to the newest; None: from nothing.

    Raises SchemaTooNew when `since` is no version that is known here.
    """
    if since is not None and since not in VERSIONS:
        raise SchemaTooNew(since)
    from alembic import command
    from alembic.config import Config

    out = StringIO()
    config = Config(output_buffer=out, attributes={"dialect": dialect})
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    with _alembic:
        command.upgrade(config, "head" if since is None else f"{since}:head", sql=True)
    return out.getvalue()


def take_over() -> str:
    """The SQL that makes a SQLite file from before the first version one of that version."""
    return (_HERE / "take_over.sql").read_text(encoding="utf-8")
