"""Search: documents of one company or of many by what people know of them.

In charge of what can be asked for and of what the store promises of the answers. Not in charge of
how people write it (`gateway.console.log`), nor of who may ask for whose documents.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gateway.lifecycle import InboxState, State
    from gateway.store.port import Direction, Page


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for. All that is said must hold; of several values in one field, any.

    `companies`: of these alone; None is of all, which only operators may ask.
    """

    companies: Collection[str] | None
    direction: Direction | None = None
    states: Collection[State] = ()
    inbox: Collection[InboxState] = ()  # inbound: where it is in the inbox
    channels: Collection[str] = ()  # the channel that has it, or had it last
    codes: Collection[str] = ()  # what its code begins with: "email" has "email.bounced"
    kinds: Collection[str] = ()  # invoice, credit_note ...
    rules: Collection[str] = ()  # rules that it was found to break, official ids
    numbers: Collection[str] = ()  # the document's own number, whole
    parties: Collection[str] = ()  # participants or organisation numbers, of either side
    messages: Collection[str] = ()  # ids of messages of a network, or a channel's reference
    references: Collection[str] = ()  # what a payer states: OCR, KID
    words: Collection[str] = ()  # each is an id, or what a name, number or party begins with
    since: datetime | None = None  # came at this time or later
    until: datetime | None = None  # came before


@dataclass(frozen=True, slots=True)
class Facets:
    """How the documents that were found are spread: by `state`, `channel`, `company`, `code`,
    `kind` and `direction`, the most frequent values first.

    Only the newest `counted` were looked at; `whole` says whether these are all.
    """

    counted: int
    whole: bool
    of: Mapping[str, Sequence[tuple[str, int]]]


class Search(Protocol):
    """Operations on documents across companies."""

    async def found(self, question: Question, *, after: str | None = None, limit: int = 50) -> Page:
        """A page of what was found, newest first; stable while documents come in. BadCursor when
        `after` is not a page's `next`."""
        ...

    async def facets(self, question: Question, *, values: int = 10) -> Facets:
        """How what is found is spread; at most so many values of each."""
        ...

    async def suggested(
        self, companies: Collection[str] | None, begin: str, limit: int = 10
    ) -> Sequence[tuple[str, str]]:
        """What begins like this, as (field of the question, value): numbers, parties, names."""
        ...
