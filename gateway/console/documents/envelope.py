"""The tab "Envelope": who sends what to whom, under which ids, and what answered. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from gateway.archive.account import masked
from gateway.console.documents.way import File, file
from gateway.store.messages import Message
from gateway.store.port import Leg, Part, Role

# What evidence is called that somebody answered with: `transports.base.Evidence`.
_ANSWERS: Final = frozenset({"answer", "receipt", "report", "status", "told", "message"})


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact of the envelope: a path in it, and the value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Group:
    """Facts of one of those concerned: sender, recipient, summary ..."""

    name: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """What a channel knows the document by: our key, and its own reference."""

    n: int
    channel: str
    key: str
    reference: str


@dataclass(frozen=True, slots=True)
class Exchanged:
    """A message of a network; `reference` is the instance identifier in its envelope (SBDH)."""

    channel: str
    direction: str
    id: str
    reference: str
    provider: str
    document_type: str
    process: str
    country: str
    at: datetime
    receipt_bytes: int


@dataclass(frozen=True, slots=True)
class Enveloped:
    """The tab."""

    groups: tuple[Group, ...]
    keys: tuple[Key, ...]
    messages: tuple[Exchanged, ...]
    answers: tuple[File, ...]


def enveloped(
    envelope: bytes | None,
    legs: Sequence[Leg],
    messages: Sequence[Message],
    parts: Sequence[Part],
) -> Enveloped:
    """The tab. `envelope`: the ENVELOPE part; personal numbers in it are shown as stars."""
    data: Mapping[str, Any] = masked(json.loads(envelope)) if envelope else {}
    whole = {name: inner for name, inner in data.items() if isinstance(inner, Mapping)}
    rest = {name: inner for name, inner in data.items() if name not in whole}
    return Enveloped(
        groups=tuple(
            Group(name, tuple(_facts(inner)))
            for name, inner in (*whole.items(), *([("other", rest)] if rest else []))
        ),
        keys=tuple(Key(leg.n, leg.channel, str(leg.key), leg.reference or "") for leg in legs),
        messages=tuple(_exchanged(one) for one in messages),
        answers=tuple(
            file(part) for part in parts if part.role is Role.EVIDENCE and part.name in _ANSWERS
        ),
    )


def _exchanged(one: Message) -> Exchanged:
    return Exchanged(
        one.channel,
        one.direction,
        one.id,
        one.reference,
        one.provider,
        one.document_type,
        one.process,
        one.country or "",
        one.at,
        len(one.receipt),
    )


def _facts(value: Any, name: str = "") -> Iterator[Fact]:
    """The values of what is not empty, however deep, by their paths."""
    match value:
        case Mapping():
            for key, inner in value.items():
                yield from _facts(inner, f"{name}.{key}" if name else str(key))
        case list():
            for n, inner in enumerate(value):
                yield from _facts(inner, f"{name}[{n}]")
        case None | "" | ():
            return
        case _:
            yield Fact(name, str(value))
