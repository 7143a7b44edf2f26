"""What comes in: a document of its own, and its place in the inbox, in SQLite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.events import Type
from gateway.lifecycle import Business, InboxState, State, change
from gateway.store import terms
from gateway.store.ids import new_id
from gateway.store.messages import Message
from gateway.store.parts import StoredPart
from gateway.store.port import Arrival, Direction, NewEvent, Role
from gateway.store.sqlite import (
    blobs,
    documents,
    events,
    inbox,
    jobs,
    messages,
    naming,
    rows,
)
from gateway.store.sqlite.rows import micros
from gateway.store.sqlite.writer import Transaction

_ARRIVED_COLUMNS = f"{documents.NEW_COLUMNS}, channel, arrival_key, {rows.HEAD_COLUMNS}"

# What every inbound document has behind it when it is shown for the first time.
_INTO_INBOX = {
    InboxState.NEW: change(
        State.RECEIVED, State.DELIVERED, code="inbox.received", text="It is in the inbox."
    ),
    InboxState.READING: change(
        State.RECEIVED, State.DELIVERED, code="inbox.reading", text="It is being read and checked."
    ),
}


@dataclass(frozen=True, slots=True)
class Arrive:
    """An arrival whose parts are stored."""

    arrival: Arrival
    parts: tuple[StoredPart, ...]
    now: datetime


def arrive(transaction: Transaction, units: Sequence[Arrive]) -> list[str | None]:
    """Puts documents into inboxes; None for one that was there."""
    places = [(unit.arrival.company_id, unit.arrival.key) for unit in units]
    there = set(
        transaction.asked(
            "company_id, key",
            places,
            "SELECT document.company_id, arrival_key FROM asked CROSS JOIN document"
            " ON document.company_id = asked.company_id AND arrival_key = asked.key",
        )
    )
    answers: list[str | None] = []
    fresh: list[tuple[str, Arrive]] = []
    for place, unit in zip(places, units, strict=True):
        if place in there:
            answers.append(None)
        else:
            there.add(place)
            fresh.append((new_id("doc"), unit))
            answers.append(fresh[-1][0])
    _lay(transaction, fresh)
    messages.keep(transaction, _brought_by(units, answers))
    jobs.put(transaction, [jobs.Put(unit.arrival.jobs_of(id_), unit.now) for id_, unit in fresh])
    return answers


def _brought_by(units: Sequence[Arrive], answers: Sequence[str | None]) -> list[Message]:
    """The messages that brought them, with the documents that they became."""
    return [
        replace(unit.arrival.message, document_id=answer)
        for unit, answer in zip(units, answers, strict=True)
        if unit.arrival.message is not None
    ]


def _lay(transaction: Transaction, units: Sequence[tuple[str, Arrive]]) -> None:
    each = [(id_, unit.arrival, micros(unit.now), unit.parts) for id_, unit in units]
    transaction.insert(
        f"document ({_ARRIVED_COLUMNS})",
        [
            (
                *(id_, arrival.company_id, Direction.IN),
                *_first(arrival),
                *(Business.NONE, 1, _media_type(arrival), "{}", at, at),
                *(arrival.channel, arrival.key, *rows.head_values(arrival.head)),
            )
            for id_, arrival, at, _ in each
        ],
    )
    naming.name(transaction, [(id_, terms.of_arrival(arrival)) for id_, arrival, _, _ in each])
    blobs.insert_parts(transaction, [(id_, a.company_id, at, parts) for id_, a, at, parts in each])
    events.append(
        transaction,
        [
            (a.company_id, id_, at, (NewEvent(Type.ARRIVED, {"channel": a.channel}),))
            for id_, a, at, _ in each
        ],
    )
    inbox.lay(
        transaction,
        [
            inbox.Lying(id_, a.company_id, a.state, a.found, _sha256(parts))
            for id_, a, _, parts in each
        ],
    )


def _first(arrival: Arrival) -> tuple[State, str, str]:
    first = _INTO_INBOX[arrival.state]
    return first.after, first.code, first.text


# What came first: a package, or the document itself.
_CAME = (Role.ORIGINAL, Role.DOCUMENT)


def _sha256(parts: Sequence[StoredPart]) -> str | None:
    return next((one.blob.sha256 for one in parts if one.part.role in _CAME), None)


def _media_type(arrival: Arrival) -> str:
    return next((p.media_type for p in arrival.parts if p.role in _CAME), "")
