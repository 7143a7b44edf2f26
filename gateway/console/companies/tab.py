"""What every tab of a company is: something to see, and verbs.

In charge of the words between a tab and the section that shows it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from gateway.console.companies.desk import Desk
from gateway.trust.scopes import Scope


@dataclass(frozen=True, slots=True)
class Done:
    """It is done; `word` says what. `query` is what of the address stays."""

    word: str
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wrong:
    """It was not done, and why: names of words with their values, or sentences of the gateway's
    own, which are English."""

    words: tuple[tuple[str, Mapping[str, object]], ...] = ()
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Once:
    """It is done, and this secret came of it, which is shown now and never again. `word` says what
    it is, `name` of what."""

    word: str
    name: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NotThere:
    """There is no such thing, or not within their reach."""


Outcome = Done | Wrong | Once | NotThere
Verb = Callable[[Desk], Awaitable[Outcome]]


def wrong(word: str, **values: object) -> Wrong:
    """One thing that is wrong, in the reader's words."""
    return Wrong(((word, values),))


def bad(faults: Iterable[tuple[str, str]]) -> Wrong:
    """What verbs of the gateway say is wrong: each with the name of what is."""
    faults = tuple(faults)
    return Wrong(
        tuple((f"companies_wrong_{name}", {}) for name, _ in faults),
        tuple(f"{name}: {why}" for name, why in faults),
    )


OVERTAKEN = wrong("companies_overtaken")


class Tab(Protocol):
    """A tab. `scope` is needed to see it, and `manage` for every verb; verbs in `of_operators` are
    theirs alone."""

    name: str
    scope: Scope

    @property
    def verbs(self) -> Mapping[str, Verb]:
        """What can be done here, by the last part of the address that its form is sent to."""
        ...

    @property
    def of_operators(self) -> frozenset[str]:
        """The verbs that only operators have."""
        ...

    async def view(self, desk: Desk) -> Any:
        """What is to be seen: a dataclass."""
        ...
