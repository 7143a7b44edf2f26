"""`budkavle timeline`: everything that happened to a document, and what went over the wire."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import click

from gateway.cli.client import over_http
from gateway.cli.options import client_options
from gateway.cli.output import records
from gateway.client import Client


@click.command()
@click.argument("document_id")
@client_options
def timeline(document_id: str, url: str, key: str) -> None:
    """Shows what happened to DOCUMENT_ID, and the files that prove it, in order.

    A file has a number: `budkavle evidence get DOCUMENT_ID --part NUMBER` fetches it.
    """

    async def read() -> bool:
        async with Client(url, key) as client:
            told = await client.get(f"/v1/documents/{document_id}/timeline")
            files = (await client.get(f"/v1/documents/{document_id}/evidence"))["files"]
        rows = sorted(_rows(told, files), key=lambda row: datetime.fromisoformat(row["at"]))
        records(("at", "part", "what", "text"), rows, empty="")
        return True

    over_http(read())


def _rows(told: Mapping[str, Any], files: list[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for event in told["events"]:
        text = event["data"].get("text") or event["data"].get("code") or ""
        channel = event["data"].get("channel")
        shown = f"{channel}: {text}" if channel and text else text or channel
        yield {"at": event["at"], "what": event["type"], "text": shown, "data": event["data"]}
    for response in told["responses"]:
        text = f"{response['said']} by {response['id']}: {response['state']}. {response['text']}"
        yield {"at": response["at"], "what": "response", "text": text, "id": response["id"]}
    for n, file in enumerate(files, 1):
        text = f"{file['size_bytes']} bytes, {file['media_type'].partition(';')[0]}"
        row = {"at": file["at"], "part": n, "what": f"{file['role']} {file['name']}", "text": text}
        yield {**row, "sha256": file["sha256"], "href": file["href"]}
