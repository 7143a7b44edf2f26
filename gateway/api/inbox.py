"""/v1/inbox: take over what came in. A document is shown until it is confirmed.

Two ways to take: reading, where one program polls; and lending (`lease_s`), where several do, or
one that may fail half-way: what is lent is shown to nobody else until its time is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Annotated

from aiohttp import web
from pydantic import ConfigDict, Field

from gateway.api import examples_inbox as examples
from gateway.api import inbox_answers as answers
from gateway.api.body import body
from gateway.api.documents import bad_cursor
from gateway.api.longpoll import poll
from gateway.api.problems import WITH_BODY, Fault, Problem, Type
from gateway.api.routes import (
    Answer,
    Body,
    Call,
    Media,
    NoParameters,
    Parameters,
    Q,
    Routes,
    Service,
    answer,
)
from gateway.intake.kind import JSON
from gateway.intake.shape import Shape
from gateway.lifecycle import InboxState
from gateway.store.ids import new_id
from gateway.store.inbox import Item, Lent, NotGiven
from gateway.store.port import BadCursor
from gateway.trust.gate import Way
from gateway.trust.scopes import Scope

routes = Routes("inbox", changes=Scope.RECEIVE)

Wait = Annotated[float, Field(ge=0, le=600, allow_inf_nan=False)]
Lease = Annotated[float, Field(ge=1, le=24 * 3600, allow_inf_nan=False)]
LeaseName = Annotated[str, Field(pattern=r"^lse_[0-9a-f-]{36}$")]
DocumentId = Annotated[str, Field(min_length=1, max_length=100)]

# What is being read is new in a moment: who asks meanwhile is not told that there is nothing.
_READ_WITHIN_S = 60.0
# A lease may end without anybody being told: it is looked for so often.
_LOOKED_FOR_S = 5.0


class InboxParameters(Parameters):
    """Which part of the inbox."""

    after: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """The id of the last document you have; confirmed ones are not shown anyway. Not with
    `lease_s`: what is lent is not shown again."""
    wait: Wait = 0
    """Seconds to wait for a document when there is none; the gateway may wait less, and a moment
    more for one that is being read just now."""
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    """How many at most."""
    state: InboxState = InboxState.NEW
    """Only documents in this state."""
    lease_s: Lease | None = None
    """Have the documents for so many seconds: nobody else gets them until then. Those that you have
    not confirmed by then come back."""


@routes.operation(
    "GET",
    "/v1/inbox",
    query=InboxParameters,
    way=Way.RECEIVE,
    answers={200: Answer("What came in.", answers.Inbox, examples.INBOX)},
)
async def read_inbox(call: Call[InboxParameters]) -> web.Response:
    """Read what came in and is not confirmed, in the order it is given out.

    Take each document over, then confirm it. One that is not confirmed comes again. With `lease_s`
    no two callers get the same document, and none gets one while an earlier one is free.
    """
    store, company_id, query = call.service.store, call.company.id, call.query
    _check(query)
    lease = None if query.lease_s is None else new_id("lse")
    until = None

    async def read() -> Sequence[Item]:
        nonlocal until
        now = call.service.clock.now()
        if lease is None or query.lease_s is None:
            return await store.inbox_items(company_id, query.state, query.after, query.limit)
        free = await store.inbox_items(company_id, InboxState.NEW, None, 1, free_at=now)
        if not free:
            return ()
        until = now + timedelta(seconds=query.lease_s)
        return await store.lend(company_id, lease, now, until, query.limit)

    try:
        items = await _polled(call.service, company_id, query, read)
    except BadCursor:
        raise bad_cursor() from None
    shown = [
        answers.document(item, await store.parts(company_id, item.document.id)) for item in items
    ]
    return answer(
        answers.Inbox(
            documents=tuple(shown),
            lease=lease if items else None,
            leased_until=until if items else None,
        )
    )


def _check(query: InboxParameters) -> None:
    """Raises Problem where a lease is asked for of what can not be lent."""
    faults = []
    if query.lease_s is not None and query.state is not InboxState.NEW:
        faults.append(Fault(parameter="state", detail="only what is `new` can be lent"))
    if query.lease_s is not None and query.after is not None:
        hint = "Leave it out: what is lent is not shown again before its time is over."
        faults.append(Fault(parameter="after", detail="does not go with `lease_s`", hint=hint))
    if faults:
        raise Problem(Type.INVALID_PARAMETER, faults=faults)


async def _polled(
    service: Service,
    company_id: str,
    query: InboxParameters,
    read: Callable[[], Awaitable[Sequence[Item]]],
) -> Sequence[Item]:
    """Reads as `poll` does; and a moment longer where something is being read just now."""
    topic, loop = f"inbox:{company_id}", asyncio.get_running_loop()
    until = loop.time() + min(query.wait, service.limits.long_poll_s)
    patience = loop.time() + min(_READ_WITHIN_S, service.limits.long_poll_s)
    while True:
        waits = query.state is InboxState.NEW and await service.store.inbox_waits(company_id)
        end = max(until, patience) if waits else until
        left = max(end - loop.time(), 0)
        found = await poll(service, topic, min(left, _LOOKED_FOR_S), read)
        if found or loop.time() >= end or service.closing.is_set():
            return found


@routes.operation(
    "GET",
    "/v1/inbox/{document_id}",
    query=NoParameters,
    way=Way.RECEIVE,
    answers={200: Answer("The document.", answers.InboxDocument, examples.INBOX_DOCUMENT)},
    problems=(Type.NOT_FOUND,),
)
async def get_inbox_document(call: Call[NoParameters]) -> web.Response:
    """Read where a document that came in is in the inbox, confirmed or not, and what was found."""
    return await shown(call, await one(call))


class ConfirmParameters(Parameters):
    """Under which lease."""

    lease: LeaseName | None = None
    """The `lease` that you got the document under, if you asked for one."""


@routes.operation(
    "POST",
    "/v1/inbox/{document_id}/confirm",
    query=ConfirmParameters,
    way=Way.RECEIVE,
    answers={204: Answer("It is yours now; confirming again does no harm.")},
    problems=(Type.NOT_FOUND, Type.NOT_ALLOWED_NOW),
)
async def confirm_document(call: Call[ConfirmParameters]) -> web.Response:
    """Confirm that you have taken a document over: it leaves the inbox.

    A conflict where your lease has ended and another has the document, or has confirmed it: it is
    theirs, so undo what you have done with it. A lease that has ended counts as long as nobody else
    has taken the document.
    """
    said = await _confirmed(call, call.path("document_id"), call.query.lease)
    if said.code == "inbox.not_found":
        raise Problem(Type.NOT_FOUND)
    if not said.confirmed:
        raise Problem(Type.NOT_ALLOWED_NOW, said.text)
    return web.Response(status=204)


class ConfirmWish(Shape):
    """What you have taken over."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    documents: Annotated[list[DocumentId], Field(min_length=1, max_length=1000)]
    """Their ids."""
    lease: LeaseName | None = None
    """The `lease` that you got them under, if you asked for one."""


