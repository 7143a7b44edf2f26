"""The walk: every operation of the API, with every kind of key that must not get anywhere.

Nobody sees or changes what is another's, and no answer tells whether something exists: for what is
there and for what never was, it is the same to the letter but for the request id. Operations are
taken from the table that the server is made of, so that a new one is walked by itself; when it has
a new name in its path, say in `Victim` what there is of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.api import examples
from gateway.api.app import OPERATIONS
from gateway.api.examples_notices import NEW_NOTICE
from gateway.api.routes import COMPANY as HEADER
from gateway.api.routes import Operation
from gateway.intake.kind import JSON
from gateway.store.people import Person
from gateway.store.sqlite import SqliteStore
from gateway.trust.keys import digest
from gateway.trust.people.roles import SCOPES, Role
from gateway.trust.reach import Reach
from gateway.trust.scopes import EVERY, Scope
from tests.api.conftest import AT, KEY, Api, Reply, serving
from tests.api.test_feeds import arrive
from tests.api.world import FIRM, NORTH, SOUTH, VENDOR, WEST, add_key, settle
from tests.contracts.stores import everything_of

GUARDED = [operation for operation in OPERATIONS if operation.scope is not None]
# What stands in paths and is nobody's secret: the same for all.
PLAIN = {"attachment", "agreement", "channel", "customer_class", "n", "setting"}
# What differs from one answer to the next whatever was asked.
PASSING = {"date", "x-request-id"}


@dataclass(frozen=True)
class Victim:
    """What North AB has, by the names of the paths; and words that only it has."""

    key: str
    there: Mapping[str, str]
    words: tuple[str, ...]

    @property
    def never(self) -> dict[str, str]:
        """The same names of nothing that ever was, as long to the letter."""
        return {
            name: "0007:5567330005" if name == "participant" else _other(value)
            for name, value in self.there.items()
        }


def _other(id_: str) -> str:
    return id_[:-4] + ("0000" if not id_.endswith("0000") else "1111")


async def victim(api: Api) -> Victim:
    await settle(api)
    key = await add_key(api, "north-secret-label", NORTH.id)
    out = await api.submit(examples.SWEDISH_COMPANY, key=key)
    hook = {"url": f"{api.url.replace('127.0.0.1', 'localhost')}/hook", "description": "north-hook"}
    asked = {"key": key, "json": examples.CUSTOMERS}
    lookup = await api.post("/v1/lookup/jobs", **asked)
    wish = {"start": "2026-11-20T00:00:00Z", "end": "2026-11-21T09:30:00Z"}
    exported = await api.post("/v1/exports", key=key, json={**examples.EXPORT_WISH, **wish})
    added = await api.post("/v1/webhooks", key=key, json=hook)
    notice = await api.post("/v1/notices", key=key, json=NEW_NOTICE)
    for reply in (out, lookup, exported, added, notice):
        assert reply.status in (201, 202), reply.content
    inbound = await arrive(api, "north-arrival", NORTH.id)
    await api.prepare()
    anna = Person(
        *("per_north_0001", "", (NORTH.id,), "anna@north.example", "Anna", "sv", Role.READER),
        *(b"{}", AT, AT),
    )
    assert await api.store.put_person(anna, AT)
    (original, *_) = await api.store.parts(NORTH.id, out.json["id"])
    there = {
        "company_id": NORTH.id,
        "document_id": out.json["id"],
        "export_id": exported.json["id"],
        "inbound_id": inbound,
        "key_id": "key_north-secret-label",
        "lookup_job_id": lookup.json["id"],
        "notice_id": notice.json["id"],
        "participant": NORTH.participants[0],
        "person_id": anna.id,
        "sha256": original.sha256,
        "webhook_id": added.json["id"],
    }
    words = (*there.values(), NORTH.name, "north-hook", "north-secret-label", anna.email)
    return Victim(key, there, words)


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(await SqliteStore.open(tmp_path), channels=["email"]) as api:
        yield api


# --- one request to any operation ---------------------------------------------------------------


def request_of(operation: Operation, ids: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """The path and body of a request that is right but for whose things it names."""
    if operation.path.startswith("/v1/inbox"):
        ids = {**ids, "document_id": ids.get("inbound_id", examples.PATH["document_id"])}
    named = {**examples.PATH, **ids}
    path = re.sub(r"{(\w+)}", lambda name: named[name[1]], operation.path)
    if operation.body is None:
        return path, {}
    media_type, media = next(iter(operation.body.content.items()))
    value: Any = next(iter(media.examples.values()))
    value = value() if callable(value) else value
    text = value if isinstance(value, str) else json.dumps(value)
    for name, id_ in ids.items():
        text = text.replace(examples.PATH.get(name, id_), id_)
    content_type = media_type if media_type == JSON else media_type.split(";")[0]
    return path, {"data": text.encode(), "headers": {"Content-Type": content_type}}


async def ask(
    api: Api, operation: Operation, ids: Mapping[str, str], headers: Mapping[str, str]
) -> Reply:
    path, how = request_of(operation, ids)
    how["headers"] = {**how.get("headers", {}), **headers}
    return await api.call(operation.method, path, key=None, **how)


def bearer(key: str, company_id: str = "") -> dict[str, str]:
    named = {HEADER.name: company_id} if company_id else {}
    return {"Authorization": f"Bearer {key}", **named}


def told(reply: Reply, ids: Mapping[str, str]) -> tuple[Any, ...]:
    """All that an answer tells, but for what it repeats of the request."""
    text = reply.content.decode("utf-8", "replace")
    for name, id_ in ids.items():
        text = text.replace(id_, f"<{name}>")
    text = re.sub(r'"request_id":"[^"]*"', "", text)
    headers = {name.lower(): value for name, value in reply.headers.items()}
    shown = sorted((name, value) for name, value in headers.items() if name not in PASSING)
    return reply.status, text, shown


def has_ids(operation: Operation, ids: Mapping[str, str]) -> bool:
    """Whether a request to it names something of somebody's."""
    return request_of(operation, ids) != request_of(operation, {})


