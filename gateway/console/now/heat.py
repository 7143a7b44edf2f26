"""Where documents lie and how long, as a table: a row for each channel, a column for each age.

In charge of the rows and of how dark a cell is. Pure. After Postfix's qshape, which shows at one
look whether a destination is down (its row fills to the right) or everything is (all of them do).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from gateway.console.now import links
from gateway.console.now.ages import STEPS, Ago, ago, edges
from gateway.lifecycle import State
from gateway.store.lanes import LaneState
from gateway.store.overview import OPEN, Aged, OpenDocuments

_COLUMNS: Final = len(STEPS) + 1
_DARKEST: Final = 5


@dataclass(frozen=True, slots=True)
class Cell:
    """So many documents of one age, and how much of a matter that is: from 0, none, to 5."""

    n: int
    heat: int
    path: str


@dataclass(frozen=True, slots=True)
class HeatRow:
    """A channel or lane; without a name: documents for which no channel was chosen yet. `states`:
    how many are in each. `due` jobs could be worked on now."""

    name: str
    cells: tuple[Cell, ...]
    n: int
    states: Mapping[str, int]
    path: str
    oldest_at: datetime | None
    oldest: Ago | None
    due: int
    under_way: int
    due_since: datetime | None
    due_for: Ago | None


@dataclass(frozen=True, slots=True)
class Heat:
    """The table; `total` is the row of all together. `whole` False: there are more than were
    counted."""

    rows: tuple[HeatRow, ...]
    total: HeatRow
    whole: bool


def heat(found: OpenDocuments, lanes: Sequence[LaneState], now: datetime) -> Heat:
    """The table of open documents, with the jobs of each lane that are due or under way."""
    names = {one.channel or "" for one in found.of}
    busy = {lane.name: lane for lane in lanes if lane.waiting or lane.leased}
    rows = [
        _row(name, [one for one in found.of if (one.channel or "") == name], busy.get(name), now)
        for name in sorted({*names, *busy})
    ]
    total = replace(
        _row("", found.of, None, now, of_all=True),
        due=sum(row.due for row in rows),
        under_way=sum(row.under_way for row in rows),
    )
    return Heat(tuple(rows), total, found.whole)


def _row(
    name: str, found: Sequence[Aged], lane: LaneState | None, now: datetime, *, of_all: bool = False
) -> HeatRow:
    oldest = min((one.oldest_at for one in found), default=None)
    due_since = lane.oldest_due_at if lane else None
    states = {state: sum(one.n for one in found if one.state is state) for state in OPEN}
    counts = [0] * _COLUMNS
    for one in found:
        counts[_COLUMNS - 1 - one.age] += one.n
    return HeatRow(
        name=name,
        cells=tuple(
            Cell(n, darkness(n, column), _query(name, column, now, of_all=of_all) if n else "")
            for column, n in enumerate(counts)
        ),
        n=sum(counts),
        states={str(state): n for state, n in states.items() if n},
        path=_query(name, None, now, of_all=of_all) if found else "",
        oldest_at=oldest,
        oldest=None if oldest is None else ago(oldest, now),
        due=lane.waiting if lane else 0,
        under_way=lane.leased if lane else 0,
        due_since=due_since,
        due_for=None if due_since is None else ago(due_since, now),
    )


# From which column on something lies longer than it should, and by how much each one counts.
_LATE: Final = (0, 0, 0, 1, 2, 3, 4, 4)


def darkness(n: int, column: int) -> int:
    """How much of a matter so many documents of an age are, 0 to 5: old ones at once, young ones
    by how many they are (ten, a thousand, a hundred thousand)."""
    if n == 0:
        return 0
    many = sum(n >= bound for bound in (10, 1_000, 100_000))
    return min(_DARKEST, 1 + _LATE[column] + many)


# What has no channel has not got further than this.
_UNCHOSEN: Final = (State.RECEIVED, State.ROUTING, State.WAITING, State.HELD)


def _query(name: str, column: int | None, now: datetime, *, of_all: bool) -> str:
    """The log of these documents: to the minute, as its box takes times."""
    states = OPEN if name or of_all else _UNCHOSEN
    terms = [("state", str(state)) for state in states]
    if name:
        terms.append(("channel", name))
    if column is not None:
        between = list(reversed(edges(now)))  # the youngest first, as the columns are
        if column < len(between):
            terms.append(("since", links.moment(between[column])))
        if column > 0:
            terms.append(("until", links.moment(between[column - 1])))
    return links.log(*terms)
