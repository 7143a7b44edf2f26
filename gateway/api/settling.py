"""Settling something for a customer, or for all: how a request changes a company's settings.

In charge of naming the customer, of the audit, and of telling what does not go together. Not in
charge of what can be settled (`gateway.company_settings`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway import settling
from gateway.api.callers import actor
from gateway.api.problems import Fault, Problem, Type
from gateway.api.routes import Call, Q
from gateway.audit.chain import NewEntry
from gateway.customers import NotSettled, name, told

# The settings, the customer and what is given -> the settings. Raises NotSettled.
Settle = Callable[[Mapping[str, Any], str | None, Mapping[str, Any]], dict[str, Any]]


async def settle_for(
    call: Call[Q],
    customer: str | None,
    given: Mapping[str, Any],
    settle: Settle,
    *,
    pointer: str,
) -> Mapping[str, Any]:
    """Settles what is given for a customer, or for all; answers the settings as they are then.

    `pointer` is the place in the body of what does not go together. Raises Problem.
    """
    whom = None if customer is None else named(call, customer, pointer="/customer")
    entry = NewEntry(
        *(await actor(call), "customer.settled", call.company.id, call.company.id),
        {**given, "customers": [told(whom)] if whom else []},
    )
    return await settled(call, lambda settings: settle(settings, whom, given), entry, pointer)


async def settled(
    call: Call[Q], change: settling.Change, entry: NewEntry, pointer: str
) -> Mapping[str, Any]:
    """The company's settings once they are changed. Raises Problem for what can not be settled."""
    try:
        return await settling.settle(
            call.service.store, call.company.id, change, entry, call.service.clock.now()
        )
    except LookupError:
        raise Problem(Type.NOT_FOUND) from None
    except NotSettled as error:
        raise not_settled(error, pointer) from None


def not_settled(error: NotSettled, pointer: str) -> Problem:
    """What does not go together."""
    fault = Fault(pointer=pointer, detail=str(error))
    return Problem(Type.INVALID_BODY, "It does not go together.", [fault])


def named(
    call: Call[Q], text: str, *, pointer: str | None = None, parameter: str | None = None
) -> str:
    """A customer's name as it is settled under, given at a place of the body or as a parameter.
    Raises Problem."""
    try:
        return name(text, call.service.clock.now().date())
    except ValueError as error:
        fault = Fault(pointer=pointer, parameter=parameter, detail=str(error))
        kind = Type.INVALID_PARAMETER if parameter else Type.INVALID_BODY
        raise Problem(kind, "There is no such customer.", [fault]) from None
