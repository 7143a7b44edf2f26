"""The page that operators come to first: what needs a person, and how everything goes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from aiohttp import web
from markupsafe import Markup

from gateway.api.routes import Service
from gateway.certificates import Certificate
from gateway.channel_health import ChannelHealth, health_of
from gateway.console.console import Page, Parts
from gateway.console.forms import HOME
from gateway.console.now.ages import Ago, ago
from gateway.console.now.deadlines import Limits, limits
from gateway.console.now.fresh import Fresh
from gateway.console.now.glance import Glance, look
from gateway.console.now.heat import Heat, heat
from gateway.console.now.outcomes import Course, Period, courses
from gateway.console.now.waiting import Wait, waits
from gateway.console.pages import Words, fragment
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
        self._store = service.store
        self._channels = service.channels
        self._certificates = parts.setup.certificates
        self._views = Fresh(parts.clock, self._view)
        self._bodies: dict[tuple[Period, str], tuple[NowView, Markup]] = {}

    def pages(self) -> list[Page]:
        """The one there is."""
        return [Page("GET", PATH, self._show, scope=Scope.READ, operators=True, twin=True)]

    async def _show(self, visit: Visit) -> web.Response:
        asked = visit.request.query.get("over", "")
        period = Period(asked) if asked in {*Period} else Period.DAY
        title = visit.words("now_title")
        view = await self._views.get(period)
        if visit.as_json:
            return visit.view("now/now", view, title=title)
        body = self._body(period, visit.words, view)
        return visit.show("now/now", title=title, body=body, live=True)

    async def _view(self, period: Period, now: datetime) -> NowView:
        glance = await look(self._store, period, now)
        return shown(glance, period, self._channels, self._certificates)

    def _body(self, period: Period, words: Words, view: NowView) -> Markup:
        """The view in somebody's language, drawn once for all who read that."""
        drawn, body = self._bodies.get((period, words.language), (None, Markup()))
        if drawn is not view:
            body = fragment("now/body", words, view=view)
            self._bodies[period, words.language] = view, body
        return body


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
