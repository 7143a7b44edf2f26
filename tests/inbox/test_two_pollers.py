"""A short run of `python -m tests.inbox`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.inbox.polling import Run


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_each_document_is_taken_over_once_and_in_its_turn(tmp_path: Path) -> None:
    found = await Run(tmp_path, documents=240, kills=2, seed=1).run()
    assert not found.wrong, found.line()
    assert len(found.owners) == 240
