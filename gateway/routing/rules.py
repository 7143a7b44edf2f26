"""What a company may settle about routes, for all customers or for one, and what goes together.

In charge of the rules as a whole. Not in charge of what each makes of a plan (`wishes`, `plan`).
Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gateway import customers
from gateway.customers import CUSTOMERS, NotSettled
from gateway.routing.wishes import (
    DISABLED_ROUTES,
    FORCED_ROUTE,
    HOLD_SEVERAL,
    RECHECK,
    ROUTE_ORDER,
)

RULES: Final = (ROUTE_ORDER, FORCED_ROUTE, DISABLED_ROUTES, RECHECK, HOLD_SEVERAL)


def faults(own: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yields what does not go together in the rules for one customer, or for all: (rule, why)."""
    forced, order = own.get(FORCED_ROUTE), own.get(ROUTE_ORDER) or ()
    disabled = own.get(DISABLED_ROUTES) or ()
    if forced and order:
        yield FORCED_ROUTE, f"{FORCED_ROUTE} is one channel and no other: give no {ROUTE_ORDER} too"
    for channel in dict.fromkeys((*order, *filter(None, [forced]))):
        if channel in disabled:
            yield DISABLED_ROUTES, f"{channel} is to be taken and never to be taken"


def settle(
    settings: Mapping[str, Any], customer: str | None, given: Mapping[str, Any]
) -> dict[str, Any]:
    """A company's settings with rules for one customer, or for all, as `customers.settle` says;
    an empty list takes a rule back too. Raises NotSettled."""
    changed = customers.settle(
        settings, customer, {name: value if value != [] else None for name, value in given.items()}
    )
    of_whom = changed if customer is None else changed[CUSTOMERS].get(customer, {})
    for _, why in faults(of_whom):
        raise NotSettled(why)
    return changed
