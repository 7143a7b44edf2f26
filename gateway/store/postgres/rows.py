"""How values lie in columns: times, JSON, and the port's rows out of PostgreSQL's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from gateway.lifecycle import Business, State
from gateway.store.port import Attempt, Direction, Document, Event, Head, Job, Leg, Part, Role

# A record, or the values of one.
Row = Any

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

HEAD_COLUMNS = ", ".join(f.name for f in fields(Head) if f.compare)
DOCUMENT_COLUMNS = (
    "id, company_id, direction, state, business, version, media_type, delivery, channel, code, "
    f"text, next_at, created_at, updated_at, confirmed_at, {HEAD_COLUMNS}"
)
_OWN = 15  # columns of a document before those of its head
PART_COLUMNS = "role, name, media_type, sha256, size_bytes, at, attempt_id"
LEG_COLUMNS = "document_id, n, channel, key, state, address, reference, expects, until"
LEG_TYPES = "text, integer, text, uuid, text, text, text, text, timestamptz"
ATTEMPT_COLUMNS = (
    "id, document_id, leg, channel, started_at, ended_at, outcome, code, text, public_text, remote"
)
ATTEMPT_TYPES = "text, text, integer, text, timestamptz, timestamptz, text, text, text, text, text"
EVENT_COLUMNS = "id, company_id, document_id, type, at, data"
JOB_COLUMNS = "id, company_id, document_id, kind, fence, tries, data, lane, key"


def moment(at: datetime) -> datetime:
    """The time as it is. One without a zone is a bug, and raises TypeError."""
    if at.tzinfo is None:
        raise TypeError("a time without a zone")
    return at


def to_json(data: Mapping[str, Any]) -> str:
    """JSON data as text; raises TypeError for anything that JSON has not."""
    return _encode(dict(data)) if data else "{}"


def from_json(text: str) -> Mapping[str, Any]:
    """JSON data out of text."""
    data: Mapping[str, Any] = json.loads(text)
    return data


def head_values(head: Head) -> Row:
    """The values of HEAD_COLUMNS."""
    return (
        head.number,
        head.kind,
        head.sender_name,
        head.recipient_name,
        head.sender,
        head.recipient,
        head.issue_date,
        head.due_date,
        None if head.amount_due is None else str(head.amount_due),
        head.currency,
        head.reference,
    )


def document(row: Row) -> Document:
    """A document out of DOCUMENT_COLUMNS."""
    (
        id_,
        company_id,
        direction,
        state,
        business,
        version,
        media_type,
        delivery,
        channel,
        code,
        text,
        next_at,
        created_at,
        updated_at,
        confirmed_at,
    ) = row[:_OWN]
    number, kind, s_name, r_name, sender, recipient, issued, due, amount, currency, ref = row[_OWN:]
    return Document(
        id=id_,
        company_id=company_id,
        direction=Direction(direction),
        state=State(state),
        business=Business(business),
        version=version,
        media_type=media_type,
        head=Head(
            number=number,
            kind=kind,
            sender_name=s_name,
            recipient_name=r_name,
            sender=sender,
            recipient=recipient,
            issue_date=issued,
            due_date=due,
            amount_due=None if amount is None else Decimal(amount),
            currency=currency,
            reference=ref,
        ),
        delivery=json.loads(delivery),
        channel=channel,
        code=code,
        text=text,
        next_at=next_at,
        created_at=created_at,
        updated_at=updated_at,
        confirmed_at=confirmed_at,
    )


def part(row: Row) -> Part:
    """A part out of PART_COLUMNS."""
    role, *rest = row
    return Part(Role(role), *rest)


def leg(row: Row) -> Leg:
    """A leg out of LEG_COLUMNS."""
    return Leg(*row)


def leg_values(leg: Leg) -> Row:
    """The values of LEG_COLUMNS."""
    return (
        leg.document_id,
        leg.n,
        leg.channel,
        leg.key,
        leg.state,
        leg.address,
        leg.reference,
        leg.expects,
        leg.until,
    )


def attempt(row: Row) -> Attempt:
    """An attempt out of ATTEMPT_COLUMNS."""
    return Attempt(*row)


def attempt_values(attempt: Attempt) -> Row:
    """The values of ATTEMPT_COLUMNS."""
    return (
        attempt.id,
        attempt.document_id,
        attempt.leg,
        attempt.channel,
        attempt.started_at,
        attempt.ended_at,
        attempt.outcome,
        attempt.code,
        attempt.text,
        attempt.public_text,
        attempt.remote,
    )


def event(row: Row, cursor: str) -> Event:
    """An event out of EVENT_COLUMNS."""
    id_, company_id, document_id, type_, at, data = row
    return Event(cursor, id_, company_id, document_id, type_, at, json.loads(data))


def job(row: Row) -> Job:
    """A job out of JOB_COLUMNS."""
    id_, company_id, document_id, kind, fence, tries, data, lane, key = row
    return Job(id_, company_id, document_id, kind, fence, tries, json.loads(data), lane, key)
