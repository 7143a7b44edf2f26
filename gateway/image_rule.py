"""Which PDF people get as the invoice: one that we draw, the first attachment, or none.

In charge of what a company may settle about it, for all customers or for one, and of which counts.
Not in charge of making the PDF (`gateway.delivery.papers`). Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final

from gateway import customers
from gateway.customers import CUSTOMERS, Settled
from gateway.customers import NotSettled as NotSettled

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
    each = {name: Settled((own, settings)) for name, own in settings.get(CUSTOMERS, {}).items()}
    for name, settled in {**of_all, **each}.items():
        if settled.get(FIRST, False) and not settled.get(OMIT, False):
            yield name, f"{FIRST} goes only with {OMIT}"


def settle(
    settings: Mapping[str, Any], customer: str | None, given: Mapping[str, bool | None]
) -> dict[str, Any]:
    """A company's settings with rules for one customer, or for all, as `customers.settle` says.
    Raises NotSettled."""
    changed = customers.settle(settings, customer, given)
    for whom, why in faults(changed):
        raise NotSettled(why if whom in (None, customer) else f"{whom}: {why}")
    return changed
