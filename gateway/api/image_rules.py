"""/v1/image-rules: what people get as the invoice's PDF, for all customers or for one.

In charge of the operations. Not in charge of what goes together (`gateway.image_rule`) nor of how a
customer is written (`gateway.customers`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from aiohttp import web
from pydantic import ConfigDict, Field, StrictBool

from gateway.api import examples
from gateway.api.answers import Shown
from gateway.api.body import body
from gateway.api.problems import WITH_BODY
from gateway.api.routes import Answer, Body, Call, Media, NoParameters, Routes, answer
from gateway.api.settling import settle_for
from gateway.customers import each
from gateway.image_rule import FIRST, OMIT, settle
from gateway.intake.shape import TEXT, Shape
from gateway.intake.submission import JSON

routes = Routes("image rules")


class NewImageRule(Shape):
    """A rule for the customers named, or for all. What is null, or left out, is not settled: then
    the rule for all counts, and without one the invoice is drawn."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    customer: Annotated[str, Field(min_length=1, max_length=254, pattern=TEXT)] | None = None
    """An electronic address (`0192:918130047`), an organisation number with its country
    (`SE:5567321707`) or an e-mail address; null: all that have no rule of their own."""
    omit_image: StrictBool | None = None
    """Whether people get no PDF that we draw, where a channel can do without: an e-mail that brings
    the invoice as XML."""
    image_from_first_attachment: StrictBool | None = None
    """Whether the first attachment, a PDF that opens, goes as the invoice; only with
    `omit_image`."""


class ImageRuleRow(Shown):
    """A rule that is settled."""

    customer: str | None
    """Null: for all that have no rule of their own."""
    omit_image: bool | None
    image_from_first_attachment: bool | None


class ImageRules(Shown):
    """All that is settled; the rule for all customers first."""

    rules: tuple[ImageRuleRow, ...]


_RULES = Answer("All rules as they are now.", ImageRules, {"rules": examples.IMAGE_RULES})


@routes.operation("GET", "/v1/image-rules", query=NoParameters, answers={200: _RULES})
async def list_image_rules(call: Call[NoParameters]) -> web.Response:
    """List what your customers get as the invoice's PDF."""
    company = await call.service.store.company(call.company.id)
    return answer(_rules(company.settings if company else {}))


@routes.operation(
    "POST",
    "/v1/image-rules",
    query=NoParameters,
    body=Body({JSON: Media(NewImageRule, {"own layout": examples.IMAGE_RULES[1]})}),
    answers={200: _RULES},
    problems=WITH_BODY,
)
async def set_image_rule(call: Call[NoParameters]) -> web.Response:
    """Settle what a customer, or all, get as the invoice's PDF, in place of what was settled.

    It counts for documents that are checked from now on. `POST /v1/preview` shows which PDF would
    go with a document.
    """
    asked = await body(call, NewImageRule)
    given = {OMIT: asked.omit_image, FIRST: asked.image_from_first_attachment}
    settings = await settle_for(call, asked.customer, given, settle, pointer=f"/{FIRST}")
    return answer(_rules(settings))


def _rules(settings: Mapping[str, Any]) -> ImageRules:
    return ImageRules(
        rules=tuple(
            ImageRuleRow(
                customer=customer,
                omit_image=own.get(OMIT),
                image_from_first_attachment=own.get(FIRST),
            )
            for customer, own in each(settings).items()
            if customer is None or OMIT in own or FIRST in own
        )
    )
