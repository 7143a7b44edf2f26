"""A dozen kills of every kind under load: nothing is lost, stuck, doubled or told twice.

`make crash` is the same at length.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.series import ON_SQLITE, Kind, run
from tests.servers import postgres

KILLS = {
    Kind.SQLITE: 3,
    Kind.POSTGRES: 2,
    Kind.WORKERS: 3,
    Kind.DATABASE: 3,
    Kind.FROZEN: 1,
    Kind.PEPPOL: 3,
    Kind.PEPPOL_POSTGRES: 2,
}


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", KILLS)
async def test_nothing_is_lost_and_nothing_is_doubled(kind: Kind, tmp_path: Path) -> None:
    if kind not in ON_SQLITE:
        postgres.database()  # or the test is skipped
    found = await run(kind, KILLS[kind], f"test/{kind}", tmp_path)
    assert found.wrong == {}
    assert found.kills == KILLS[kind]
    assert found.states == {"delivered": found.acknowledged}
    assert found.acknowledged > found.kills
