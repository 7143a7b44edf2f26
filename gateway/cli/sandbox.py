"""`budkavle sandbox`: the gateway with partners on loopback, to try things on."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.options import starting
from gateway.cli.output import line, on_terminal
from gateway.cli.serve import until_told_to_stop

if TYPE_CHECKING:
    from gateway.sandbox import Sandbox
    from gateway.sandbox.partners import Other


@click.command()
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Data directory to keep. Default: a temporary one.",
)
@click.option(
    "--listen",
    metavar="HOST:PORT",
    default="127.0.0.1:8080",
    show_default=True,
    help="Where the gateway listens; port 0 takes any.",
)
@click.option("--sfti", is_flag=True, help="Operators by SFTI's profile, not one over its own API.")
@click.option("--letters-over-sftp", is_flag=True, help="A print house that takes files.")
@click.option("--log", "level", default="warning", show_default=True, help="Level of the log.")
def sandbox(
    data: Path | None, listen: str, sfti: bool, letters_over_sftp: bool, level: str
) -> None:
    """Runs a gateway with somebody at the end of each channel on this machine, until Ctrl-C.

    The recipient's number or address says how they behave, and its own clock can be put forward;
    see docs/howto/use-the-sandbox.md. Nothing leaves the machine.
    """
    from gateway.log import setup
    from gateway.sandbox import Sandbox

    setup(level)
    others: list[Other] = ["sfti"] if sfti else []
    if letters_over_sftp and find_spec("asyncssh") is None:
        raise click.UsageError("Files over SFTP need the extra `sftp`: install budkavle[sftp].")
    if letters_over_sftp:
        others.append("letters_over_sftp")

    async def run(directory: Path) -> None:
        running = Sandbox(directory, listen=listen, others=others)
        with starting():
            await running.start()
        try:
            tell(running)
            await until_told_to_stop(running.gateway)
        finally:
            await running.stop()

    with ExitStack() as stack:
        directory = data or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        asyncio.run(run(directory))


def tell(running: Sandbox) -> None:
    """Prints the addresses and keys."""
    from gateway.sandbox import RECEIVER, SEEDS, SENDER, UNVERIFIED
    from gateway.sandbox.people import ANNA, OPERATOR, PASSWORD

    if not on_terminal():
        line(
            {
                "url": running.gateway.url,
                "sandbox": running.url,
                "keys": {seed.company.participants[0]: seed.key for seed in (*SEEDS, UNVERIFIED)},
                "console": f"{running.gateway.url}/console",
                "people": {one.email: PASSWORD for one in (OPERATOR, ANNA)},
                "folder": str(running.ways_in.folder),
                "smtp": f"127.0.0.1:{running.mail.port}",
            }
        )
        return
    click.echo(f"""\
The sandbox is up; Ctrl-C ends it. In another terminal:

  export BUDKAVLE_URL={running.gateway.url}
  export BUDKAVLE_API_KEY={SENDER.key}

  {SENDER.company.name} ({SENDER.company.participants[0]}) sends with that key;
  {RECEIVER.company.name} ({RECEIVER.company.participants[0]}) receives with {RECEIVER.key};
  {UNVERIFIED.company.name} has yet to be verified: {UNVERIFIED.key}.

  The console: {running.gateway.url}/console
  Sign in as {OPERATOR.email}, who sees all of it, or as {ANNA.email}, of the first company
  and of {RECEIVER.company.name}. Their password: {PASSWORD}

  Files in {running.ways_in.folder}/in are handed in for the first of them.
  So are mails from it, by the mail server at 127.0.0.1:{running.mail.port}:
  docs/howto/use-the-sandbox.md says the addresses.

  What the partners received, and a clock that can be put forward: {running.url}
  Be sent an invoice over Peppol:
  curl -d '{{"to": "{RECEIVER.company.participants[0]}"}}' {running.url}/invoices
  Put the clock three days forward:
  curl -d '{{"forward_s": 259200}}' {running.url}/clock""")
