"""What a person may do to a document: hold, release, retry, cancel, revoke its link."""

from __future__ import annotations

from typing import Annotated, assert_never

from aiohttp import web
from pydantic import ConfigDict, Field

from gateway.api import answers, examples
from gateway.api.body import body
from gateway.api.callers import actor
from gateway.api.problems import WITH_BODY, Problem, Type
from gateway.api.routes import Answer, Body, Call, Media, NoParameters, Routes, answer
from gateway.delivery import links
from gateway.delivery.verbs import Denied, Verb, act
from gateway.intake.shape import TEXT, Shape
from gateway.intake.submission import JSON
from gateway.store.port import Document

routes = Routes("verbs")


class Reason(Shape):
    """Why a person does it; kept with the event."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    reason: Annotated[str, Field(max_length=500, pattern=TEXT)]
    """In a sentence; the company's people can read it."""


_ANSWERS = {200: Answer("The document as it is now.", answers.DocumentRow, examples.ROW)}
_BODY = Body({JSON: Media(Reason, {"reason": examples.REASON})})
_PROBLEMS = (
    Type.NOT_FOUND,
    Type.NOT_ALLOWED_NOW,
    *WITH_BODY,
)


@routes.operation(
    "POST",
    "/v1/documents/{document_id}/hold",
    query=NoParameters,
    body=_BODY,
    answers=_ANSWERS,
    problems=_PROBLEMS,
)
async def hold_document(call: Call[NoParameters]) -> web.Response:
    """Hold a document: nothing more happens to it until a person decides."""
    return await _act(call, Verb.HOLD)


@routes.operation(
    "POST",
    "/v1/documents/{document_id}/release",
    query=NoParameters,
    body=_BODY,
    answers=_ANSWERS,
    problems=_PROBLEMS,
)
async def release_document(call: Call[NoParameters]) -> web.Response:
    """Release a held document: it goes on.

    One that is held because the outcome of its last attempt is unknown counts as sent by this.
    """
    return await _act(call, Verb.RELEASE)


@routes.operation(
    "POST",
    "/v1/documents/{document_id}/retry",
    query=NoParameters,
    body=_BODY,
    answers=_ANSWERS,
    problems=_PROBLEMS,
)
async def retry_document(call: Call[NoParameters]) -> web.Response:
    """Try a document again now, a failed one from its first channel.

    The recipient may get it twice, where an earlier attempt reached them unknown to us.
    """
    return await _act(call, Verb.RETRY)


@routes.operation(
    "POST",
    "/v1/documents/{document_id}/cancel",
    query=NoParameters,
    body=_BODY,
    answers=_ANSWERS,
    problems=_PROBLEMS,
)
async def cancel_document(call: Call[NoParameters]) -> web.Response:
    """Cancel a document that has not been handed over: it will not be sent."""
    return await _act(call, Verb.CANCEL)


@routes.operation(
    "POST",
    "/v1/documents/{document_id}/revoke-link",
    query=NoParameters,
    body=_BODY,
    answers=_ANSWERS,
    problems=_PROBLEMS,
)
async def revoke_link(call: Call[NoParameters]) -> web.Response:
    """Take back the link to a document: it opens nothing any more.

    What was fetched before stays with who fetched it.
    """
    why = await body(call, Reason)
    service, document_id = call.service, call.path("document_id")
    given = (service.store, service.clock, call.company.id, document_id, why.reason)
    done = await links.revoke(*given, actor=await actor(call))
    document = await service.store.document(call.company.id, document_id)
    if document is None:
        raise Problem(Type.NOT_FOUND)
    if not done:
        raise Problem(Type.NOT_ALLOWED_NOW, "No link to the document opens: none is to be revoked.")
    return answer(answers.row(document))


async def _act(call: Call[NoParameters], verb: Verb) -> web.Response:
    why = await body(call, Reason)
    service = call.service
    done = await act(
        service.store,
        service.clock,
        call.company.id,
        call.path("document_id"),
        verb,
        why.reason,
        actor=await actor(call),
    )
    match done:
        case None:
            raise Problem(Type.NOT_FOUND)
        case Denied():
            raise Problem(Type.NOT_ALLOWED_NOW, done.text)
        case Document():
            return answer(answers.row(done))
        case _:
            assert_never(done)
