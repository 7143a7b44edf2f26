"""What has happened to a document so far: all of its events."""

from __future__ import annotations

from gateway.store.port import Document, Event, Store

_PAGE = 500


async def every_event(store: Store, document: Document) -> list[Event]:
    """All events of a document, in order."""
    events: list[Event] = []
    while page := await store.feed(
        document.company_id, events[-1].cursor if events else None, _PAGE, document.id
    ):
        events += page
    return events
