"""Has the files of a document looked at by a virus scanner, before anything is done with them.

In charge of which files are looked at, and of what follows: a document with something in it is
rejected and its files are withheld; one that could not be looked at waits, or is held for a person.
Nothing goes on without having been looked at, unless the operator has chosen that; then the
timeline tells. Not in charge of asking the scanner (`gateway.scanning`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Final, assert_never
from uuid import NAMESPACE_URL, uuid5

import structlog
from prometheus_client import CollectorRegistry, Counter

from gateway.delivery.backoff import Backoff
from gateway.events import Type
from gateway.intake.policy import infected
from gateway.lifecycle import State, change
from gateway.scanning.clamd import Clamd, Clean, Found, NoAnswer, TooLarge
from gateway.store.port import (
    Again,
    Checkpoint,
    Direction,
    Document,
    Done,
    Head,
    Job,
    NewEvent,
    NewPart,
    Part,
    Role,
)
from gateway.store.search import broken
from transports.base import File, storable

log = structlog.get_logger()

# The state of a document that has a virus in it says so for good: its files are withheld by it.
INFECTED: Final = "document.infected"
# So does that of one that came in and was not looked at yet.
UNREAD: Final = "inbox.reading"

_CAME: Final = frozenset({Role.ORIGINAL, Role.ATTACHMENT, Role.UNPACKED})


def withheld(document: Document, part: Part) -> bool:
    """Whether a file is kept and not handed out: all that came with a document that has a virus in
    it, or came in and is not looked at yet. Only an operator takes out what has a virus in it
    (`budkavle evidence take-out`)."""
    if document.direction is Direction.IN:
        return document.code in (INFECTED, UNREAD) and part.role in (*_CAME, Role.DOCUMENT)
    return document.code == INFECTED and part.role in _CAME


@dataclass(frozen=True, slots=True)
class Looked:
    """What the scanner said: a file with something in it, or one that could not be looked at."""

    file: File
    where: str
    answer: Found | TooLarge | NoAnswer


class Scanning:
    """The step. `go_on`: where the scanner does not answer, documents go on all the same."""

    def __init__(
        self,
        scanner: Clamd,
        *,
        go_on: bool = False,
        backoff: Backoff | None = None,
        registry: CollectorRegistry | None = None,
    ) -> None:
        self._scanner = scanner
        self._go_on = go_on
        self._backoff = backoff or Backoff()
        self._scans = Counter(
            "budkavle_scans",
            "Files that the virus scanner was asked about, by its answer.",
            ["answer"],
            registry=registry or CollectorRegistry(),
        )

    @property
    def goes_on(self) -> bool:
        """Whether documents go on where the scanner does not answer."""
        return self._go_on

    async def look(self, files: Sequence[tuple[File, str]]) -> Looked | None:
        """Looks at files, each with its place; None when nothing is in any of them."""
        seen: set[bytes] = set()
        for file, where in files:
            if file.content in seen:
                continue
            seen.add(file.content)
            answer = await self._scanner.scan(file.content)
            self._scans.labels(_NAMES[type(answer)]).inc()
            if not isinstance(answer, Clean):
                return Looked(file, where, answer)
        return None

    def stopped(
        self, document: Document, job: Job, looked: Looked, head: Head | None, now: datetime
    ) -> Checkpoint | None:
        """What becomes of a document that can not go on; None when it goes on all the same."""
        answer = looked.answer
        match answer:
            case Found():
                log.warning("virus_found", found=answer.name)
                return _rejected(document, looked.file, looked.where, answer, head)
            case TooLarge():
                log.warning("scan_too_large", bytes=len(looked.file.content))
                return _held(looked.file)
            case NoAnswer():
                log.error("scan_not_answered", why=answer.why)
                return None if self._go_on else self._waiting(job, now)
            case _:
                assert_never(answer)

    def _waiting(self, job: Job, now: datetime) -> Checkpoint:
        tries = int(job.data.get("scans", 0)) + 1
        # Such a claim does not count as one that never wrote back: see `trouble.kills`.
        spared = int(job.data.get("spared", 0)) + 1
        due = now + self._backoff.delay(uuid5(NAMESPACE_URL, job.key), tries)
        code, text = "document.scan_waits", "The virus scanner does not answer. It is asked again."
        told = {"code": code, "text": text, "next_at": due.isoformat()}
        return Checkpoint(
            next=Again(due, data={**job.data, "scans": tries, "spared": spared}),
            change=change(State.RECEIVED, State.RECEIVED, code=code, text=text),
            events=(NewEvent(Type.WAITING, told),) if tries == 1 else (),
        )


NOT_SCANNED: Final = NewEvent(
    Type.NOT_SCANNED,
    {
        "code": "document.not_scanned",
        "text": "The virus scanner did not answer, and the document went on without it.",
    },
)

_NAMES: Final = {
    Clean: "clean",
    Found: "found",
    TooLarge: "too_large",
    NoAnswer: "none",
}


def _rejected(
    document: Document, file: File, where: str, answer: Found, head: Head | None
) -> Checkpoint:
    language = document.delivery.get("findings_language") or "en"
    name = storable(answer.name, 100)
    finding = infected(file.name, name, where, language)
    content = json.dumps([asdict(finding)], ensure_ascii=False).encode()
    text = infected(file.name, name, where, "en").text
    return Checkpoint(
        next=Done(),
        change=change(State.RECEIVED, State.REJECTED, code=INFECTED, text=text),
        head=head,
        parts=(NewPart(Role.FINDINGS, "findings.json", "application/json", content),),
        events=(NewEvent(Type.REJECTED, {"code": INFECTED, "text": text, "findings": 1}),),
        broken=broken([finding]),
    )


def _held(file: File) -> Checkpoint:
    code = "document.not_scannable"
    text = (
        f"A file has {len(file.content):,} bytes, more than the virus scanner takes. Your operator"
        " can let it take more, and release the document then."
    )
    return Checkpoint(
        next=Done(),
        change=change(State.RECEIVED, State.HELD, code=code, text=text),
        events=(NewEvent(Type.HELD, {"code": code, "text": text}),),
    )


def unscanned(work: Checkpoint) -> Checkpoint:
    """The same work, with the event that the scanner was not there."""
    return replace(work, events=(NOT_SCANNED, *work.events))
