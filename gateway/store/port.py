"""What the gateway asks of its store, and the rows it gets back.

In charge of the operations and their promises. Not in charge of how (`sqlite`, `postgres`). Each
operation is one transaction: when it returns, what it says is on disk. Every operation that reads
or writes a company's rows takes the company and finds nothing of anybody else's.
Times are aware UTC. Ids are prefix + UUIDv7 (`gateway.store.ids`).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from gateway.audit.chain import Told
from gateway.blobs.port import BlobRows, KeyRows, Spooled
from gateway.lifecycle import Business, Change, InboxChange, InboxState, State
from gateway.store.access import Access
from gateway.store.accounts import Accounts
from gateway.store.endpoints import Endpoints
from gateway.store.entries import Entries
from gateway.store.inbox import Inbox
from gateway.store.keeping import Keeping
from gateway.store.lanes import LaneState, Limits
from gateway.store.messages import Message, Messages
from gateway.store.overview import Overview
from gateway.store.people import People
from gateway.store.registrations import Registrations
from gateway.store.search import Broken, Search
from gateway.store.usage import Usage
from gateway.store.verifications import Verifications
from transports.base import File

if TYPE_CHECKING:
    from gateway.blobs.blobs import Blobs

# --- rows -------------------------------------------------------------------------------------


class Direction(StrEnum):
    """Which way a document goes, seen from the company."""

    OUT = "out"
    IN = "in"


class Role(StrEnum):
    """What a part of a document is."""

    ORIGINAL = "original"  # the request body as it came
    ATTACHMENT = "attachment"  # a file that came beside the invoice, or was fetched
    FILES = "files"  # the files of one that came in, as JSON: what is wrong and what was done
    FETCH = "fetch"  # which files are to be fetched, and what became of each, as JSON
    UNPACKED = "unpacked"  # a file that came beside the invoice inside the original
    DOCUMENT = "document"  # the UBL that goes out or came in
    IMAGE = "image"  # the invoice as PDF
    MERGED = "merged"  # the image and the attachments as one PDF, for a channel that wants that
    MERGER = "merger"  # what was merged for a channel, as JSON: the same on every attempt
    LINK = "link"  # a link to the document, as JSON: when it ends, and what it shows
    LINKED = "linked"  # a file as a link shows it, where it was no part yet
    RENDITION = "rendition"  # the form a leg carries the document in, and its files, as JSON
    RENDERED = "rendered"  # a file of that: the document in the form, or what goes with it
    FINDINGS = "findings"  # findings as JSON
    FILLED_IN = "filled_in"  # what we filled in, as JSON; none where that is nothing
    PLAN = "plan"  # the route plan as JSON
    CHOICE = "choice"  # several possible recipients, as JSON, and which one was chosen
    ENVELOPE = "envelope"  # who sends to whom, and the summary, as JSON: the same on every attempt
    EVIDENCE = "evidence"  # wire bytes of an attempt


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a document. `attempt_id` is set on evidence."""

    role: Role
    name: str
    media_type: str
    sha256: str
    size_bytes: int
    at: datetime
    attempt_id: str | None = None


@dataclass(frozen=True, slots=True)
class NewPart:
    """A file to be stored. Same bytes are stored once."""

    role: Role
    name: str
    media_type: str
    content: bytes | Spooled
    attempt_id: str | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """What lists and searches show of a document, read out of it once it has been read."""

    number: str | None = None
    kind: str | None = None  # invoice, credit_note, reminder
    sender_name: str | None = None
    recipient_name: str | None = None
    sender: str | None = None  # participant, "0192:918130047"
    recipient: str | None = None
    issue_date: str | None = None
    due_date: str | None = None
    amount_due: Decimal | None = None
    currency: str | None = None
    reference: str | None = None  # what a payer states: OCR, KID (BT-83)
    # Of the parties, where the document says them: for search alone, and not read back.
    organisation_numbers: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Document:
    """A document row. `delivery` is what the ERP asked for beside the invoice, as JSON data."""

    id: str
    company_id: str
    direction: Direction
    state: State
    business: Business
    version: int  # grows with each write
    media_type: str
    head: Head
    delivery: Mapping[str, Any]
    channel: str | None  # the channel that has it, or had it last
    code: str  # why it is in this state
    text: str
    next_at: datetime | None
    created_at: datetime
    updated_at: datetime
    confirmed_at: datetime | None = None  # inbound: taken over by the ERP


