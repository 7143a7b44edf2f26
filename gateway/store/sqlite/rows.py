"""How values lie in columns: times, JSON, and the port's rows out of SQLite's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from gateway.lifecycle import Business, State
from gateway.store.port import (
    Attempt,
    Direction,
    Document,
    Event,
    Head,
    Job,
    Leg,
    Part,
    Role,
)

Row = tuple[Any, ...]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

HEAD_COLUMNS = ", ".join(f.name for f in fields(Head) if f.compare)
DOCUMENT_COLUMNS = (
    "id, company_id, direction, state, business, version, media_type, delivery, channel, code, "
    f"text, next_at, created_at, updated_at, confirmed_at, {HEAD_COLUMNS}"
)
PART_COLUMNS = "role, name, media_type, sha256, size_bytes, at, attempt_id"
LEG_COLUMNS = "document_id, n, channel, key, state, address, reference, expects, until"
ATTEMPT_COLUMNS = (
    "id, document_id, leg, channel, started_at, ended_at, outcome, code, text, public_text, remote"
)
EVENT_COLUMNS = "seq, id, company_id, document_id, type, at, data"
JOB_COLUMNS = "id, company_id, document_id, kind, fence, tries, data, lane, key"


def micros(at: datetime) -> int:
    """Microseconds since 1970. A time without a zone is a bug, and raises TypeError."""
    return (at - _EPOCH) // _MICROSECOND


def maybe_micros(at: datetime | None) -> int | None:
    """The same, of a time that may be missing."""
    return None if at is None else micros(at)


def moment(value: int) -> datetime:
    """The time, aware UTC."""
    return _EPOCH + value * _MICROSECOND


def maybe_moment(value: int | None) -> datetime | None:
    """The same, of a time that may be missing."""
    return None if value is None else moment(value)


def to_json(data: Mapping[str, Any]) -> str:
    """JSON data as text; raises TypeError for anything that JSON has not."""
    return _encode(dict(data)) if data else "{}"


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
    *own, number, kind, s_name, r_name, sender, recipient, issued, due, amount, currency, ref = row
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
    ) = own
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
        next_at=maybe_moment(next_at),
        created_at=moment(created_at),
        updated_at=moment(updated_at),
        confirmed_at=maybe_moment(confirmed_at),
    )


def part(row: Row) -> Part:
    """A part out of PART_COLUMNS."""
    role, name, media_type, sha256, size_bytes, at, attempt_id = row
    return Part(Role(role), name, media_type, sha256, size_bytes, moment(at), attempt_id)


def leg(row: Row) -> Leg:
    """A leg out of LEG_COLUMNS."""
    document_id, n, channel, key, state, address, reference, expects, until = row
    return Leg(
        document_id,
        n,
        channel,
        UUID(key),
        state,
        address,
        reference,
        expects,
        maybe_moment(until),
    )


def leg_values(leg: Leg) -> Row:
    """The values of LEG_COLUMNS."""
    return (
        leg.document_id,
        leg.n,
        leg.channel,
        str(leg.key),
        leg.state,
        leg.address,
        leg.reference,
        leg.expects,
        maybe_micros(leg.until),
    )


def attempt(row: Row) -> Attempt:
    """An attempt out of ATTEMPT_COLUMNS."""
    id_, document_id, leg_n, channel, started_at, ended_at, *told = row
    return Attempt(
        id_, document_id, leg_n, channel, moment(started_at), maybe_moment(ended_at), *told
    )


def attempt_values(attempt: Attempt) -> Row:
    """The values of ATTEMPT_COLUMNS."""
    return (
        attempt.id,
        attempt.document_id,
        attempt.leg,
        attempt.channel,
        micros(attempt.started_at),
        maybe_micros(attempt.ended_at),
        attempt.outcome,
        attempt.code,
        attempt.text,
        attempt.public_text,
        attempt.remote,
    )


def event(row: Row, cursor: str) -> Event:
    """An event out of EVENT_COLUMNS, and its cursor."""
    _, id_, company_id, document_id, type_, at, data = row
    return Event(cursor, id_, company_id, document_id, type_, moment(at), json.loads(data))


def job(row: Row) -> Job:
    """A job out of JOB_COLUMNS."""
    id_, company_id, document_id, kind, fence, tries, data, lane, key = row
    return Job(id_, company_id, document_id, kind, fence, tries, json.loads(data), lane, key)
