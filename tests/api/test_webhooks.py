"""/v1/webhooks over HTTP: set up, changed, tried, and nobody else's."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook

from gateway.api import answers, examples
from gateway.store.endpoints import Push
from tests.api.conftest import COMPANY, KEY, MOST_WEBHOOKS, OTHER_KEY, Api
from tests.servers.sink import Reply, Sink

URL = "https://erp.example.com/budkavle"


async def add(api: Api, url: str = URL, key: str = KEY, **body: Any) -> Any:
    reply = await api.post("/v1/webhooks", key=key, json={"url": url, **body})
    assert reply.status == 201, reply.content
    return reply.json


async def test_one_is_added_and_its_secret_shown_once(api: Api) -> None:
    reply = await api.post("/v1/webhooks", json={"url": URL, "types": ["document.sent"] * 2})
    assert reply.status == 201
    made = reply.json
    assert made["secret"].startswith("whsec_")
    assert reply.headers["Location"] == f"/v1/webhooks/{made['id']}" == made["links"]["self"]
    shown = {name: value for name, value in made.items() if name != "secret"}
    assert shown | {"id": "", "links": {}} == {
        "id": "",
        "url": URL,
        "types": ["document.sent"],
        "description": "",
        "active": True,
        "code": "",
        "text": "",
        "tries": 0,
        "next_at": None,
        "cursor": answers.BEGINNING,
        "old_secret_until": None,
        "created_at": "2026-11-21T09:30:00Z",
        "updated_at": "2026-11-21T09:30:00Z",
        "links": {},
    }
    assert (await api.get(made["links"]["self"])).json == shown
    listed = await api.get("/v1/webhooks")
    assert listed.json == {"webhooks": [shown]}
    assert made["secret"].encode() not in listed.content


async def test_what_is_absent_stays(api: Api) -> None:
    made = await add(api, description="one", types=["document.sent"])
    here = made["links"]["self"]
    changed = (await api.call("PATCH", here, json={"description": "two", "url": None})).json
    assert (changed["description"], changed["url"], changed["types"]) == (
        "two",
        URL,
        ["document.sent"],
    )
    changed = (await api.call("PATCH", here, json={"types": [], "active": False})).json
    assert (changed["types"], changed["active"], changed["code"]) == (
        [],
        False,
        "webhook.switched_off",
    )
    changed = (await api.call("PATCH", here, json={"active": True})).json
    assert (changed["active"], changed["code"], changed["text"]) == (True, "", "")
    assert (await api.get(here)).json == changed


async def test_it_is_gone_when_it_is_removed(api: Api) -> None:
    here = (await add(api))["links"]["self"]
    reply = await api.call("DELETE", here)
    assert (reply.status, reply.content) == (204, b"")
    for method in ("GET", "DELETE"):
        assert (await api.call(method, here)).status == 404
    assert (await api.get("/v1/webhooks")).json == {"webhooks": []}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/url"),
        ({"url": 7}, "/url"),
        ({"url": ""}, "/url"),
        ({"url": "erp.example.com"}, "/url"),
        ({"url": "https://name:word@erp.example.com/"}, "/url"),
        ({"url": "https://erp.example.com/" + "x" * 3000}, "/url"),
        ({"url": URL, "types": ["document.eaten"]}, "/types/0"),
        ({"url": URL, "types": "document.sent"}, "/types"),
        ({"url": URL, "description": "\x00"}, "/description"),
        ({"url": URL, "active": "yes"}, "/active"),
        ({"url": URL, "secret": "whsec_mine"}, "/secret"),
    ],
)
async def test_what_is_wrong_is_told_with_its_place(
    api: Api, body: dict[str, Any], pointer: str
) -> None:
    reply = await api.post("/v1/webhooks", json=body)
    assert (reply.status, reply.json["type"]) == (422, "/problems/invalid-body")
    assert [error["pointer"] for error in reply.json["errors"]] == [pointer]
    if "url" in body and len(body) == 1:
        here = (await add(api))["links"]["self"]
        assert (await api.call("PATCH", here, json=body)).status == 422


async def test_a_company_has_no_more_than_it_may(api: Api) -> None:
    await asyncio.gather(*(add(api) for _ in range(MOST_WEBHOOKS)))
    reply = await api.post("/v1/webhooks", json={"url": URL})
    assert (reply.status, reply.json["type"]) == (409, "/problems/too-many")
    assert str(MOST_WEBHOOKS) in reply.json["detail"]
    await add(api, key=OTHER_KEY)


async def test_the_secret_is_changed_with_time_to_follow(api: Api) -> None:
    made = await add(api)
    here = made["links"]["self"]
    rotated = (await api.post(f"{here}/rotate")).json
    assert rotated["secret"] != made["secret"]
    assert rotated["old_secret_until"] == "2026-11-22T09:30:00Z"
    assert "secret" not in (await api.get(here)).json


async def test_a_test_is_sent_at_once(api: Api, sink: Sink) -> None:
    made = await add(api, f"{sink.url}/a")
    here = made["links"]["self"]
    tried = (await api.post(f"{here}/test")).json
    assert (tried["type"], tried["status"], tried["code"]) == (
        "webhook.test",
        204,
        "webhook.taken",
    )
    (taken,) = sink.taken
    at = datetime.fromtimestamp(int(taken.headers["webhook-timestamp"]), UTC)
    signature = Webhook(made["secret"]).sign(taken.id, at, taken.body.decode())
    assert (taken.headers["webhook-signature"], taken.id) == (signature, tried["event_id"])
    sink.plan("/a", Reply(500, body=b"Traceback ..."))
    tried = (await api.post(f"{here}/test")).json
    assert (tried["status"], tried["code"], tried["text"]) == (
        500,
        "webhook.refused",
        "Traceback ...",
    )
    listed = (await api.get(f"{here}/attempts")).json
    assert listed["attempts"][0] == tried
    assert (len(listed["attempts"]), listed["next"]) == (2, None)


async def test_tries_are_listed_page_by_page(api: Api) -> None:
    made = await add(api)
    here = made["links"]["self"]
    for n in range(5):
        push = Push(f"evt_{n}", "document.sent", None, None, api.clock.now(), n, 204, "x.y", "")
        await api.store.add_push(COMPANY.id, made["id"], push)
    seen, after = [], None
    while True:
        params = {"limit": 2} | ({"after": after} if after else {})
        page = (await api.get(f"{here}/attempts", params=params)).json
        seen += [attempt["event_id"] for attempt in page["attempts"]]
        after = page["next"]
        if after is None:
            break
    assert seen == ["evt_4", "evt_3", "evt_2", "evt_1", "evt_0"]
    for wrong in ("0", "-1", "x", "1" * 30):
        assert (await api.get(f"{here}/attempts", params={"after": wrong})).status == 400


async def test_events_are_sent_again_when_asked_for(api: Api) -> None:
    made = await add(api)
    here = made["links"]["self"]
    for _ in range(3):
        await api.submit(examples.SWEDISH_COMPANY)
    events = (await api.get("/v1/events")).json["events"]
    reply = await api.post(f"{here}/redeliver", json={"after": events[1]["cursor"]})
    assert (reply.status, reply.json["cursor"]) == (202, events[1]["cursor"])
    reply = await api.post(f"{here}/redeliver", json={"after": answers.BEGINNING})
    assert (reply.status, reply.json["cursor"]) == (202, answers.BEGINNING)
    reply = await api.post(f"{here}/redeliver", json={"only": events[0]["cursor"]})
    assert reply.status == 202
    jobs = await api.store.claim("w", api.clock.now(), 60, 100, {"prepare": 0})
    assert sorted(job.key.count("/") for job in jobs) == [1, 2]  # the line, and the one event


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"after": None},
        {"only": None},
        {"after": "cur_" + "1" * 32},
        {"only": "cur_" + "1" * 32},
        {"only": answers.BEGINNING},
        {"after": "evt_1"},
        {"after": answers.BEGINNING, "only": answers.BEGINNING},
    ],
)
async def test_it_must_be_said_what_is_sent_again(api: Api, body: dict[str, Any]) -> None:
    here = (await add(api))["links"]["self"]
    reply = await api.post(f"{here}/redeliver", json=body)
    assert (reply.status, reply.json["type"]) == (422, "/problems/invalid-body")


async def test_a_webhook_is_its_companys_own(api: Api, sink: Sink) -> None:
    made = await add(api, f"{sink.url}/a")
    here = made["links"]["self"]
    before = (await api.get(here)).json
    for method, path, body in (
        ("GET", here, None),
        ("PATCH", here, {"active": False}),
        ("DELETE", here, None),
        ("POST", f"{here}/rotate", None),
        ("POST", f"{here}/test", None),
        ("POST", f"{here}/redeliver", {"after": answers.BEGINNING}),
        ("GET", f"{here}/attempts", None),
    ):
        how = {"json": body} if body else {}
        theirs = await api.call(method, path, key=OTHER_KEY, **how)
        never = await api.call(method, path.replace(made["id"], "wh_no"), key=OTHER_KEY, **how)
        assert (theirs.status, theirs.json["type"]) == (404, "/problems/not-found"), path
        assert never.json | {"request_id": ""} == theirs.json | {"request_id": ""}
        assert (await api.call(method, path, key=None, **how)).status == 401
    assert (await api.get("/v1/webhooks", key=OTHER_KEY)).json == {"webhooks": []}
    assert (await api.get(here)).json == before
    assert not sink.taken


async def test_the_place_of_one_that_is_behind_is_shown(api: Api) -> None:
    await api.submit(examples.SWEDISH_COMPANY)
    (event,) = (await api.get("/v1/events")).json["events"]
    assert (await add(api))["cursor"] == event["cursor"]


# --- the feed -------------------------------------------------------------------------------------


async def test_the_feed_is_read_by_type(api: Api) -> None:
    ids = [(await api.submit(examples.SWEDISH_COMPANY)).json["id"] for _ in range(3)]
    await api.prepare()
    everything = (await api.get("/v1/events")).json["events"]
    for types in ("document.routed", "document.routed,document.received"):
        found, after = [], None
        while True:
            params = {"types": types, "limit": 2} | ({"after": after} if after else {})
            page = (await api.get("/v1/events", params=params)).json
            found += page["events"]
            if not page["events"]:
                break
            after = page["next"]
        assert found == [event for event in everything if event["type"] in types.split(",")]
    assert [event["document_id"] for event in everything if event["type"] in types][:3] == ids
    none = (await api.get("/v1/events", params={"types": "inbox.received"})).json
    assert none == {"events": [], "next": everything[-1]["cursor"]}  # so far it was looked at


async def test_the_feed_is_read_by_document(api: Api) -> None:
    ids = [(await api.submit(examples.SWEDISH_COMPANY)).json["id"] for _ in range(2)]
    await api.prepare()
    found = (await api.get("/v1/events", params={"document_id": ids[1]})).json["events"]
    assert {event["document_id"] for event in found} == {ids[1]} and len(found) >= 2
    theirs = await api.get("/v1/events", key=OTHER_KEY, params={"document_id": ids[1]})
    assert theirs.json["events"] == []


@pytest.mark.parametrize("types", ["", ",", "document.eaten", "document.sent,", "documentxsent"])
async def test_a_type_that_there_is_not_is_refused(api: Api, types: str) -> None:
    reply = await api.get("/v1/events", params={"types": types})
    assert (reply.status, reply.json["errors"][0]["parameter"]) == (400, "types")


async def test_a_long_poll_waits_for_the_type_that_is_asked_for(api: Api) -> None:
    params = {"types": "document.routed", "wait": 20}
    waiting = asyncio.create_task(api.get("/v1/events", params=params))
    await api.submit(examples.SWEDISH_COMPANY)
    await api.prepare()
    page = (await waiting).json
    assert [event["type"] for event in page["events"]] == ["document.routed"]
