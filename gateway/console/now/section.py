"""The page that operators come to first: what needs a person, and how everything goes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from aiohttp import web

from gateway.api.routes import Service
from gateway.certificates import Certificate
from gateway.channel_health import ChannelHealth, health_of
from gateway.console.console import Page, Parts
from gateway.console.forms import HOME
from gateway.console.now.ages import Ago, ago
from gateway.console.now.deadlines import Limits, limits
from gateway.console.now.glance import Glance, Glances
from gateway.console.now.heat import Heat, heat
from gateway.console.now.outcomes import Course, Period, courses
from gateway.console.now.waiting import Wait, waits
from gateway.console.visit import Visit
from gateway.trust.scopes import Scope

PATH: Final = f"{HOME}/now"


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """A channel: how it is, how its attempts went, and how long ago the last ones were."""

    health: ChannelHealth
    course: Course
    good_for: Ago | None
    bad_for: Ago | None


@dataclass(frozen=True, slots=True)
class NowView:
    """All that the page shows, as it was at `at`; `over` is the period of the bars."""

    at: datetime
    over: Period
    waits: tuple[Wait, ...]
    heat: Heat
    channels: tuple[ChannelRow, ...]
    limits: Limits


class Now:
    """The page."""

    def __init__(self, parts: Parts, service: Service) -> None:
        self._channels = service.channels
        self._certificates = parts.setup.certificates
        self._glances = Glances(service.store, parts.clock)

    def pages(self) -> list[Page]:
        """The one there is."""
        return [Page("GET", PATH, self._show, scope=Scope.READ, operators=True, twin=True)]

    async def _show(self, visit: Visit) -> web.Response:
        asked = visit.request.query.get("over", "")
        period = Period(asked) if asked in {*Period} else Period.DAY
        glance = await self._glances.look(period)
        view = shown(glance, period, self._channels, self._certificates)
        return visit.view("now/now", view, title=visit.words("now_title"), live=True)


def shown(
    glance: Glance,
    period: Period,
    channels: Collection[str],
    certificates: Sequence[Certificate],
) -> NowView:
    """The page of what was read. Pure."""
    now = glance.at
    health = health_of(
        *(glance.lanes, glance.last, glance.schedules), *(channels, certificates, now)
    )
    course_of = {
        one.channel: one
        for one in courses(glance.outcomes, (one.name for one in health), period, now)
    }
    return NowView(
        at=now,
        over=period,
        waits=waits(glance.open, glance.piles, glance.lanes, health, certificates, now),
        heat=heat(glance.open, glance.lanes, now),
        channels=tuple(_row(one, course_of[one.name], now) for one in health),
        limits=limits(glance.deadlines, glance.timers, now),
    )


def _row(health: ChannelHealth, course: Course, now: datetime) -> ChannelRow:
    good, bad = health.last_good_at, health.last_error
    return ChannelRow(
        health,
        course,
        None if good is None else ago(good, now),
        None if bad is None else ago(bad.at, now),
    )
