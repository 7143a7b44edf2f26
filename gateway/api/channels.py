"""/v1/channels: which ways there are, and what a company has settled with each of them.

In charge of the operations. Not in charge of what may be settled, which each channel knows itself
(`transports.base.Contracted`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

from aiohttp import web
from pydantic import AfterValidator, ConfigDict
from pydantic_core import PydanticCustomError

from gateway import settling
from gateway.api import examples
from gateway.api.answers import Shown
from gateway.api.body import body
from gateway.api.callers import actor
from gateway.api.problems import WITH_BODY, Fault, Problem, Type
from gateway.api.routes import Answer, Body, Call, Media, NoParameters, Routes, answer
from gateway.audit.chain import NewEntry
from gateway.intake.pointer import pointer
from gateway.intake.shape import Shape
from gateway.intake.submission import JSON
from gateway.routing.orders import shipped
from gateway.routing.terms import faults, terms, with_terms

routes = Routes("channels")


_MOST_LEVELS = 8


def _plain(value: Any, level: int = 0) -> Any:
    """Numbers as JSON has them: terms hold no money, whose every digit would count."""
    if level > _MOST_LEVELS:
        raise PydanticCustomError("levels", "is nested too deeply")
    match value:
        case dict():
            return {name: _plain(each, level + 1) for name, each in value.items()}
        case list():
            return [_plain(each, level + 1) for each in value]
        case Decimal():
            number = float(value)
            if not math.isfinite(number):
                raise PydanticCustomError("number", "has a number that is too large")
            return number
    return value


class ChannelTerms(Shape):
    """What is to be settled with a channel, in place of what was."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    terms: Annotated[dict[str, Any], AfterValidator(lambda value: _plain(value))]
    """The channel's own words; its page in the documentation names them. No secrets: those are the
    gateway's, not a company's."""


class ChannelRow(Shown):
    """A channel, and what you have settled with it."""

    channel: str
    title: str
    """The channel in a sentence."""
    set_up: bool
    """Whether this gateway has it. Terms may be settled before it does."""
    takes_terms: bool
    """Whether there is anything to settle with it."""
    terms: dict[str, Any]
    """What is settled; empty: nothing."""
    wrong: tuple[str, ...]
    """What is wrong with it, so that nothing goes this way; empty: nothing, or nothing is
    settled."""


class ChannelList(Shown):
    """Every channel that a document may take."""

    channels: tuple[ChannelRow, ...]


_ROW = Answer("The channel as it is now.", ChannelRow, examples.CHANNEL)


@routes.operation(
    "GET",
    "/v1/channels",
    query=NoParameters,
    answers={200: Answer("All channels.", ChannelList, {"channels": [examples.CHANNEL]})},
)
async def list_channels(call: Call[NoParameters]) -> web.Response:
    """List the channels, and what you have settled with each."""
    settings = await _settings(call)
    names = dict.fromkeys((*shipped().channels, *call.service.terms))
    return answer(ChannelList(channels=tuple(_row(call, name, settings) for name in names)))


@routes.operation(
    "GET",
    "/v1/channels/{channel}",
    query=NoParameters,
    answers={200: _ROW},
    problems=(Type.NOT_FOUND,),
)
async def get_channel(call: Call[NoParameters]) -> web.Response:
    """Read what you have settled with a channel."""
    name = call.path("channel")
    if name not in {*shipped().channels, *call.service.terms}:
        raise Problem(Type.NOT_FOUND)
    return answer(_row(call, name, await _settings(call)))


@routes.operation(
    "PUT",
    "/v1/channels/{channel}",
    query=NoParameters,
    body=Body({JSON: Media(ChannelTerms, {"e-mail": {"terms": examples.CHANNEL["terms"]}})}),
    answers={200: _ROW},
    problems=(Type.NOT_FOUND, *WITH_BODY),
)
async def set_terms(call: Call[NoParameters]) -> web.Response:
    """Settle your terms with a channel, in place of what was settled.

    Everything that is wrong with them is told at once, and nothing is settled then. They count from
    the next try of every document on.
    """
    asked = await body(call, ChannelTerms)
    return await _settle(call, asked.terms)


@routes.operation(
    "DELETE",
    "/v1/channels/{channel}",
    query=NoParameters,
    answers={200: _ROW},
    problems=(Type.NOT_FOUND,),
)
async def remove_terms(call: Call[NoParameters]) -> web.Response:
    """Take your terms with a channel back; taking them back again does no harm."""
    return await _settle(call, {})


async def _settle(call: Call[NoParameters], given: Mapping[str, Any]) -> web.Response:
    name = call.path("channel")
    wrong = call.service.terms.get(name)
    if wrong is None:
        raise Problem(Type.NOT_FOUND, "There is no such channel, or nothing to settle with it.")
    if call.request.method == "PUT":
        found = [
            Fault(detail=text, pointer=pointer(("terms", *place)))
            for place, text in faults(wrong, given)
        ]
        if found:
            raise Problem(Type.INVALID_BODY, "The terms are not what the channel takes.", found)
    entry = NewEntry(
        *(await actor(call), "channel.settled", name, call.company.id), {"terms": sorted(given)}
    )
    settings = await settling.settle(
        call.service.store,
        call.company.id,
        lambda settings: with_terms(settings, name, given),
        entry,
        call.service.clock.now(),
    )
    return answer(_row(call, name, settings))


async def _settings(call: Call[NoParameters]) -> Mapping[str, Any]:
    company = await call.service.store.company(call.company.id)
    return company.settings if company else {}


def _row(call: Call[NoParameters], name: str, settings: Mapping[str, Any]) -> ChannelRow:
    channel, wrong = shipped().channels.get(name), call.service.terms.get(name)
    own = terms(settings, name)
    return ChannelRow(
        channel=name,
        title=channel.title if channel else name,
        set_up=name in call.service.channels,
        takes_terms=wrong is not None,
        terms=dict(own),
        wrong=tuple(text for _, text in faults(wrong, own)) if wrong and own else (),
    )
