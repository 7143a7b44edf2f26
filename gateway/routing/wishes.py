"""Whose wish a route follows: the document's own, the customer's, or the company's for everybody.

In charge of the names of the settings and of reading them. Not in charge of what becomes of a wish
(`plan`), nor of settling one (`gateway.routing.rules`). Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from gateway.customers import Settled

ROUTE_ORDER: Final = "route_order"
DISABLED_ROUTES: Final = "disabled_routes"
FORCED_ROUTE: Final = "forced_route"

# Whether a recipient is asked for an agreement and waited for, where the order says so.
RECHECK: Final = "recheck"

# Whether a document is held until one of several possible recipients is chosen.
HOLD_SEVERAL: Final = "hold_several"

NOTHING_SETTLED: Final = Settled(())


class Whose(StrEnum):
    """Where a wish comes from."""

    DOCUMENT = "document"
    CUSTOMER = "customer"
    COMPANY = "company"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants of the route: channels in place of the country's order, none of these
    where it is empty; `forced`: this one and no other; channels never to take."""

    whose: Whose
    order: tuple[str, ...] = ()
    forced: bool = False
    disabled: frozenset[str] = frozenset()


def wishes(delivery: Mapping[str, Any], settled: Settled = NOTHING_SETTLED) -> tuple[Wish, ...]:
    """All wishes, the nearest to the document first: of two that name a channel, it counts.

    `delivery` is what was asked for with the document; `settled` is what the company has settled
    for the customer (`gateway.customers.settled`).
    """
    own = Wish(
        Whose.DOCUMENT,
        tuple(delivery.get("channels") or ()),
        disabled=frozenset(delivery.get("disabled_channels") or ()),
    )
    *of_customer, of_company = settled.layers or ({},)
    return (
        own,
        *(_wish(Whose.CUSTOMER, layer) for layer in of_customer),
        _wish(Whose.COMPANY, of_company),
        *(_wish(Whose.COMPANY, layer) for layer in settled.above),
    )


def order_of(all_wishes: Sequence[Wish]) -> Wish | None:
    """The wish whose order is taken."""
    return next((wish for wish in all_wishes if wish.order), None)


def against(all_wishes: Sequence[Wish], channel: str) -> Wish | None:
    """The wish that a channel is not taken; None where there is none, or a nearer one names it."""
    for wish in all_wishes:
        if channel in wish.disabled:
            return wish
        if channel in wish.order:
            return None
    return None


def _wish(whose: Whose, layer: Mapping[str, Any]) -> Wish:
    forced = layer.get(FORCED_ROUTE)
    return Wish(
        whose,
        (forced,) if forced else tuple(layer.get(ROUTE_ORDER) or ()),
        bool(forced),
        frozenset(layer.get(DISABLED_ROUTES) or ()),
    )
