"""/v1/inbox: take over what came in. A document is shown until it is confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from aiohttp import web
from pydantic import Field

from gateway.api import answers, examples, files
from gateway.api.body import DOCUMENT_TYPES
from gateway.api.documents import bad_cursor
from gateway.api.longpoll import poll
from gateway.api.problems import Problem, Type
from gateway.api.routes import Answer, Call, NoParameters, Parameters, Q, Routes, answer
from gateway.store.port import BadCursor, Direction, Document, Role
from gateway.trust.gate import Way
from gateway.trust.scopes import Scope

routes = Routes("inbox", changes=Scope.RECEIVE)

Wait = Annotated[float, Field(ge=0, le=600, allow_inf_nan=False)]


class InboxParameters(Parameters):
    """Which part of the inbox."""

    after: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """The id of the last document you have; confirmed ones are not shown anyway."""
    wait: Wait = 0
    """Seconds to wait for a document when there is none; the gateway may wait less."""
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    """How many at most."""


@routes.operation(
    "GET",
    "/v1/inbox",
    query=InboxParameters,
    way=Way.RECEIVE,
    answers={200: Answer("What came in.", answers.Inbox, examples.INBOX)},
)
async def read_inbox(call: Call[InboxParameters]) -> web.Response:
    """Read what came in and is not confirmed, oldest first.

    Take each document over, then confirm it. One that is not confirmed comes again.
    """
    store, company_id, query = call.service.store, call.company.id, call.query

    async def read() -> Sequence[Document]:
        return await store.inbox(company_id, query.after, query.limit)

    try:
        rows = await poll(call.service, f"inbox:{company_id}", query.wait, read)
    except BadCursor:
        raise bad_cursor() from None
    shown = [answers.inbox_document(row, await store.parts(company_id, row.id)) for row in rows]
    return answer(answers.Inbox(documents=tuple(shown)))


@routes.operation(
    "GET",
    "/v1/inbox/{document_id}/content",
    query=NoParameters,
    answers={200: Answer("The bytes.", files=(*DOCUMENT_TYPES[:-1],), example="<Invoice/>")},
    problems=(
        Type.COMPANY_NOT_VERIFIED,
        Type.NOT_FOUND,
        Type.NOT_ALLOWED_NOW,
        Type.CONTENT_LOST,
    ),
)
async def get_inbox_content(call: Call[NoParameters]) -> web.StreamResponse:
    """Read the bytes of a document that came in, confirmed or not."""
    document_id = call.path("document_id")
    document = await _inbound(call, document_id)
    parts = await call.service.store.parts(call.company.id, document_id)
    return await files.send_first(call, document, parts, Role.DOCUMENT, Role.ORIGINAL)


@routes.operation(
    "POST",
    "/v1/inbox/{document_id}/confirm",
    query=NoParameters,
    way=Way.RECEIVE,
    answers={204: Answer("It is yours now; confirming again does no harm.")},
    problems=(Type.NOT_FOUND,),
)
async def confirm_document(call: Call[NoParameters]) -> web.Response:
    """Confirm that you have taken a document over: it leaves the inbox."""
    document_id = call.path("document_id")
    confirmed = await call.service.store.confirm(
        call.company.id, document_id, call.service.clock.now()
    )
    if confirmed is None:
        raise Problem(Type.NOT_FOUND)
    return web.Response(status=204)


async def _inbound(call: Call[Q], document_id: str) -> Document:
    document = await call.service.store.document(call.company.id, document_id)
    if document is None or document.direction is not Direction.IN:
        raise Problem(Type.NOT_FOUND)
    return document
