from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.console.acting.desk import Doors
from tests.console.file_room import FileRoom, open_file_room
from tests.console.office import Browser


@pytest.fixture
def doors() -> Doors:
    return Doors()


@pytest.fixture
async def room(tmp_path: Path, doors: Doors) -> AsyncIterator[FileRoom]:
    channels = ["email", "letter"]
    how = {"channels": channels, "recalling": ["email"], "gate": doors}
    async with open_file_room(tmp_path / "data", **how) as opened:
        yield opened


@pytest.fixture
async def browser(room: FileRoom) -> AsyncIterator[Browser]:
    """Anna's, who may send."""
    await room.office.person()
    async with room.office.browser() as opened:
        await opened.sign_in("anna@byran.example")
        yield opened
