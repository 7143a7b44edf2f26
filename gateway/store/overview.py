"""The gateway at a glance: what is open, what waits for a person, and how channels have answered.

In charge of the rows and of what the store promises of them; a part of the port
(`gateway.store.port.Store`). Not in charge of what they mean to people (`gateway.console.now`).

Every operation is cheap however much there is: it reads indexes of what is not over, which is
little, at most so many rows of them; or sums that are kept by the hour, as attempts end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from gateway.lifecycle import FINAL, State

if TYPE_CHECKING:
    from gateway.store.port import Attempt, Direction

# What is not over.
OPEN: tuple[State, ...] = tuple(state for state in State if state not in FINAL)

# Kinds of jobs that are due when something has to have come, or to have been said.
TIMERS: tuple[str, ...] = ("expect", "peppol_status_out")


@dataclass(frozen=True, slots=True)
class Aged:
    """Open documents that are alike. `age`: how many of the edges that were asked for are not later
    than their coming, so 0 is older than all of them: told by the order in which they came. `code`
    is there of what is held."""

    state: State
    channel: str | None
    code: str
    age: int
    n: int
    oldest_at: datetime


@dataclass(frozen=True, slots=True)
class OpenDocuments:
    """The open documents, by what they have in common. Only `counted` were looked at; `whole`:
    these are all."""

    of: tuple[Aged, ...]
    counted: int
    whole: bool


class Where(StrEnum):
    """Where something lies that may wait for a person; in brackets: what its `code` is then."""

    DEAD = "dead"  # the dead list (the kind of the job)
    BLOCKED = "blocked"  # kept back in an inbox (why)
    ATTACHMENT_ERROR = "attachment_error"  # in an inbox, with a file that can not be handed out
    ASIDE = "aside"  # came in for nobody here
    WEBHOOK = "webhook"  # an endpoint that is switched off (why)
    REGISTRATION = "registration"  # does not go on (the participant's state)
    VERIFICATION = "verification"  # a company (standing and asking, with a dot between them)


@dataclass(frozen=True, slots=True)
class Pile:
    """Things that lie at one place for one reason. `company_id` is whose the oldest is, empty for
    the gateway's own; `whole`: they are not more than `n`."""

    where: Where
    code: str
    n: int
    oldest_at: datetime
    company_id: str
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Deadline:
    """A job whose time is a limit. `expects` and `channel` are of the leg that waits for a report;
    without a document it is about a message."""

    kind: str
    due_at: datetime
    company_id: str
    document_id: str
    number: str | None
    direction: Direction | None
    channel: str | None
    expects: str | None


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How many attempts of a channel ended this way in the time that began at `at`."""

    channel: str
    at: datetime
    outcome: str
    n: int


@dataclass(frozen=True, slots=True)
class LastOutcome:
    """The last attempt of a channel that ended this way, of the last weeks. `text` is the public
    one. The document may be gone by now: then it has no `company_id`."""

    channel: str
    outcome: str
    at: datetime
    code: str
    text: str
    document_id: str
    company_id: str | None


@dataclass(frozen=True, slots=True)
class Ended:
    """What attempts that are written together add to the sums of one hour; `last_at` and what
    comes after it are of the last one."""

    channel: str
    hour: datetime
    outcome: str
    n: int
    last_at: datetime
    code: str
    text: str
    document_id: str


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A schedule. `last_at`: when a round of it ended last, None before the first; `failed`: that
    one did not go, and is tried again."""

    name: str
    next_at: datetime
    last_at: datetime | None
    failed: bool


def scheduled(key: str, due_at: datetime, data: Mapping[str, Any]) -> Scheduled:
    """Out of its job: `gateway.delivery.schedules` writes the data."""
    last_at = data.get("last_at")
    return Scheduled(
        key.removeprefix("schedule:"),
        due_at,
        None if last_at is None else datetime.fromisoformat(last_at),
        bool(data.get("failed", False)),
    )


def ended(attempts: Iterable[Attempt]) -> list[Ended]:
    """What to add for these attempts; one that has not ended adds nothing."""
    found: dict[tuple[str, datetime, str], list[Attempt]] = {}
    for one in attempts:
        if one.ended_at is not None and one.outcome is not None:
            hour = one.ended_at.replace(minute=0, second=0, microsecond=0)
            found.setdefault((one.channel, hour, str(one.outcome)), []).append(one)
    sums = []
    for (channel, hour, outcome), alike in found.items():
        last = max(alike, key=lambda one: one.ended_at or hour)
        sums.append(
            Ended(
                *(channel, hour, outcome, len(alike), last.ended_at or hour),
                *(last.code or "", last.public_text or "", last.document_id),
            )
        )
    return sums


def hours_of(step: timedelta) -> int:
    """The number of hours of a step. Raises ValueError for one that is not whole."""
    hours, rest = divmod(step, timedelta(hours=1))
    if rest or hours < 1:
        raise ValueError(f"{step} is no number of whole hours")
    return hours


class Overview(Protocol):
    """The operations, all of them across companies (operators only)."""

    async def open_documents(self, edges: Sequence[datetime], most: int) -> OpenDocuments:
        """What is open, by state, channel and age, `most` of a state at most; `edges` are
        ascending."""
        ...

    async def piles(self, aside: str, most: int) -> Sequence[Pile]:
        """What lies where a person may have to look, at most `most` of one place counted. `aside`
        is the company in whose inbox lies what is for nobody."""
        ...

    async def deadlines(self, limit: int) -> Sequence[Deadline]:
        """The timers that run out next, or have run out, the first one first."""
        ...

    async def timers_until(self, edges: Sequence[datetime], most: int) -> Sequence[int]:
        """How many timers run out before each edge, `most` at most; `edges` are ascending."""
        ...

    async def outcomes(self, since: datetime, step: timedelta) -> Sequence[Outcomes]:
        """How attempts ended since the hour of `since`, by channel and by `step`: whole hours,
        counted from 1970. Raises ValueError for a step of another length."""
        ...

    async def last_outcomes(self) -> Sequence[LastOutcome]:
        """The last of each channel's outcomes, by channel and outcome."""
        ...

    async def tidy_outcomes(self, before: datetime) -> None:
        """Lets go of sums older than the hour of `before`, and sums up what was written apart."""
        ...

    async def schedules(self) -> Sequence[Scheduled]:
        """When each schedule comes round next, and how it went last, by name."""
        ...
