"""A process that dies at one of its writes, for any part that writes to a store or elsewhere."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

WRITES = frozenset(
    {
        *("accept", "act", "arrive", "checkpoint", "confirm", "lend", "put", "put_entries"),
        *("reply", "report", "turn"),
        *("move", "write"),  # to a folder
    }
)


class Died(BaseException):
    """The process is gone: no handler may catch this and write."""


class Death:
    """Comes right before the n-th write, from 1; or right `after` it."""

    def __init__(self, n: int, *, after: bool = False) -> None:
        self._n = n
        self._after = after
        self.dead = False

    async def write(self, write: Coroutine[None, None, T]) -> T:
        self._n -= 1
        if self._n > 0:
            return await write
        if self._after and not self.dead:
            await write
        else:
            write.close()
        self.dead = True
        raise Died


NEVER = Death(1_000_000)


class Mortal:
    """A store, or whatever else is written to, whose writes may be the last."""

    def __init__(self, one: Any, death: Death) -> None:
        self._one = one
        self._death = death

    def __getattr__(self, name: str) -> Any:
        if self._death.dead:
            raise Died
        found = getattr(self._one, name)
        if name not in WRITES:
            return found
        return lambda *args, **how: self._death.write(found(*args, **how))
