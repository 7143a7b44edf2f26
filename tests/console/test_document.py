"""The page of one document, over documents that really went their way."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.lifecycle import State
from tests.console.file_room import FileRoom, open_file_room
from tests.console.office import Browser
from tests.flows.house import invoice

TABS = ("", "/invoice", "/ubl", "/sent-in", "/envelope", "/attachments", "/events", "/audit")


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[FileRoom]:
    async with open_file_room(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
async def browser(room: FileRoom) -> AsyncIterator[Browser]:
    """With an operator signed in."""
    async with room.office.browser() as opened:
        await room.office.operator(opened)
        yield opened


async def test_every_tab_is_there_for_whatever_became_of_it(
    room: FileRoom, browser: Browser
) -> None:
    house = room.house
    ends = {
        await house.submit(invoice(here=True)): State.DELIVERED,
        await house.submit(invoice(email="a@customer.example")): State.SENT,
        await house.submit(invoice(email="drop@customer.example")): State.HELD,
        await house.submit({"invoice": {"number": "F-9"}}): State.REJECTED,
        await house.submit(invoice(post_code=None)): State.FAILED,
    }
    await house.work()
    ends[await house.submit(invoice())] = State.RECEIVED
    for document_id, state in ends.items():
        await house.is_in(document_id, state)
        for tab in TABS:
            page = await room.show(browser, document_id, tab)
            assert page.text.count("<h1>") == 1
            assert 'class="sentence"' in page.text
            twin = await room.show(browser, document_id, f"{tab}.json")
            said = json.loads(twin.text)
            assert said["top"]["state"] == state.value
            assert said["top"]["sentence"] and said["top"]["turn"]
