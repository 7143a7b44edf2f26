"""Who is told by e-mail what happens to a company's documents: seen, stopped, started, removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.audit.chain import NewEntry, reasoned
from gateway.console.companies.desk import Desk
from gateway.console.companies.tab import Done, NotThere, Outcome, Verb
from gateway.notices.book import NoticeBook
from gateway.notices.notice import About, Notice, Rhythm
from gateway.trust.scopes import Scope


@dataclass(frozen=True, slots=True)
class NoticeView:
    """What one address is told, and how often. `weekday`: 1 is Monday; 0: not of a week."""

    id: str
    email: str
    language: str
    about: About
    inbox: bool
    rhythm: Rhythm
    at: str
    weekday: int
    zone: str
    active: bool
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class NoticesView:
    """All of them, oldest first."""

    notices: tuple[NoticeView, ...]


class NoticesTab:
    """The tab."""

    name = "notices"
    scope = Scope.MANAGE
    of_operators: frozenset[str] = frozenset()

    @property
    def verbs(self) -> Mapping[str, Verb]:
        """What can be done here."""
        return {"on": _on, "off": _off, "remove": _remove}

    async def view(self, desk: Desk) -> NoticesView:
        """What is to be seen."""
        now = desk.now
        found = await _book(desk).of(desk.company.id)
        return NoticesView(tuple(_view(one, now) for one in found))


def _book(desk: Desk) -> NoticeBook:
    return NoticeBook(desk.store, desk.service.clock)


def _view(notice: Notice, now: datetime) -> NoticeView:
    return NoticeView(
        id=notice.id,
        email=notice.email,
        language=notice.language,
        about=notice.about,
        inbox=notice.inbox,
        rhythm=notice.rhythm,
        at="" if notice.rhythm is Rhythm.IMMEDIATELY else notice.at.isoformat("minutes"),
        weekday=notice.weekday if notice.rhythm is Rhythm.WEEKLY else 0,
        zone=notice.zone,
        active=notice.active,
        next_at=notice.next_at(now) if notice.active else None,
    )


async def _on(desk: Desk) -> Outcome:
    return await _switched(desk, active=True)


async def _off(desk: Desk) -> Outcome:
    return await _switched(desk, active=False)


async def _switched(desk: Desk, *, active: bool) -> Outcome:
    id_ = desk.form["of"]
    changed = await _book(desk).change(
        desk.company.id, id_, lambda notice: replace(notice, active=active)
    )
    if changed is None:
        return NotThere()
    await _told(desk, "notice.switched_on" if active else "notice.switched_off")
    return Done("notice_on" if active else "notice_off")


async def _remove(desk: Desk) -> Outcome:
    if not await _book(desk).remove(desk.company.id, desk.form["of"]):
        return NotThere()
    await _told(desk, "notice.removed")
    return Done("notice_removed")


async def _told(desk: Desk, action: str) -> None:
    data = reasoned({}, desk.reason)
    entry = NewEntry(desk.actor, action, desk.form["of"], desk.company.id, data)
    await desk.store.audit(entry, desk.now)
