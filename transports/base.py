"""What every channel looks like from the gateway: resolve, deliver, collect.

In charge of the words shared by all channels. Not in charge of which channel comes next (routing),
of retrying (delivery) or of any wire format (each channel's own package).

Expected results are values. An exception out of a transport is a bug or a configuration error.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Protocol, runtime_checkable
from uuid import UUID

from schemas.forms import Form
from schemas.identifiers import DocumentType, Participant, Process

# --- who and what -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """An address as printed on an envelope; `country` is ISO 3166-1 alpha-2."""

    name: str
    lines: tuple[str, ...]
    post_code: str
    city: str
    country: str


@dataclass(frozen=True, slots=True)
class Recipient:
    """All that is known of who shall have the document; channels pick what they can use.

    `personal_number` is a secret: it may go to the channel that needs it, never into a log, an
    event or a public text.
    """

    name: str
    country: str
    consumer: bool = False
    participant: Participant | None = None
    organisation_number: str | None = None
    personal_number: str | None = None
    email: str | None = None
    phone: str | None = None
    postal_address: PostalAddress | None = None
    fmi: str | None = None  # what the Swedish banks know a recipient of e-invoices by
    efaktura_id: str | None = None  # the same in Norway


@dataclass(frozen=True, slots=True)
class Sender:
    """The company that sends; `reply_to` and `contact` are its own, for channels people read.

    `organisation_number` is Swedish or Norwegian, its check digit right, without separators.
    """

    company_id: str
    name: str
    country: str
    participant: Participant | None = None
    organisation_number: str | None = None
    reply_to: str | None = None
    contact: str | None = None
    postal_address: PostalAddress | None = None


class AccountKind(StrEnum):
    """What kind of number an account has."""

    BANKGIRO = "bankgiro"
    PLUSGIRO = "plusgiro"
    NORWEGIAN = "norwegian"  # 11 digits
    IBAN = "iban"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Account:
    """An account to be paid to (BT-84)."""

    kind: AccountKind
    number: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What a person is told about a document, and what its channel may need to name it.

    `document_type` and `process` are how networks know it (BT-24, BT-23), None for what none does.
    """

    number: str
    credit_note: bool
    issue_date: date
    due_date: date | None
    amount_due: Decimal
    currency: str
    language: str  # en, sv or nb: the recipient's
    payment_reference: str | None = None  # BT-83: OCR, KID or free text
    accounts: tuple[Account, ...] = ()
    document_type: DocumentType | None = None
    process: Process | None = None
    reminder: bool = False  # of an invoice that was sent before


@dataclass(frozen=True, slots=True)
class Inquiry:
    """Whether a recipient can be reached: what `resolve` is asked.

    `question` names which of several, where an order asks a channel more than once
    (`efaktura_no/yes_to_all`). `terms` is what the sender has settled with this channel.
    `supposed`: there is no document yet, and its kind is all that `summary` knows of it; the answer
    is for the recipient, the sender and the terms alone.
    """

    sender: Sender
    recipient: Recipient
    summary: Summary
    question: str | None = None
    terms: Mapping[str, Any] = field(default_factory=dict)
    supposed: bool = False


@dataclass(frozen=True, slots=True)
class File:
    """A file in memory. `name` is safe to show and to store: no path, no control characters."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Merged:
    """The invoice's image and its attachments as one PDF of so many pages; the attachments that
    could not be merged stay `apart`."""

    file: File
    pages: int
    apart: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """Where the files can be fetched instead, and until when."""

    url: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a transport is given to carry.

    `key` is the idempotency key, uuid5(delivery, step): the same for every attempt of a step, and
    with it the same bytes. `address` is what `resolve` answered. `accepted_at` is when we took the
    document on: the one time a channel may write into the bytes, since no attempt changes it.
    `image` is the invoice as a PDF, None where the channel has not asked for one
    (`Transport.needs_image`); `own_image` says that it is a PDF of the sender's, and none of our
    drawing. `merged` is there for a channel that wants one PDF (`merge_bytes`),
    where that could be made; image and attachments are there too. `link` goes instead
    of all files, where they are too large for the channel (`Linker`). `form` is the form of
    `document` where `resolve` asked for one; then `attachments` are the files that belong to it in
    that form, such as the object envelope of a Svefaktura. `request` is what
    `Packer.pack` made: these bytes are to go out, and are kept already. `repeated`: an earlier
    attempt may have arrived. `question` and `terms` are those that `resolve` was asked with.
    """

    key: UUID
    document_id: str
    sender: Sender
    recipient: Recipient
    address: str
    summary: Summary
    accepted_at: datetime
    document: File
    image: File | None = None
    attachments: tuple[File, ...] = ()
    merged: Merged | None = None
    link: Link | None = None
    form: Form | None = None
    own_image: bool = False
    request: Evidence | None = None
    repeated: bool = False
    question: str | None = None
    terms: Mapping[str, Any] = field(default_factory=dict)


