"""`budkavle serve`: the gateway, until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.options import load_settings, settings_options, starting
from gateway.cli.output import line, on_terminal

if TYPE_CHECKING:
    from gateway.app import Gateway


@click.command()
@settings_options
@click.option("--listen", metavar="HOST:PORT", help="Setting: http.listen. Port 0 takes any.")
@click.option(
    "--role",
    type=click.Choice(["all", "api", "worker"]),
    default="all",
    show_default=True,
    help="Which part to run. With the embedded database one process does all.",
)
def serve(config_file: Path | None, data: Path | None, listen: str | None, role: str) -> None:
    """Runs the gateway. SIGTERM or Ctrl-C ends it when what is under way is written down."""
    flags: dict[str, Any] = {"http": {"listen": listen}} if listen else {}
    settings = load_settings(config_file, data, **flags).settings
    if role != "all" and settings.store is None:
        raise click.BadParameter(
            "the embedded database belongs to one process; leave --role out, or set [store]",
            param_hint="--role",
        )

    from gateway.app import Gateway, Role
    from gateway.log import setup

    setup(settings.log.level, settings.log.format)
    asyncio.run(_serve(Gateway(settings, role=Role(role))))


async def _serve(gateway: Gateway) -> None:
    with starting():
        await gateway.start()
    # What is there now stays. Looking it all over again and again would hold up every request for
    # 70 ms each time.
    gc.collect()
    gc.freeze()
    try:
        if on_terminal():
            click.echo(f"Budkavle listens at {gateway.url}; Ctrl-C ends it.")
        else:
            outer = {"outer_url": gateway.outer_url} if gateway.outer_url else {}
            line({"url": gateway.url, **outer})
        await until_told_to_stop(gateway)
    finally:
        await gateway.stop()


async def until_told_to_stop(gateway: Gateway) -> None:
    """Waits for SIGTERM or SIGINT. Raises what ended the worker, should it end before."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    told = asyncio.create_task(stop.wait())
    working = asyncio.create_task(gateway.working())
    done, _ = await asyncio.wait({told, working}, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()
    told.cancel()
    working.cancel()
