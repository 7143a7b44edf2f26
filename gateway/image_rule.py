"""Which PDF people get as the invoice: one that we draw, the first attachment, or none.

In charge of what a company may settle about it, for all customers or for one, and of which counts.
Not in charge of making the PDF (`gateway.delivery.papers`). Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final

from gateway.customers import CUSTOMERS, MOST, Settled

OMIT: Final = "omit_image"
FIRST: Final = "image_from_first_attachment"


class ImageRule(StrEnum):
    """What the invoice's image is."""

    DRAWN = "drawn"  # from the document
    FIRST_ATTACHMENT = "first_attachment"  # drawn after all where that is no PDF that opens
    OMITTED = "omitted"  # drawn after all where a channel can not do without


def image_rule(settled: Settled) -> ImageRule:
    """The rule for a customer."""
    if not settled.get(OMIT, False):
        return ImageRule.DRAWN
    return ImageRule.FIRST_ATTACHMENT if settled.get(FIRST, False) else ImageRule.OMITTED


def faults(settings: Mapping[str, Any]) -> Iterator[tuple[str | None, str]]:
    """Yields what does not go together in a company's settings: (customer or None, why)."""
    of_all = {None: Settled((settings,))}
    customers = settings.get(CUSTOMERS, {})
    each = {name: Settled((own, settings)) for name, own in customers.items()}
    for name, settled in {**of_all, **each}.items():
        if settled.get(FIRST, False) and not settled.get(OMIT, False):
            yield name, f"{FIRST} goes only with {OMIT}"


class NotSettled(ValueError):
    """What was given can not be settled; the text says why."""


def settle(
    settings: Mapping[str, Any], customer: str | None, given: Mapping[str, bool | None]
) -> dict[str, Any]:
    """A company's settings with rules for one customer, or for all (None). A value None takes the
    rule back: then the one for all counts. Raises NotSettled."""
    if customer is None:
        changed = _with(settings, given)
    else:
        customers = dict(settings.get(CUSTOMERS, {}))
        own = _with(customers.pop(customer, {}), given)
        if own:
            customers[customer] = own
        if len(customers) > MOST:
            raise NotSettled(f"a company may settle something for {MOST} customers")
        changed = {**settings, CUSTOMERS: customers}
    for whom, why in faults(changed):
        raise NotSettled(why if whom in (None, customer) else f"{whom}: {why}")
    return changed


def _with(own: Mapping[str, Any], given: Mapping[str, bool | None]) -> dict[str, Any]:
    return {name: value for name, value in {**own, **given}.items() if value is not None}
