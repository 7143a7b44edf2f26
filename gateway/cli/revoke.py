"""`budkavle revoke`: the link to a document is taken back, from the command line."""

from __future__ import annotations

import click

from gateway.cli.client import over_http
from gateway.cli.options import client_options
from gateway.cli.output import records
from gateway.client import Client


@click.command()
@click.argument("document_id")
@click.argument("reason")
@client_options
def revoke(document_id: str, reason: str, url: str, key: str) -> None:
    """Takes back the link to the document DOCUMENT_ID: it opens nothing any more.

    REASON is kept with the event; the company's people can read it.
    """

    async def take_back() -> bool:
        async with Client(url, key) as client:
            document = await client.revoke_link(document_id, reason)
        records(("id", "state"), [document], empty="")
        return True

    over_http(take_back())
