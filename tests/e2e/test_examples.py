"""Every example ends as examples/README.md says."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from pathlib import Path

from gateway.client import Client, attached
from gateway.sandbox import SENDER, SENDER_NO, Sandbox

EXAMPLES = Path(__file__).parents[2] / "examples"
ROW = re.compile(r"^\| `([\w.-]+)` \|.*\| ([^|]*) \|$", re.MULTILINE)
STATES = {"delivered", "sent", "failed", "rejected"}


def foretold() -> dict[str, tuple[str, set[str]]]:
    """File -> the state it ends in, and the rules it breaks, as the table says."""
    found = {}
    for name, outcome in ROW.findall((EXAMPLES / "README.md").read_text("utf-8")):
        words = re.findall(r"`([\w-]+)`", outcome)
        (*_, state) = (word for word in words if word in STATES)
        found[name] = (state, {word for word in words if word.isupper() or "-R" in word})
    return found


def test_every_example_has_a_row() -> None:
    files = {path.name for path in EXAMPLES.iterdir() if path.suffix in {".json", ".xml"}}
    assert foretold().keys() == files


async def test_every_example_comes_to_what_its_row_says(sandbox: Sandbox) -> None:
    told = foretold()
    names = {}
    async with (
        Client(sandbox.gateway.url, SENDER.key) as swedish,
        Client(sandbox.gateway.url, SENDER_NO.key) as norwegian,
        asyncio.timeout(120),
    ):
        for name in told:
            client = norwegian if name.startswith("no-") else swedish
            files = [attached(EXAMPLES / "timesheet.pdf")] if "attachment" in name else []
            accepted = await client.submit((EXAMPLES / name).read_bytes(), attachments=files)
            names[accepted.id] = name

        missing = {(name, f"document.{state}") for name, (state, _) in told.items()}
        for client in (swedish, norwegian):
            left = {pair for pair in missing if pair[0].startswith("no-") == (client is norwegian)}
            async for event in client.events(follow=True):
                left.discard((names[event["document_id"]], event["type"]))
                if not left:
                    break
                if event["type"] == "document.waiting":
                    sandbox.put_forward(timedelta(minutes=1))

        for document_id, name in names.items():
            client = norwegian if name.startswith("no-") else swedish
            findings = (await client.document(document_id))["findings"]
            fatal = {found["rule"] for found in findings if found["severity"] == "fatal"}
            assert fatal == told[name][1], name
