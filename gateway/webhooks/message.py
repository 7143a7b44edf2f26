"""What a webhook says: an event of the feed in the standard's envelope. Pure.

`data` is the event exactly as `GET /v1/events` gives it, its cursor included: who misses a webhook
goes on from there in the feed, and finds the same. The id is the event's: a repeat is known by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel

from gateway.api import answers
from gateway.store.ids import new_id
from gateway.store.port import Event

TEST: Final = "webhook.test"  # no event: it stands in no feed


@dataclass(frozen=True, slots=True)
class Message:
    """A message to be signed and sent. `document_id` and `cursor` are those of its event."""

    id: str
    type: str
    body: str
    document_id: str | None = None
    cursor: str | None = None


class _Envelope(BaseModel):
    type: str
    timestamp: datetime  # when it happened, not when it is sent
    data: Any


def of_event(event: Event) -> Message:
    """The message of an event."""
    body = _Envelope(type=event.type, timestamp=event.at, data=answers.event(event))
    text = body.model_dump_json()
    return Message(event.id, event.type, text, event.document_id, event.cursor)


def trial_of(endpoint_id: str, now: datetime) -> Message:
    """A message that tells of nothing: for finding out whether messages arrive."""
    body = _Envelope(type=TEST, timestamp=now, data={"webhook_id": endpoint_id})
    return Message(new_id("evt"), TEST, body.model_dump_json())
