"""/v1/routing-rules: by which channels documents go, for all customers or for one.

In charge of the operations. Not in charge of what goes together (`gateway.routing.rules`), of what
becomes of a rule (`gateway.routing.plan`), nor of how a customer is written (`gateway.customers`).
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
from gateway.intake.shape import TEXT, Shape
from gateway.intake.submission import JSON, Channel
from gateway.routing.rules import RULES, settle
from gateway.routing.wishes import FORCED_ROUTE, ROUTE_ORDER

routes = Routes("routing rules")

Channels = Annotated[list[Channel], Field(max_length=20)]


class NewRoutingRule(Shape):
    """A rule for the customer named, or for all. What is null, or left out, is not settled: then
    the rule for all counts, and without one the order of the recipient's country.

    What a document asks for itself (`delivery`) counts first.
    """

    model_config = ConfigDict(use_attribute_docstrings=True)

    customer: Annotated[str, Field(min_length=1, max_length=254, pattern=TEXT)] | None = None
    """An electronic address (`0192:918130047`), an organisation number with its country
    (`SE:5567321707`) or an e-mail address; null: all that have no rule of their own."""
    route_order: Channels | None = None
    """The channels to try, in this order, instead of the country's order."""
    forced_route: Channel | None = None
    """This channel and no other, whatever it answers; not with `route_order`."""
    disabled_routes: Channels | None = None
    """Channels never to take."""
    recheck: StrictBool | None = None
    """Whether a recipient may be asked for an agreement and waited for (Norway: three days);
    without it yes."""
    hold_several: StrictBool | None = None
    """Whether a document is held until one is chosen, where several recipients fit; without it yes.
    `false`: the next channel is taken."""


class RoutingRuleRow(Shown):
    """A rule that is settled."""

    customer: str | None
    """Null: for all that have no rule of their own."""
    route_order: tuple[str, ...] | None
    forced_route: str | None
    disabled_routes: tuple[str, ...] | None
    recheck: bool | None
    hold_several: bool | None


class RoutingRules(Shown):
    """All that is settled; the rule for all customers first."""

    rules: tuple[RoutingRuleRow, ...]


_RULES = Answer("All rules as they are now.", RoutingRules, {"rules": examples.ROUTING_RULES})


@routes.operation("GET", "/v1/routing-rules", query=NoParameters, answers={200: _RULES})
async def list_routing_rules(call: Call[NoParameters]) -> web.Response:
    """List by which channels your documents go."""
    company = await call.service.store.company(call.company.id)
    return answer(_rules(company.settings if company else {}))


@routes.operation(
    "POST",
    "/v1/routing-rules",
    query=NoParameters,
    body=Body({JSON: Media(NewRoutingRule, {"Peppol, else a letter": examples.ROUTING_RULES[1]})}),
    answers={200: _RULES},
    problems=WITH_BODY,
)
async def set_routing_rule(call: Call[NoParameters]) -> web.Response:
    """Settle by which channels documents to a customer, or to all, go, in place of what was
    settled.

    It counts for documents that are checked from now on. `POST /v1/preview` and `POST /v1/lookup`
    show the plan, which names the rule it follows.
    """
    asked = await body(call, NewRoutingRule)
    given = {name: getattr(asked, name) for name in RULES}
    pointer = f"/{FORCED_ROUTE if asked.forced_route else ROUTE_ORDER}"
    return answer(_rules(await settle_for(call, asked.customer, given, settle, pointer=pointer)))


def _rules(settings: Mapping[str, Any]) -> RoutingRules:
    return RoutingRules(
        rules=tuple(
            RoutingRuleRow(customer=customer, **{name: own.get(name) for name in RULES})
            for customer, own in each(settings).items()
            if customer is None or any(name in own for name in RULES)
        )
    )
