"""A store of each kind, empty but for two companies."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.store.port import Store
from tests.contracts.stores import NOW, OPENERS, OURS, THEIRS, Opener


@pytest.fixture(params=OPENERS)
def opener(request: pytest.FixtureRequest) -> Opener:
    """Opens a store on a directory, again and again if need be."""
    return OPENERS[request.param]


@pytest.fixture
async def store(opener: Opener, tmp_path: Path) -> AsyncIterator[Store]:
    """A store with two companies."""
    store = await opener(tmp_path / "data")
    await store.add_company(OURS, NOW)
    await store.add_company(THEIRS, NOW)
    yield store
    await store.close()
