"""The price list: which price counts on a day, and what may be added to it.

In charge of the rules. Not in charge of files (`price_file`) nor of storing it. Pure.

A price is that of a delivery by a channel, out or in; of any recipient's country or of one; of any
kind of document or of one. The nearest counts: country before kind. It counts from its first day
until another price of the same place begins, or to its last day. What has counted is never changed:
a new price begins later than today wherever one counts already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from gateway.store.usage import Charge, Price

# A company's fixed fee for a month, in the place of a channel: charged once to each company.
MONTHLY: Final = "company_month"

ANY: Final = ""

_DAY: Final = timedelta(days=1)

Place = tuple[str, str, str, str]


class PriceList:
    """Prices, as they count on each day."""

    def __init__(self, prices: Iterable[Price]) -> None:
        self._places = _by_place(prices)

    def price(
        self, channel: str, country: str, direction: str, kind: str, day: date
    ) -> Price | None:
        """What counts on a day; None: nothing was settled."""
        nearest = dict.fromkeys((c, k) for c in (country, ANY) for k in (kind, ANY))
        found = (self._at((channel, c, direction, k), day) for c, k in nearest)
        return next((price for price in found if price is not None), None)

    def of(self, charge: Charge) -> Price | None:
        """What counts for a charge."""
        where = (charge.channel, charge.country, charge.direction, charge.kind)
        return self.price(*where, charge.day)

    def at(self, day: date) -> Sequence[Price]:
        """All prices that count on a day, place by place."""
        found = (self._at(place, day) for place in self._places)
        return [price for price in found if price is not None]

    def _at(self, place: Place, day: date) -> Price | None:
        begun = [price for price in self._places.get(place, ()) if price.valid_from <= day]
        if not begun or (begun[-1].valid_to is not None and begun[-1].valid_to < day):
            return None
        return begun[-1]


def new_prices(stored: Iterable[Price], given: Sequence[Price]) -> list[Price]:
    """Those of the given prices that are not there yet."""
    there = set(stored)
    return [price for price in given if price not in there]


def faults(
    stored: Sequence[Price], given: Sequence[tuple[str, Price]], today: date
) -> Iterator[tuple[str, str]]:
    """Yields what is wrong with prices that are to be added, each with where it stands (given with
    it): (where, sentence)."""
    known = PriceList(stored)
    fresh = [(where, price) for where, price in given if price not in set(stored)]
    for where, price in fresh:
        if price.valid_to is not None and price.valid_to < price.valid_from:
            yield where, f"it ends on {price.valid_to}, before it begins on {price.valid_from}"
        old = known.price(*price.place, price.valid_from)
        if old is not None and price.valid_from <= today:
            yield (
                where,
                f"{told(old)} counts already, from {old.valid_from} on: a new price can begin on"
                f" {today + _DAY} at the earliest, or what was charged would have another price",
            )
    of_place: dict[Place, list[tuple[str, Price]]] = {}
    for where, price in [*(("the list", one) for one in stored), *fresh]:
        of_place.setdefault(price.place, []).append((where, price))
    for several in of_place.values():
        yield from _dates(sorted(several, key=lambda one: one[1].valid_from))


def told(price: Price) -> str:
    """A price in words: what it is of, and how much."""
    country = price.country or "any country"
    kind = f", {price.kind}" if price.kind else ""
    return f"{price.channel} ({price.direction}, {country}{kind}) {price.amount} {price.currency}"


def _dates(several: Sequence[tuple[str, Price]]) -> Iterator[tuple[str, str]]:
    """What is wrong between one price of a place and the next. Only new ones are named: what is
    stored was looked at before."""
    for (first_at, first), (at, then) in pairwise(several):
        where = at if at != "the list" else first_at
        if where == "the list":
            continue
        if first.valid_from == then.valid_from:
            yield where, f"{told(then)} begins on {then.valid_from}, as {told(first)} does"
        elif first.valid_to is not None and first.valid_to >= then.valid_from:
            yield (
                where,
                f"{told(then)} begins on {then.valid_from}, before {told(first)} has ended on"
                f" {first.valid_to}",
            )
        elif first.valid_to is not None and first.valid_to + _DAY < then.valid_from:
            yield (
                where,
                f"{told(then)} has no price from {first.valid_to + _DAY} to"
                f" {then.valid_from - _DAY}",
            )


def _by_place(prices: Iterable[Price]) -> dict[Place, list[Price]]:
    places: dict[Place, list[Price]] = {}
    for price in sorted(prices, key=lambda price: (price.place, price.valid_from)):
        places.setdefault(price.place, []).append(price)
    return places
