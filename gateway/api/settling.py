"""Settling something for a customer, or for all: how a request changes a company's settings.

In charge of naming the customer, of the audit, and of two who settle something at once. Not in
charge of what can be settled (`gateway.image_rule`, `gateway.routing.rules`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from gateway.api.callers import actor
from gateway.api.problems import Fault, Problem, Type
from gateway.api.routes import Call, NoParameters
from gateway.audit.chain import NewEntry, Told
from gateway.customers import NotSettled, name, told
from gateway.store.port import Overtaken

# Whoever is overtaken so often in a row has met no bad luck but a flood.
_ATTEMPTS = 20

# The settings, the customer and what is given -> the settings. Raises NotSettled.
Settle = Callable[[Mapping[str, Any], str | None, Mapping[str, Any]], dict[str, Any]]


async def settle_for(
    call: Call[NoParameters],
    customer: str | None,
    given: Mapping[str, Any],
    settle: Settle,
    *,
    pointer: str,
) -> Mapping[str, Any]:
    """Settles what is given for a customer, or for all; answers the settings as they are then.

    `pointer` is the place in the body of what does not go together. Raises Problem.
    """
    whom = _customer(call, customer)
    store = call.service.store
    entry = NewEntry(
        *(await actor(call), "customer.settled", call.company.id, call.company.id),
        {**given, "customers": [told(whom)] if whom else []},
    )
    for _ in range(_ATTEMPTS):
        company, now = await store.company(call.company.id), call.service.clock.now()
        if company is None:
            raise Problem(Type.NOT_FOUND)
        try:
            settings = settle(company.settings, whom, given)
        except NotSettled as error:
            fault = Fault(pointer=pointer, detail=str(error))
            raise Problem(Type.INVALID_BODY, "It does not go together.", [fault]) from None
        changed = replace(company, settings=settings)
        try:
            await store.add_company(changed, now, told=Told(entry, now), before=company.settings)
        except Overtaken:
            continue
        return settings
    raise Problem(Type.STORAGE_UNAVAILABLE)


def _customer(call: Call[NoParameters], text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return name(text, call.service.clock.now().date())
    except ValueError as error:
        fault = Fault(pointer="/customer", detail=str(error))
        raise Problem(Type.INVALID_BODY, "There is no such customer.", [fault]) from None
