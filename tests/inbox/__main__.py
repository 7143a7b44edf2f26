"""`python -m tests.inbox`: two pollers and kills, as many documents as are asked for."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

import click

from tests.inbox.polling import Run


@click.command()
@click.option("--documents", default=10_000, show_default=True, help="How many come in.")
@click.option("--kills", default=10, show_default=True, help="How often the gateway is killed.")
@click.option("--seed", default=1, show_default=True, help="Same seed, same dice.")
def main(documents: int, kills: int, seed: int) -> None:
    """Prints what happened in a line. Fails when a document is lost, taken twice or out of turn."""
    with tempfile.TemporaryDirectory() as home:
        found = asyncio.run(Run(Path(home), documents, kills, seed).run())
    click.echo(found.line())
    for what, names in found.wrong.items():
        click.echo(f"{what}: {', '.join(names[:20])}")
    sys.exit(bool(found.wrong))


main()
