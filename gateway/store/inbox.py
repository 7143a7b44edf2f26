"""The inbox: what came in for a company, in the order it is given out, and to whom it is lent.

In charge of the rows and of what the store promises of them; a part of the port
(`gateway.store.port.Store`). Not in charge of what is found in a document (`gateway.inbound`).

What is given out is lent: a poller takes documents for a time under a name (`lease`), and who
confirms says the name. Only the newest lease of a document counts, as with jobs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from gateway.audit.chain import Told
from gateway.lifecycle import InboxChange, InboxState

if TYPE_CHECKING:
    from gateway.store.port import Document, NewEvent, NewJob, NewPart


@dataclass(frozen=True, slots=True)
class Item:
    """A document in its inbox. `found` is what was found when it was read, as JSON data.

    `lease` names who has it, or had it last; it counts until `lease_until`, or until it is taken by
    another. `reference` is the ERP's own name for it.
    """

    document: Document
    state: InboxState
    code: str  # why, stable and dotted
    text: str
    found: Mapping[str, Any] = field(default_factory=dict)
    lease: str | None = None
    lease_until: datetime | None = None
    handled_at: datetime | None = None
    handled_by: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Handling:
    """The ERP is done with a document: who says so, and its own name for it."""

    by: str
    reference: str | None


@dataclass(frozen=True, slots=True)
class Turn:
    """What a person, or the ERP, does to a document in the inbox; written when the document is of
    this `version` and in the state that the change begins with."""

    company_id: str
    document_id: str
    version: int
    change: InboxChange
    events: Sequence[NewEvent]
    found: Mapping[str, Any] | None = None  # None: as it was
    parts: Sequence[NewPart] = ()
    jobs: Sequence[NewJob] = ()
    handling: Handling | None = None


@dataclass(frozen=True, slots=True)
class Lot:
    """What lies in a company's inbox in one state: how many, and when the first in line came."""

    company_id: str
    state: InboxState
    count: int
    first_at: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """A page of what lies in inboxes; `next` is where to go on, None at the end."""

    items: tuple[Item, ...]
    next: str | None


class NotGiven(Exception):
    """The document is kept back just now; nothing was written."""

    def __init__(self, state: InboxState, text: str) -> None:
        self.state, self.text = state, text
        super().__init__(text)


class Lent(Exception):
    """Another has the document, or had it last and confirmed it; nothing was written. `until` is
    the end of its lease, None once it is confirmed."""

    def __init__(self, until: datetime | None) -> None:
        self.until = until
        super().__init__("another has it" if until else "another has confirmed it")


class Inbox(Protocol):
    """The operations."""

    async def inbox(self, company_id: str, after: str | None, limit: int) -> Sequence[Document]:
        """Documents not confirmed yet, whatever their state, oldest first, past the id `after`.

        A document that was confirmed meanwhile still is a good `after`; BadCursor otherwise.
        """
        ...

    async def inbox_items(
        self,
        company_id: str,
        state: InboxState,
        after: str | None,
        limit: int,
        *,
        free_at: datetime | None = None,
    ) -> Sequence[Item]:
        """Those in this state, in the order they are given out, past the id `after`; with `free_at`
        only those that nobody has then. None that is new is shown before one that came earlier and
        is still read. BadCursor as in `inbox`."""
        ...

    async def inbox_item(self, company_id: str, document_id: str) -> Item | None:
        """One of them."""
        ...

    async def inbox_waits(self, company_id: str) -> bool:
        """Whether something is being read, so that more will be new."""
        ...

    async def inbox_lots(self, company_id: str | None = None) -> Sequence[Lot]:
        """What lies in inboxes and is not confirmed, by company and state: of one company; of all
        for operators alone."""
        ...

    async def inbox_line(
        self,
        company_id: str | None,
        states: Collection[InboxState],
        after: str | None = None,
        limit: int = 50,
        *,
        besides: str = "",
    ) -> Line:
        """What lies there in these states, the first in line first: of one company; of all for
        operators alone, and then without those of `besides`. What is let out again stands in line
        anew. BadCursor where `after` is not the `next` of a page, which is a place among
        everybody's: for operators' eyes too."""
        ...

    async def lend(
        self, company_id: str, lease: str, now: datetime, until: datetime, limit: int
    ) -> Sequence[Item]:
        """Lends the first new documents that nobody has at `now`, until `until`, in their order: no
        two callers get the same, and none gets one while an earlier one is free."""
        ...

    async def confirm(
        self, company_id: str, document_id: str, now: datetime, *, lease: str | None = None
    ) -> bool | None:
        """Takes a document out of the inbox. False: it was confirmed before, by this lease or
        without any; None: not there. Raises Lent and NotGiven.

        A lease that has ended counts as long as nobody else has taken the document.
        """
        ...

    async def turn(self, turn: Turn, now: datetime, *, told: Told | None = None) -> bool:
        """A person's or the ERP's verb. False, and nothing was written, when there is no such
        document, or it is not as it was."""
        ...

    async def arrived(self, company_id: str, key: str) -> str | None:
        """The document that an arrival with this key has become."""
        ...

    async def same_bytes(self, company_id: str, document_id: str) -> str | None:
        """The first document of the company's that came in before this one, byte for byte the
        same."""
        ...
