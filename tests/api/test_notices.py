"""Notices over HTTP, their mails, and the page that ends them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from gateway.api import examples
from gateway.api.examples_notices import NEW_NOTICE
from gateway.api.notice_pages import NoticePages
from gateway.notices.book import MOST, NoticeBook
from gateway.notices.rounds import Telling
from gateway.store.port import Checkpoint, Done
from gateway.trust.post import KIND, Post, Posting
from tests.api.conftest import OTHER_KEY, Api
from tests.api.test_feeds import arrive
from transports.base import Outcome, Sent, Verdict
from transports.email.service import Note

SECRET = b"n" * 32
EXAMPLES = Path(__file__).parents[2] / "examples"
WHERE = "https://pages.example"


class Mailbox:
    """A mail server that takes everything."""

    def __init__(self) -> None:
        self.notes: list[Note] = []

    async def hand_over(self, note: Note) -> Outcome:
        self.notes.append(note)
        return Sent(Verdict("mail.sent", "taken", "taken", "mailbox"))


class People:
    """What the worker does about notices, done here."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.mailbox = Mailbox()
        post = Post(api.store, api.clock)
        self.telling = Telling(api.store, post, api.clock, SECRET, WHERE)
        self.posting = Posting(api.store, self.mailbox, api.clock)

    async def round(self) -> list[Note]:
        """Goes round once; the mails that went out by it."""
        before = len(self.mailbox.notes)
        while await self.telling.round(self.api.clock.now()):
            pass
        for job in await self.api.store.claim("test", self.api.clock.now(), 60, 100):
            if job.kind == KIND:
                await self.posting(job)
            else:
                await self.api.store.checkpoint(job, Checkpoint(next=Done()), self.api.clock.now())
        return self.mailbox.notes[before:]

    async def later(self, **time: float) -> list[Note]:
        self.api.clock.move(timedelta(**time))
        return await self.round()


@pytest.fixture
def people(api: Api) -> People:
    return People(api)


async def add(api: Api, **fields: Any) -> str:
    reply = await api.post("/v1/notices", json={"email": "eva@fjarden.example", **fields})
    assert reply.status == 201, reply.content
    assert reply.headers["Location"] == reply.json["links"]["self"]
    return str(reply.json["id"])


async def test_it_is_added_read_changed_and_removed(api: Api) -> None:
    made = (await api.post("/v1/notices", json=NEW_NOTICE)).json
    path = f"/v1/notices/{made['id']}"
    assert made.items() >= NEW_NOTICE.items()
    assert made["time_zone"] == "Europe/Stockholm"
    assert (await api.get("/v1/notices")).json["notices"] == [made]
    changed = (await api.call("PATCH", path, json={"rhythm": "weekly", "weekday": "friday"})).json
    assert (changed["rhythm"], changed["weekday"], changed["at"]) == ("weekly", "friday", "07:30")
    assert (await api.get(path)).json == changed
    assert (await api.call("DELETE", path)).status == 204
    assert (await api.get(path)).status == (await api.call("DELETE", path)).status == 404


async def test_everything_wrong_is_told_at_once(api: Api) -> None:
    reply = await api.post("/v1/notices", json={"email": "x@y", "time_zone": "Mars/Olympus"})
    assert reply.status == 422
    assert {each["pointer"] for each in reply.json["errors"]} >= {"/time_zone"}
    reply = await api.post("/v1/notices", json={"rhythm": "hourly", "weekday": "odin", "at": "7"})
    assert {each["pointer"] for each in reply.json["errors"]} == {
        *("/email", "/rhythm", "/weekday", "/at")
    }


async def test_another_companys_is_not_there(api: Api) -> None:
    path = f"/v1/notices/{await add(api)}"
    for method in ("GET", "DELETE"):
        assert (await api.call(method, path, key=OTHER_KEY)).status == 404
    changed = await api.call("PATCH", path, key=OTHER_KEY, json={"active": False})
    assert changed.status == 404
    assert (await api.get("/v1/notices", key=OTHER_KEY)).json["notices"] == []


async def test_a_company_has_only_so_many(api: Api) -> None:
    for _ in range(MOST):
        await add(api)
    reply = await api.post("/v1/notices", json=NEW_NOTICE)
    assert (reply.status, reply.json["type"]) == (409, "/problems/too-many")


