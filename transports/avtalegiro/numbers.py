"""The numbers of transmissions and assignments, handed out once and for good.

In charge of that no number is used twice within twelve months and a day, by any process, whatever
is killed: a claim's numbers and the counters they come from are written together, before any byte
is made of them. Not in charge of what is in a file. Source: AvtaleGiro, system specification 3.3,
2.1 and 2.2.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

from transports.base import Entry, Now, Register

KIND: Final = "number"

MOST: Final = 9_999_999  # seven digits
FREE_AFTER: Final = timedelta(days=367)
_BLOCK: Final = 100_000  # for each so many it is known when the last of them was used


class Exhausted(Exception):
    """All numbers have been used within a year and a day."""


async def give(
    register: Register, entry: Entry, account: str, now: Now, beside: tuple[Entry, ...] = ()
) -> Entry:
    """Writes an entry with `transmission` and `assignment` among its data, or finds it written.

    `beside` is written with it: its data get the numbers too; of these what stands is replaced.
    Raises Exhausted.
    """
    while True:  # each time around somebody else has taken a number
        known = await register.get(entry.company_id, entry.kind, entry.name)
        if known is not None:
            return known
        transmission = await _following(register, "transmission", now().date())
        assignment = await _following(register, f"assignment/{account}", now().date())
        given = {"transmission": _digits(transmission), "assignment": _digits(assignment)}
        made = replace(entry, data={**entry.data, **given})
        others = [await _over(register, other, given) for other in beside]
        if await register.put([transmission, assignment, made, *others]):
            return replace(made, version=1)


async def _over(register: Register, entry: Entry, given: Mapping[str, str]) -> Entry:
    known = await register.get(entry.company_id, entry.kind, entry.name.format(**given))
    return replace(
        entry,
        name=entry.name.format(**given),
        data={**entry.data, **given},
        version=known.version if known else 0,
    )


async def _following(register: Register, name: str, today: date) -> Entry:
    entry = await register.get("", KIND, name) or Entry("", KIND, name)
    return replace(entry, data=following(entry.data, today))


def following(counter: Mapping[str, Any], today: date) -> Mapping[str, Any]:
    """A counter one further on: `last` is the number; `used` says of each block when the last of
    its numbers was used. Pure. Raises Exhausted."""
    number = counter.get("last", 0) % MOST + 1
    used = dict(counter.get("used", {}))
    block = str(number // _BLOCK)
    enters = number == 1 or number % _BLOCK == 0
    if enters and block in used and today - date.fromisoformat(used[block]) < FREE_AFTER:
        raise Exhausted
    used[block] = today.isoformat()
    return {"last": number, "used": used}


def _digits(counter: Entry) -> str:
    return f"{counter.data['last']:07d}"
