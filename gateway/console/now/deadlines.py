"""What runs out next: reports that have to come, statuses that we owe. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gateway.console.now import links
from gateway.console.now.ages import Ago, ago, lasting
from gateway.store.overview import Deadline

SHOWN: Final = 12
COUNTED: Final = 10_000  # more than these is "more"

# Until when timers are counted, from now on.
HORIZONS: Final = (
    timedelta(),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(days=1),
)


@dataclass(frozen=True, slots=True)
class Limit:
    """One of them. `what`: a word's name, `now_due_<what>`; `left` is None once it is over, `over`
    until then. Without a document it is about a message."""

    what: str
    channel: str
    due_at: datetime
    left: Ago | None
    over: Ago | None
    document: str
    path: str


@dataclass(frozen=True, slots=True)
class Horizon:
    """How many run out within a time; `within` None: how many are over already, which are not
    counted with the others."""

    within: Ago | None
    n: int
    more: bool


@dataclass(frozen=True, slots=True)
class Limits:
    """What runs out next, the first one first."""

    horizons: tuple[Horizon, ...]
    next: tuple[Limit, ...]


def limits(found: Sequence[Deadline], counts: Sequence[int], now: datetime) -> Limits:
    """As the page shows them; `counts` are of HORIZONS."""
    over = counts[0]
    horizons = [
        Horizon(lasting(horizon) if horizon else None, n - over if horizon else over, n >= COUNTED)
        for horizon, n in zip(HORIZONS, counts, strict=True)
    ]
    return Limits(tuple(horizons), tuple(_limit(one, now) for one in found))


# What channels say that they expect, as far as there are words for it.
_EXPECTED: Final = frozenset({"mls", "receipt", "report"})


def _limit(one: Deadline, now: datetime) -> Limit:
    what = "status_owed"
    if one.kind == "expect":
        what = one.expects if one.expects in _EXPECTED else "report"
    there = bool(one.document_id and one.direction is not None)
    return Limit(
        what=what,
        channel=one.channel or "peppol",
        due_at=one.due_at,
        left=lasting(one.due_at - now) if one.due_at > now else None,
        over=None if one.due_at > now else ago(one.due_at, now),
        document=(one.number or one.document_id) if there else "",
        path=links.document(one.company_id, one.document_id) if there else "",
    )
