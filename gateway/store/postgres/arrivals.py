"""What comes in: a document of its own, and its place in the inbox, in PostgreSQL."""

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
from gateway.store.postgres import (
    blobs,
    documents,
    events,
    inbox,
    jobs,
    messages,
    naming,
    rows,
)
from gateway.store.postgres.transactions import Transaction

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


async def arrive(transaction: Transaction, units: Sequence[Arrive]) -> list[str | None]:
    """Puts documents into inboxes; None for one that was there."""
    first: dict[tuple[str, str], Arrive] = {}
    for unit in units:
        first.setdefault((unit.arrival.company_id, unit.arrival.key), unit)
    written = await transaction.each(
        """
        INSERT INTO arrival (company_id, key, document_id)
        SELECT company_id, key, document_id FROM {asked} ORDER BY nth
        ON CONFLICT DO NOTHING RETURNING company_id, key, document_id
        """,
        "company_id text, key text, document_id text",
        [(*place, new_id("doc")) for place in sorted(first)],
    )
    id_of = {(company_id, key): document_id for company_id, key, document_id in written}
    answers: list[str | None] = []
    fresh: list[tuple[str, Arrive]] = []
    for unit in units:
        place = (unit.arrival.company_id, unit.arrival.key)
        answers.append(id_of[place] if unit is first[place] and place in id_of else None)
        if answers[-1] is not None:
            fresh.append((answers[-1], unit))
    _lay(transaction, fresh)
    messages.keep(transaction, _brought_by(units, answers))
    jobs.insert(
        transaction,
        [(job, unit.now) for id_, unit in fresh for job in unit.arrival.jobs_of(id_)],
    )
    tokens = [(id_, terms.of_arrival(unit.arrival)) for id_, unit in fresh]
    if any(found for _, found in tokens):
        await transaction.flush()  # the documents are there: they have their places
        naming.name(transaction, tokens)
    return answers


def _brought_by(units: Sequence[Arrive], answers: Sequence[str | None]) -> list[Message]:
    """The messages that brought them, with the documents that they became."""
    return [
        replace(unit.arrival.message, document_id=answer)
        for unit, answer in zip(units, answers, strict=True)
        if unit.arrival.message is not None
    ]


def _lay(transaction: Transaction, units: Sequence[tuple[str, Arrive]]) -> None:
    each = [(id_, unit.arrival, rows.moment(unit.now), unit.parts) for id_, unit in units]
    documents.insert(
        transaction,
        [
            (
                *(id_, arrival.company_id, Direction.IN),
                *_first(arrival),
                *(Business.NONE, 1, _media_type(arrival), "{}"),
                *(arrival.channel, at, at, *rows.head_values(arrival.head)),
            )
            for id_, arrival, at, _ in each
        ],
    )
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
