"""The lease loop of docs/howto/receive-invoices.md does what the page says."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from gateway.client import Client
from gateway.inbound.reading import NOT_READ, NOT_SCANNABLE, SCAN_WAITS
from gateway.sandbox import RECEIVER, Sandbox
from tests.e2e.command import ROOT

PAGE = (ROOT / "docs/howto/receive-invoices.md").read_text("utf-8")
UBL = (Path("examples") / "no-b2b-invoice.xml").read_bytes()


def loop(url: str, key: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The page's program, as a ledger has it."""
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    monkeypatch.setenv("BUDKAVLE_URL", url)
    monkeypatch.setenv("BUDKAVLE_KEY", key)
    names: dict[str, Any] = {}
    exec(compile(program, "receive-invoices.md", "exec"), names)
    return names


@pytest.mark.timeout(600)
async def test_what_came_in_is_booked_once_and_confirmed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Sandbox(tmp_path / "sandbox") as sandbox:
        url = sandbox.gateway.url
        names = loop(url, RECEIVER.key, monkeypatch)
        await receive(url, names)


async def receive(url: str, names: dict[str, Any]) -> None:
    async with Client(url, RECEIVER.key) as ledger:
        sent = [UBL + b"\n" * n for n in range(3)]
        for content in sent:
            await ledger.upload_to_inbox(content, "application/xml")
        booked: dict[str, Any] = {}
        while len(booked) < len(sent):
            await asyncio.to_thread(names["take_over"], booked.__setitem__)
        assert all(invoice["invoice"]["number"] for invoice in booked.values())
        assert await ledger.inbox() == []


def test_it_names_the_codes_that_there_are() -> None:
    for code in (SCAN_WAITS, NOT_SCANNABLE, NOT_READ, "document.infected", "inbox.lease_lost"):
        assert f"`{code}`" in PAGE or f"{code}`" in PAGE, code