@dataclass(frozen=True, slots=True)
class Leg:
    """A step of the plan that is tried or has been: one channel, one idempotency key."""

    document_id: str
    n: int  # place in the plan, from 0
    channel: str
    key: UUID
    state: str  # planned, trying, sent, delivered, refused, unreachable, skipped
    address: str | None = None
    reference: str | None = None  # the channel's own name for it
    expects: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try on one channel. An attempt without `ended_at` after a crash is an unknown outcome."""

    id: str
    document_id: str
    leg: int
    channel: str
    started_at: datetime
    ended_at: datetime | None = None
    outcome: str | None = None  # the outcome's name: `gateway.delivery.outcome.Result`
    code: str | None = None
    text: str | None = None  # for operators
    public_text: str | None = None
    remote: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a document, in the order it happened. `data` is public.

    `cursor` is its place in the company's feed: opaque, the store's own, and good for ever.
    """

    cursor: str
    id: str
    company_id: str
    document_id: str
    type: str
    at: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to be written; `type` is a `gateway.events.Type`."""

    type: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed piece of work. Only the holder of the newest `fence` may write back.

    A document has one main job, whose `key` is the document's id, and may have timers beside it
    (`<document id>/<name>`). A job without a document is about something else of the company's (a
    webhook endpoint), or, without a company, the gateway's own (a schedule).
    """

    id: int
    company_id: str  # "" for the gateway's own
    document_id: str  # "" for a job that is about no document
    kind: str  # prepare, deliver, expect ...
    fence: int
    tries: int  # claims so far of this kind, this one included
    data: Mapping[str, Any]
    lane: str = ""  # what it waits in line for: a channel's name, or the kind
    key: str = ""  # no two jobs have the same


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be put in line, in the place of the one with the same key."""

    key: str
    kind: str
    due_at: datetime
    company_id: str = ""
    document_id: str = ""
    lane: str = ""  # empty: the kind
    priority: int = 0  # within the company: the higher goes first
    data: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises ValueError when the key is not the document's own, or is some document's."""
        first = self.key.partition("/")[0]
        if (self.document_id or first.startswith("doc_")) and first != self.document_id:
            raise ValueError(
                f"{self.key} is no key of a job of {self.document_id or 'no document'}"
            )


@dataclass(frozen=True, slots=True)
class DeadJob:
    """A job that nobody works on any more, because it failed too often."""

    id: int
    company_id: str
    document_id: str
    kind: str
    lane: str
    key: str
    data: Mapping[str, Any]
    tries: int
    code: str
    text: str  # for operators
    died_at: datetime


@dataclass(frozen=True, slots=True)
class Company:
    """A tenant: somebody whose invoices these are."""

    id: str
    name: str
    country: str
    participants: tuple[str, ...]
    settings: Mapping[str, Any]
    account_id: str = ""  # whose account it is in; empty: in none
    parent_id: str = ""  # the company that it is a sub-unit of
    # The settings of its parent and of its account, the nearer first, as far as they have any: read
    # along, never written by what changes the company.
    above: tuple[Mapping[str, Any], ...] = ()

    @property
    def in_effect(self) -> Mapping[str, Any]:
        """Its settings over those above it."""
        return {
            name: value
            for layer in (*self.above[::-1], self.settings)
            for name, value in layer.items()
        }


# --- requests and answers -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Submission:
    """A document to be accepted. `idempotency` is (key, SHA-256 of the request), or None.

    `priority`: of the company's documents, the higher goes first.
    """

    document_id: str
    company_id: str
    media_type: str
    parts: Sequence[NewPart]
    delivery: Mapping[str, Any]
    idempotency: tuple[str, str] | None = None
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Accepted:
    """The document is durable. `replayed`: it already was, under the same idempotency key."""

    document_id: str
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class KeyReused:
    """The idempotency key was used before with another request; nothing was written."""

    document_id: str