@routes.operation(
    "POST",
    "/v1/inbox/confirm",
    query=NoParameters,
    way=Way.RECEIVE,
    body=Body({JSON: Media(ConfirmWish, {"two": examples.CONFIRM_WISH})}),
    answers={
        200: Answer("What became of each.", answers.Confirmations, examples.CONFIRMATIONS),
    },
    problems=WITH_BODY,
)
async def confirm_documents(call: Call[NoParameters]) -> web.Response:
    """Confirm several documents at once; what became of each is told by itself."""
    wish = await body(call, ConfirmWish)
    results = await asyncio.gather(
        *(_confirmed(call, document_id, wish.lease) for document_id in wish.documents)
    )
    return answer(answers.Confirmations(results=tuple(results)))


async def _confirmed(call: Call[Q], document_id: str, lease: str | None) -> answers.Confirmation:
    service, now = call.service, call.service.clock.now()
    try:
        done = await service.store.confirm(call.company.id, document_id, now, lease=lease)
    except Lent as other:
        return _said(document_id, "inbox.lease_lost", _lost(other), confirmed=False)
    except NotGiven as kept:
        return _said(document_id, "inbox.not_given", f"It is {kept.state}. {kept.text}")
    match done:
        case None:
            return _said(document_id, "inbox.not_found", "There is no such document.")
        case True:
            return _said(document_id, "inbox.confirmed", "It is yours now.", confirmed=True)
        case False:
            text = "It was confirmed before."
            return _said(document_id, "inbox.confirmed_before", text, confirmed=True)


def _lost(other: Lent) -> str:
    if other.until is None:
        return "Your lease had ended, and another has confirmed it: it is theirs."
    return f"Another has it, until {other.until:%Y-%m-%dT%H:%M:%SZ}: it is theirs."


def _said(
    document_id: str, code: str, text: str, *, confirmed: bool = False
) -> answers.Confirmation:
    return answers.Confirmation(id=document_id, confirmed=confirmed, code=code, text=text)


async def one(call: Call[Q]) -> Item:
    """The document of the path; a problem when it is nobody's or another's."""
    item = await call.service.store.inbox_item(call.company.id, call.path("document_id"))
    if item is None:
        raise Problem(Type.NOT_FOUND)
    return item


async def shown(call: Call[Q], item: Item) -> web.Response:
    """The answer that shows a document of the inbox."""
    parts = await call.service.store.parts(call.company.id, item.document.id)
    return answer(answers.document(item, parts))
