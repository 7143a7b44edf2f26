"""Audit entries as pages show them. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from gateway.audit.chain import Entry
from gateway.console.audit.asking import Asked
from gateway.inbound.aside import SET_ASIDE

_MOST_CHARACTERS: Final = 300  # of a value in a list; an entry's own page has all of it


@dataclass(frozen=True, slots=True)
class Value:
    """Something that an entry tells. Where it tells what there was before, `before` has that."""

    name: str
    value: str
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """An entry. `who`: the person's address, where the actor is a person that is still there."""

    seq: int
    at: datetime
    actor: str
    who: str
    action: str
    subject: str
    is_document: bool
    company_id: str
    company: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """The page. `next`: the query of the page that follows; empty where there is none. `actors`,
    `actions` and `companies` (id, name) are what one can ask for."""

    asked: Asked
    faults: tuple[str, ...]
    entries: tuple[Line, ...]
    next: str
    first: str
    actors: tuple[str, ...]
    actions: tuple[str, ...]
    companies: tuple[tuple[str, str], ...]
    export: str


@dataclass(frozen=True, slots=True)
class Whole:
    """One entry with what holds it in the chain; `data` is what was hashed. `newest`: none comes
    after it; `oldest`: none before."""

    line: Line
    newest: bool
    oldest: bool
    data: str
    previous: str
    hash: str


def line(
    entry: Entry, people: Mapping[str, str], companies: Mapping[str, str], *, cut: bool = True
) -> Line:
    """An entry for people to read; with `cut`, long values are shortened."""
    most = _MOST_CHARACTERS if cut else len(entry.data)
    return Line(
        entry.seq,
        entry.at,
        entry.actor,
        people.get(entry.actor, ""),
        entry.action,
        entry.subject,
        entry.company_id not in ("", SET_ASIDE) and entry.subject.startswith("doc_"),
        entry.company_id,
        companies.get(entry.company_id, ""),
        tuple(_values(json.loads(entry.data), most)),
    )


def persons(entries: Sequence[Entry]) -> list[str]:
    """The ids of the people who did it."""
    ids = (e.actor.partition("person:")[2] for e in entries if e.actor.startswith("person:"))
    return list(dict.fromkeys(ids))


def _values(data: Mapping[str, Any], most: int) -> Iterator[Value]:
    """What an entry tells, and beside it what there was before."""
    rest = dict(data)
    if "before" in rest and "after" in rest:
        before, after = rest.pop("before"), rest.pop("after")
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            for name in sorted({*before, *after}):
                pair = (_text(side.get(name, ""), most) for side in (after, before))
                yield Value(name, *pair)
        else:
            yield Value("", _text(after, most), _text(before, most))
    for name, value in rest.items():
        yield Value(name, _text(value, most))


def _text(value: Any, most: int) -> str:
    match value:
        case str():
            text = value
        case list() if all(isinstance(one, str | int) for one in value):
            text = ", ".join(map(str, value))
        case _:
            text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= most else f"{text[:most]}…"