# --- what a channel answers -------------------------------------------------------------------


REQUEST: Final = "request"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Bytes that went over the wire, kept for good. `kind`: request, answer, receipt, report;
    question and told, of what was asked on the side; or losses, the values that kept a document
    from going out in the form that was wanted."""

    kind: str
    media_type: str
    content: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """What every answer carries.

    `code` is stable and dotted (`email.mailbox_unavailable`); `text` is for operators and may name
    hosts; `public_text` is for the ERP and names neither hosts nor personal numbers; `remote` is
    who said so. Texts may quote a partner: they are made `storable`.
    """

    code: str
    text: str
    public_text: str
    remote: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", storable(self.text))
        object.__setattr__(self, "public_text", storable(self.public_text))


def storable(text: str, most: int = 1000) -> str:
    """A partner's words as any store can keep them: bytes that were no UTF-8 (lone surrogates) and
    NUL escaped, and not more than `most` characters. The bytes themselves are kept as evidence."""
    text = text[:most].replace("\x00", "\\x00")
    return text.encode("utf-8", "backslashreplace").decode()


@dataclass(frozen=True, slots=True)
class Reachable:
    """The recipient can be reached at `address` (the channel's own notation).

    `form` is the form of document that is taken there, None for the UBL that there is. What came in
    that form goes as it came; else it is written, and where that would lose a value, the step is
    refused before the channel is called.
    """

    address: str
    verdict: Verdict
    evidence: tuple[Evidence, ...] = ()
    form: Form | None = None


@dataclass(frozen=True, slots=True)
class NotReachable:
    """The recipient can not be reached on this channel: take the next step."""

    verdict: Verdict
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class ReachabilityUnknown:
    """The channel could not say. Never treated as no: the step is kept and asked again.

    `answered` as in TryLater.
    """

    verdict: Verdict
    retry_after: timedelta | None = None
    evidence: tuple[Evidence, ...] = ()
    answered: bool = True


# More than a person chooses from.
MOST_CANDIDATES: Final = 50


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of several recipients whom the sender may mean. Both are shown to people: `address` is
    the channel's own notation and names this one alone, `text` tells it from the others in a line;
    no personal number in either. `form` as in Reachable."""

    address: str
    text: str
    form: Form | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", storable(self.text, most=200))


@dataclass(frozen=True, slots=True)
class Several:
    """What is known of the recipient fits several of the channel's (two or more; the first
    MOST_CANDIDATES are shown). Nobody guesses: a person chooses, and `deliver` gets the address of
    the one chosen without `resolve` being asked again. A sender may want the next step instead."""

    verdict: Verdict
    candidates: tuple[Candidate, ...]
    evidence: tuple[Evidence, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "candidates", self.candidates[:MOST_CANDIDATES])
        if len({each.address for each in self.candidates}) < 2:
            raise ValueError("several candidates have two addresses or more")


Reachability = Reachable | NotReachable | ReachabilityUnknown | Several


@dataclass(frozen=True, slots=True)
class Packed:
    """The bytes of a call before it is made, where they go, and who (`remote`) gets them there."""

    request: Evidence
    address: str
    remote: str | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """Proof that the recipient's side has the document."""

    verdict: Verdict
    evidence: tuple[Evidence, ...] = ()
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Exchanged:
    """A message of a network whose receipt has come: what its monthly reports count."""

    message_id: str
    reference: str  # the envelope's own identifier
    provider: str  # the other side's name in the network
    document_type: DocumentType
    process: Process
    country: str | None  # the sending end user's


@dataclass(frozen=True, slots=True)
class Sent:
    """The channel has taken responsibility.

    `expects` tells what may still come (`report`, `receipt`, `mls`), None when nothing will;
    `until` is when to stop expecting it.
    """

    verdict: Verdict
    evidence: tuple[Evidence, ...] = ()
    reference: str | None = None
    expects: str | None = None
    until: datetime | None = None
    exchanged: Exchanged | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Permanent for this channel: take the next step."""

    verdict: Verdict
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class TryLater:
    """Nothing was handed over, and a later attempt may succeed. `after` None: our own back-off.

    `answered` False: nobody could have handed anything over, whatever the document (no connection,
    no answer in time, a failure of the partner's own, our login refused). After some of these in a
    row the whole channel is left in peace for a while.
    """

    verdict: Verdict
    evidence: tuple[Evidence, ...] = ()
    after: timedelta | None = None
    answered: bool = True


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something outside must happen first (an agreement); ask again at `until`."""

    verdict: Verdict
    until: datetime
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Unknown:
    """The document may or may not have been handed over (the connection broke after sending).

    `answered` as in TryLater. `repeats`: after so many repeats that came to nothing a person
    decides, whatever time is left; None: for as long as the channel is kept.
    """

    verdict: Verdict
    evidence: tuple[Evidence, ...] = ()
    answered: bool = True
    repeats: int | None = None


Outcome = Delivered | Sent | Refused | TryLater | Waiting | Unknown


@dataclass(frozen=True, slots=True)
class Paid:
    """The recipient has paid: it says nothing of where the document is (the business axis)."""

    verdict: Verdict
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Recalled:
    """Proof that the channel has taken a document back, for the sender who asked for it: its
    recipient is not asked to pay it any more."""

    verdict: Verdict
    evidence: tuple[Evidence, ...] = ()


LateOutcome = Delivered | Sent | Refused | Paid | Recalled

# Refused: it can not be taken back (any more). Waiting: it was asked for, and is answered later.
# TryLater: also where nobody knows what became of the question.
Recall = Recalled | Refused | Waiting | TryLater


@dataclass(frozen=True, slots=True)
class Report:
    """A late result for an earlier delivery, found by the envelope's key."""

    key: UUID
    outcome: LateOutcome
    id: str  # the channel's own name for this report: the same report twice is told once


@dataclass(frozen=True, slots=True)
class Inbound:
    """A document that came in for one of our companies. `id` is the channel's, to de-duplicate."""

    id: str
    recipient: Participant
    sender: Participant | None
    document: File
    attachments: tuple[File, ...] = ()
    evidence: tuple[Evidence, ...] = ()


class NotCollected(Exception):
    """The channel could not be asked for late results and documents: ask again later."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        super().__init__(verdict.text)


async def nothing_late() -> AsyncIterator[Report | Inbound]:
    """The `collect` of a channel that has no late results and brings no documents in."""
    none: tuple[Report | Inbound, ...] = ()
    for item in none:
        yield item


# --- the time ---------------------------------------------------------------------------------

# Stamps evidence and deadlines; the composition root hands in its clock's `now`.
Now = Callable[[], datetime]


def utc_now() -> datetime:
    """The machine's time, aware UTC."""
    return datetime.now(UTC)


# --- what a channel remembers -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """What a channel must know again after a restart: an agreement, a registered consumer, a
    message that a partner left, how far something was read.

    It is one company's, or the channel's own (`company_id` ""). `kind` and `name` are the channel's
    words; `name` is at most 200 characters and no personal number (`digest`). `data` is JSON data,
    at most 64 KB. `due_at` is when it has to be looked at again.
    """

    company_id: str
    kind: str
    name: str
    state: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    due_at: datetime | None = None
    version: int = 0  # 0: not stored yet; grows by one with each write


class Register(Protocol):
    """What one channel remembers, kept with everything else. Several processes may use it at once:
    a write is of the version that was read, or is not done."""

    async def get(self, company_id: str, kind: str, name: str) -> Entry | None:
        """The entry, None where there is none."""
        ...

    async def entries(
        self, company_id: str, kind: str, *, after: str = "", limit: int = 100
    ) -> Sequence[Entry]:
        """A company's entries of a kind by name, those behind `after`."""
        ...

    async def due(self, kind: str, at: datetime, limit: int = 100) -> Sequence[Entry]:
        """The entries of a kind, every company's, whose time has come, the longest due first."""
        ...

    async def put(self, entries: Sequence[Entry]) -> bool:
        """Writes all or none; answers False, with nothing written, when one is not of the version
        that is stored (0: that there is none)."""
        ...

    async def drop(self, entries: Sequence[Entry]) -> bool:
        """Deletes all or none, as `put` writes."""
        ...


# --- the contract -----------------------------------------------------------------------------


class Repeat(StrEnum):
    """What may be done when a crash left an attempt without an outcome."""

    SAFE = "safe"  # the channel recognises the key: send the same bytes again
    HOLD = "hold"  # it does not: a person decides, never sent twice silently


class Transport(Protocol):
    """One channel.

    `name` is the channel's word in plans, logs and settings. `needs_image` says whether the
    envelope must bring the invoice as a PDF, `merge_bytes` how large a PDF it takes with the
    attachments merged into it, None where it wants each file by itself. `repeat` is design.md 5's
    rule after a crash. `at_once` is how many envelopes it carries at the same time, None for any
    number: one more would only wait inside, and a crash would leave it with an outcome that nobody
    knows.
    """

    name: str
    needs_image: bool
    merge_bytes: int | None
    repeat: Repeat
    at_once: int | None

    async def resolve(self, inquiry: Inquiry) -> Reachability:
        """Whether and where the recipient can be reached. No side effect outside."""
        ...

    async def deliver(self, envelope: Envelope) -> Outcome:
        """Hands the envelope over once. Never retries by itself."""
        ...

    def collect(self) -> AsyncIterator[Report | Inbound]:
        """Late results and incoming documents since the last call; empty where there are none.

        May yield the same thing again after a crash: the gateway tells repeats by their id.
        What was yielded counts as taken when the next is asked for. Raises NotCollected.
        """
        ...

    async def close(self) -> None:
        """Lets go of connections."""
        ...


@runtime_checkable
class Packer(Transport, Protocol):
    """A transport whose bytes would not be the same if they were made again, as when it encrypts:
    they are made ahead of the call, and are on disk before it."""

    async def pack(
        self, envelope: Envelope, before: Evidence | None, *, bound: bool
    ) -> Packed | NotReachable | ReachabilityUnknown:
        """The bytes that `deliver` will send: those of `before`, the last request for this key, as
        long as the other side can read them. No side effect outside.

        `bound`: the other side may have it, so that it goes to nobody else but whom `before` went
        to, at the envelope's address.
        """
        ...


@runtime_checkable
class Sparing(Transport, Protocol):
    """A transport that can do without the invoice's image, where a company wants none to go: what
    it carries besides is the invoice too."""

    image_optional: bool


@runtime_checkable
class Contracted(Transport, Protocol):
    """A transport that a sender has terms of its own with, such as an agreement's number: they are
    in the company's settings, and read for every try."""

    def wrong(self, terms: Mapping[str, Any]) -> tuple[str, ...]:
        """What is wrong with a sender's terms, all of it; empty where nothing is. A sentence each
        that begins with the term it is about: `tenant is missing: ...`, `hours: from: ...`."""
        ...


AGREEMENT: Final = "agreement"


@runtime_checkable
class Agreeing(Transport, Protocol):
    """A transport whose other side grants a sender an agreement before it carries anything.

    Agreements are the company's entries in the channel's register: of kind AGREEMENT, named by the
    organisation number, `state` in the channel's words. Their `data` has `text`, a public sentence
    on how it stands and what to do, and `asked_at`. `collect` finds out how they go on.
    """

    async def request(self, sender: Sender, terms: Mapping[str, Any]) -> Entry | Verdict:
        """Asks for an agreement; the entry of the one there is, where it has been asked for. A
        Verdict says why not."""
        ...

    async def end(self, company_id: str, organisation_number: str) -> Entry | Verdict:
        """Ends an active agreement. A Verdict says why not."""
        ...


@runtime_checkable
class Recalling(Transport, Protocol):
    """A transport whose other side takes a document back that it has, within limits of its own
    (not paid, before it is due)."""

    async def recall(self, company_id: str, key: UUID) -> Recall:
        """Takes the envelope with this key back; finds nothing of another company's. Safe to
        repeat: what was taken back before is Recalled. Never retries by itself."""
        ...


@runtime_checkable
class Binder(Transport, Protocol):
    """A transport that wants one PDF (`merge_bytes`) for some senders only."""

    def merges(self, terms: Mapping[str, Any]) -> bool:
        """Whether a sender with these terms has one PDF sent."""
        ...


@runtime_checkable
class Linker(Transport, Protocol):
    """A transport that carries a link where the files are too large for it, or the sender has none
    sent."""

    def too_large(self, envelope: Envelope) -> tuple[File, ...]:
        """The files that would have to go and can not, all of them; empty when they can."""
        ...
