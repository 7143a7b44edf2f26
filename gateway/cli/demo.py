"""`budkavle demo`: how the demo looks, live on a terminal and line by line elsewhere."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self

import click
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gateway.cli.output import on_terminal
from gateway.cli.sandbox import tell
from gateway.cli.serve import until_told_to_stop

if TYPE_CHECKING:
    from gateway.demo.teller import Told

COLOURS = {
    "sent": "green",
    "delivered": "green",
    "waiting": "yellow",
    "held": "yellow",
    "rejected": "magenta",
    "failed": "red",
}


@click.command()
@click.option("--keep", is_flag=True, help="Stay up afterwards, and print the addresses.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=1),
    default=60,
    show_default=True,
    help="Give up after so long.",
)
def demo(keep: bool, seconds: float) -> None:
    """Sends the example invoices through a gateway with partners on this machine.

    Ends with 0 only if every document ended as foretold. Nothing leaves the machine.
    """
    from gateway.log import setup

    setup("error")
    sys.exit(0 if asyncio.run(_demo(keep, seconds)) else 1)


async def _demo(keep: bool, limit_s: float) -> bool:
    from gateway.client import Client
    from gateway.demo.teller import Teller
    from gateway.sandbox import SEEDS, Sandbox

    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="budkavle-demo-")))
        async with AsyncExitStack() as up:
            sandbox = await up.enter_async_context(Sandbox(data))
            clients = {
                seed.key: await up.enter_async_context(Client(sandbox.gateway.url, seed.key))
                for seed in SEEDS
            }
            with OnTerminal() if on_terminal() else Lines() as show:
                show.say(f"A gateway at {sandbox.gateway.url}, and a partner for each channel.")
                well = await Teller(sandbox, clients, show, limit_s=limit_s).tell()
            show.verdict(well, "All as foretold." if well else "Not all was as foretold.")
            if keep:
                tell(sandbox)
                await until_told_to_stop(sandbox.gateway)
            return well


class Lines:
    """A line for each change of a document; for pipes and logs."""

    def __init__(self) -> None:
        self._shown: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing is left to be done."""

    def say(self, sentence: str) -> None:
        """Tells something."""
        click.echo(sentence)

    def verdict(self, well: bool, sentence: str) -> None:
        """Tells an outcome, and whether it is as foretold."""
        click.echo(f"{'ok' if well else 'NOT AS FORETOLD'}: {sentence}")

    def table(self, told: Sequence[Told]) -> None:
        """Tells what has changed."""
        for one in told:
            now = f"{one.story.title} [{one.plan}]: {one.state}. {one.document['text']}"
            if self._shown.get(one.id) != now:
                self._shown[one.id] = now
                click.echo(now)


class OnTerminal:
    """A table that changes in place, and sentences above it."""

    def __init__(self) -> None:
        self._console = Console()
        self._live = Live(console=self._console, refresh_per_second=10)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def say(self, sentence: str) -> None:
        """Tells something."""
        self._console.print(Text(sentence))

    def verdict(self, well: bool, sentence: str) -> None:
        """Tells an outcome, and whether it is as foretold."""
        mark = Text("✓ ", "bold green") if well else Text("✗ ", "bold red")
        self._console.print(mark + Text(sentence))

    def table(self, told: Sequence[Told]) -> None:
        """Shows all documents as they are now."""
        table = Table("Document", "Plan", "Channel", "State", "Why", expand=True)
        for one in told:
            table.add_row(
                Text(f"{one.number} {one.story.title}"),
                Text(one.plan),
                Text(one.document["channel"] or ""),
                Text(one.state, COLOURS.get(one.state, "")),
                Text(one.document["text"]),
            )
        self._live.update(table)
