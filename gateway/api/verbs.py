"""What a person may do to a document: hold, release, retry, resend, reroute, choose whom it goes
to, cancel, revoke its link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, assert_never

from aiohttp import web
from pydantic import ConfigDict, Field

from gateway.api import answers, examples, idempotency
from gateway.api.body import body
from gateway.api.callers import actor
from gateway.api.problems import WITH_BODY, Fault, Problem, Type
from gateway.api.routes import Answer, Body, Call, Media, NoParameters, Routes, answer
from gateway.delivery import links
from gateway.delivery.choosing import choose
from gateway.delivery.rerouting import NewRoute, NoWay, reroute
from gateway.delivery.verbs import UNSEEN, Denied, Reused, Seen, Verb, act
from gateway.intake.shape import TEXT, Shape
from gateway.intake.submission import (
    JSON,
    Channel,
    EfakturaId,
    Email,
    Fmi,
    PersonalNumber,
    Phone,
)
from gateway.store.port import Document
from gateway.trust.gate import Way
from gateway.trust.scopes import Scope
from transports.base import PostalAddress

routes = Routes("verbs", changes=Scope.SEND)


_Line = Annotated[str, Field(max_length=200, pattern=TEXT)]


class Reason(Shape):
    """Why a person does it; kept with the event."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    reason: Annotated[str, Field(max_length=500, pattern=TEXT)]
    """In a sentence; the company's people can read it."""


class Choosing(Reason):
    """Which of several possible recipients shall have it, and why."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    address: Annotated[str, Field(max_length=200, pattern=TEXT)]
    """The address of one of the `candidates` of the event `document.held`."""


class PostalFacts(Shape):
    """Where a letter goes."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    name: _Line | None = None
    """Without it, as the invoice has it."""
    street: _Line
    street2: _Line | None = None
    post_code: Annotated[str, Field(max_length=20, pattern=TEXT)]
    city: _Line
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")]
    """ISO 3166-1 alpha-2."""

    def address(self) -> PostalAddress:
        """As `transports` says it."""
        lines = tuple(filter(None, (self.street, self.street2)))
        return PostalAddress(self.name or "", lines, self.post_code, self.city, self.country)


class Rerouting(Reason):
    """Another route, and why. What is left out stays as it was."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    channels: list[Channel] | None = None
    """The channels to try, in this order; an empty list: those of the country, or of your rules."""
    disabled_channels: list[Channel] | None = None
    """Channels never to use for this document."""
    email: Email | None = None
    phone: Phone | None = None
    """The recipient's mobile number."""
    personal_number: PersonalNumber | None = None
    """Never shown, logged or told to others."""
    fmi: Fmi | None = None
    """What a Swedish bank knows the recipient by. Never shown, logged or told to others."""
    efaktura_id: EfakturaId | None = None
    """What Norwegian eFaktura knows the consumer by."""
    postal_address: PostalFacts | None = None

    def route(self) -> NewRoute:
        """As `gateway.delivery` says it."""
        said = {name: getattr(self, name) for name in _OF_RECIPIENT}
        postal = self.postal_address
        return NewRoute(
            channels=None if self.channels is None else tuple(self.channels),
            disabled=None if self.disabled_channels is None else tuple(self.disabled_channels),
            recipient={name: value for name, value in said.items() if value is not None},
            postal_address=postal.address() if postal is not None else None,
        )


_OF_RECIPIENT = ("email", "phone", "personal_number", "fmi", "efaktura_id")

