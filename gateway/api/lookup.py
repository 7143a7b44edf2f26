"""/v1/lookup: what participants can receive in Peppol, and which way leads to a recipient."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Annotated

from aiohttp import web
from pydantic import ConfigDict, Field, PlainValidator
from pydantic.json_schema import WithJsonSchema
from pydantic_core import PydanticCustomError

from gateway.api import examples
from gateway.api.answers import Shown
from gateway.api.body import body
from gateway.api.problems import WITH_BODY, Fault, Problem, Type
from gateway.api.routes import Answer, Body, Call, Media, NoParameters, Routes, answer
from gateway.api.ways import DocumentFacts, WaysFound, ways_of
from gateway.intake.customer import RecipientFacts
from gateway.intake.shape import Shape
from gateway.intake.submission import JSON, Channel
from gateway.lookup import TooOften, Verdict
from gateway.trust.scopes import Scope
from schemas.identifiers import Participant

routes = Routes("lookup", changes=Scope.SEND)

MOST = 50
_PATTERN = "^(iso6523-actorid-upis::)?[0-9]{4}:[!-~]{1,130}$"


def _participant(value: object) -> Participant:
    try:
        if isinstance(value, str):
            return Participant.parse(value)
    except ValueError as error:
        raise PydanticCustomError("participant", "{reason}", {"reason": str(error)}) from None
    raise PydanticCustomError("participant", "must be a participant such as 0192:918130047")


class LookupQuestion(Shape):
    """Whom to look up: `participants` in Peppol, or a `recipient` on all channels."""

    model_config = ConfigDict(
        use_attribute_docstrings=True,
        json_schema_extra={"oneOf": [{"required": ["participants"]}, {"required": ["recipient"]}]},
    )

    participants: (
        Annotated[
            list[
                Annotated[
                    Participant,
                    PlainValidator(_participant),
                    WithJsonSchema(
                        {"type": "string", "pattern": _PATTERN, "examples": ["0192:918130047"]}
                    ),
                ]
            ],
            Field(min_length=1, max_length=MOST),
        ]
        | None
    ) = None
    """Electronic addresses: scheme, colon, number."""
    recipient: RecipientFacts | None = None
    """Whom a document is to reach: the answer is the plan, and what its channels say."""
    document: DocumentFacts | None = None
    """What is to be sent to the recipient; by default an invoice."""
    channels: list[Channel] | None = None
    """The channels to try for the recipient, in this order, instead of the country's order."""
    disabled_channels: list[Channel] | None = None
    """Channels never to use for the recipient."""


class LookedUpService(Shown):
    """A kind of document in a process, and whether it is taken."""

    document_type: str
    document: str
    """The same for people."""
    process: str | None
    """Null when not even that could be asked."""
    answer: Verdict
    code: str
    """Why: stable, dotted."""
    text: str
    """Why, in a sentence."""
    transport_profile: str | None
    address: str | None
    access_point: str | None
    """Its seat, as its certificate has it."""
    certificate_days: int | None
    """Whole days that its certificate is still valid; negative: it has expired."""


class LookedUp(Shown):
    """What one participant can receive."""

    participant: str
    answer: Verdict
    """Whether it can receive anything at all. `unknown`: nobody could say; ask again."""
    code: str
    text: str
    publisher: str | None
    at: datetime
    """When the network was asked: answers are kept for minutes."""
    services: tuple[LookedUpService, ...]


class LookupAnswer(Shown):
    """What you asked for."""

    participants: tuple[LookedUp, ...]
    """Those you asked for, in the order you did."""
    ways: WaysFound | None
    """The ways to the recipient; null where none was asked for."""


@routes.operation(
    "POST",
    "/v1/lookup",
    query=NoParameters,
    body=Body(
        {JSON: Media(LookupQuestion, {"two": examples.LOOKUP, "recipient": examples.WAYS_LOOKUP})}
    ),
    answers={200: Answer("What each can receive.", LookupAnswer, examples.LOOKED_UP)},
    problems=(
        *WITH_BODY,
        Type.TOO_OFTEN,
    ),
)
async def look_up(call: Call[NoParameters]) -> web.Response:
    """Look up what participants can receive in Peppol, or which way leads to a recipient.

    With `recipient`, the answer is the plan of a document to it: each step, in or out, why, and
    what each channel that is in says of the recipient now.

    Every answer is yes, no or unknown, with the reason: silence is no no. Nothing is stored or
    sent, and nobody is told.
    """
    question = await body(call, LookupQuestion)
    if (question.participants is None) is (question.recipient is None):
        fault = Fault(pointer="/participants", detail="needs either `participants` or `recipient`")
        raise Problem(Type.INVALID_BODY, faults=[fault])
    if question.recipient is not None:
        wishes = {"channels": question.channels, "disabled_channels": question.disabled_channels}
        ways = await ways_of(
            *(call, question.recipient, question.document or DocumentFacts()),
            {name: value for name, value in wishes.items() if value},
        )
        return answer(LookupAnswer(participants=(), ways=ways))
    found = await call.service.lookups.ask(call.company.id, question.participants or ())
    if isinstance(found, TooOften):
        after = str(math.ceil(found.after_s))
        raise Problem(
            Type.TOO_OFTEN,
            f"You have looked up many participants just now; go on in {after} seconds.",
            headers={"Retry-After": after},
        )
    shown = [
        LookedUp(
            participant=str(one.participant),
            answer=one.answer,
            code=one.code,
            text=one.text,
            publisher=one.publisher,
            at=one.at,
            services=tuple(
                LookedUpService.model_validate(service, from_attributes=True)
                for service in one.services
            ),
        )
        for one in found
    ]
    return answer(LookupAnswer(participants=tuple(shown), ways=None))
