"""When keys were used: written all together, and kept while the store refuses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import cast

from gateway.store.port import StorageUnavailable, Store
from gateway.trust.uses import Uses

AT = datetime(2026, 11, 22, tzinfo=UTC)


class Disk:
    """A store that is full at first."""

    def __init__(self) -> None:
        self.full = True
        self.written: list[Mapping[str, datetime]] = []

    async def use_keys(self, used: Mapping[str, datetime]) -> None:
        if self.full:
            raise StorageUnavailable("full")
        self.written.append(used)


async def test_what_can_not_be_written_now_is_written_the_next_time() -> None:
    disk = Disk()
    uses = Uses(cast(Store, disk))
    uses.note("a", AT)
    uses.note("b", AT)
    await uses.write()
    uses.note("b", AT + timedelta(seconds=1))
    disk.full = False
    for _ in range(2):
        await uses.write()
    assert disk.written == [{"a": AT, "b": AT + timedelta(seconds=1)}]
