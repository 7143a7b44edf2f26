"""/v1/inbox/{id}/response: say of an invoice that came in what you do with it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated, Literal, assert_never

from aiohttp import web
from pydantic import ConfigDict, Field

from gateway.api import answers, examples
from gateway.api.body import body
from gateway.api.callers import actor
from gateway.api.problems import WITH_BODY, Problem, Type, refused
from gateway.api.routes import Answer, Body, Call, Media, NoParameters, Routes, answer
from gateway.inbound.replies import Denied, Given, Word, Wrong, reply
from gateway.intake.shape import TEXT, Date, Shape
from gateway.intake.submission import JSON
from gateway.trust.gate import Way
from gateway.trust.scopes import Scope
from schemas.response import Clarification
from validators.findings import Finding

routes = Routes("inbox", changes=Scope.RECEIVE)


class Detail(Shape):
    """A business term of the invoice, and the value it should have had."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    term: Annotated[str, Field(pattern=r"^B[TG]-[0-9]{1,3}$")]
    """`BT-13`."""
    value: Annotated[str, Field(max_length=1000, pattern=TEXT)]


class Clarifying(Shape):
    """Why you say so, or what you want done."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    code: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    """Of a reason: `NON`, `REF`, `LEG`, `REC`, `QUA`, `DEL`, `PRI`, `QTY`, `ITM`, `PAY`, `UNR`,
    `FIN`, `PPD` (paid in part), `OTH`. Of an action: `NOA`, `PIN`, `NIN`, `CNF`, `CNP`, `CNA`,
    `OTH`."""
    text: Annotated[str, Field(max_length=1000, pattern=TEXT)] | None = None
    """In your own words; `OTH` and `PPD` need them."""
    details: list[Detail] = Field(default_factory=list, max_length=50)


class ResponseWish(Shape):
    """What you say of the invoice."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    status: Literal["AB", "IP", "UQ", "CA", "RE", "AP", "PD"]
    """`AB` received, `IP` in process, `UQ` under query, `CA` conditionally accepted, `RE` rejected,
    `AP` accepted, `PD` paid."""
    reasons: list[Clarifying] = Field(default_factory=list, max_length=20)
    """Why. `UQ`, `CA` and `RE` need a reason or an action."""
    actions: list[Clarifying] = Field(default_factory=list, max_length=20)
    """What the seller shall do."""
    effective_date: Date | None = None
    """From which day on it holds."""


@routes.operation(
    "POST",
    "/v1/inbox/{document_id}/response",
    query=NoParameters,
    way=Way.SEND,
    body=Body({JSON: Media(ResponseWish, {"query": examples.RESPONSE_WISH})}),
    answers={
        202: Answer(
            "It is said, and on its way to the seller.",
            answers.Responded,
            examples.RESPONDED,
            headers={"Location": "The document that carries it."},
        )
    },
    problems=(
        Type.NOT_FOUND,
        Type.NOT_ALLOWED_NOW,
        *WITH_BODY,
        Type.CONTENT_LOST,
    ),
)
async def respond_to_document(call: Call[NoParameters]) -> web.Response:
    """Answer an invoice that came in: an Invoice Response goes to its seller.

    It moves the document's `business` state at once. The response is a document of its own, with
    state, attempts and evidence; it is `failed` where the seller takes no responses. What follows
    what: the table of states. The very same again is the same response.
    """
    wish = await body(call, ResponseWish)
    service, document_id = call.service, call.path("document_id")
    said = await reply(
        *(service.store, service.clock, call.company, document_id, word(wish)),
        actor=await actor(call),
    )
    match said:
        case None:
            raise Problem(Type.NOT_FOUND)
        case Denied():
            raise Problem(Type.NOT_ALLOWED_NOW, said.text)
        case Wrong():
            where = [replace(one, where=_pointer(one, wish), line=None) for one in said.findings]
            raise refused(where, json=True)
        case Given():
            made = answers.responded(document_id, said.response_id, wish.status, said.business)
            return answer(made, 202, {"Location": made.links["response"]})
        case _:
            assert_never(said)


def word(wish: ResponseWish) -> Word:
    """What is said by it."""
    given = [(one, False) for one in wish.reasons] + [(one, True) for one in wish.actions]
    return Word(
        wish.status,
        tuple(
            Clarification(
                one.code, is_action, one.text, tuple((d.term, d.value) for d in one.details)
            )
            for one, is_action in given
        ),
        wish.effective_date,
    )


_IN_STATUS = re.compile(r"Response/Status(?:\[(\d+)\])?/(\w+)")


def _pointer(found: Finding, wish: ResponseWish) -> str:
    """The place in the body that a finding of the response is about: reasons come before actions
    there."""
    inside = _IN_STATUS.search(found.where)
    if inside is None or not (wish.reasons or wish.actions):
        return "/reasons" if inside else "/status"
    n = int(inside[1] or 1) - 1
    field = {"StatusReasonCode": "code", "StatusReason": "text"}.get(inside[2], "details")
    if n < len(wish.reasons):
        return f"/reasons/{n}/{field}"
    return f"/actions/{n - len(wish.reasons)}/{field}"
