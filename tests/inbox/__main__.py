"""`python -m tests.inbox`: two pollers and kills, as many documents as are asked for."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

import click

from tests.inbox.polling import Found, Run


async def run(home: Path, documents: int, kills: int, seed: int, store: str) -> Found:
    """What was found in one run."""
    return await Run(home, documents, kills, seed, postgres=store == "postgres").run()


@click.command()
@click.option("--documents", default=10_000, show_default=True, help="How many come in.")
@click.option("--kills", default=10, show_default=True, help="How often the gateway is killed.")
@click.option("--seed", default=1, show_default=True, help="Same seed, same dice.")
@click.option("--store", type=click.Choice(["sqlite", "postgres"]), default="sqlite")
def main(documents: int, kills: int, seed: int, store: str) -> None:
    """Prints what happened in a line. Fails when a document is lost, taken twice or out of turn."""
    with tempfile.TemporaryDirectory() as home:
        found = asyncio.run(run(Path(home), documents, kills, seed, store))
    click.echo(found.line())
    for what, names in found.wrong.items():
        click.echo(f"{what}: {', '.join(names[:20])}")
    sys.exit(bool(found.wrong))


main()
