"""Notices to people, put together: what comes round by the clock, and the page that ends them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web

from gateway.api.notice_pages import NoticePages
from gateway.clock import Clock
from gateway.config import Settings
from gateway.delivery.schedules import Schedule
from gateway.notices.book import NoticeBook
from gateway.notices.rounds import Telling
from gateway.store.port import Store
from gateway.trust.post import Post


@dataclass(frozen=True, slots=True)
class Noticing:
    """What the worker does, and what the outer listener shows."""

    schedules: Sequence[Schedule]
    routes: Sequence[web.RouteDef]


async def noticing(settings: Settings, store: Store, clock: Clock) -> Noticing:
    """The page is public where link pages are (`[links]`); without, mails have no link."""
    secret = await store.secret("notices", os.urandom(32))
    where = None if settings.links is None else settings.links.url.rstrip("/")
    telling = Telling(store, Post(store, clock), clock, secret, where)
    pages = NoticePages(NoticeBook(store, clock), secret)
    return Noticing(
        (Schedule("notices", timedelta(minutes=1), telling.round),),
        () if where is None else pages.routes(),
    )
