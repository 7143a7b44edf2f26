"""`budkavle jobs`: what waits in which lane, and what nobody works on any more.

Done on the database itself, whether or not the gateway runs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

from gateway.cli.options import Impossible, load_settings, operate, operator, settings_options
from gateway.cli.output import records, say

if TYPE_CHECKING:
    from gateway.audit.chain import Told
    from gateway.store.lanes import LaneState
    from gateway.store.port import DeadJob

T = TypeVar("T")
PAGE = 500


class Operated(Protocol):
    """What the commands need of a store."""

    async def dead(self, after: int, limit: int) -> Sequence[DeadJob]:
        """`Store.dead`."""
        ...

    async def revive(self, job_id: int, now: datetime, *, told: Told) -> bool:
        """`Store.revive`."""
        ...

    async def pause(self, lane: str, paused: bool, *, told: Told) -> None:
        """`Store.pause`."""
        ...

    async def lanes(self, now: datetime) -> Sequence[LaneState]:
        """`Store.lanes`."""
        ...


@click.group()
def jobs() -> None:
    """Shows lanes and dead jobs; pauses lanes and revives jobs."""


@jobs.command("lanes")
@settings_options
def list_lanes(config_file: Path | None, data: Path | None) -> None:
    """Lists the lanes: what waits in each, since when, and why nothing goes on."""

    async def read(store: Operated) -> Sequence[LaneState]:
        return await store.lanes(datetime.now(UTC))

    now = datetime.now(UTC)
    rows = [_lane(lane, now) for lane in _on_store(config_file, data, read)]
    columns = ("lane", "state", "due", "leased", "oldest_s", "at_once", "rate_per_s")
    records(columns, rows, empty="No lane has limits or jobs.")


def _lane(lane: LaneState, now: datetime) -> dict[str, Any]:
    from gateway.store.lanes import rests

    meter = lane.meter
    resting = meter is not None and rests(meter, lane.limits, now)
    state = "paused" if lane.paused else "resting" if resting else "open"
    oldest_s = lane.oldest_due_at and max(int((now - lane.oldest_due_at).total_seconds()), 0)
    return {
        "lane": lane.name,
        "state": state,
        "due": lane.waiting,
        "leased": lane.leased,
        "oldest_s": oldest_s,
        "at_once": lane.limits.at_once,
        "rate_per_s": lane.limits.rate_per_s,
        "rests_until": meter.open_until if meter is not None and resting else None,
    }


@jobs.command()
@click.argument("lane")
@settings_options
def pause(lane: str, config_file: Path | None, data: Path | None) -> None:
    """Takes no more jobs from LANE (a channel's name); those under way go on."""
    _pause(lane, True, config_file, data)
    say(f"Nothing more is taken from {lane} until `budkavle jobs resume {lane}`.")


@jobs.command()
@click.argument("lane")
@settings_options
def resume(lane: str, config_file: Path | None, data: Path | None) -> None:
    """Takes jobs from LANE again."""
    _pause(lane, False, config_file, data)


def _pause(lane: str, paused: bool, config_file: Path | None, data: Path | None) -> None:
    async def set_(store: Operated) -> None:
        await store.pause(
            lane, paused, told=_told("lane.paused" if paused else "lane.resumed", lane)
        )

    _on_store(config_file, data, set_)


@jobs.command("dead")
@settings_options
def list_dead(config_file: Path | None, data: Path | None) -> None:
    """Lists the jobs that failed too often, with the last reason."""

    async def read(store: Operated) -> Sequence[DeadJob]:
        found: list[DeadJob] = []
        while page := await store.dead(found[-1].id if found else 0, PAGE):
            found += page
        return found

    rows = [
        {
            "id": job.id,
            "kind": job.kind,
            "company": job.company_id,
            "document": job.document_id,
            "key": job.key,
            "died_at": job.died_at,
            "reason": job.text,
        }
        for job in _on_store(config_file, data, read)
    ]
    columns = ("id", "kind", "company", "document", "died_at", "reason")
    records(columns, rows, empty="No job is dead.")


@jobs.command()
@click.argument("job_id", type=int)
@settings_options
def revive(job_id: int, config_file: Path | None, data: Path | None) -> None:
    """Has the dead job JOB_ID tried again; its document, if it is held for that, goes on."""

    async def put(store: Operated) -> bool:
        told = _told("job.revived", str(job_id))
        return await store.revive(job_id, datetime.now(UTC), told=told)

    if not _on_store(config_file, data, put):
        raise Impossible(
            f"There is no dead job {job_id}, or another one has taken its place; "
            "`budkavle jobs dead` lists them"
        )


def _told(action: str, subject: str) -> Told:
    from gateway.audit.chain import NewEntry, Told

    return Told(NewEntry(operator(), action, subject), datetime.now(UTC))


def _on_store(
    config_file: Path | None, data: Path | None, work: Callable[[Operated], Awaitable[T]]
) -> T:
    return operate(load_settings(config_file, data).settings, work)