@dataclass(frozen=True, slots=True)
class Done:
    """The job is finished and goes away."""


@dataclass(frozen=True, slots=True)
class Again:
    """The job is given back and goes on at `due_at`, as `kind`, in `lane`, with `data` when they
    are given; what is not given stays as it was. A new job without a lane has its kind's."""

    due_at: datetime
    kind: str | None = None
    data: Mapping[str, Any] | None = None
    lane: str | None = None


@dataclass(frozen=True, slots=True)
class Keep:
    """The holder goes on with the job: an intent is on disk, the outside call comes now.

    `data` and `kind`, when given, replace the job's: it is what the next holder finds after a
    crash. With another kind the tries are counted anew, and this is the first.
    """

    data: Mapping[str, Any] | None = None
    kind: str | None = None
    lane: str | None = None


@dataclass(frozen=True, slots=True)
class Dead:
    """Nobody shall work on the job any more: it goes to the dead list, and stays there until a
    person revives it."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Unique:
    """Of the company's documents of this direction since `since`, none other that was not rejected,
    cancelled or failed may have this seller, number and kind."""

    seller: str
    number: str
    kind: str
    since: datetime
    direction: Direction = Direction.OUT


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """All that one step of work has to say, written in one transaction or not at all.

    `attempt` is inserted (no `ended_at`: the intent, before the call) or closed. Legs are put in
    the place of the same `n`. Legs and attempt are the document's own, or it is a Contradiction.
    `jobs` are put in line in the place of those with the same key, `drops` are keys of jobs taken
    away. `answered` is for the circuit breaker of the job's lane: whether the channel answered at
    all; None: it was not called. With `unique`, it is a Duplicate when there is another such one.
    `message` is the network message that the document has gone out with; `business` what the buyer
    says of it from now on. `inbox` is what becomes of it in the inbox, a Contradiction when it is
    not in the state that the change begins with; `found` what was found in it. `broken` are the
    rules that it was found to break, for search: those found before stay.
    """

    next: Done | Again | Keep | Dead
    change: Change | None = None
    head: Head | None = None
    channel: str | None = None
    parts: Sequence[NewPart] = ()
    legs: Sequence[Leg] = ()
    attempt: Attempt | None = None
    events: Sequence[NewEvent] = ()
    jobs: Sequence[NewJob] = ()
    drops: Sequence[str] = ()
    answered: bool | None = None
    unique: Unique | None = None
    message: Message | None = None
    business: Business | None = None
    inbox: InboxChange | None = None
    found: Mapping[str, Any] | None = None
    broken: Sequence[Broken] = ()

    def then(self, later: Checkpoint) -> Checkpoint:
        """This step, after which the holder kept the job, and the next one: written as one."""
        assert isinstance(self.next, Keep) and self.attempt is None, "nothing lies between them"
        following, change = later.next, later.change
        if isinstance(following, Again | Keep):
            following = replace(
                following,
                kind=following.kind or self.next.kind,
                data=self.next.data if following.data is None else following.data,
                lane=following.lane or self.next.lane,
            )
        if change is not None and self.change is not None:
            change = replace(change, before=self.change.before)
        legs = {leg.n: leg for leg in (*self.legs, *later.legs)}
        return replace(
            later,
            next=following,
            change=change or self.change,
            head=later.head or self.head,
            channel=later.channel or self.channel,
            parts=(*self.parts, *later.parts),
            legs=tuple(legs.values()),
            events=(*self.events, *later.events),
            jobs=(*self.jobs, *later.jobs),
            drops=(*self.drops, *later.drops),
            unique=later.unique or self.unique,
            message=later.message or self.message,
            business=later.business or self.business,
            inbox=later.inbox or self.inbox,
            found=later.found or self.found,
            broken=(*self.broken, *later.broken),
        )


@dataclass(frozen=True, slots=True)
class Arrival:
    """A document that came in for a company. `key` de-duplicates: the same key is stored once.

    `message` is what brought it: kept with it, and for a repeat of the key too. Its `document_id`
    is filled in by the store. `jobs` are put in line as the document's own, and not again for a
    repeat: their keys are what comes behind its id. `state` is what it is in the inbox at first:
    new, or being read where one of the jobs does that; `found` is what is known of it by then.
    """

    key: str
    company_id: str
    head: Head
    parts: Sequence[NewPart]
    channel: str
    message: Message | None = None
    jobs: Sequence[NewJob] = ()
    state: InboxState = InboxState.NEW
    found: Mapping[str, Any] = field(default_factory=dict)

    def jobs_of(self, document_id: str) -> list[NewJob]:
        """The jobs of the document that it has become."""
        return [
            replace(
                job,
                key=f"{document_id}/{job.key}",
                company_id=self.company_id,
                document_id=document_id,
            )
            for job in self.jobs
        ]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a company says of a document that came in: `response` is the document that carries it.

    `version` is that of the document when it was decided what to say; `business` and `events` are
    what is written to it.
    """

    document_id: str
    version: int
    business: Business
    events: Sequence[NewEvent]
    response: Submission