_ANSWERS = {200: Answer("The document as it is now.", answers.DocumentRow, examples.ROW)}
_BODY = Body({JSON: Media(Reason, {"reason": examples.REASON})})
_PROBLEMS = (
    Type.NOT_FOUND,
    Type.NOT_ALLOWED_NOW,
    *WITH_BODY,
)
_RESEND_KEY = replace(
    idempotency.KEY,
    description="A key of your choice for this request. The same key with the same reason sends the"
    " document once more only once; with another reason it is refused.",
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
    way=Way.SEND,
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
    way=Way.SEND,
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
    "/v1/documents/{document_id}/resend",
    query=NoParameters,
    headers=(_RESEND_KEY,),
    way=Way.SEND,
    body=_BODY,
    answers=_ANSWERS,
    problems=(*_PROBLEMS, Type.IDEMPOTENCY_KEY_REUSED),
)
async def resend_document(call: Call[NoParameters]) -> web.Response:
    """Send a document that was sent or delivered once more, from the first channel of its plan.

    The recipient may get it twice: no channel takes it for a repeat. Send an `Idempotency-Key`, so
    that a request that you repeat because no answer came sends it once.
    """
    return await _act(call, Verb.RESEND, Seen(key=idempotency.key_of(call)))


@routes.operation(
    "POST",
    "/v1/documents/{document_id}/reroute",
    query=NoParameters,
    way=Way.SEND,
    body=Body({JSON: Media(Rerouting, {"as a letter": examples.REROUTING})}),
    answers=_ANSWERS,
    problems=_PROBLEMS,
)
async def reroute_document(call: Call[NoParameters]) -> web.Response:
    """Give a document another route: other channels, or another address of the recipient.

    It begins anew with the first channel of the new plan, whatever the old one had tried: the
    recipient may get it twice, where one of these reached them.
    """
    asked = await body(call, Rerouting)
    service = call.service
    done = await reroute(
        service.store,
        service.clock,
        call.company.id,
        call.path("document_id"),
        asked.route(),
        asked.reason,
        configured=service.channels,
        actor=await actor(call),
    )
    if isinstance(done, NoWay):
        faults = [
            Fault(pointer="/channels", detail=f"{step.step}: {step.reason}")
            for step in done.plan.steps
        ]
        raise Problem(Type.NOT_ALLOWED_NOW, "No channel is possible by that.", faults)
    return _done(done)


@routes.operation(
    "POST",
    "/v1/documents/{document_id}/choose",
    query=NoParameters,
    way=Way.SEND,
    body=Body({JSON: Media(Choosing, {"one of two": examples.CHOOSING})}),
    answers=_ANSWERS,
    problems=_PROBLEMS,
)
async def choose_recipient(call: Call[NoParameters]) -> web.Response:
    """Choose one of several possible recipients of a document that is held for that
    (`route.several`): it goes there, and the channel is not asked again."""
    asked = await body(call, Choosing)
    service = call.service
    done = await choose(
        service.store,
        service.clock,
        call.company.id,
        call.path("document_id"),
        asked.address,
        asked.reason,
        actor=await actor(call),
    )
    if isinstance(done, Sequence):
        known = ", ".join(f"{each.address} ({each.text})" for each in done)
        fault = Fault(pointer="/address", detail="no recipient has it", hint=f"There are {known}.")
        raise Problem(Type.INVALID_BODY, faults=[fault])
    return _done(done)


@routes.operation(
    "POST",
    "/v1/documents/{document_id}/cancel",
    query=NoParameters,
    body=_BODY,
    answers=_ANSWERS,
    problems=_PROBLEMS,
)
async def cancel_document(call: Call[NoParameters]) -> web.Response:
    """Cancel a document: it will not be sent; or its channel is asked to take it back.

    One that was handed over can be taken back from channels that let us, as long as they do (not
    paid, before it is due). The event `document.cancelled` says that it was, and
    `document.not_recalled` why not.
    """
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


async def _act(call: Call[NoParameters], verb: Verb, seen: Seen = UNSEEN) -> web.Response:
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
        recalling=service.recalling,
        seen=seen,
    )
    return _done(done)


def _done(done: Document | Denied | None) -> web.Response:
    match done:
        case None:
            raise Problem(Type.NOT_FOUND)
        case Reused():
            raise Problem(Type.IDEMPOTENCY_KEY_REUSED, done.text)
        case Denied():
            raise Problem(Type.NOT_ALLOWED_NOW, done.text)
        case Document():
            return answer(answers.row(done))
        case _:
            assert_never(done)
