"""What a person does about files that could not be fetched: one document, or many with one fault.

In charge of what each way of repairing means for the record of files and for the document. Not in
charge of who may do it (`gateway.api`), nor of fetching (`fetching`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, assert_never

from gateway.audit.chain import NewEntry, Told
from gateway.blobs.port import Spooled
from gateway.clock import Clock
from gateway.delivery import fetches as record
from gateway.delivery.envelope import Enclosed
from gateway.delivery.fetches import ERROR, Fetch, Fetches, Status, is_error, missing
from gateway.delivery.recognised import Mistaken, recognised
from gateway.delivery.verbs import ATTEMPTS
from gateway.events import Type
from gateway.lifecycle import Change, State, change
from gateway.store.port import Again, Document, NewEvent, NewPart, Role, Store

# A page of `repair_all`: some hundreds of short transactions.
MOST_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class FetchAgain:
    """Ask for the missing files again. With a `url`, from there: for one file only, and what was
    stated of its hash counts no more. `sha256`: it has this one instead of what was stated."""

    url: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class HandIn:
    """Here is the file. It takes the place of what was stated of it."""

    name: str | None  # None: as it was to be called
    media_type: str
    content: bytes | Spooled
    sha256: str


@dataclass(frozen=True, slots=True)
class LeaveOut:
    """Go on without it."""


How = FetchAgain | HandIn | LeaveOut


@dataclass(frozen=True, slots=True)
class NotRepaired:
    """It can not be done; `text` says why, and what can."""

    document_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Repaired:
    """A page of documents that were looked at; `next` is where to go on, None at the end."""

    done: tuple[Document, ...]
    left: tuple[NotRepaired, ...]
    next: str | None


async def repair(
    store: Store,
    clock: Clock,
    company_id: str,
    document_id: str,
    how: How,
    reason: str,
    *,
    attachment: int | None = None,
    actor: str = "operator",
    version: int | None = None,
) -> Document | NotRepaired | None:
    """Repairs a document: the file at the place `attachment`, from 0, or all that are missing.

    Answers the document as it is then, None when there is none. A file to be handed in is stored
    when this returns. A document that is no more of the `version` that a person had before them is
    left alone.
    """
    for _ in range(ATTEMPTS):
        document = await store.document(company_id, document_id)
        if document is None:
            return None
        if version not in (None, document.version):
            return NotRepaired(document_id, _MOVED_ON)
        stored = await store.files(company_id, document_id, [Role.FETCH])
        known = record.newest([content for _, content in stored]) or ()
        decided = decide(document, known, how, reason, attachment, clock.now())
        if isinstance(decided, NotRepaired):
            return decided
        entry = NewEntry(actor, Type.REPAIRED, document_id, company_id, decided.told)
        done = await store.act(
            *(company_id, document_id, decided.change, clock.now()),
            version=document.version,
            job=decided.job,
            events=decided.events,
            parts=decided.parts,
            told=Told(entry, clock.now()),
        )
        if done:
            return await store.document(company_id, document_id)
    return NotRepaired(document_id, "The document is changing just now. Try again in a moment.")


_MOVED_ON: Final = "The document has moved on since you looked at it. Look at it again."


def handed_in(
    name: str | None, called: str | None, beginning: bytes, content: bytes | Spooled, sha256: str
) -> HandIn | Mistaken:
    """A file that a person hands in, which has this name, or else is `called` so; `beginning` tells
    what it is. Mistaken where it is not what its name says."""
    known = recognised(Fetch("", name or called), {}, beginning)
    if isinstance(known, Mistaken):
        return known
    return HandIn(known.name, known.media_type, content, sha256)


async def repair_all(
    store: Store,
    clock: Clock,
    company_id: str,
    how: FetchAgain | LeaveOut,
    reason: str,
    *,
    code: str = ERROR,
    after: str | None = None,
    actor: str = "operator",
) -> Repaired:
    """Repairs the company's held documents whose code begins with `code`, newest first, a page of
    them. Those that wait are tried again by themselves. Raises BadCursor."""
    if not code.startswith(ERROR):
        return Repaired((), (), None)
    page = await store.documents(
        company_id, state=State.HELD, code=code, after=after, limit=MOST_AT_ONCE
    )
    done: list[Document] = []
    left: list[NotRepaired] = []
    for document in page.documents:
        said = await repair(store, clock, company_id, document.id, how, reason, actor=actor)
        match said:
            case Document():
                done.append(said)
            case NotRepaired():
                left.append(said)
            case None:  # retention took it between the two reads
                continue
            case _:
                assert_never(said)
    return Repaired(tuple(done), tuple(left), page.next)


@dataclass(frozen=True, slots=True)
class Decision:
    """What is written: the change, the job from then on, parts, events, and what the audit says."""

    change: Change
    job: Again | None
    parts: tuple[NewPart, ...]
    events: tuple[NewEvent, ...]
    told: Mapping[str, object]


def decide(
    document: Document,
    fetches: Fetches,
    how: How,
    reason: str,
    attachment: int | None,
    now: datetime,
) -> Decision | NotRepaired:
    """What repairing means for a document with this record of files. Pure."""
    chosen = _chosen(document, fetches, how, attachment)
    if isinstance(chosen, str):
        return NotRepaired(document.id, chosen)
    after, file = fetches, None
    for n in chosen:
        repaired, file = _repaired(fetches[n], how)
        after = record.changed(after, n, repaired)
    parts = [record.part(after)]
    if isinstance(how, HandIn):
        assert file is not None, "it was handed in"
        parts.insert(0, NewPart(Role.ATTACHMENT, file.name, file.media_type, how.content))
    word, text = _words(how, len(chosen))
    code = f"repaired.{word}"
    told = {"code": code, "text": text, "how": word, "attachments": list(chosen)}
    shown = {} if file is None else {"file": file.name}
    event = NewEvent(Type.REPAIRED, {**told, **shown, "reason": reason})
    audited = {"how": word, "attachments": list(chosen)}
    if is_error(document):
        back = change(document.state, State.RECEIVED, code=code, text=text)
        job = Again(now, "prepare", {}, "prepare")
        return Decision(back, job, tuple(parts), (event,), audited)
    # Held for another reason too: a person decides of that by itself.
    stays = change(document.state, State.HELD, code=document.code, text=document.text)
    return Decision(stays, None, tuple(parts), (event,), audited)


def _chosen(
    document: Document, fetches: Fetches, how: How, attachment: int | None
) -> tuple[int, ...] | str:
    """The places of the files that are meant, or why it can not be done."""
    gone = missing(fetches)
    if not gone:
        return "No file of the document is missing."
    if document.state is State.RECEIVED:
        return "Its files are being fetched just now. Try again in a moment."
    if document.state not in (State.WAITING, State.HELD):
        return f"A document that is {document.state} takes no repair."
    if attachment is None:
        if len(gone) > 1 and _for_one(how):
            places = ", ".join(map(str, gone))
            return f"Several files are missing ({places}); say which `attachment` is meant."
        return tuple(gone)
    if attachment not in gone:
        places = ", ".join(map(str, gone))
        return f"The attachment {attachment} is not missing; missing: {places}."
    return (attachment,)


def _for_one(how: How) -> bool:
    return isinstance(how, HandIn) or (isinstance(how, FetchAgain) and bool(how.url or how.sha256))


def _repaired(fetch: Fetch, how: How) -> tuple[Fetch, Enclosed | None]:
    match how:
        case FetchAgain(url, sha256):
            stated = sha256 or (None if url else fetch.sha256)
            there = replace(fetch, url=url or fetch.url, sha256=stated, code=None, text=None)
            return there, None
        case HandIn():
            file = Enclosed(how.name or fetch.called, how.media_type, how.sha256)
            return fetch.there(Status.HANDED_IN, file), file
        case LeaveOut():
            return fetch.there(Status.LEFT_OUT, None), None
        case _:
            assert_never(how)


def _words(how: How, count: int) -> tuple[str, str]:
    what = "The missing file" if count == 1 else f"The {count} missing files"
    match how:
        case FetchAgain():
            where = " from another address" if how.url else ""
            return "fetch", f"{what} {_is(count)} fetched again{where}, because you asked for it."
        case HandIn():
            return "handed_in", f"{what} was handed in by you."
        case LeaveOut():
            return "left_out", f"{what} {_is(count)} left out, because you said so."
        case _:
            assert_never(how)


def _is(count: int) -> str:
    return "is" if count == 1 else "are"