def test_the_walk_knows_what_stands_in_paths() -> None:
    names = {name for each in GUARDED for name in re.findall(r"{(\w+)}", each.path)}
    there = {"company_id", "document_id", "export_id", "key_id", "lookup_job_id", "participant"}
    assert names <= PLAIN | there | {"notice_id", "person_id", "sha256", "webhook_id"}


# --- nobody -------------------------------------------------------------------------------------


async def test_who_is_not_known_hears_one_thing_everywhere(api: Api) -> None:
    north = await victim(api)
    await add_key(api, "expired", NORTH.id, expires_at=AT)
    await add_key(api, "revoked", NORTH.id)
    await api.store.revoke_key(Reach("", (NORTH.id,)), "key_revoked", AT)
    ended = AT - timedelta(seconds=1)
    await api.store.issue_token("key_north-secret-label", digest("bkt_ended"), EVERY, ended, ended)
    nobody: list[dict[str, str]] = [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer  "},
        {"Authorization": north.key},
        {"Authorization": f"Basic {north.key}"},
        bearer("bk_unknown"),
        bearer("bk_" + "x" * 4000),
        bearer(north.key.upper()),
        bearer(f"{north.key} {north.key}"),
        bearer("bk_expired"),
        bearer("bk_revoked"),
        bearer("bkt_ended"),
        bearer("bk_unknown", NORTH.id),
    ]
    before = await everything_of(api.store, NORTH.id)
    wrong = []
    for operation in GUARDED:
        heard = set()
        for ids in (north.there, north.never):
            for headers in nobody:
                reply = await ask(api, operation, ids, headers)
                status, text, shown = told(reply, ids)
                heard.add((status, text, tuple(shown)))
        if len(heard) != 1 or next(iter(heard))[0] != 401:
            wrong.append((operation.name, heard))
    assert wrong == []
    assert await everything_of(api.store, NORTH.id) == before


