"""The job `fetch`: gets the files that a document names by address, before it is prepared.

In charge of one turn: every file that is missing is asked for once, and what came is written down
file by file. Not in charge of which files (`fetches`), of HTTP (`gateway.outside.download`), nor of
what a person does about one that is missing (`repair`).

The document waits meanwhile and is never lost: what may pass is tried again by itself, later each
time; what does not, or has not for too long, is for a person. After a crash the turn is done again;
a large file goes on where it was, as far as its server lets it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram

from gateway.blobs.partial import PIECE_BYTES, Partial
from gateway.blobs.port import SMALL_BYTES, Spooled
from gateway.clock import Clock
from gateway.delivery import fetches as record
from gateway.delivery.backoff import Backoff
from gateway.delivery.envelope import Enclosed
from gateway.delivery.fetches import Fetch, Fetches, Status, missing, shown_url
from gateway.delivery.recognised import Mistaken, recognised
from gateway.delivery.trouble import revived
from gateway.events import Type
from gateway.fair_share import FairShare
from gateway.lifecycle import State, change
from gateway.outside.client import Outside
from gateway.outside.download import Got, NotGot, Wanted, download
from gateway.store.port import (
    Again,
    Checkpoint,
    Document,
    Done,
    Job,
    Keep,
    NewEvent,
    NewPart,
    Role,
    Store,
)

log = structlog.get_logger()

KIND: Final = "fetch"

# A company whose files are all on a slow server holds no more than these of a process's places.
AT_ONCE_PER_COMPANY: Final = 2
_STEP_ASIDE: Final = timedelta(seconds=1)

REPAIR: Final = "Repair it: hand the file in, give another address, or go on without it."
_HASH_DIFFERS: Final = "What the server has is not the file with the SHA-256 that was stated."
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Limits:
    """What is fetched for one document: the size of a file, that of all its attachments together,
    and for how long it is tried again by itself."""

    file_bytes: int = 20 * 1024 * 1024
    total_bytes: int = 25 * 1024 * 1024
    give_up: timedelta = timedelta(hours=72)


class Metrics:
    """What is counted. Where nobody gives a registry, nobody sees it."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        registry = registry or CollectorRegistry()
        self.fetches = Counter(
            "budkavle_fetches", "Files asked for at an address, by what came of it.", ["code"],
            registry=registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "budkavle_fetch_seconds", "Time of one try to get a file.", registry=registry
        )


@dataclass(slots=True)
class Turn:
    """How far a turn has come; `data` is what the job carries from one turn to the next."""

    document: Document
    fetches: Fetches
    data: dict[str, Any]
    bytes_left: int
    at: datetime
    failed: dict[int, NotGot] = field(default_factory=dict)
    told: list[NewEvent] = field(default_factory=list)
    evidence: list[NewPart] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Found:
    """A file that came, and lies in the spool."""

    got: Got
    whole: Spooled
    enclosed: Enclosed


def _wrong(code: str, text: str, got: Got) -> NotGot:
    return NotGot(code, text, for_good=True, status=got.status, headers=got.headers)


