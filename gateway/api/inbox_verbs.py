"""/v1/inbox/{id}/...: hold, release and repair what came in, and be done with it."""

from __future__ import annotations

from typing import Annotated, Literal

from aiohttp import web
from pydantic import BeforeValidator, ConfigDict, Field

from gateway.api import examples_inbox as examples
from gateway.api import inbox_answers as answers
from gateway.api.body import FILE, body, content_type, read_body
from gateway.api.callers import actor
from gateway.api.documents import bad_cursor
from gateway.api.inbox import shown
from gateway.api.problems import WITH_BODY, Problem, Type
from gateway.api.repair import whole
from gateway.api.routes import (
    Answer,
    Body,
    Call,
    Media,
    NoParameters,
    Parameters,
    Q,
    Routes,
    answer,
)
from gateway.clock import Clock
from gateway.inbound.verbs import (
    Denied,
    handle,
    hold,
    release,
    repair,
    repair_all,
    replacement,
)
from gateway.intake.kind import JSON
from gateway.intake.shape import TEXT, Shape
from gateway.store.inbox import Item
from gateway.store.port import BadCursor, Store
from gateway.trust.gate import Way
from gateway.trust.scopes import Scope

routes = Routes("inbox", changes=Scope.RECEIVE)

Reason = Annotated[str, Field(max_length=500, pattern=TEXT)]
Number = Annotated[int, Field(ge=0, le=999), BeforeValidator(whole)]


class InboxReason(Shape):
    """Why."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    reason: Reason
    """In a sentence; the company's people can read it."""


class HandledWish(Shape):
    """What has become of it with you."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    reference: Annotated[str, Field(max_length=200, pattern=TEXT)] | None = None
    """Your own name for it: a voucher's number."""


class InboxRepairWish(Shape):
    """What is to be done about bad files."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    action: Literal["strip", "leave_out", "again"]
    """`strip`: take them out of the document; `leave_out`: leave the document as it is, and hand it
    out without them; `again`: look at them once more."""
    reason: Reason
    """Why, in a sentence; the company's people can read it."""
    attachment: Number | None = None
    """Which of its files, from 0; without it all that are bad."""


class InboxRepairAllWish(Shape):
    """What is to be done about the bad files of all documents that lie for one."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    action: Literal["strip", "leave_out", "again"]
    """As for one document."""
    reason: Reason
    """Why, in a sentence; the company's people can read it."""
    after: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """The `next` of the answer before."""


_ANSWERS = {
    200: Answer("The document as it is now.", answers.InboxDocument, examples.INBOX_DOCUMENT)
}
_PROBLEMS = (Type.NOT_FOUND, Type.NOT_ALLOWED_NOW, *WITH_BODY)


@routes.operation(
    "POST",
    "/v1/inbox/{document_id}/hold",
    query=NoParameters,
    way=Way.RECEIVE,
    body=Body({JSON: Media(InboxReason, {"asked": examples.HOLD_WISH})}),
    answers=_ANSWERS,
    problems=_PROBLEMS,
)
async def hold_inbox_document(call: Call[NoParameters]) -> web.Response:
    """Keep a document in the inbox back until it is released. Who has it loses it by that."""
    wish = await body(call, InboxReason)
    done = await hold(*_of(call), wish.reason, actor=await actor(call))
    return await _told(call, done)


@routes.operation(
    "POST",
    "/v1/inbox/{document_id}/release",
    query=NoParameters,
    way=Way.RECEIVE,
    body=Body({JSON: Media(InboxReason, {"asked": examples.RELEASE_WISH})}),
    answers=_ANSWERS,
    problems=_PROBLEMS,
)
async def release_inbox_document(call: Call[NoParameters]) -> web.Response:
    """Release a document that is kept back: it is looked at once more, and handed out then.

    A conflict where there is a virus in it: only an operator takes such a file out.
    """
    wish = await body(call, InboxReason)
    done = await release(*_of(call), wish.reason, actor=await actor(call))
    return await _told(call, done)