@dataclass(frozen=True, slots=True)
class Page:
    """A page of documents, newest first; `next` is an opaque cursor, None at the end.

    `sought_to`: a search ended here before the page was full; when the last document came that it
    looked at.
    """

    documents: tuple[Document, ...]
    next: str | None
    sought_to: datetime | None = None


class LeaseLost(Exception):
    """Somebody else holds the job now; nothing of the checkpoint was written."""


class MovedOn(Exception):
    """The document is not as it was when it was decided what to write; nothing was written."""


class Duplicate(Exception):
    """The company has the same invoice under way already; nothing of the checkpoint was written."""

    def __init__(self, document_id: str) -> None:
        super().__init__(document_id)
        self.document_id = document_id


class StorageUnavailable(Exception):
    """The disk or the database refused; nothing was written. Try again later."""


class ContentLost(Exception):
    """The bytes of a part are not what was stored, or nobody has their key any more. No later try
    mends that; a backup may have them."""


class Overtaken(Exception):
    """Somebody else changed it meanwhile; nothing was written. Read it again."""


class Contradiction(Exception):
    """What was to be written does not fit what is there; nothing was written.

    An unknown company, an id used twice, another company's participant or key: a bug or a
    mistake in the set-up, never something that a later try mends.
    """


class BadCursor(ValueError):
    """The cursor was not given out by this list of this company."""


# --- the port -----------------------------------------------------------------------------------

NO_ROOM_NAMED: Mapping[str, int] = {}


