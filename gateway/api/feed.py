"""/v1/events: everything that happens to a company's documents, in order, from any place on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from aiohttp import web
from pydantic import Field

from gateway.api import answers, examples
from gateway.api.documents import bad_cursor
from gateway.api.inbox import Wait
from gateway.api.longpoll import poll
from gateway.api.routes import Answer, Call, Parameters, Routes, answer
from gateway.store.port import BadCursor, Event

routes = Routes("events")


class FeedParameters(Parameters):
    """Which part of the feed."""

    after: Annotated[str, Field(pattern=answers.CURSOR)] | None = None
    """The `next` of the answer before, or an event's `cursor`; without it, from the beginning."""
    wait: Wait = 0
    """Seconds to wait for an event when there is none; the gateway may wait less."""
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    """How many at most."""


@routes.operation(
    "GET",
    "/v1/events",
    query=FeedParameters,
    answers={200: Answer("Events.", answers.Events, examples.EVENTS)},
)
async def read_events(call: Call[FeedParameters]) -> web.Response:
    """Read events in the order they happened.

    Keep `next` when you have dealt with the events, and pass it as `after` next time. At least
    once: an answer that got lost on its way is read again with the same cursor.
    """
    company_id, query = call.company.id, call.query
    after = None if query.after == answers.BEGINNING else query.after

    async def read() -> Sequence[Event]:
        return await call.service.store.feed(company_id, after, query.limit)

    try:
        rows = await poll(call.service, f"events:{company_id}", query.wait, read)
    except BadCursor:
        raise bad_cursor() from None
    last = rows[-1].cursor if rows else after or answers.BEGINNING
    return answer(answers.Events(events=tuple(map(answers.event, rows)), next=last))
