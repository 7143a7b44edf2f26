from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser as Chromium

from tests.console.chromium import open_chromium
from tests.console.office import Browser, Office, open_office


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with open_office(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
async def browser(office: Office) -> AsyncIterator[Browser]:
    async with office.browser() as opened:
        yield opened


@pytest.fixture
async def chromium() -> AsyncIterator[Chromium]:
    async with open_chromium() as opened:
        yield opened
