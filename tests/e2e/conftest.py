from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from gateway.sandbox import SENDER, Sandbox


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with Sandbox(tmp_path / "sandbox") as running:
        yield running


@pytest.fixture
def ledger(sandbox: Sandbox) -> Mapping[str, str]:
    """The environment of a ledger that sends."""
    return {"BUDKAVLE_URL": sandbox.gateway.url, "BUDKAVLE_API_KEY": SENDER.key}
