"""/v1/customer-classes: customers of one sort, for whom something is settled together.

In charge of who falls into a class. Not in charge of what is settled for it (`settings`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import ConfigDict, Field

from gateway.api import examples_settings as examples
from gateway.api.answers import Shown
from gateway.api.body import body
from gateway.api.callers import actor
from gateway.api.problems import WITH_BODY, Fault, Problem, Type
from gateway.api.routes import Answer, Body, Call, Media, NoParameters, Q, Routes, answer
from gateway.api.settings import CLASS_NAME, Customer
from gateway.api.settling import named, settled
from gateway.audit.chain import NewEntry
from gateway.customers import CustomerClass, CustomerKind, classes, with_class
from gateway.intake.shape import Shape
from gateway.intake.submission import JSON
from schemas.codelists import codes

routes = Routes("settings")


class NewCustomerClass(Shape):
    """Who falls into a class: the customers named, and those that are as described. Both parts of
    a description must be met; without one, only those named are in it."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    customers: Annotated[list[Customer], Field(max_length=500)] | None = None
    """Electronic addresses, organisation numbers with their country, e-mail addresses."""
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    """Everybody in this country."""
    kind: Literal["consumer", "business", "public"] | None = None
    """Everybody who is this: `public` is known by the number in Sweden only."""


class CustomerClassRow(Shown):
    """A class of customers, and what is settled for it."""

    name: str
    customers: tuple[str, ...]
    country: str | None
    kind: CustomerKind | None
    settings: dict[str, Any]


class CustomerClassList(Shown):
    """Your classes, by name."""

    customer_classes: tuple[CustomerClassRow, ...]


_CLASS = Answer("The class as it is now.", CustomerClassRow, examples.CUSTOMER_CLASS)


@routes.operation(
    "GET",
    "/v1/customer-classes",
    query=NoParameters,
    answers={
        200: Answer(
            "Your classes.", CustomerClassList, {"customer_classes": [examples.CUSTOMER_CLASS]}
        )
    },
)
async def list_customer_classes(call: Call[NoParameters]) -> web.Response:
    """List your classes of customers. One that names a customer counts before one that describes
    it, and then the first by name."""
    company = await call.service.store.company(call.company.id)
    rows = classes(company.settings if company else {})
    return answer(CustomerClassList(customer_classes=tuple(map(_class_row, rows))))


@routes.operation(
    "PUT",
    "/v1/customer-classes/{customer_class}",
    query=NoParameters,
    body=Body({JSON: Media(NewCustomerClass, {"consumers": examples.NEW_CUSTOMER_CLASS})}),
    answers={200: _CLASS},
    problems=(Type.NOT_FOUND, *WITH_BODY),
)
async def set_customer_class(call: Call[NoParameters]) -> web.Response:
    """Make a class of customers, or say anew who falls into it; what is settled for it stays."""
    asked = await body(call, NewCustomerClass)
    name = _class_name(call)
    countries = codes("ISO3166-1", call.service.clock.now().date())
    if asked.country is not None and asked.country not in countries:
        fault = Fault(pointer="/country", detail=f"{asked.country} is no country (ISO 3166)")
        raise Problem(Type.INVALID_BODY, "There is no such country.", [fault])
    members = tuple(
        named(call, text, pointer=f"/customers/{n}") for n, text in enumerate(asked.customers or [])
    )

    kind = None if asked.kind is None else CustomerKind(asked.kind)

    def change(settings: Mapping[str, Any]) -> Mapping[str, Any]:
        own = next((one.settings for one in classes(settings) if one.name == name), {})
        one = CustomerClass(name, members, asked.country, kind, own)
        return with_class(settings, name, one)

    settings = await settled(call, change, await _told(call, "customer_class.set", name), "")
    return answer(_class_row(next(one for one in classes(settings) if one.name == name)))


@routes.operation(
    "DELETE",
    "/v1/customer-classes/{customer_class}",
    query=NoParameters,
    answers={204: Answer("It is gone, and what was settled for it.")},
    problems=(Type.NOT_FOUND,),
)
async def remove_customer_class(call: Call[NoParameters]) -> web.Response:
    """Remove a class of customers, and what is settled for it."""
    name = _class_name(call)
    company = await call.service.store.company(call.company.id)
    if company is None or all(one.name != name for one in classes(company.settings)):
        raise Problem(Type.NOT_FOUND)
    entry = await _told(call, "customer_class.removed", name)
    await settled(call, lambda settings: with_class(settings, name, None), entry, "")
    return web.Response(status=204)


async def _told(call: Call[Q], action: str, name: str) -> NewEntry:
    return NewEntry(await actor(call), action, name, call.company.id)


def _class_name(call: Call[Q]) -> str:
    name = call.path("customer_class")
    if not re.fullmatch(CLASS_NAME, name):
        detail = "A class is named with up to 40 small letters, digits, - and _."
        raise Problem(Type.NOT_FOUND, detail)
    return name


def _class_row(one: CustomerClass) -> CustomerClassRow:
    return CustomerClassRow(
        name=one.name,
        customers=one.customers,
        country=one.country,
        kind=one.kind,
        settings=dict(one.settings),
    )
