"""The tabs "Events" and "Audit": what happened, who was told, and who did what. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from gateway.archive.account import masked
from gateway.audit.chain import Entry
from gateway.store.endpoints import Endpoint, Push
from gateway.store.port import Event

_TOLD: Final = ("code", "text")  # which have a place of their own


@dataclass(frozen=True, slots=True)
class Told:
    """A push of an event to an endpoint. `url`: without its query, which may be secret."""

    endpoint_id: str
    url: str
    at: datetime
    ms: int
    status: int | None
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Happened:
    """An event. `data` is the rest of it, as JSON; empty where there is none. `response`: the
    document that carries the company's answer to the sender."""

    id: str
    type: str
    at: datetime
    code: str
    text: str
    data: str
    response: str
    told: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Happenings:
    """The tab "Events", newest first. `endpoints`: how many the company has."""

    events: tuple[Happened, ...]
    endpoints: int


@dataclass(frozen=True, slots=True)
class Done:
    """An entry of the audit."""

    seq: int
    at: datetime
    actor: str
    action: str
    data: str
    hash: str


@dataclass(frozen=True, slots=True)
class Audited:
    """The tab "Audit", newest first. `more`: there are older ones that are not shown."""

    entries: tuple[Done, ...]
    more: bool


def happenings(
    events: Sequence[Event], pushes: Sequence[tuple[str, Push]], endpoints: Sequence[Endpoint]
) -> Happenings:
    """The tab "Events"."""
    urls = {one.id: one.url.partition("?")[0] for one in endpoints}
    by_event: dict[str, list[Told]] = {}
    for endpoint_id, push in pushes:
        by_event.setdefault(push.event_id, []).append(
            Told(
                *(endpoint_id, urls.get(endpoint_id, ""), push.at, push.ms, push.status),
                *(push.code, push.text),
            )
        )
    return Happenings(
        events=tuple(
            Happened(
                one.id,
                one.type,
                one.at,
                str(one.data.get("code") or ""),
                str(one.data.get("text") or ""),
                _rest(one.data),
                str(one.data.get("response") or ""),
                tuple(by_event.get(one.id, ())),
            )
            for one in reversed(events)
        ),
        endpoints=len(endpoints),
    )


def audited(entries: Sequence[Entry], most: int, *, operator: bool) -> Audited:
    """The tab "Audit". Who is no operator is not told which of the operators it was."""
    return Audited(
        tuple(
            Done(
                one.seq,
                one.at,
                one.actor if operator else _role(one.actor),
                one.action,
                "" if one.data == "{}" else one.data,
                one.hash,
            )
            for one in entries[:most]
        ),
        len(entries) > most,
    )


def _role(actor: str) -> str:
    return "operator" if actor.startswith("operator") else actor


def _rest(data: Mapping[str, Any]) -> str:
    rest = {name: value for name, value in data.items() if name not in _TOLD and value is not None}
    return json.dumps(masked(rest), ensure_ascii=False) if rest else ""
