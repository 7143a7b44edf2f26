"""The tab "Sent in": what the caller sent, and what we filled in. Pure; worth a thread.

Personal numbers, and what may be a secret in an address, are shown as stars.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from gateway.archive.account import masked
from gateway.console.documents.way import File, file
from gateway.console.documents.wire import Piece, pieces
from gateway.delivery.fetches import shown_wishes
from gateway.intake.kind import JSON
from gateway.store.port import Direction, Document, Part, Role

_CAME: Final = (Role.ORIGINAL, Role.ATTACHMENT)
_CAME_IN: Final = (*_CAME, Role.DOCUMENT, Role.UNPACKED)
_MOST: Final = 60_000  # characters of the original


@dataclass(frozen=True, slots=True)
class Wish:
    """A parameter that came beside the document; `value` as JSON."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Added:
    """A term that was left out, and that follows from what was given."""

    term: str
    name: str
    value: str
    why: str


@dataclass(frozen=True, slots=True)
class SentIn:
    """The tab. `original` is empty where its bytes are not kept any more, or not handed out."""

    at: datetime
    media_type: str
    files: tuple[File, ...]
    wishes: tuple[Wish, ...]
    original: tuple[Piece, ...]
    added: tuple[Added, ...]
    added_left_out: int


def sent_in(
    document: Document,
    parts: Sequence[Part],
    original: tuple[Part, bytes] | None,
    filled_in: bytes | None,
    hidden: Collection[str] = (),
) -> SentIn:
    """The tab. `original`: the part and its bytes."""
    added: Mapping[str, Any] = json.loads(filled_in or b"{}")
    came = _CAME if document.direction is Direction.OUT else _CAME_IN
    return SentIn(
        at=document.created_at,
        media_type=document.media_type,
        files=tuple(file(part) for part in parts if part.role in came),
        wishes=tuple(
            Wish(name, json.dumps(value, ensure_ascii=False))
            for name, value in sorted(masked(shown_wishes(document.delivery)).items())
        ),
        original=() if original is None else _shown(*original, hidden),
        added=tuple(
            Added(one["term"], one["name"], one["value"], one["why"])
            for one in added.get("told", ())
        ),
        added_left_out=added.get("left_out", 0),
    )


def _shown(part: Part, content: bytes, hidden: Collection[str]) -> tuple[Piece, ...]:
    if part.media_type.partition(";")[0].strip().lower() == JSON:
        try:
            content = json.dumps(masked(json.loads(content)), ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            pass  # it was not read either: it is shown as text
    shown = pieces(content, part.media_type, hidden=hidden, most=_MOST)
    if len(shown) == 1:  # size and hash are those of the bytes, not of what is left with stars
        return (replace(shown[0], size_bytes=part.size_bytes, sha256=part.sha256),)
    return shown