class Fetching:
    """The handler of a process. `piece_bytes`: what a crash may cost of a large file."""

    def __init__(
        self,
        store: Store,
        outside: Outside,
        clock: Clock,
        *,
        limits: Limits | None = None,
        backoff: Backoff | None = None,
        registry: CollectorRegistry | None = None,
        at_once_per_company: int = AT_ONCE_PER_COMPANY,
        piece_bytes: int = PIECE_BYTES,
    ) -> None:
        self._store = store
        self._outside = outside
        self._clock = clock
        self._limits = limits or Limits()
        self._backoff = backoff or Backoff()
        self._metrics = Metrics(registry)
        self._share = FairShare(at_once_per_company)
        self._piece_bytes = piece_bytes

    async def __call__(self, job: Job) -> None:
        """Does one turn. Raises what the store raises."""
        now = self._clock.now()
        if self._share.used_up(job.company_id):
            return await self._store.checkpoint(job, Checkpoint(Again(now + _STEP_ASIDE)), now)
        with self._share.taken(job.company_id):
            document = await self._store.document(job.company_id, job.document_id)
            if document is not None and document.state is State.HELD:
                return await self._store.checkpoint(job, revived(document, job, now), now)
            if document is None or document.state not in (State.RECEIVED, State.WAITING):
                return await self._store.checkpoint(job, Checkpoint(Done()), now)
            return await self._turn(job, document, now)

    async def _turn(self, job: Job, document: Document, now: datetime) -> None:
        turn = await self._begun(job, document, now)
        for n in missing(turn.fetches):
            if not await self._store.holds(job, self._clock.now()):
                return None
            await self._one(job, turn, n)
        now = self._clock.now()
        work = ended(turn, self._limits, self._backoff, now)
        return await self._store.checkpoint(job, work, now)

    async def _begun(self, job: Job, document: Document, now: datetime) -> Turn:
        company_id, id_ = document.company_id, document.id
        stored = await self._store.files(company_id, id_, [Role.FETCH])
        parts = await self._store.parts(company_id, id_)
        taken = sum(part.size_bytes for part in parts if part.role is Role.ATTACHMENT)
        data = {"since": now.isoformat(), "tries": 0, "parts": {}, **job.data}
        return Turn(
            document,
            record.newest([content for _, content in stored]) or (),
            {**data, "tries": data["tries"] + 1},
            self._limits.total_bytes - taken,
            now,
        )

    # --- one file ---

    async def _one(self, job: Job, turn: Turn, n: int) -> None:
        """Asks for the file at a place, and writes down one that came."""
        noted = turn.data["parts"].get(str(n), {})

        async def mark(notes: Mapping[str, Any]) -> None:
            turn.data["parts"][str(n)] = notes
            await self._store.checkpoint(job, Checkpoint(Keep(turn.data)), self._clock.now())

        started = time.perf_counter()
        blobs, now = self._store.blobs, self._clock.now()
        coming = Partial(*(blobs, job.company_id, now, noted, mark), piece_bytes=self._piece_bytes)
        async with coming as partial:
            found = await self._got(turn, turn.fetches[n], partial, now)
            if isinstance(found, NotGot):
                self._counted_as(n, found.code, found.status, partial.size, started)
                await (partial.drop() if found.for_good else partial.pause())
                return missed(turn, n, found)
            self._counted_as(n, "attachment.fetched", found.got.status, partial.size, started)
            content: bytes | Spooled = found.whole
            if found.whole.size_bytes <= SMALL_BYTES:  # it goes into its row, as all small ones do
                waiting = blobs.waiting(job.company_id, found.whole)
                content = b"".join([chunk async for chunk in waiting])
            work = came(turn, n, found.got, found.enclosed, content)
            await self._store.checkpoint(job, work, self._clock.now())
            await partial.drop()
            return None

    async def _got(
        self, turn: Turn, fetch: Fetch, partial: Partial, now: datetime
    ) -> _Found | NotGot:
        most = max(min(self._limits.file_bytes, turn.bytes_left), 0)
        wanted = Wanted(fetch.url, most, known=fetch.sha256 is not None)
        for _ in range(2):
            got = await download(self._outside, wanted, partial, now)
            if isinstance(got, NotGot):
                return got
            whole = await partial.whole()
            if whole is not None and fetch.sha256 in (None, whole.sha256):
                named = recognised(fetch, got.headers, partial.head)
                if isinstance(named, Mistaken):
                    return _wrong("attachment.mistaken", named.text, got)
                return _Found(got, whole, Enclosed(named.name, named.media_type, whole.sha256))
            if whole is not None and not got.since:
                return _wrong("attachment.hash_differs", _HASH_DIFFERS, got)
            await partial.begin({})  # two versions of it may have been put together
        return NotGot("attachment.cut_off", "What had come was lost, and is fetched again.")

    def _counted_as(self, n: int, code: str, status: int | None, size: int, started: float) -> None:
        seconds = time.perf_counter() - started
        self._metrics.fetches.labels(code).inc()
        self._metrics.seconds.observe(seconds)
        ms = round(seconds * 1000)
        log.info("attachment_fetched", n=n, code=code, status=status, bytes=size, ms=ms)


# --- what a turn says of the document: pure -------------------------------------------------------


