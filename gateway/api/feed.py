"""/v1/events: everything that happens to a company's documents, in order, from any place on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

from aiohttp import web
from pydantic import Field

from gateway.api import answers, examples
from gateway.api.documents import bad_cursor
from gateway.api.inbox import Wait
from gateway.api.longpoll import poll
from gateway.api.problems import Fault, Problem, Type
from gateway.api.routes import Answer, Call, Parameters, Routes, answer
from gateway.events import Type as EventType
from gateway.ledger.mapping import Ledger
from gateway.store.port import BadCursor, Event, Store

routes = Routes("events")

_TYPE = f"({'|'.join(kind.replace('.', '[.]') for kind in EventType)})"

# A request for few of many events looks at no more than these, and the next one goes on from there:
# so nobody keeps the gateway busy for long by one request.
_PAGE: Final = 1000
_MOST_PAGES: Final = 10


class FeedParameters(Parameters):
    """Which part of the feed."""

    after: Annotated[str, Field(pattern=answers.CURSOR)] | None = None
    """The `next` of the answer before, or an event's `cursor`; without it, from the oldest event
    that is kept."""
    types: Annotated[str, Field(pattern=f"^{_TYPE}(,{_TYPE})*$")] | None = None
    """Only events of these types, with commas between them."""
    document_id: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """Only events of this document."""
    wait: Wait = 0
    """Seconds to wait for an event when there is none; the gateway may wait less."""
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    """How many at most."""
    ledger: Ledger | None = None
    """Show what each event says as this ledger calls it, too."""


@routes.operation(
    "GET",
    "/v1/events",
    query=FeedParameters,
    answers={200: Answer("Events.", answers.Events, examples.EVENTS)},
    problems=(Type.EVENTS_EXPIRED,),
)
async def read_events(call: Call[FeedParameters]) -> web.Response:
    """Read events in the order they happened.

    Keep `next` when you have dealt with the events, and pass it as `after` next time. At least
    once: an answer that got lost on its way is read again with the same cursor. With `types` an
    answer may be empty though more events follow: go on from `next` as always.
    """
    company_id, query = call.company.id, call.query
    look = _Look(call.service.store, company_id, query)
    try:
        rows = await poll(call.service, f"events:{company_id}", query.wait, look.on)
    except BadCursor:
        raise bad_cursor() from None
    except _Enough:
        rows = ()
    after = look.after
    if after and look.place != after and not await call.service.store.kept(company_id, after):
        hint = f"Pass {answers.BEGINNING}: it is where the oldest event that is kept comes next."
        fault = Fault(parameter="after", detail="is of an event that was deleted", hint=hint)
        raise Problem(Type.EVENTS_EXPIRED, faults=[fault])
    place = look.place or answers.BEGINNING
    events = tuple(answers.event(row, query.ledger) for row in rows)
    return answer(answers.Events(events=events, next=place))


class _Enough(Exception):
    """So many events were looked at for nothing that the caller shall ask again."""


class _Look:
    """One look through the feed for what was asked; `place` is how far it came."""

    def __init__(self, store: Store, company_id: str, query: FeedParameters) -> None:
        self.after = None if query.after == answers.BEGINNING else query.after
        self.place = self.after
        self._store = store
        self._company_id = company_id
        self._document_id = query.document_id
        self._limit = query.limit
        self._types = frozenset(query.types.split(",")) if query.types else frozenset(EventType)

    async def on(self) -> Sequence[Event]:
        """What is found from here on. Raises _Enough when it is nothing and there is more."""
        page = self._limit if len(self._types) == len(EventType) else _PAGE
        found: list[Event] = []
        for _ in range(_MOST_PAGES):
            rows = await self._store.feed(self._company_id, self.place, page, self._document_id)
            for row in rows:
                self.place = row.cursor
                if row.type in self._types:
                    found.append(row)
                if len(found) == self._limit:
                    return found
            if len(rows) < page:
                return found
        if not found:
            raise _Enough
        return found
