"""`budkavle webhook`: have events brought to a server of one's own, over HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import click

from gateway.cli.client import over_http
from gateway.cli.options import client_options
from gateway.cli.output import on_terminal, records, say
from gateway.client import Client

_COLUMNS = ("id", "url", "types", "active", "code", "next_at")
_TRIED = ("at", "type", "status", "ms", "code", "text", "event_id")


@click.group()
def webhook() -> None:
    """Adds webhooks: events are sent to them as they happen, signed."""


@webhook.command("add")
@click.argument("to", metavar="URL")
@client_options
@click.option("--type", "types", multiple=True, help="Only events of this type; repeat for more.")
@click.option("--description", help="What it is for.")
def add_webhook(url: str, key: str, to: str, types: Sequence[str], description: str | None) -> None:
    """Has events sent to URL, and prints the secret that they are signed with, once."""

    async def add() -> bool:
        async with Client(url, key) as client:
            wanted = cast("Sequence[Any]", types)  # the gateway names those there are
            made = await client.add_webhook(to, types=wanted, description=description)
            _secret(made)
        return True

    over_http(add())


@webhook.command("list")
@client_options
def list_webhooks(url: str, key: str) -> None:
    """Lists the webhooks, and how they go."""

    async def read() -> bool:
        async with Client(url, key) as client:
            rows = [_shown(row) for row in await client.webhooks()]
            records(_COLUMNS, rows, empty="There is no webhook.")
        return True

    over_http(read())


@webhook.command("attempts")
@click.argument("webhook_id")
@client_options
def list_attempts(url: str, key: str, webhook_id: str) -> None:
    """Lists what was sent to a webhook lately, newest first."""

    async def read() -> bool:
        async with Client(url, key) as client:
            rows = await client.webhook_attempts(webhook_id)
            records(_TRIED, rows, empty="Nothing has been sent there.")
        return True

    over_http(read())


@webhook.command("switch")
@click.argument("webhook_id")
@click.argument("to", type=click.Choice(["on", "off"]))
@client_options
def switch_webhook(url: str, key: str, webhook_id: str, to: str) -> None:
    """Switches a webhook on or off. Switched on, it goes on where it stopped."""

    async def switch() -> bool:
        async with Client(url, key) as client:
            row = await client.change_webhook(webhook_id, active=to == "on")
            records(_COLUMNS, [_shown(row)], empty="")
        return True

    over_http(switch())


@webhook.command("rotate")
@click.argument("webhook_id")
@client_options
def rotate_secret(url: str, key: str, webhook_id: str) -> None:
    """Makes a new secret; for a day messages are signed with both."""

    async def rotate() -> bool:
        async with Client(url, key) as client:
            _secret(await client.rotate_webhook(webhook_id))
        return True

    over_http(rotate())


@webhook.command("test")
@click.argument("webhook_id")
@client_options
def test_webhook(url: str, key: str, webhook_id: str) -> None:
    """Sends a test message now, and tells what came of it."""

    async def test() -> bool:
        async with Client(url, key) as client:
            attempt = await client.test_webhook(webhook_id)
            records(_TRIED, [attempt], empty="")
        return bool(attempt["code"] == "webhook.taken")

    over_http(test())


@webhook.command("redeliver")
@click.argument("webhook_id")
@client_options
@click.option("--after", metavar="CURSOR", help="Everything after this place of the feed.")
@click.option("--only", metavar="CURSOR", help="This event and no other.")
def redeliver(url: str, key: str, webhook_id: str, after: str | None, only: str | None) -> None:
    """Has events sent again. Cursors are those of `budkavle events`."""
    if (after is None) == (only is None):
        raise click.UsageError("give either --after or --only")

    async def again() -> bool:
        async with Client(url, key) as client:
            row = await client.redeliver(webhook_id, after=after, only=only)
            records(_COLUMNS, [_shown(row)], empty="")
        return True

    over_http(again())


@webhook.command("remove")
@click.argument("webhook_id")
@client_options
def remove_webhook(url: str, key: str, webhook_id: str) -> None:
    """Removes a webhook: nothing more is sent there."""

    async def remove() -> bool:
        async with Client(url, key) as client:
            await client.remove_webhook(webhook_id)
        return True

    over_http(remove())


def _shown(row: Mapping[str, Any]) -> Mapping[str, Any]:
    if not on_terminal():
        return row
    return {**row, "types": " ".join(row["types"]), "active": "yes" if row["active"] else "no"}


def _secret(made: Mapping[str, Any]) -> None:
    if on_terminal():
        click.echo(f"{made['id']}\n{made['secret']}")
        say("Keep the secret: it is not shown again.")
    else:
        records((), [made], empty="")
