"""Telling people: the feed since the last time, as one mail.

In charge of telling everything once over any crash. How far a mail goes is on disk before it is
handed over, so that the same mail is made again after a kill; handed over twice, `Post` knows it by
its key. What happens meanwhile is in the next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import structlog

from gateway.clock import Clock
from gateway.notices.book import NoticeBook
from gateway.notices.digest import MOST_TOLD, Item, mail
from gateway.notices.notice import Notice, token
from gateway.store.port import Event, Store
from gateway.trust.post import Post

log = structlog.get_logger()

_NOTICES_AT_ONCE: Final = 50
_PAGE: Final = 1000
_MOST_PAGES: Final = 20  # of the feed in one mail; what is more goes in the next, at once


class Telling:
    """What the schedule does each minute. `where` is the address under which a notice is stopped;
    None where no page of ours is public."""

    def __init__(
        self, store: Store, post: Post, clock: Clock, secret: bytes, where: str | None
    ) -> None:
        self._store = store
        self._post = post
        self._book = NoticeBook(store, clock)
        self._secret = secret
        self._where = where

    async def round(self, now: datetime) -> bool:
        """Tells those whose time has come; answers whether there may be more."""
        due = await self._book.due(now, _NOTICES_AT_ONCE)
        for notice, version in due:
            await self._tell(notice, version, now)
        return len(due) == _NOTICES_AT_ONCE

    async def _tell(self, notice: Notice, version: int, now: datetime) -> None:
        more = False
        if notice.until is None:
            until, more = await self._end(notice)
            if until is None:  # nothing has happened
                await self._book.put(notice, notice.next_at(now), version)
                return
            notice = replace(notice, until=until)
            if not await self._book.put(notice, now, version):
                return  # changed meanwhile: the next round sees it as it is now
            version += 1
        await self._mail(notice)
        told = replace(notice, cursor=notice.until, until=None)
        await self._book.put(told, now if more else told.next_at(now), version)

    async def _end(self, notice: Notice) -> tuple[str | None, bool]:
        """How far a mail goes, and whether there is more behind it; None: there is nothing."""
        cursor, last = notice.cursor, None
        for _ in range(_MOST_PAGES):
            rows = await self._store.feed(notice.company_id, cursor, _PAGE)
            if rows:
                cursor = last = rows[-1].cursor
            if len(rows) < _PAGE:
                return last, False
        return last, True

    async def _mail(self, notice: Notice) -> None:
        """Hands the mail over, if there is anything in it to tell."""
        items, count = await self._items(notice)
        company = await self._store.company(notice.company_id)
        if not count or company is None:
            return
        stop = None
        if self._where is not None:
            stop = f"{self._where}/n/{token(self._secret, notice.company_id, notice.id)}"
        subject, text = mail(notice.language, company.name, items, count, stop)
        key = f"notice/{notice.company_id}/{notice.id}/{notice.until}"
        await self._post.send(notice.email, subject, text, key, stop=stop)
        log.info("notice_told", notice=notice.id, company_id=notice.company_id, events=count)

    async def _items(self, notice: Notice) -> tuple[Sequence[Item], int]:
        """The first that it is told of, and of how many in all."""
        items: list[Item] = []
        cursor, count = notice.cursor, 0
        while cursor != notice.until:
            rows = await self._store.feed(notice.company_id, cursor, _PAGE)
            for row in rows:
                if notice.wants(row.type) and row.document_id:
                    count += 1
                    if len(items) < MOST_TOLD:
                        items.append(await self._item(row))
                cursor = row.cursor
                if cursor == notice.until:
                    break
            if len(rows) < _PAGE:
                break  # `until` may be past its time by now
        return items, count

    async def _item(self, event: Event) -> Item:
        document = await self._store.document(event.company_id, event.document_id)
        if document is None:
            return Item(event.type, None, None)
        head = document.head
        came_in = document.direction == "in"
        party = head.sender_name if came_in else head.recipient_name
        return Item(event.type, head.number, party, event.data.get("business"))
