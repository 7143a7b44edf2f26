"""`budkavle respond`: what a buyer says of an invoice that came in, from the command line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from gateway.cli.client import over_http
from gateway.cli.options import client_options
from gateway.cli.output import records
from gateway.client import Client

_STATUSES = ("AB", "IP", "UQ", "CA", "RE", "AP", "PD")


@click.command()
@click.argument("document_id")
@click.argument("status", type=click.Choice(_STATUSES, case_sensitive=False))
@click.option(
    "--reason",
    "reasons",
    multiple=True,
    metavar="CODE[:TEXT]",
    help="Why, such as REF or PRI:'Too dear'; repeat for more.",
)
@click.option(
    "--action",
    "actions",
    multiple=True,
    metavar="CODE[:TEXT]",
    help="What the seller shall do, such as NIN; repeat for more.",
)
@click.option(
    "--detail",
    "details",
    multiple=True,
    metavar="TERM=VALUE",
    help="What a term should have been, such as BT-13=4711: of the last reason.",
)
@click.option("--effective", metavar="DATE", help="From which day on it holds: 2026-12-01.")
@client_options
def respond(
    document_id: str,
    status: str,
    reasons: Iterable[str],
    actions: Iterable[str],
    details: Iterable[str],
    effective: str | None,
    url: str,
    key: str,
) -> None:
    """Answers the invoice DOCUMENT_ID that came in: an Invoice Response goes to its seller.

    STATUS: AB received, IP in process, UQ under query, CA conditionally accepted, RE rejected,
    AP accepted, PD paid. Follow the document that carries it: `budkavle timeline`.
    """
    why = [_clarifying(one) for one in reasons]
    terms = [_detail(one) for one in details]
    if terms and not why:
        raise click.UsageError("--detail belongs to a --reason: give one")
    if terms:
        why[-1]["details"] = terms
    wish: dict[str, Any] = {"reasons": why, "actions": [_clarifying(one) for one in actions]}
    if effective:
        wish["effective_date"] = effective

    async def say() -> bool:
        async with Client(url, key) as client:
            said = await client.respond(document_id, status.upper(), **wish)
        records(("id", "document_id", "status", "business"), [said], empty="")
        return True

    over_http(say())


def _clarifying(text: str) -> dict[str, Any]:
    code, _, words = text.partition(":")
    return {"code": code} | ({"text": words} if words else {})


def _detail(text: str) -> dict[str, str]:
    term, equals, value = text.partition("=")
    if not equals:
        raise click.BadParameter(f"{text!r} is not TERM=VALUE", param_hint="--detail")
    return {"term": term, "value": value}