@routes.operation(
    "POST",
    "/v1/inbox/{document_id}/handled",
    query=NoParameters,
    way=Way.RECEIVE,
    body=Body({JSON: Media(HandledWish, {"booked": examples.HANDLED_WISH, "done": {}})}),
    answers=_ANSWERS,
    problems=_PROBLEMS,
)
async def handle_inbox_document(call: Call[NoParameters]) -> web.Response:
    """Say that you are done with a document, and what you call it. It is confirmed by that."""
    wish = await body(call, HandledWish)
    done = await handle(*_of(call), wish.reference, actor=await actor(call))
    return await _told(call, done)


@routes.operation(
    "POST",
    "/v1/inbox/{document_id}/repair",
    query=NoParameters,
    way=Way.RECEIVE,
    body=Body({JSON: Media(InboxRepairWish, {"strip": examples.STRIP_WISH})}),
    answers=_ANSWERS,
    problems=_PROBLEMS,
)
async def repair_inbox_document(call: Call[NoParameters]) -> web.Response:
    """Do something about the bad files of a document that came in.

    What came is kept as it was, and given out as `received`. To replace a file, put the new one to
    its place. To ask the sender for another, answer the invoice: `UQ`.
    """
    wish = await body(call, InboxRepairWish)
    done = await repair(
        *_of(call), wish.action, wish.reason, attachment=wish.attachment, actor=await actor(call)
    )
    return await _told(call, done)


@routes.operation(
    "POST",
    "/v1/inbox/repair",
    query=NoParameters,
    way=Way.RECEIVE,
    body=Body({JSON: Media(InboxRepairAllWish, {"without": examples.LEAVE_OUT_ALL})}),
    answers={200: Answer("What was repaired.", answers.InboxRepaired, examples.INBOX_REPAIRED)},
    problems=WITH_BODY,
)
async def repair_inbox(call: Call[NoParameters]) -> web.Response:
    """Do something about the bad files of all documents that lie for one, up to 200 at once."""
    wish, service = await body(call, InboxRepairAllWish), call.service
    try:
        done, left, following = await repair_all(
            *(service.store, service.clock, call.company.id, wish.action, wish.reason),
            after=wish.after,
            actor=await actor(call),
        )
    except BadCursor:
        raise bad_cursor() from None
    lying = tuple(answers.LeftLying(id=id_, text=text) for id_, text in left)
    return answer(answers.InboxRepaired(repaired=tuple(done), left=lying, next=following))


class InboxFileParameters(Parameters):
    """What is handed in."""

    name: Annotated[str, Field(min_length=1, max_length=150)] = "attachment"
    """What the file is called; what is unsafe in it is left out."""
    reason: Reason = "Replaced by hand."
    """Why, in a sentence; the company's people can read it."""


@routes.operation(
    "PUT",
    "/v1/inbox/{document_id}/attachments/{attachment}",
    query=InboxFileParameters,
    way=Way.RECEIVE,
    body=Body(
        {
            FILE: Media(
                {"contentMediaType": FILE, "description": "The bytes of the file.", "minLength": 1},
                {"file": "(the bytes of a file)"},
            )
        }
    ),
    answers=_ANSWERS,
    problems=_PROBLEMS,
)
async def replace_inbox_attachment(call: Call[InboxFileParameters]) -> web.Response:
    """Hand in a file in place of a bad one: it is given out instead.

    One that must not be handed out either, such as a program, is not taken.
    """
    name, n = call.query.name, call.path("attachment")
    if not n.isdecimal() or len(n) > 3:
        raise Problem(Type.NOT_FOUND)
    content_type(call.request, (FILE,))
    content = await read_body(call.request, call.service.limits)
    if not content:
        raise Problem(Type.INVALID_BODY, "The file is empty.")
    how = replacement(int(n), name, content, call.company.in_effect)
    if isinstance(how, Denied):
        raise Problem(Type.INVALID_BODY, how.text)
    done = await repair(*_of(call), how, call.query.reason, actor=await actor(call))
    return await _told(call, done)


def _of(call: Call[Q]) -> tuple[Store, Clock, str, str]:
    return call.service.store, call.service.clock, call.company.id, call.path("document_id")


async def _told(call: Call[Q], done: Item | Denied | None) -> web.Response:
    if done is None:
        raise Problem(Type.NOT_FOUND)
    if isinstance(done, Denied):
        raise Problem(Type.NOT_ALLOWED_NOW, done.text)
    return await shown(call, done)
