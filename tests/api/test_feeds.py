"""The event feed and the inbox: in order, waiting, and confirming."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest

from gateway.api import examples
from gateway.archive.retention import Days, Round, run
from gateway.store.port import Arrival, Head, NewPart, Role
from tests.api.conftest import COMPANY, OTHER_KEY, Api

INVOICE = examples.SWEDISH_COMPANY
UBL = b"<Invoice/>"


async def arrive(api: Api, key: str, company_id: str = COMPANY.id, content: bytes = UBL) -> str:
    """Puts a document into a company's inbox; answers its id."""
    arrival = Arrival(
        key,
        company_id,
        Head(number=key, sender="0192:918130047"),
        [NewPart(Role.DOCUMENT, "document.xml", "application/xml", content)],
        "internal",
    )
    document_id = await api.store.arrive(arrival, api.clock.now())
    assert document_id is not None
    return document_id


async def test_events_come_in_order_and_go_on_from_the_cursor(api: Api) -> None:
    ids = [(await api.submit(INVOICE)).json["id"] for _ in range(3)]
    first = (await api.get("/v1/events", params={"limit": 2})).json
    assert [event["document_id"] for event in first["events"]] == ids[:2]
    assert first["next"] == first["events"][-1]["cursor"]
    rest = (await api.get("/v1/events", params={"after": first["next"]})).json
    assert [event["document_id"] for event in rest["events"]] == ids[2:]
    assert {event["type"] for event in rest["events"]} == {"document.received"}
    end = (await api.get("/v1/events", params={"after": rest["next"]})).json
    assert end == {"events": [], "next": rest["next"]}


async def test_a_long_poll_is_answered_as_soon_as_there_is_an_event(api: Api) -> None:
    empty = (await api.get("/v1/events")).json
    waiting = asyncio.create_task(
        api.get("/v1/events", params={"after": empty["next"], "wait": 20})
    )
    others = asyncio.create_task(api.get("/v1/events", key=OTHER_KEY, params={"wait": 0.2}))
    assert (await others).json["events"] == []  # it had its time; ours has begun
    assert not waiting.done()
    submitted = (await api.submit(INVOICE)).json["id"]
    events = (await waiting).json["events"]
    assert [event["document_id"] for event in events] == [submitted]


async def test_who_comes_back_after_events_were_deleted_is_told(api: Api) -> None:
    long_ago = (await api.submit(INVOICE)).json["id"]
    (event,) = (await api.get("/v1/events")).json["events"]
    place = {"after": event["cursor"]}
    await api.post(f"/v1/documents/{long_ago}/cancel", json={"reason": "A test."})
    (cancelled,) = (await api.get("/v1/events", params=place)).json["events"]
    read_all = {"after": cancelled["cursor"]}
    api.clock.move(timedelta(days=500))
    days = Days(content=100, evidence=100, events=90, rows=300)
    terms = {"key_days": 90, "message_days": 100, "audit_days": 4000}
    now = api.clock.now()
    round_ = Round(api.store, days, now=now, **terms)
    await run(round_, api.store, now, "a test", dry_run=False)
    nothing_new = await api.get("/v1/events", params=read_all)
    assert (nothing_new.status, nothing_new.json["events"]) == (200, [])

    today = (await api.submit(INVOICE)).json["id"]
    for query in (place, place | {"types": "document.failed"}, place | {"document_id": today}):
        problem = await api.get("/v1/events", params=query)
        assert (problem.status, problem.json["type"]) == (410, "/problems/events-expired")
    (fault,) = problem.json["errors"]
    (oldest,) = re.findall("cur_[0-9a-f]{32}", fault["hint"])
    again = (await api.get("/v1/events", params={"after": oldest})).json
    assert [event["document_id"] for event in again["events"]] == [today]


@pytest.mark.parametrize(
    "after", ["cur_ffffffffffffffff", "cur_1", "12", "cur_000000000000000g", "cur_\x000", "%00"]
)
async def test_a_made_up_cursor_is_refused(api: Api, after: str) -> None:
    reply = await api.get("/v1/events", params={"after": after})
    assert (reply.status, reply.json["type"]) == (400, "/problems/invalid-parameter")
    assert reply.json["errors"][0]["parameter"] == "after"


async def test_the_inbox_shows_a_document_until_it_is_confirmed(api: Api) -> None:
    ids = [await arrive(api, key) for key in ("a", "b")]
    shown = (await api.get("/v1/inbox")).json["documents"]
    assert [document["id"] for document in shown] == ids
    assert shown[0]["head"]["number"] == "a"
    assert shown[0]["channel"] == "internal"
    content = await api.get(shown[0]["links"]["content"])
    assert (content.content, content.headers["Content-Type"]) == (UBL, "application/xml")
    assert (await api.get(shown[0]["files"][0]["href"])).content == UBL

    for _ in range(2):
        confirmed = await api.post(shown[0]["links"]["confirm"])
        assert (confirmed.status, confirmed.content) == (204, b"")
    left = (await api.get("/v1/inbox")).json["documents"]
    assert [document["id"] for document in left] == ids[1:]
    past = (await api.get("/v1/inbox", params={"after": ids[0]})).json["documents"]
    assert [document["id"] for document in past] == ids[1:]
    document = (await api.get(f"/v1/documents/{ids[0]}")).json
    assert document["confirmed_at"] == "2026-11-21T09:30:00Z"
    # Confirmed does not mean gone.
    assert (await api.get(shown[0]["links"]["content"])).content == UBL


async def test_the_inbox_waits_for_a_document(api: Api) -> None:
    waiting = asyncio.create_task(api.get("/v1/inbox", params={"wait": 20}))
    assert (await api.get("/v1/inbox", params={"wait": 0.2})).json["documents"] == []
    document_id = await arrive(api, "late")
    shown = (await waiting).json["documents"]
    assert [document["id"] for document in shown] == [document_id]


async def test_an_inbox_is_its_companys_own(api: Api) -> None:
    document_id = await arrive(api, "a")
    paths: list[tuple[str, Any]] = [
        ("GET", f"/v1/inbox/{document_id}/content"),
        ("POST", f"/v1/inbox/{document_id}/confirm"),
    ]
    for method, path in paths:
        reply = await api.call(method, path, key=OTHER_KEY)
        assert (reply.status, reply.json["type"]) == (404, "/problems/not-found")
    assert (await api.get("/v1/inbox", key=OTHER_KEY)).json["documents"] == []
    assert len((await api.get("/v1/inbox")).json["documents"]) == 1
    cursor = await api.get("/v1/inbox", key=OTHER_KEY, params={"after": document_id})
    assert (cursor.status, cursor.json["errors"][0]["parameter"]) == (400, "after")


async def test_what_was_handed_in_can_not_be_confirmed(api: Api) -> None:
    document_id = (await api.submit(INVOICE)).json["id"]
    assert (await api.post(f"/v1/inbox/{document_id}/confirm")).status == 404
    assert (await api.get(f"/v1/inbox/{document_id}/content")).status == 404
