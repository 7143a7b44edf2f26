"""The pages of channels."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from gateway.api.routes import Service
from gateway.audit.chain import NewEntry, Told, reasoned
from gateway.channel_health import ChannelHealth, healths
from gateway.channels import MAKERS
from gateway.console.audit.listing import persons
from gateway.console.channels.views import (
    ACTIONS,
    Channel,
    Channels,
    Lane,
    Verb,
    act,
    asking,
    others,
    received,
    verbs,
)
from gateway.console.console import Page, Parts
from gateway.console.forms import HOME, reason_of
from gateway.console.visit import Visit
from gateway.store.keeping import Sought
from gateway.trust.people.signing_in import name_of

PATH: Final = f"{HOME}/channels"
_MOST_ACTS: Final = 10
_DONE: Final = frozenset({*Verb, "already"})


class ChannelPages:
    """The pages."""

    def __init__(self, parts: Parts, service: Service) -> None:
        self._setup = parts.setup
        self._store = service.store
        self._clock = service.clock
        self._names = service.channels

    def pages(self) -> list[Page]:
        """All of them."""
        one = f"{PATH}/{{name}}"
        verb = f"{one}/{{verb:{'|'.join(Verb)}}}"
        return [
            Page("GET", PATH, self._list, operators=True, twin=True),
            Page("GET", one, self._one, operators=True, twin=True),
            Page("GET", verb, self._ask, operators=True, twin=True),
            Page("POST", verb, self._do, operators=True),
        ]

    async def _list(self, visit: Visit) -> web.Response:
        channels, lanes = await self._all()
        known = {one.name for one in channels}
        absent = tuple(sorted({*MAKERS, "peppol"} - self._names - known))
        view = Channels(channels, absent, lanes, _done(visit))
        title = visit.words("menu_channels")
        return visit.view("channels/list", view, title=title, live=True)

    async def _all(self) -> tuple[tuple[ChannelHealth, ...], tuple[Lane, ...]]:
        """Channels, and the lanes that are none."""
        now = self._clock.now()
        names = self._names
        channels = await healths(self._store, names, self._setup.certificates, now)
        known = {one.name for one in channels}
        return channels, others(await self._store.lanes(now), known, now)

    async def _named(self, visit: Visit) -> ChannelHealth | Lane | None:
        name = visit.request.match_info["name"]
        channels, lanes = await self._all()
        both: tuple[ChannelHealth | Lane, ...] = (*channels, *lanes)
        return next((one for one in both if one.name == name), None)

    async def _one(self, visit: Visit) -> web.Response:
        found = await self._named(visit)
        if isinstance(found, Lane):  # it has a row in the list and no more
            return visit.go(PATH)
        if found is None:
            return _not_there(visit)
        boxes = self._setup.mailboxes() if self._setup.mailboxes is not None else ()
        entries = await self._store.audit_found(Sought(about=found.name), None, _MOST_ACTS)
        entries = [entry for entry in entries if entry.action in ACTIONS.values()]
        people = [await self._store.person(id_) for id_ in persons(entries)]
        names = {name_of(one): one.email for one in people if one is not None}
        view = Channel(
            found,
            verbs(found.condition),
            self._setup.of(found.name),
            tuple(act(entry, names) for entry in entries),
            tuple(received(box) for box in boxes if box.channel == found.name),
            _done(visit),
        )
        return visit.view("channels/one", view, title=_title(visit, found.name), live=True)

    async def _ask(self, visit: Visit) -> web.Response:
        found = await self._named(visit)
        if found is None:
            return _not_there(visit)
        return self._asked(visit, found, _verb(visit))

    def _asked(
        self, visit: Visit, found: ChannelHealth | Lane, verb: Verb, fault: str = ""
    ) -> web.Response:
        view = asking(found, verb, reason=visit.form["reason"], fault=fault)
        title = visit.words(f"channels_{verb}_title", name=_title(visit, found.name))
        return visit.view("channels/ask", view, 422 if fault else 200, title=title)

    async def _do(self, visit: Visit) -> web.Response:
        found, verb = await self._named(visit), _verb(visit)
        if found is None:
            return _not_there(visit)
        reason = reason_of(visit.form)
        if not reason:
            return self._asked(visit, found, verb, "reason")
        done = "already"  # the same form sent twice changes nothing a second time
        if verb in verbs(found.condition) and await self._done(visit, found.name, verb, reason):
            done = verb.value
        onward = f"{PATH}/{found.name}" if isinstance(found, ChannelHealth) else PATH
        return visit.go(f"{onward}?done={done}")

    async def _done(self, visit: Visit, lane: str, verb: Verb, reason: str) -> bool:
        now = self._clock.now()
        actor = name_of(visit.somebody)
        told = Told(NewEntry(actor, ACTIONS[verb], lane, "", reasoned({}, reason)), now)
        if verb is Verb.TRY:
            return await self._store.try_lane(lane, now, told=told)
        await self._store.pause(lane, verb is Verb.PAUSE, told=told)
        return True


def _verb(visit: Visit) -> Verb:
    return Verb(visit.request.match_info["verb"])


def _done(visit: Visit) -> str:
    said = visit.request.query.get("done", "")
    return said if said in _DONE else ""


def _title(visit: Visit, name: str) -> str:
    """What a channel is called; a lane that is none has its name alone."""
    word = f"channels_name_{name}"
    return visit.words(word) if visit.words.has(word) else name


def _not_there(visit: Visit) -> web.Response:
    return visit.show("notice", 404, title=visit.words("not_found_title"), what="not_found")
