"""`budkavle config`, `migrate`, `version`."""

from __future__ import annotations

from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.options import in_store, load_settings, settings_options
from gateway.cli.output import on_terminal, records, say

if TYPE_CHECKING:
    from gateway.store.port import Store


@click.command()
@settings_options
@click.option("--sample", is_flag=True, help="Print a settings file with every key explained.")
def config(config_file: Path | None, data: Path | None, sample: bool) -> None:
    """Shows the settings in effect and where each one comes from; secrets are masked."""
    if sample:
        from gateway.config import sample as sample_file

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
    settings = load_settings(config_file, data).settings
    in_store(settings, _nothing)
    say(f"The database in {settings.data} is up to date.")


async def _nothing(store: Store) -> None:
    """Opening the store is what migrates it."""


@click.command()
def version() -> None:
    """Prints the version."""
    number = installed_version("budkavle")
    if on_terminal():
        click.echo(f"Budkavle {number}")
    else:
        records((), [{"version": number}], empty="")
