"""How much of one company's work may be under way at once, so that others' gets its turn too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class FairShare:
    """Counts what is under way, by company, in one process; `most` of it at once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._under_way: Counter[str] = Counter()

    def used_up(self, company_id: str) -> bool:
        """Whether a company has as much under way as it may."""
        return self._under_way[company_id] >= self._most

    @contextmanager
    def taken(self, company_id: str) -> Iterator[None]:
        """One more piece of a company's work, while it lasts."""
        self._under_way[company_id] += 1
        try:
            yield
        finally:
            self._under_way[company_id] -= 1
            if not self._under_way[company_id]:
                del self._under_way[company_id]