# --- somebody without the right -------------------------------------------------------------------


@pytest.mark.parametrize("role", ["all but the one needed", "reader"])
async def test_without_the_right_nobody_gets_as_far_as_the_thing(api: Api, role: str) -> None:
    north = await victim(api)
    for scope in Scope:
        await add_key(api, f"not-{scope}", NORTH.id, scopes=EVERY - {scope})
    await add_key(api, "reader", NORTH.id, scopes=SCOPES[Role.READER])
    before = await everything_of(api.store, NORTH.id)
    wrong = []
    for operation in GUARDED:
        if role == "reader" and operation.scope is Scope.READ:
            continue
        key = "bk_reader" if role == "reader" else f"bk_not-{operation.scope}"
        heard = [
            told(await ask(api, operation, ids, bearer(key)), ids)
            for ids in (north.there, north.never)
        ]
        status, text, _ = heard[0]
        if heard[0] != heard[1] or status != 403 or f"`{operation.scope}`" not in text:
            wrong.append((operation.name, heard))
    assert wrong == []
    assert await everything_of(api.store, NORTH.id) == before


# --- somebody else ------------------------------------------------------------------------------

OTHERS = {
    "a company of the same account": bearer("bk_south"),
    "a company of another account": bearer("bk_west"),
    "another account, for its company": bearer("bk_vendor", WEST.id),
    "a company without an account": bearer(KEY),
}


@pytest.mark.parametrize("who", OTHERS)
async def test_others_neither_see_nor_change_nor_learn_that_it_exists(api: Api, who: str) -> None:
    north = await victim(api)
    await add_key(api, "south", SOUTH.id)
    await add_key(api, "west", WEST.id)
    await add_key(api, "vendor", account=VENDOR.id)
    before = await everything_of(api.store, NORTH.id)
    wrong = []
    for operation in GUARDED:
        replies = [
            (await ask(api, operation, ids, OTHERS[who]), ids) for ids in (north.there, north.never)
        ]
        heard = [told(*reply) for reply in replies]
        if has_ids(operation, north.there) and heard[0] != heard[1]:
            wrong.append((operation.name, "tells them apart", heard))
        asked = str(request_of(operation, north.there))
        leaked = [w for w in north.words if w not in asked and w in replies[0][0].content.decode()]
        if leaked or heard[0][0] in (401, 403, 500):
            wrong.append((operation.name, f"{heard[0][0]} {leaked}", heard))
    assert wrong == []
    assert await everything_of(api.store, NORTH.id) == before


@pytest.mark.parametrize("who", ["bk_south", "bk_west", "bk_vendor", KEY])
async def test_nobody_acts_for_a_company_that_is_not_theirs(api: Api, who: str) -> None:
    north = await victim(api)
    await add_key(api, "south", SOUTH.id)
    await add_key(api, "west", WEST.id)
    await add_key(api, "vendor", account=VENDOR.id)
    before = await everything_of(api.store, NORTH.id)
    wrong = []
    for operation in GUARDED:
        heard = [
            told(await ask(api, operation, north.there, bearer(who, company_id)), north.there)
            for company_id in (NORTH.id, "com_none", "com_" + "0" * 60, "no company")
        ]
        if heard[0][0] != 400 or len(set(map(repr, heard))) != 1:
            wrong.append((operation.name, heard))
    assert wrong == []
    assert await everything_of(api.store, NORTH.id) == before


async def test_the_owner_sees_all_of_it(api: Api) -> None:
    """Else the walk would prove nothing: what others do not find is there."""
    north = await victim(api)
    account = await add_key(api, "firm", account=FIRM.id)
    for headers in (bearer(north.key), bearer(account, NORTH.id)):
        found = {
            name: (await ask(api, operation, north.there, headers)).status
            for name in north.there
            for operation in GUARDED
            if operation.method == "GET" and operation.path.endswith(f"/{{{name}}}")
        }
        assert found.keys() >= {"company_id", "document_id", "export_id", "key_id", "webhook_id"}
        assert set(found.values()) == {200}, found
