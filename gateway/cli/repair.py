"""`budkavle repair`: what is done about files that could not be fetched, over HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from gateway.cli.client import over_http
from gateway.cli.options import Impossible, client_options
from gateway.cli.output import records, say
from gateway.client import Client

_COLUMNS = ("id", "number", "state", "code", "next_at", "text")

_reason = click.option(
    "--reason", required=True, help="Why, in a sentence; it is kept with the event."
)
_everything = click.option(
    "--all", "everything", is_flag=True, help="All documents that are held for want of a file."
)
_code = click.option(
    "--code", metavar="CODE", help="With --all: only those with this code: attachment.not_found."
)
_attachment = click.option(
    "--attachment",
    type=click.IntRange(0, 99),
    help="Which file, from 0, as the document's `fetches` has them.",
)


@click.group()
def repair() -> None:
    """Repairs documents that wait for files which could not be fetched."""


@repair.command("list")
@client_options
@_code
def list_errors(url: str, key: str, code: str | None) -> None:
    """Lists the documents that lack a file: those that are held, and those that are still tried."""

    async def read() -> bool:
        async with Client(url, key) as client:
            rows = [
                row
                for state in ("held", "waiting")
                for row in await client.documents(state=state, code=code or "attachment.")
            ]
        shown = [{**row, "number": row["head"]["number"]} for row in rows]
        records(_COLUMNS, [{name: row[name] for name in _COLUMNS} for row in shown], empty=_NONE)
        return True

    over_http(read())


_NONE = "No document lacks a file."


@repair.command("fetch")
@click.argument("document_ids", nargs=-1)
@client_options
@_reason
@_everything
@_code
@_attachment
@click.option("--from", "address", metavar="URL", help="Where the file is now.")
@click.option("--sha256", help="The hash that it has, instead of the one that was stated.")
def fetch_again(
    document_ids: Sequence[str],
    url: str,
    key: str,
    reason: str,
    everything: bool,
    code: str | None,
    attachment: int | None,
    address: str | None,
    sha256: str | None,
) -> None:
    """Has missing files fetched again, of DOCUMENT_IDS or of all documents that are held for them.

    Ends with 1 when some of them could not be repaired.
    """
    wish = {"attachment": attachment, "url": address, "sha256": sha256}
    _one_way(document_ids, everything, code, wish)
    over_http(_repaired(url, key, document_ids, "fetch", reason, code, wish))


@repair.command("leave-out")
@click.argument("document_ids", nargs=-1)
@client_options
@_reason
@_everything
@_code
@_attachment
def leave_out(
    document_ids: Sequence[str],
    url: str,
    key: str,
    reason: str,
    everything: bool,
    code: str | None,
    attachment: int | None,
) -> None:
    """Has documents go on without the files that are missing.

    Ends with 1 when some of them could not be repaired.
    """
    wish = {"attachment": attachment}
    _one_way(document_ids, everything, code, wish)
    over_http(_repaired(url, key, document_ids, "leave_out", reason, code, wish))


@repair.command("hand-in")
@click.argument("document_id")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@client_options
@_reason
@click.option(
    "--attachment", type=click.IntRange(0, 99), default=0, help="Which file, from 0. Default: 0."
)
@click.option("--name", help="What it is called. Default: as FILE is.")
def hand_in(
    document_id: str,
    file: Path,
    url: str,
    key: str,
    reason: str,
    attachment: int,
    name: str | None,
) -> None:
    """Hands in FILE in the place of one that could not be fetched."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise Impossible(f"{file}: {error.strerror}") from error

    async def put() -> bool:
        async with Client(url, key) as client:
            row = await client.hand_in_attachment(
                document_id, attachment, content, name=name or file.name, reason=reason
            )
        records(("id", "state", "text"), [row], empty="")
        return True

    over_http(put())


def _one_way(
    document_ids: Sequence[str], everything: bool, code: str | None, wish: Mapping[str, Any]
) -> None:
    if bool(document_ids) == everything:
        raise click.UsageError("give either documents or --all")
    if code and not everything:
        raise click.UsageError("--code goes with --all")
    if everything and any(value is not None for value in wish.values()):
        raise click.UsageError("one file is meant by that, and --all are many")


async def _repaired(
    url: str,
    key: str,
    document_ids: Sequence[str],
    action: str,
    reason: str,
    code: str | None,
    wish: Mapping[str, Any],
) -> bool:
    """Repairs these documents, or all; whether each of them goes on."""
    left = 0
    async with Client(url, key) as client:
        if document_ids:
            for document_id in document_ids:
                row = await client.repair(document_id, reason, action=action, **wish)
                records(("id", "state", "text"), [row], empty="")
            return True
        async for page in client.repair_all(reason, action=action, code=code):
            records(("id",), [{"id": id_} for id_ in page["repaired"]], empty=_NONE)
            for each in page["left"]:
                say(f"{each['id']}: {each['text']}")
            left += len(page["left"])
    return left == 0
