"""`budkavle set-aside`: what came in for nobody here, and whose it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.options import Impossible, in_store, load_settings, operator, settings_options
from gateway.cli.output import records, say

if TYPE_CHECKING:
    from gateway.store.inbox import Item
    from gateway.store.port import Store

_COLUMNS = ("id", "received_at", "channel", "recipient", "sender", "number", "state", "text")
_PAGE = 500


@click.group("set-aside")
def set_aside() -> None:
    """Shows what came in for nobody here; gives it to a company, or drops it."""


@set_aside.command("list")
@settings_options
def list_set_aside(config_file: Path | None, data: Path | None) -> None:
    """Lists it, in the order it came."""

    async def read(store: Store) -> list[Item]:
        from gateway.inbound.aside import lying

        items: list[Item] = []
        while page := await lying(store, items[-1].document.id if items else None, _PAGE):
            items += page
        return items

    rows = [_row(item) for item in in_store(load_settings(config_file, data).settings, read)]
    records(_COLUMNS, rows, empty="Nothing is set aside.")


def _row(item: Item) -> dict[str, Any]:
    document = item.document
    return {
        "id": document.id,
        "received_at": document.created_at.isoformat(),
        "channel": document.channel,
        "recipient": item.found.get("recipient"),
        "sender": document.head.sender_name,
        "number": document.head.number,
        "state": item.state.value,
        "text": item.text,
    }


@set_aside.command("assign")
@click.argument("document_id")
@click.argument("company_id")
@click.option("--reason", required=True, help="Why it is this company's; for the audit.")
@settings_options
def assign_set_aside(
    document_id: str, company_id: str, reason: str, config_file: Path | None, data: Path | None
) -> None:
    """Gives a document to a company: it comes into that one's inbox. Prints its id there."""

    async def assign(store: Store) -> str:
        from gateway.clock import SystemClock
        from gateway.inbound import aside

        try:
            return await aside.assign(
                store, SystemClock(), document_id, company_id, actor=operator(), reason=reason
            )
        except (aside.NotAside, LookupError) as error:
            raise Impossible(str(error)) from error

    given = in_store(load_settings(config_file, data).settings, assign)
    records(("id", "company"), [{"id": given, "company": company_id}], empty="")


@set_aside.command("drop")
@click.argument("document_ids", nargs=-1, required=True)
@click.option("--reason", required=True, help="Why nobody gets it; for the audit.")
@settings_options
def drop_set_aside(
    document_ids: Sequence[str], reason: str, config_file: Path | None, data: Path | None
) -> None:
    """Ends documents: nobody gets them. Their files are kept as long as any document's."""

    async def drop(store: Store) -> None:
        from gateway.clock import SystemClock
        from gateway.inbound import aside

        for document_id in document_ids:
            try:
                await aside.drop(store, SystemClock(), document_id, actor=operator(), reason=reason)
            except aside.NotAside as error:
                raise Impossible(str(error)) from error

    in_store(load_settings(config_file, data).settings, drop)
    say("Dropped.")
