"""`budkavle backup`, `restore`: a copy of everything while the gateway runs, and back again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.options import Impossible, in_store, load_settings, operator, settings_options
from gateway.cli.output import records, say

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.store.port import Store


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option("--verify", is_flag=True, help="Check the backup that is there instead.")
@settings_options
def backup(directory: Path, verify: bool, config_file: Path | None, data: Path | None) -> None:
    """Copies the embedded database and all files into the new DIRECTORY. The gateway may run.

    A backup holds everything that the data directory holds, the signing key included: keep it as
    safe. With PostgreSQL, see docs/howto/backup.md. With --verify it ends with 1 when the backup is
    not whole.
    """
    from gateway.archive.backup import back_up, examine

    if verify:
        from gateway.cli.evidence import show

        with _explained():
            well = show(str(directory), examine(directory))
        raise SystemExit(0 if well else 1)
    settings = load_settings(config_file, data).settings
    _embedded(settings)
    with _explained():
        bucket = None if settings.blobs is None else settings.blobs.bucket
        made = back_up(settings.data, directory, datetime.now(UTC), bucket=bucket)
    row = {
        "backup": str(made.path),
        "made_at": made.made_at.isoformat(),
        "database_bytes": made.database_bytes,
        "files": made.files,
        "files_bytes": made.files_bytes,
    }
    records(tuple(row), [row], empty="")


@click.command()
@click.argument(
    "directory", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option(
    "--recovered",
    metavar="TIME",
    help="Nothing is copied: the database itself was recovered to this time (PostgreSQL).",
)
@click.option(
    "--nothing-sent",
    is_flag=True,
    help="The gateway was stopped before the backup and has not run since: hold nothing.",
)
@settings_options
def restore(
    directory: Path | None,
    recovered: str | None,
    nothing_sent: bool,
    config_file: Path | None,
    data: Path | None,
) -> None:
    """Puts the backup in DIRECTORY back, into a data directory that is new (--data).

    Documents that were under way in the backup may have been sent since: they are held, and a
    person decides on each one. Event cursors given out before go on behind what was lost.
    """
    if (directory is None) == (recovered is None):
        raise click.UsageError("give either DIRECTORY or --recovered")
    settings = load_settings(config_file, data).settings
    if directory is not None:
        from gateway.archive.backup import put_back

        _embedded(settings)
        with _explained():
            made_at = put_back(directory, settings.data)
    else:
        made_at = _time(recovered or "")

    async def go_on(store: Store) -> int:
        from gateway.archive.restored import go_on

        return await go_on(store, made_at, datetime.now(UTC), operator(), nothing_sent=nothing_sent)

    held = in_store(settings, go_on)
    records(("state_of", "held"), [{"state_of": made_at.isoformat(), "held": held}], empty="")
    if held:
        say("Look at each held document: `release` sends it, `cancel` does not.")


def _time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is no time", param_hint="--recovered") from error
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)


def _embedded(settings: Settings) -> None:
    if settings.store is not None:
        raise Impossible(
            "Everything is kept in PostgreSQL ([store]), which has backups of its own:"
            " docs/howto/backup.md"
        )


@contextmanager
def _explained() -> Iterator[None]:
    from gateway.archive.backup import NotPossible

    try:
        yield
    except (NotPossible, OSError, sqlite3.Error) as error:
        raise Impossible(str(error)) from error
