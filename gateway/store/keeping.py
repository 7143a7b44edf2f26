"""The part of the store's port that keeps and lets go: audit, retention, legal hold, exports.

In charge of the operations and their promises, as `port` is. `now` is the caller's clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from gateway.audit.chain import Entry, Head, NewEntry

if TYPE_CHECKING:
    from gateway.store.port import NewJob


@dataclass(frozen=True, slots=True)
class Terms:
    """What is older than these times goes; a document's age counts from when it was accepted."""

    content: datetime  # the document and its image, as it came and as it went
    evidence: datetime  # wire bytes, findings, plan, envelope
    rows: datetime  # everything else, the document's own row with it

    @property
    def latest(self) -> datetime:
        """What is younger than this stays whole."""
        return max(self.content, self.evidence, self.rows)


@dataclass(frozen=True, slots=True)
class Expired:
    """What went, or would go. `after`: where to go on; None: there is no more."""

    documents: int = 0  # wholly gone
    files: int = 0
    bytes: int = 0  # of those files; shared ones are counted once for each document
    events: int = 0
    after: str | None = None

    def __add__(self, other: Expired) -> Expired:
        return Expired(
            self.documents + other.documents,
            self.files + other.files,
            self.bytes + other.bytes,
            self.events + other.events,
            other.after,
        )


@dataclass(frozen=True, slots=True)
class LegalHold:
    """A document that must not go, however old it is."""

    document_id: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Period:
    """Whose documents of which time: accepted at `start` or later, and before `end`."""

    company_id: str
    direction: str  # out, in
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Sized:
    """A document of a period: its place in the order of arrival, and how much its files have."""

    place: str
    document_id: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ExportFile:
    """One ZIP of an export: the documents past the place `after`, up to `through`."""

    n: int  # from 1
    direction: str
    after: str
    through: str
    documents: int
    size_bytes: int  # before compression


@dataclass(frozen=True, slots=True)
class Export:
    """An archive export: which documents are in which of its files. It holds no bytes."""

    id: str
    company_id: str
    directions: tuple[str, ...]
    start: datetime
    end: datetime
    created_at: datetime
    gone_at: datetime
    ready_at: datetime | None = None
    files: tuple[ExportFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Sought:
    """Which audit entries are looked for: all that is said must hold, whole."""

    about: str = ""  # the subject: the id of a document, the name of a lane ...
    company_id: str = ""
    actor: str = ""
    action: str = ""
    since: datetime | None = None  # at this time or later
    until: datetime | None = None  # before


class Keeping(Protocol):
    """The operations."""

    # --- after a restore ---

    async def leap(self) -> None:
        """Makes sure that no cursor of the feed given out by a later state, which is lost, stands
        behind what comes from now on: a reader would never hear of that."""
        ...

    # --- audit ---

    async def audit(self, entry: NewEntry, now: datetime) -> Entry:
        """Appends an entry. What can be written together with what it tells of takes the entry
        along instead (`act`, `add_company`, ...)."""
        ...

    async def audit_entries(self, after: int, limit: int) -> Sequence[Entry]:
        """Entries past `after`, in order (operators only)."""
        ...

    async def audit_head(self) -> Head:
        """The newest entry."""
        ...

    async def audit_before(self, at: datetime) -> Head | None:
        """The newest entry that is older than `at`; None when none is."""
        ...

    async def audit_found(self, sought: Sought, before: int | None, limit: int) -> Sequence[Entry]:
        """Entries that fit, newest first: those with a number lower than `before`, or from the
        newest on. With a company, of no other."""
        ...

    async def audit_names(self, limit: int) -> tuple[Sequence[str], Sequence[str]]:
        """The actors that there are in entries, and the actions, by name; at most so many of
        each."""
        ...

    async def cut_audit(self, through: int, entry: NewEntry, now: datetime) -> None:
        """Appends the entry CUT and takes away those up to `through`, which it seals. Nothing else
        can take an entry away or change one, not even by SQL."""
        ...

    # --- secrets ---

    async def secret(self, name: str, fresh: bytes) -> bytes:
        """The secret of this name; `fresh` becomes it when there is none yet."""
        ...

    # --- retention ---

    async def expire(
        self,
        company_id: str,
        direction: str,
        terms: Mapping[str, Terms],
        after: str | None,
        limit: int,
        *,
        dry_run: bool = False,
    ) -> Expired:
        """Looks at up to `limit` documents past `after`, oldest first, and takes away what is older
        than the terms of their kind (the name "" is for all other kinds).

        A document that is not in a final state, has a job, or is under legal hold stays whole. The
        bytes of a file go with the last row that names them.
        """
        ...

    async def expire_events(
        self,
        company_id: str,
        before: datetime,
        after: str | None,
        limit: int,
        *,
        dry_run: bool = False,
    ) -> Expired:
        """Looks at up to `limit` events past `after`, oldest first, and takes away those older than
        `before`, of documents that `expire` might take. The feed goes on after what is left."""
        ...

    async def drop_months(self, before: datetime) -> int:
        """Where events lie in parts by month, drops those of whole months older than `before`, but
        for those with a document that `expire` must leave; answers how many. Makes the parts of
        the months to come."""
        ...

    async def expire_keys(self, before: datetime, limit: int, *, dry_run: bool = False) -> int:
        """Takes away up to `limit` idempotency keys older than `before`; answers how many."""
        ...

    async def compact(self) -> bool:
        """Gives some of the room that was freed back to the disk; whether there is more."""
        ...

    async def set_legal_hold(
        self, company_id: str, document_id: str, reason: str | None, entry: NewEntry, now: datetime
    ) -> bool:
        """Puts a document under legal hold; with the reason None, lets it go. False: not there."""
        ...

    async def legal_holds(self, company_id: str) -> Sequence[LegalHold]:
        """The company's documents under legal hold, by id."""
        ...

    # --- exports ---

    async def add_export(self, export: Export, job: NewJob, entry: NewEntry) -> None:
        """Writes an export without files, and the job that will find them. One that is there stays
        as it is, and nothing is written."""
        ...

    async def export(self, company_id: str, export_id: str) -> Export | None:
        """One export with its files."""
        ...

    async def exports(self, limit: int) -> Sequence[Export]:
        """Everybody's, newest first, with their files (operators only)."""
        ...

    async def add_export_file(self, export_id: str, file: ExportFile) -> None:
        """Writes the next file; one with this number stays as it is."""
        ...

    async def end_export(self, export_id: str, now: datetime) -> None:
        """All files are there."""
        ...

    async def drop_exports(self, now: datetime) -> int:
        """Takes away exports whose time is over; answers how many."""
        ...

    async def period(
        self, period: Period, after: str | None, limit: int, through: str | None = None
    ) -> Sequence[Sized]:
        """Documents of a period past the place `after`, and up to `through`, in the order of
        arrival."""
        ...
