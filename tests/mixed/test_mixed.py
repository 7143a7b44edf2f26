"""A small mixed run: every fate at least once. `python -m tests.mixed` does larger ones."""

from __future__ import annotations

from pathlib import Path

from tests.mixed.fates import FATES
from tests.mixed.run import draw, run


async def test_every_document_ends_as_foretold(tmp_path: Path) -> None:
    faults = sum(fate.fault for fate in FATES)
    documents = 2 * max(faults, len(FATES) - faults)
    ones = draw(documents, seed=1, faults=0.5)
    assert {one.fate.name for one in ones} == {fate.name for fate in FATES}
    result = await run(tmp_path, ones, limit_s=500)
    assert not result.differences, result.report()
    assert sum(result.outcomes.values()) == documents