async def test_what_comes_in_is_told_once_and_within_a_minute(api: Api, people: People) -> None:
    await arrive(api, "before")  # nobody had asked yet
    await add(api, inbox=True)
    assert await people.later(minutes=1) == []
    await arrive(api, "F-1")
    await arrive(api, "F-2")
    (note,) = await people.later(minutes=1)
    assert note.to == "eva@fjarden.example"
    assert [line for line in note.text.splitlines() if line.startswith("- ")] == [
        *("- F-1: came in", "- F-2: came in")
    ]
    assert note.stop is not None and note.stop.startswith(f"{WHERE}/n/")
    assert await people.later(minutes=1) == []


async def test_a_daily_mail_comes_at_its_hour_by_the_companys_clock(
    api: Api, people: People
) -> None:
    await add(api, inbox=True, rhythm="daily", at="07:00", language="sv")
    await arrive(api, "F-1")
    assert await people.later(hours=20) == []  # 06:30 in Stockholm
    (note,) = await people.later(minutes=30)
    assert "F-1: har kommit in" in note.text
    assert await people.later(hours=24) == []  # nothing has happened: no mail


async def test_failed_only_says_nothing_of_what_went_well(api: Api, people: People) -> None:
    await add(api)
    await api.submit(examples.SWEDISH_COMPANY)
    broken = json.loads((EXAMPLES / "broken-wrong-total.json").read_text("utf-8"))
    assert (await api.submit(broken)).status == 202
    await api.prepare()
    notes = await people.later(minutes=1)
    (told,) = [line for note in notes for line in note.text.splitlines() if line.startswith("- ")]
    assert told.startswith(f"- {broken['invoice']['number']} (")
    assert told.endswith("NOT SENT, it breaks rules")


async def test_a_crash_at_any_point_neither_repeats_nor_loses(api: Api) -> None:
    """The round is cut off at each of its writes, and done again by another process."""
    await add(api, inbox=True)
    people = People(api)
    heard: list[str] = []
    for n in range(6):
        await arrive(api, f"F-{n}")
        api.clock.move(timedelta(minutes=1))
        cut = Cut(api.store, after=n % 4)
        telling = Telling(cut, Post(cut, api.clock), api.clock, SECRET, None)
        with pytest.raises(Killed):
            await telling.round(api.clock.now())
            raise Killed  # not as many writes: it was killed right after
        await arrive(api, f"G-{n}")  # meanwhile
        heard += [
            line
            for note in [*await people.round(), *await people.later(minutes=2)]
            for line in note.text.splitlines()
            if line.startswith("- ")
        ]
    assert sorted(heard) == sorted(f"- {x}-{n}: came in" for x in "FG" for n in range(6))


class Killed(Exception):
    """The process is gone."""


class Cut:
    """A store that a process uses until it is killed before one of its writes."""

    def __init__(self, store: Any, after: int) -> None:
        self._store = store
        self._left = after

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if name not in {"put_entries", "put"}:
            return found

        async def write(*arguments: Any, **how: Any) -> Any:
            if self._left == 0:
                raise Killed
            self._left -= 1
            return await found(*arguments, **how)

        return write


@asynccontextmanager
async def pages(api: Api) -> AsyncIterator[TestClient[Any, Any]]:
    app = web.Application()
    app.add_routes(NoticePages(NoticeBook(api.store, api.clock), SECRET).routes())
    async with TestClient(TestServer(app)) as browser:
        yield browser


async def test_the_link_in_a_mail_ends_them_without_a_login(api: Api, people: People) -> None:
    notice_id = await add(api, inbox=True)
    other_id = await add(api, inbox=True, email="ola@fjarden.example")
    await arrive(api, "F-1")
    first = next(note for note in await people.later(minutes=1) if note.to == "eva@fjarden.example")
    assert first.stop is not None
    path = first.stop.removeprefix(WHERE)
    async with pages(api) as browser:
        looked = await browser.get(path)
        assert (looked.status, "form" in await looked.text()) == (200, True)
        assert (await api.get(f"/v1/notices/{notice_id}")).json["active"]  # looking is nothing
        made_up = path[:-3] + ("AAA" if path[-3:] != "AAA" else "BBB")
        wrong = await browser.post(made_up)
        one_click = {"List-Unsubscribe": "One-Click"}
        right = await browser.post(path, data=one_click)
        assert await wrong.text() == await right.text()  # nothing is learned by trying
        assert wrong.status == right.status == 200
    assert not (await api.get(f"/v1/notices/{notice_id}")).json["active"]
    assert (await api.get(f"/v1/notices/{other_id}")).json["active"]
    await arrive(api, "F-2")
    assert [note.to for note in await people.later(minutes=1)] == ["ola@fjarden.example"]
    await api.call("PATCH", f"/v1/notices/{notice_id}", json={"active": True})
    (note,) = await people.later(minutes=1)  # what happened meanwhile is not lost
    assert "F-2" in note.text