def came(turn: Turn, n: int, got: Got, enclosed: Enclosed, content: bytes | Spooled) -> Checkpoint:
    """A file came: it is an attachment from now on, whatever becomes of the others."""
    fetch = turn.fetches[n]
    size = content.size_bytes if isinstance(content, Spooled) else len(content)
    turn.data["parts"].pop(str(n), None)
    turn.fetches = record.changed(turn.fetches, n, fetch.there(Status.FETCHED, enclosed))
    turn.bytes_left -= size
    text = f"The attachment {enclosed.name} was fetched."
    told = {"code": "attachment.fetched", "text": text, "attachment": n, "file": enclosed.name}
    return Checkpoint(
        Keep(turn.data),
        parts=(
            NewPart(Role.ATTACHMENT, enclosed.name, enclosed.media_type, content),
            _evidence(n, fetch, turn.at, got, size_bytes=size, sha256=enclosed.sha256),
            record.part(turn.fetches),
        ),
        events=(NewEvent(Type.FETCHED, {**told, "size_bytes": size}),),
    )


def missed(turn: Turn, n: int, found: NotGot) -> None:
    """A file did not come: that is told once for each reason."""
    fetch = turn.fetches[n]
    turn.failed[n] = found
    if found.for_good:
        turn.data["parts"].pop(str(n), None)
        turn.evidence.append(_evidence(n, fetch, turn.at, found, code=found.code))
    if found.code == fetch.code and found.text == fetch.text:
        return
    turn.fetches = record.changed(turn.fetches, n, fetch.failed(found.code, found.text))
    told = {"code": found.code, "text": found.text, "attachment": n, "file": fetch.called}
    turn.told.append(NewEvent(Type.ATTACHMENT_ERROR, told))


def ended(turn: Turn, limits: Limits, backoff: Backoff, now: datetime) -> Checkpoint:
    """What becomes of the document at the end of a turn."""
    before = turn.document.state
    evidence = tuple(turn.evidence)
    if turn.told:
        evidence += (record.part(turn.fetches),)
    if not turn.failed:
        text = "Its files are there, and it is checked."
        there = change(before, State.RECEIVED, code="document.fetched", text=text)
        return Checkpoint(Again(now, "prepare", {}, "prepare"), there)
    ends = datetime.fromisoformat(turn.data["since"]) + limits.give_up
    n, worst = min(turn.failed.items(), key=lambda each: (not each[1].for_good, each[0]))
    text = f"The attachment {turn.fetches[n].called} could not be fetched. {worst.text}"
    if len(turn.failed) > 1:
        text += f" So could not {len(turn.failed) - 1} more of its attachments."
    if worst.for_good or now >= ends:
        text += "" if worst.for_good else f" It was tried for {limits.give_up / _HOUR:g} hours."
        text += f" {REPAIR}"
        held = change(before, State.HELD, code=worst.code, text=text)
        why = NewEvent(Type.HELD, {"code": worst.code, "text": text})
        return Checkpoint(Done(), held, parts=evidence, events=(*turn.told, why))
    asked = max((each.asked for each in turn.failed.values() if each.asked), default=None)
    key = uuid5(NAMESPACE_URL, turn.document.id)
    due = min(now + backoff.delay(key, turn.data["tries"], asked), ends)
    text += " It is tried again by itself."
    waits = change(before, State.WAITING, code=worst.code, text=text, next_at=due)
    why = NewEvent(Type.WAITING, {"code": worst.code, "text": text, "next_at": due.isoformat()})
    again = Again(due, data=turn.data)
    return Checkpoint(again, waits, parts=evidence, events=(*turn.told, why))


def _evidence(n: int, fetch: Fetch, at: datetime, found: Got | NotGot, **more: Any) -> NewPart:
    """What was asked for and what the server said, as JSON, without what may be a secret."""
    told = {
        "attachment": n,
        "url": shown_url(fetch.url),
        "at": at.isoformat(),
        "status": found.status,
        "headers": dict(found.headers),
        **more,
    }
    if isinstance(found, Got):
        told |= {"answered_by": shown_url(found.url), "bytes_of_earlier_tries": found.since}
    content = json.dumps(told, ensure_ascii=False, indent=1).encode()
    return NewPart(Role.EVIDENCE, f"fetch-{n}.json", "application/json", content)
