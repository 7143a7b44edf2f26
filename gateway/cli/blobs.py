"""`budkavle blobs`: the files and objects that hold large bytes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.options import Impossible, in_store, load_settings, settings_options
from gateway.cli.output import line, on_terminal, say

if TYPE_CHECKING:
    from gateway.blobs.sweep import Swept
    from gateway.store.port import Store


@click.group()
def blobs() -> None:
    """Looks after the files, or objects of a bucket, that hold large bytes."""


@blobs.command("sweep")
@click.option("--dry-run", is_flag=True, help="Only tell what would go.")
@settings_options
def sweep(dry_run: bool, config_file: Path | None, data: Path | None) -> None:
    """Takes away what no row of the database names and is days old.

    The gateway does so by itself every night; crashes leave such files, and documents that have
    gone. It never touches what is being stored just now.
    """
    from gateway.archive.backup import backing_up
    from gateway.blobs.sweep import Sweep

    settings = load_settings(config_file, data).settings

    async def work(store: Store) -> Swept:
        one = Sweep(store.blobs, store, datetime.now(UTC), dry_run=dry_run)
        with backing_up(settings.data, wait=False) as alone:
            if not alone:
                raise Impossible("A backup is being made; sweep when it is done")
            while await one.go_on():
                pass
        return one.swept

    swept = in_store(settings, work)
    for name in swept.names:
        line({"name": name})
    gone = swept.blobs + swept.leftovers
    if on_terminal() or dry_run:
        say(
            f"{swept.seen} looked at; {gone} {'would go' if dry_run else 'gone'}"
            f" ({swept.size_bytes} bytes)."
        )
    else:
        line({"seen": swept.seen, "gone": gone, "bytes": swept.size_bytes})
