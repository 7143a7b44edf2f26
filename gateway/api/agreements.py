"""/v1/agreements: what has been agreed on with the channels, and asking for it."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Annotated, Literal

from aiohttp import web
from pydantic import ConfigDict, Field

from gateway.agreements import Agreed, NotGranting
from gateway.api import examples
from gateway.api.answers import Shown
from gateway.api.body import body
from gateway.api.callers import actor
from gateway.api.problems import WITH_BODY, Fault, Problem, Type
from gateway.api.routes import Answer, Body, Call, Media, NoParameters, Parameters, Routes, answer
from gateway.identifying.masking import masked
from gateway.intake.shape import Shape
from gateway.intake.submission import JSON
from transports.base import Verdict

routes = Routes("channels")


class AgreementParameters(Parameters):
    """Which to list."""

    kind: Literal["agreement", "consumer"] = "agreement"
    """`agreement`: with a channel, or of a payer with you; `consumer`: people who are registered
    for your invoices."""
    after: Annotated[str, Field(max_length=1000)] = ""
    """`next` of the page before."""
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class AgreementWish(Shape):
    """Which channel is asked for an agreement."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    channel: Annotated[str, Field(pattern="^[a-z_]{1,30}$")]
    """A channel that grants them, such as `efaktura_no`. What it is asked with are your terms with
    it: `PUT /v1/channels/{channel}`."""


class AgreementRow(Shown):
    """An agreement, or somebody who has said yes to your invoices."""

    channel: str
    kind: str
    name: str
    """The channel's name for it: your organisation number, or a word that tells no person."""
    state: str
    """In the channel's own words: its page in the documentation has them."""
    text: str
    """How it stands, and what to do, in a sentence."""
    asked_at: datetime | None
    next_at: datetime | None
    """When it is looked at again, by itself."""


class AgreementList(Shown):
    """What has been agreed on, by channel and name."""

    agreements: tuple[AgreementRow, ...]
    next: str | None
    """Where the next page begins; null: this was the last."""


@routes.operation(
    "GET",
    "/v1/agreements",
    query=AgreementParameters,
    answers={
        200: Answer(
            "A page of them.", AgreementList, {"agreements": [examples.AGREEMENT], "next": None}
        )
    },
)
async def list_agreements(call: Call[AgreementParameters]) -> web.Response:
    """List your agreements with the channels, or the people registered for your invoices.

    Personal numbers are masked.
    """
    query = call.query
    found = await call.service.agreements.list(
        call.company.id, query.kind, _place(query.after), query.limit
    )
    full = len(found) == query.limit
    return answer(
        AgreementList(
            agreements=tuple(map(_row, found)),
            next=_cursor(found[-1].channel, found[-1].name) if full else None,
        )
    )


@routes.operation(
    "POST",
    "/v1/agreements",
    query=NoParameters,
    body=Body({JSON: Media(AgreementWish, {"eFaktura": {"channel": "efaktura_no"}})}),
    answers={202: Answer("How it stands; it goes on by itself.", AgreementRow, examples.AGREEMENT)},
    problems=(Type.NOT_ALLOWED_NOW, *WITH_BODY),
)
async def request_agreement(call: Call[NoParameters]) -> web.Response:
    """Ask a channel for an agreement, by your terms with it.

    Follow its `state`; asking again while it goes on changes nothing.
    """
    wish = await body(call, AgreementWish)
    who = await actor(call)
    try:
        found = await call.service.agreements.request(call.company, wish.channel, actor=who)
    except NotGranting:
        raise _not_granting(wish.channel) from None
    return _shown(found, 202)


@routes.operation(
    "DELETE",
    "/v1/agreements/{channel}/{agreement}",
    query=NoParameters,
    answers={200: Answer("How it stands now.", AgreementRow, examples.AGREEMENT)},
    problems=(Type.NOT_ALLOWED_NOW,),
)
async def end_agreement(call: Call[NoParameters]) -> web.Response:
    """End an agreement with a channel: nothing of yours goes this way then."""
    channel, name, who = call.path("channel"), call.path("agreement"), await actor(call)
    try:
        found = await call.service.agreements.end(call.company.id, channel, name, actor=who)
    except NotGranting:
        raise _not_granting(channel) from None
    return _shown(found, 200)


def _not_granting(channel: str) -> Problem:
    text = f"{channel} is not set up on this gateway, or grants no agreements."
    return Problem(Type.NOT_ALLOWED_NOW, text)


def _shown(found: Agreed | Verdict, status: int) -> web.Response:
    if isinstance(found, Verdict):
        raise Problem(Type.NOT_ALLOWED_NOW, f"{found.public_text} ({found.code})")
    return answer(_row(found), status)


def _row(one: Agreed) -> AgreementRow:
    shown = AgreementRow.model_validate(one, from_attributes=True)
    return shown.model_copy(update={"name": masked(one.name)})


def _cursor(channel: str, name: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([channel, name]).encode()).decode()


def _place(cursor: str) -> tuple[str, str]:
    if not cursor:
        return "", ""
    try:
        channel, name = json.loads(base64.urlsafe_b64decode(cursor))
        f"{channel}{name}".encode()
    except (ValueError, TypeError):
        channel = name = None
    if not isinstance(channel, str) or not isinstance(name, str) or "\0" in name:
        fault = Fault(parameter="after", detail="is no `next` of this list")
        raise Problem(Type.INVALID_PARAMETER, faults=[fault])
    return channel, name
