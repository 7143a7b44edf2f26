"""Taking turns: which of the jobs that are due go first, so that nobody waits for somebody's flood.

In charge of the order among lanes and companies. Not in charge of finding the jobs, nor of limits
(`lanes`). Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, zip_longest
from typing import TypeVar

T = TypeVar("T")


def in_turn(lines: Iterable[Iterable[T]], limit: int) -> list[T]:
    """The first of each line, then the second of each, and so on: at most `limit`."""
    rounds: Iterator[tuple[T | None, ...]] = zip_longest(*lines)
    return list(islice((one for one in chain.from_iterable(rounds) if one is not None), limit))


def beginning_after(names: Sequence[str], last: str) -> list[str]:
    """The sorted names, beginning with the first one behind `last`."""
    return [name for name in names if name > last] + [name for name in names if name <= last]
