"""/v1/notices: which people are told by e-mail what happened, and how often."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo, available_timezones

from aiohttp import web
from pydantic import ConfigDict, Field, Strict, StrictBool

from gateway.api.answers import Shown
from gateway.api.body import body
from gateway.api.examples_notices import NEW_NOTICE, NOTICE
from gateway.api.problems import WITH_BODY, Fault, Problem, Type
from gateway.api.routes import Answer, Body, Call, Media, NoParameters, Routes, answer
from gateway.intake.kind import JSON
from gateway.intake.shape import Shape
from gateway.intake.submission import Email
from gateway.notices.book import MOST, NoticeBook, TooMany
from gateway.notices.notice import About, Notice, Rhythm
from gateway.trust.scopes import Scope
from transports.email.address import fault as address_fault
from transports.email.schedule import TIME_ZONES, USUAL_TIME_ZONE

routes = Routes("notices", changes=Scope.MANAGE)

Language = Literal["en", "sv", "nb"]
Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Zone = Annotated[str, Field(pattern=r"^[A-Za-z0-9_+/-]{1,64}$")]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
DAYS: tuple[Weekday, ...] = get_args(Weekday)


class NoticeChange(Shape):
    """What is to be changed of a notice; what is absent stays."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    email: Email | None = None
    """Who is told."""
    language: Language | None = None
    """In which language."""
    about: Annotated[About, Strict(False)] | None = None
    """Of which of your documents: `failed` (rejected, held, failed), `all` of them, or `none`."""
    inbox: StrictBool | None = None
    """Whether of what came in, too."""
    rhythm: Annotated[Rhythm, Strict(False)] | None = None
    """`immediately` (what happens within a minute is one mail), `daily` or `weekly`."""
    at: Clock | None = None
    """The time of day of a daily or weekly mail."""
    weekday: Weekday | None = None
    """The day of a weekly mail."""
    time_zone: Zone | None = None
    """Whose clock that is: `Europe/Oslo`; by default that of your country."""
    active: StrictBool | None = None
    """`false`: nothing is sent. `true`: again, of what happens from where it stopped."""


class NewNotice(NoticeChange):
    """Somebody who is to be told what happens."""

    email: Email
    """Who is told."""


class NoticeRow(Shown):
    """What one address is told, and how often."""

    id: str
    email: str
    language: Language
    about: About
    inbox: bool
    rhythm: Rhythm
    at: str
    weekday: Weekday
    time_zone: str
    active: bool
    """`false`: switched off by you, or by the link in a mail."""
    next_at: datetime | None
    """When it is next looked whether there is something to tell."""
    created_at: datetime
    links: dict[str, str]


class NoticeList(Shown):
    """Your notices, oldest first."""

    notices: tuple[NoticeRow, ...]


_BODY = (*WITH_BODY,)
_ROW = Answer("The notice as it is now.", NoticeRow, NOTICE)


@routes.operation(
    "GET",
    "/v1/notices",
    query=NoParameters,
    scope=Scope.MANAGE,
    answers={200: Answer("Your notices.", NoticeList, {"notices": [NOTICE]})},
)
async def list_notices(call: Call[NoParameters]) -> web.Response:
    """List who is told what."""
    found = await _book(call).of(call.company.id)
    return answer(NoticeList(notices=tuple(_row(call, each) for each in found)))


@routes.operation(
    "POST",
    "/v1/notices",
    query=NoParameters,
    body=Body({JSON: Media(NewNotice, {"failed, each morning": NEW_NOTICE})}),
    answers={201: Answer("The notice.", NoticeRow, NOTICE, headers={"Location": "Where it is."})},
    problems=(*_BODY, Type.TOO_MANY),
)
async def add_notice(call: Call[NoParameters]) -> web.Response:
    """Have somebody told by e-mail what happens from now on.

    By default of what failed, in English, as soon as it happens. Each mail has a link that ends
    them, for which nobody needs a login, where this gateway has a public address for its pages.
    """
    asked = await body(call, NewNotice)
    zone = TIME_ZONES.get(call.company.country, USUAL_TIME_ZONE)

    def make(id_: str, cursor: str | None, now: datetime) -> Notice:
        plain = Notice(
            *(id_, call.company.id, asked.email, "en", About.FAILED, False),
            *(Rhythm.IMMEDIATELY, time(7, 0), 1, zone, cursor, now),
        )
        return _changed(plain, asked)

    try:
        made = await _book(call).add(call.company.id, make)
    except TooMany:
        raise Problem(Type.TOO_MANY, f"A company may have {MOST} notices.") from None
    return answer(_row(call, made), 201, {"Location": f"/v1/notices/{made.id}"})


