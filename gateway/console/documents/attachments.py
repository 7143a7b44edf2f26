"""The tab "Attachments": every file that goes with a document, and what merging did. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from gateway.delivery import fetches
from gateway.delivery.merging import Record
from gateway.inbound.files import EMBEDDED, Held
from gateway.store.port import Part, Role
from transports.base import File

INSIDE = "inside"
BESIDE = "beside"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file. `place`: inside the document, or beside it. `code` and `text` say what is wrong with
    it, `done` what a person did about that. `bad`: it is not handed out."""

    name: str
    media_type: str
    size_bytes: int
    sha256: str
    place: str
    code: str = ""
    text: str = ""
    done: str = ""
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """A file that the document names by its address. `url`: without what may be secret."""

    url: str
    name: str
    status: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Merger:
    """What merging did for a channel. `sha256`: of the one PDF; empty where nothing was merged."""

    channel: str
    code: str
    text: str
    pages: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Attachments:
    """The tab."""

    files: tuple[Attachment, ...]
    named: tuple[Named, ...]
    mergers: tuple[Merger, ...]


def attachments(
    parts: Sequence[Part],
    inside: Sequence[File],
    held: Sequence[Held],
    fetched: bytes | None,
    mergers: Sequence[bytes],
) -> Attachments:
    """The tab. `held`: what is recorded of the files of one that came in; `fetched`: the FETCH
    part; `mergers`: the MERGER parts."""
    came = tuple(_held(one) for one in held)
    within = tuple(map(_inside, inside))
    known = {one.sha256 for one in within}  # what was handed in beside it may travel inside it
    beside = (one for one in _beside(parts) if one.sha256 not in known)
    return Attachments(
        came or (*within, *beside),
        tuple(_named(one) for one in (fetches.read(fetched) if fetched else ())),
        tuple(_merger(Record.read(content)) for content in mergers),
    )


def _inside(one: File) -> Attachment:
    content = one.content
    return Attachment(one.name, one.media_type, len(content), sha256(content).hexdigest(), INSIDE)


def _beside(parts: Sequence[Part]) -> list[Attachment]:
    return [
        Attachment(part.name, part.media_type, part.size_bytes, part.sha256, BESIDE)
        for part in parts
        if part.role in (Role.ATTACHMENT, Role.UNPACKED)
    ]


def _held(one: Held) -> Attachment:
    replaced = one.done == "replaced" and one.by is not None
    return Attachment(
        one.name,
        one.media_type,
        one.size_bytes,
        (one.by if replaced else None) or one.sha256,
        INSIDE if one.place == EMBEDDED and not replaced else BESIDE,
        one.code or "",
        one.text or "",
        one.done or "",
        one.code is not None and not replaced,
    )


def _named(one: fetches.Fetch) -> Named:
    name = one.file.name if one.file else one.called
    return Named(fetches.shown_url(one.url), name, one.status, one.code or "", one.text or "")


def _merger(one: Record) -> Merger:
    return Merger(one.channel, one.code, one.text, one.pages, one.sha256 or "")