class Store(
    Access,
    Accounts,
    BlobRows,
    KeyRows,
    Endpoints,
    Entries,
    Inbox,
    Keeping,
    Messages,
    Overview,
    People,
    Registrations,
    Search,
    Usage,
    Verifications,
    Protocol,
):
    """The operations. `now` is the caller's clock everywhere: the store has none.

    What a person does takes `told` along: an audit entry, written in the same transaction when it
    is done, and not when it is refused.
    """

    @property
    def blobs(self) -> Blobs:
        """Where the bytes of parts go, and where those that are still coming wait."""
        ...

    async def accept(self, submission: Submission, now: datetime) -> Accepted | KeyReused:
        """Writes document, parts, key, first event and `prepare` job durably."""
        ...

    async def probe(self) -> None:
        """Writes something that changes nothing: raises StorageUnavailable when that fails."""
        ...

    async def claim(
        self,
        owner: str,
        now: datetime,
        lease_s: float,
        limit: int,
        room: Mapping[str, int] = NO_ROOM_NAMED,
    ) -> Sequence[Job]:
        """Leases due jobs, at most `limit` in all and `room[lane]` of a lane that is named there;
        raises each one's fence.

        Lanes take turns, and so do companies: within a lane each company with due jobs gets one
        before any gets a second, beginning after the company that was served last. Within a company
        the higher priority goes first, then what was due first. A lane with limits (`set_lanes`)
        gives no more than its rate, its cap of jobs leased at once by all workers, its pause and
        its breaker allow.
        """
        ...

    async def put(self, jobs: Sequence[NewJob], now: datetime, *, replace: bool = True) -> None:
        """Puts jobs in line. `replace` False leaves a job alone that has the same key."""
        ...

    async def drop(self, keys: Sequence[str]) -> None:
        """Takes jobs away, whoever works on them."""
        ...

    async def dead(self, after: int, limit: int) -> Sequence[DeadJob]:
        """The dead list past the id `after`, in order of the ids (operators only)."""
        ...

    async def revive(self, job_id: int, now: datetime, *, told: Told | None = None) -> bool:
        """Puts a dead job in line again, its tries counted anew; False when it is not there, or
        another job has its key meanwhile."""
        ...

    async def drop_dead(self, job_id: int, *, told: Told | None = None) -> bool:
        """Takes a dead job away for good (operators only): what it was to do is not done. False
        when it is not there."""
        ...

    async def set_lanes(self, limits: Mapping[str, Limits], now: datetime) -> None:
        """The limits of lanes from now on; what a lane has used up stays so. Lanes that are not
        named have none."""
        ...

    async def pause(self, lane: str, paused: bool, *, told: Told | None = None) -> None:
        """Stops claims from a lane, or lets them go on (operators only)."""
        ...

    async def try_lane(self, lane: str, now: datetime, *, told: Told | None = None) -> bool:
        """Lets one job of a lane that rests try now whether the channel answers again (operators
        only); False when it does not rest."""
        ...

    async def paused(self) -> Collection[str]:
        """The lanes that are paused: no job shall go on in one without a claim either."""
        ...

    async def lanes(self, now: datetime) -> Sequence[LaneState]:
        """Every lane that has limits, a pause, or jobs that are due or leased, by name (operators
        only)."""
        ...

    async def renew(self, jobs: Sequence[Job], now: datetime, lease_s: float) -> None:
        """Prolongs the leases of these jobs, as far as their fence still is the newest.

        A worker names what it has in hand: what was claimed for it without its hearing of it,
        because the answer was lost, runs out.
        """
        ...

    async def reap(self, now: datetime) -> int:
        """Makes jobs with a lease that ran out claimable again; answers how many."""
        ...

    async def holds(self, job: Job, now: datetime) -> bool:
        """Whether the job's fence still is the newest: asked right before an outside call."""
        ...

    async def checkpoint(self, job: Job, work: Checkpoint, now: datetime) -> None:
        """Writes back. Raises LeaseLost, Duplicate, or lifecycle.NotAllowed when the document is
        not in the state that the change starts from.

        The checkpoint of a job without a document has nothing but `next`, `jobs`, `drops` and
        `answered`.
        """
        ...

    async def act(
        self,
        company_id: str,
        document_id: str,
        change: Change,
        now: datetime,
        *,
        version: int,
        job: Again | Keep | None,
        events: Sequence[NewEvent],
        legs: Sequence[Leg] = (),
        parts: Sequence[NewPart] = (),
        jobs: Sequence[NewJob] = (),
        told: Told | None = None,
    ) -> bool:
        """A person's verb: changes the state when the version still is `version`, replaces the
        job (None: takes it away; what Again does not say stays as it was; Keep: whoever works on
        it), and writes legs, parts and the document's other `jobs`.
        False when the document has moved on meanwhile; NotAllowed when it is not in the state that
        the change starts from.
        """
        ...

    async def reply(self, reply: Reply, now: datetime, *, told: Told | None = None) -> bool:
        """Accepts the response as `accept` does, and writes to the document that it answers, in one
        transaction. False, and nothing was written, when the response's company has no such inbound
        document, or it has moved on meanwhile."""
        ...

    async def report(
        self,
        key: UUID,
        report_id: str,
        work: Checkpoint,
        now: datetime,
        *,
        version: int | None = None,
        told: Told | None = None,
    ) -> bool:
        """A late result for the leg with this key. False when this report was written before;
        MovedOn when the document has another version than the one given.

        Nobody holds a job here: with a `change`, Again replaces the document's job and Done takes
        it away; without one the job is left alone, whoever works on it.
        """
        ...

    async def leg(self, key: UUID) -> tuple[Document, Leg] | None:
        """The document and leg with this idempotency key, for late results."""
        ...

    async def arrive(self, arrival: Arrival, now: datetime) -> str | None:
        """Puts a document into a company's inbox; answers its id, None when it was there."""
        ...

    async def document(self, company_id: str, document_id: str) -> Document | None:
        """One document."""
        ...

    async def documents(
        self,
        company_id: str,
        *,
        direction: Direction | None = None,
        state: State | None = None,
        number: str | None = None,
        code: str | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Page:
        """A page of documents, newest first; `code` is what their code begins with. BadCursor when
        `after` is not a page's `next`."""
        ...

    async def parts(self, company_id: str, document_id: str) -> Sequence[Part]:
        """The parts of a document, in the order they were written."""
        ...

    async def files(
        self, company_id: str, document_id: str, roles: Collection[Role]
    ) -> Sequence[tuple[Part, bytes]]:
        """The parts of these roles and their bytes, in the order they were written. Raises
        ContentLost."""
        ...

    async def content(self, company_id: str, document_id: str, sha256: str) -> bytes | None:
        """The bytes of a part, if the document has such a part. Raises ContentLost."""
        ...

    async def stream(
        self, company_id: str, document_id: str, sha256: str
    ) -> AsyncGenerator[bytes, None] | None:
        """The bytes of a part in chunks of at most 1 MB, if the document has such a part.

        Raises ContentLost, before the last chunk, when they are not those that were stored.
        """
        ...

    async def legs(self, company_id: str, document_id: str) -> Sequence[Leg]:
        """The steps tried or to be tried, in order."""
        ...

    async def attempts(self, company_id: str, document_id: str) -> Sequence[Attempt]:
        """The attempts, oldest first."""
        ...

    async def feed(
        self,
        company_id: str,
        after: str | None,
        limit: int,
        document_id: str | None = None,
    ) -> Sequence[Event]:
        """Events past the cursor `after`, or from the beginning, in order.

        No event ever appears behind one that was shown. BadCursor when `after` is no cursor of an
        event of this company.
        """
        ...

    async def kept(self, company_id: str, cursor: str) -> bool:
        """Whether the event with this cursor is still there. Where it is not, its time was over,
        and later ones may be gone too. Raises BadCursor."""
        ...

    async def add_company(
        self,
        company: Company,
        now: datetime,
        *,
        told: Told | None = None,
        before: Mapping[str, Any] | None = None,
    ) -> None:
        """Adds a company, or changes it: with `before`, only one whose settings are still these.
        Raises Overtaken where they are others by now."""
        ...

    async def company(self, company_id: str) -> Company | None:
        """One company."""
        ...

    async def companies(self) -> Sequence[Company]:
        """All of them (operators only)."""
        ...

    async def company_of(self, participant: str) -> Company | None:
        """Whose participant this is, compared without case; None when nobody's here."""
        ...

    async def logo(self, company_id: str) -> File | None:
        """A company's logo, 256 KB at most."""
        ...

    async def set_logo(
        self, company_id: str, file: File | None, now: datetime, *, told: Told | None = None
    ) -> None:
        """Stores a company's logo in place of the one there was; None: it has none any more."""
        ...

    def wait(self, topic: str, timeout_s: float) -> Awaitable[None]:
        """Awaited, it returns when something was written under the topic since the call, or after
        the time.

        It listens from the call on, not from the `await`: call, read, and await only when the
        read came back empty, and nothing written in between is missed.
        Topics: `jobs`, `events` (anybody's), `events:<company_id>`, `inbox:<company_id>`.
        """
        ...

    async def counts(self, now: datetime) -> Mapping[str, Mapping[str, int]]:
        """For metrics: `documents` by state; `jobs`: `due`, `leased`, `oldest_due_s`;
        `participants`, and of them `participants_in_trouble`, by state."""
        ...

    async def close(self) -> None:
        """Writes what is queued and lets go of the file."""
        ...
