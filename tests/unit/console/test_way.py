"""The way that a document took, as its page lists it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gateway.console.documents.way import Later, way
from gateway.events import Type
from gateway.store.port import Event

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def event(n: int, kind: Type, **data: object) -> Event:
    at = NOW + timedelta(minutes=n)
    return Event(str(n), f"evt_{n}", "com_1", "doc_1", kind, at, data)


def test_what_came_back_later_is_told_newest_first() -> None:
    said = {"channel": "email", "leg": 1, "outcome": "refused", "code": "email.overquota"}
    events = [
        event(0, Type.SENT, channel="email", code="email.sent", text="Taken."),
        event(1, Type.REPORTED, channel="email", leg=1, outcome="sent", code="a", text="Late."),
        event(2, Type.REPORTED, **said, text="The mailbox is full."),
    ]
    found = way(None, (), (), (), events, operator=True)
    assert found.reports == (
        Later(
            1,
            "email",
            NOW + timedelta(minutes=2),
            *("refused", "email.overquota"),
            "The mailbox is full.",
        ),
        Later(1, "email", NOW + timedelta(minutes=1), "sent", "a", "Late."),
    )