@routes.operation(
    "GET",
    "/v1/notices/{notice_id}",
    query=NoParameters,
    scope=Scope.MANAGE,
    answers={200: _ROW},
    problems=(Type.NOT_FOUND,),
)
async def get_notice(call: Call[NoParameters]) -> web.Response:
    """Read a notice."""
    return _shown(call, await _book(call).one(call.company.id, call.path("notice_id")))


@routes.operation(
    "PATCH",
    "/v1/notices/{notice_id}",
    query=NoParameters,
    body=Body(
        {JSON: Media(NoticeChange, {"on Mondays": {"rhythm": "weekly", "weekday": "monday"}})}
    ),
    answers={200: _ROW},
    problems=(*_BODY, Type.NOT_FOUND),
)
async def change_notice(call: Call[NoParameters]) -> web.Response:
    """Change who is told what, or how often; nothing is told twice or missed by that."""
    asked = await body(call, NoticeChange)
    changed = await _book(call).change(
        call.company.id, call.path("notice_id"), lambda notice: _changed(notice, asked)
    )
    return _shown(call, changed)


@routes.operation(
    "DELETE",
    "/v1/notices/{notice_id}",
    query=NoParameters,
    answers={204: Answer("Nobody is told any more.")},
    problems=(Type.NOT_FOUND,),
)
async def remove_notice(call: Call[NoParameters]) -> web.Response:
    """Take a notice away."""
    if not await _book(call).remove(call.company.id, call.path("notice_id")):
        raise Problem(Type.NOT_FOUND)
    return web.Response(status=204)


def _book(call: Call[NoParameters]) -> NoticeBook:
    return NoticeBook(call.service.store, call.service.clock)


def _changed(notice: Notice, asked: NoticeChange) -> Notice:
    """With what was asked. Raises Problem with everything that does not fit."""
    faults = []
    if asked.email is not None and (wrong := address_fault(asked.email)):
        faults.append(Fault(pointer="/email", detail=wrong))
    if asked.time_zone is not None and asked.time_zone not in available_timezones():
        hint = "One of the tz database: Europe/Stockholm, Europe/Oslo."
        faults.append(Fault(pointer="/time_zone", detail="is no time zone known here", hint=hint))
    if faults:
        raise Problem(Type.INVALID_BODY, "It does not fit; see `errors`.", faults)
    given: dict[str, Any] = asked.model_dump(exclude_none=True)
    if "at" in given:
        given["at"] = time.fromisoformat(given["at"])
    if "weekday" in given:
        given["weekday"] = DAYS.index(given["weekday"]) + 1
    if "time_zone" in given:
        given["zone"] = ZoneInfo(given.pop("time_zone")).key
    return replace(notice, **given)


def _shown(call: Call[NoParameters], notice: Notice | None) -> web.Response:
    if notice is None:
        raise Problem(Type.NOT_FOUND)
    return answer(_row(call, notice))


def _row(call: Call[NoParameters], notice: Notice) -> NoticeRow:
    return NoticeRow(
        id=notice.id,
        email=notice.email,
        language=notice.language,  # type: ignore[arg-type]
        about=notice.about,
        inbox=notice.inbox,
        rhythm=notice.rhythm,
        at=notice.at.isoformat("minutes"),
        weekday=DAYS[notice.weekday - 1],
        time_zone=notice.zone,
        active=notice.active,
        next_at=notice.next_at(call.service.clock.now()) if notice.active else None,
        created_at=notice.created_at,
        links={"self": f"/v1/notices/{notice.id}"},
    )
