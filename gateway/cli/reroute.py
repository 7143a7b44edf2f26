"""`budkavle reroute`, `resend` and `choose`: another way for a document, over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import click

from gateway.cli.client import over_http
from gateway.cli.options import client_options
from gateway.cli.output import records
from gateway.client import Client

_reason = click.option(
    "--reason", required=True, help="Why, in a sentence; it is kept with the event."
)


@click.command()
@click.argument("document_id")
@client_options
@_reason
@click.option(
    "--channel", "channels", multiple=True, help="To try, in this order; may be repeated."
)
@click.option("--without", "disabled", multiple=True, help="Never to take.")
@click.option("--email", help="The recipient's e-mail address from now on.")
@click.option("--phone", help="The recipient's mobile number from now on.")
@click.option(
    "--to",
    "address",
    metavar="STREET;POST_CODE;CITY;COUNTRY",
    help='Where a letter goes from now on: "Nygatan 7;621 55;Visby;SE".',
)
def reroute(
    document_id: str,
    url: str,
    key: str,
    reason: str,
    channels: tuple[str, ...],
    disabled: tuple[str, ...],
    email: str | None,
    phone: str | None,
    address: str | None,
) -> None:
    """Gives DOCUMENT_ID another route: other channels, or another address of the recipient.

    It begins anew with the first channel; the recipient may get it twice.
    """
    wish: dict[str, Any] = {
        "channels": list(channels) or None,
        "disabled_channels": list(disabled) or None,
        "email": email,
        "phone": phone,
        "postal_address": None if address is None else _postal(address),
    }
    _carry_out(url, key, lambda client: client.reroute(document_id, reason, **wish))


@click.command()
@click.argument("document_id")
@client_options
@_reason
def resend(document_id: str, url: str, key: str, reason: str) -> None:
    """Sends DOCUMENT_ID, which was sent or delivered, once more; the recipient may get it twice."""
    _carry_out(url, key, lambda client: client.resend(document_id, reason))


@click.command()
@click.argument("document_id")
@click.argument("address")
@client_options
@_reason
def choose(document_id: str, address: str, url: str, key: str, reason: str) -> None:
    """Says which of several possible recipients gets DOCUMENT_ID, by its ADDRESS on the channel.

    `budkavle timeline` shows them, where the document was held.
    """
    _carry_out(url, key, lambda client: client.choose(document_id, address, reason))


def _carry_out(url: str, key: str, verb: Callable[[Client], Coroutine[Any, Any, Any]]) -> None:
    async def carry_out() -> bool:
        async with Client(url, key) as client:
            document = await verb(client)
        records(("id", "state", "text"), [document], empty="")
        return True

    over_http(carry_out())


def _postal(text: str) -> dict[str, str]:
    parts = [part.strip() for part in text.split(";")]
    names = ("street", "post_code", "city", "country")
    if len(parts) != len(names) or not all(parts):
        raise click.BadParameter(
            "street, post code, city and country, with ; between", param_hint="--to"
        )
    return dict(zip(names, parts, strict=True))
