"""Queries that somebody has given a name: theirs alone, to be found again.

They are kept in the store's register, where nobody else's pages look: by person, no company's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from gateway.clock import Clock
from gateway.store.people import Person
from gateway.store.port import Store
from gateway.store.register import StoredRegister
from transports.base import Entry

MOST: Final = 30  # of one person
LONGEST: Final = 60  # characters of a name

_VIEW: Final = "view"
_UNSEEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Saved:
    """A query and its name."""

    name: str
    query: str


class SavedQueries:
    """Remembers them."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._register = StoredRegister(store, clock, "console")

    async def of(self, person: Person) -> list[Saved]:
        """A person's, by name."""
        begin = f"{person.id}/"
        entries = await self._register.entries("", _VIEW, after=begin, limit=MOST)
        return [
            Saved(entry.name.removeprefix(begin), str(entry.data["query"]))
            for entry in entries
            if entry.name.startswith(begin)
        ]

    async def save(self, person: Person, name: str, query: str) -> str:
        """Saves a query, in place of the one of that name; what is wrong, empty where nothing
        is: `no_name`, `long_name`, `too_many`, or `overtaken` by somebody's other click."""
        name = _clean(name)
        if not name:
            return "no_name"
        if len(name) > LONGEST:
            return "long_name"
        there = await self._register.get("", _VIEW, f"{person.id}/{name}")
        if there is None and len(await self.of(person)) >= MOST:
            return "too_many"
        version = 0 if there is None else there.version
        entry = Entry("", _VIEW, f"{person.id}/{name}", "", {"query": query}, version=version)
        return "" if await self._register.put([entry]) else "overtaken"

    async def forget(self, person: Person, name: str) -> None:
        """Forgets one; it does not matter whether it was there."""
        there = await self._register.get("", _VIEW, f"{person.id}/{_clean(name)}")
        if there is not None:
            await self._register.drop([there])


def _clean(name: str) -> str:
    return " ".join(_UNSEEN.sub(" ", name).split())
