"""`budkavle config`, `migrate`, `version`."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from pathlib import Path

import click

from gateway.cli.options import load_settings, settings_options, starting
from gateway.cli.output import on_terminal, records, say


@click.command()
@settings_options
@click.option("--sample", is_flag=True, help="Print a settings file with every key explained.")
def config(config_file: Path | None, data: Path | None, sample: bool) -> None:
    """Shows the settings in effect and where each one comes from; secrets are masked."""
    if sample:
        from gateway.layers import sample as sample_file

        click.echo(sample_file(), nl=False)
        return
    loaded = load_settings(config_file, data)
    rows = [
        {"setting": name, "value": value, "from": source} for name, value, source in loaded.rows()
    ]
    records(("setting", "value", "from"), rows, empty="")


@click.command()
@settings_options
def migrate(config_file: Path | None, data: Path | None) -> None:
    """Brings the database to the schema of this version; does nothing when it is there."""
    from gateway.store import opening

    settings = load_settings(config_file, data).settings
    with starting():
        asyncio.run(opening.migrate(settings, datetime.now(UTC)))
    where = f"in {settings.data}" if settings.store is None else "of [store]"
    say(f"The database {where} is up to date.")


@click.command()
def version() -> None:
    """Prints the version."""
    number = installed_version("budkavle")
    if on_terminal():
        click.echo(f"Budkavle {number}")
    else:
        records((), [{"version": number}], empty="")
