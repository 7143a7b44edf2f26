"""Jobs as pages show them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gateway.identifying.jobs import Progress
from gateway.identifying.masking import masked
from gateway.store.keeping import Export
from gateway.store.overview import Scheduled
from gateway.store.port import DeadJob

# A schedule is not done to the second; one that is this late is not done at all.
_LATE: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Dead:
    """A job that nobody works on any more."""

    id: int
    kind: str
    lane: str
    key: str
    company_id: str
    company: str
    document_id: str
    tries: int
    code: str
    reason: str
    died_at: datetime


@dataclass(frozen=True, slots=True)
class Coming:
    """A schedule: when it comes round next, and how it went last. `late`: its time is over, and
    nobody does it."""

    name: str
    next_at: datetime
    last_at: datetime | None
    failed: bool
    late: bool


@dataclass(frozen=True, slots=True)
class Lookup:
    """A file of customers whose channels are looked for."""

    company_id: str
    company: str
    progress: Progress


@dataclass(frozen=True, slots=True)
class Archive:
    """An export. `ready`: its files are all there."""

    id: str
    company_id: str
    company: str
    ready: bool
    directions: tuple[str, ...]
    start: datetime
    end: datetime
    created_at: datetime
    gone_at: datetime
    documents: int
    files: tuple[tuple[int, str, int, int], ...]  # number, direction, documents, bytes


@dataclass(frozen=True, slots=True)
class Jobs:
    """The page. `next`: the query of the dead jobs that follow; `done`: what was done just now."""

    dead: tuple[Dead, ...]
    next: str
    later: bool
    schedules: tuple[Coming, ...]
    lookups: tuple[Lookup, ...]
    exports: tuple[Archive, ...]
    done: str


@dataclass(frozen=True, slots=True)
class Asking:
    """A dead job, and what is to be done with it."""

    job: Dead
    verb: str
    reason: str
    fault: str


@dataclass(frozen=True, slots=True)
class Removing:
    """A file of customers that is to be deleted."""

    lookup: Lookup
    reason: str
    fault: str


@dataclass(frozen=True, slots=True)
class NewExport:
    """The form of a new export; `faults` name the fields that are wrong."""

    companies: tuple[tuple[str, str], ...]
    company: str
    start: str
    end: str
    direction: str
    reason: str
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something wrong with a file of customers."""

    line: int | None
    column: str
    text: str


@dataclass(frozen=True, slots=True)
class NewLookup:
    """The form of a new file of customers, and all that is wrong with the one that was chosen."""

    companies: tuple[tuple[str, str], ...]
    company: str
    fault: str
    wrong: tuple[Wrong, ...]
    left_out: int


def dead(job: DeadJob, companies: Mapping[str, str]) -> Dead:
    """A dead job. Its reason is what some program said: personal numbers in it are masked."""
    return Dead(
        id=job.id,
        kind=job.kind,
        lane=job.lane,
        key=masked(job.key),
        company_id=job.company_id,
        company=companies.get(job.company_id, ""),
        document_id=job.document_id,
        tries=job.tries,
        code=job.code,
        reason=masked(job.text),
        died_at=job.died_at,
    )


def coming(schedules: Sequence[Scheduled], now: datetime) -> tuple[Coming, ...]:
    """The schedules, the next first."""
    return tuple(
        Coming(one.name, one.next_at, one.last_at, one.failed, one.next_at + _LATE < now)
        for one in sorted(schedules, key=lambda one: one.next_at)
    )


def archive(export: Export, companies: Mapping[str, str]) -> Archive:
    """An export."""
    return Archive(
        id=export.id,
        company_id=export.company_id,
        company=companies.get(export.company_id, ""),
        ready=export.ready_at is not None,
        directions=export.directions,
        start=export.start,
        end=export.end,
        created_at=export.created_at,
        gone_at=export.gone_at,
        documents=sum(file.documents for file in export.files),
        files=tuple(
            (file.n, file.direction, file.documents, file.size_bytes) for file in export.files
        ),
    )
