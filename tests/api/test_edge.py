"""What happens around requests: bugs answered without a trace, a log without secrets, large work
that holds nobody up."""

from __future__ import annotations

import asyncio
import copy
import json

import aiohttp
import structlog
from aiohttp import web
from structlog.testing import capture_logs

from gateway.api import examples
from gateway.api.app import make_app, make_runner
from gateway.store.port import Document, Store
from gateway.store.sqlite import SqliteStore
from tests.api.conftest import COMPANY, KEY, LIMITS, Api
from tests.api.test_bad_requests import assert_problem
from tests.api.test_multipart import DOCUMENT, part

SECRET = "19811228-9874"


class Faulty:
    """A store with a bug in one operation."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store

    async def document(self, company_id: str, document_id: str) -> Document | None:
        raise RuntimeError(f"a bug, with {SECRET} in its text")

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


async def test_a_bug_is_answered_without_a_trace_and_logged_with_one(api: Api) -> None:
    store: Store = Faulty(api.store)  # type: ignore[assignment]
    runner = make_runner(make_app(store, api.webhooks, api.clock, limits=LIMITS), drain_s=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    faulty = Api(
        f"http://127.0.0.1:{runner.addresses[0][1]}",
        api.store,
        api.webhooks,
        api.clock,
        api.session,
    )
    with capture_logs() as logged:
        reply = await faulty.get("/v1/documents/doc_1")
    await runner.cleanup()
    problem = assert_problem(reply, 500, "internal")
    assert SECRET.encode() not in reply.content
    (failed,) = [line for line in logged if line["event"] == "request_failed"]
    assert failed["exc_info"]
    answered = [line for line in logged if line["event"] == "request_answered"]
    assert [line["status"] for line in answered] == [500]
    assert problem["request_id"]


async def test_the_log_has_no_bodies_and_no_secrets(api: Api) -> None:
    body = examples.SWEDISH_COMPANY | {"delivery": {"personal_number": SECRET, "consumer": True}}
    with capture_logs([structlog.contextvars.merge_contextvars]) as logged:
        accepted = await api.submit(body, headers={"Idempotency-Key": "key-in-header"})
        await api.submit({"invoice": SECRET})
        await api.get(f"/v1/documents?number={SECRET}")
        await api.get(f"/v1/documents/{SECRET}")
        await api.get("/v1/inbox", key=SECRET)
        await api.get("/healthz", key=None)
    assert [line["company"] for line in logged] == [COMPANY.id] * 4 + [None, None]
    text = json.dumps(logged)
    for secret in (SECRET, KEY, "Norrsken", "606.25", "key-in-header"):
        assert secret not in text
    line = logged[0]
    assert (line["method"], line["route"], line["status"]) == ("POST", "/v1/documents", 202)
    assert accepted.headers["X-Request-Id"]


async def test_a_large_document_holds_nobody_up(api: Api) -> None:
    large = copy.deepcopy(examples.SWEDISH_COMPANY)
    line = large["invoice"]["lines"][0]
    large["invoice"]["lines"] = [line | {"id": str(n)} for n in range(3000)]
    body = json.dumps(large).encode()
    headers = {"Content-Type": "application/json"}
    checked = asyncio.create_task(api.post("/v1/validate", data=body, headers=headers))
    assert (await api.get("/healthz")).status == 200
    assert not checked.done()
    assert (await checked).json["ok"]


async def test_a_wait_ends_when_the_gateway_stops(api: Api) -> None:
    runner = make_runner(make_app(api.store, api.webhooks, api.clock, limits=LIMITS), drain_s=30)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    other = Api(
        f"http://127.0.0.1:{runner.addresses[0][1]}",
        api.store,
        api.webhooks,
        api.clock,
        api.session,
    )
    waiting = asyncio.create_task(other.get("/v1/events", params={"wait": 60}))
    assert (await other.get("/healthz")).status == 200
    stopping = asyncio.create_task(runner.cleanup())
    reply = await asyncio.wait_for(waiting, 60)
    assert reply.json["events"] == []
    await stopping


async def test_files_are_sent_so_that_no_browser_runs_them(api: Api) -> None:
    page = "<script>alert(1)</script>"
    form = (
        part("document", DOCUMENT)
        + part("attachment", page, kind="text/html", more='; filename="a\\"; b=\\"c.html"')
        + "--b--"
    )
    accepted = await api.post(
        "/v1/documents",
        data=form.encode(),
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    )
    files = (await api.get(accepted.json["links"]["evidence"])).json["files"]
    assert files[-1]["name"] == 'a"; b="c.html'
    sent = await api.get(files[-1]["href"])
    assert sent.content.decode() == page
    assert sent.headers["Content-Disposition"] == (
        "attachment; filename=\"a___b__c.html\"; filename*=UTF-8''a%22%3B%20b%3D%22c.html"
    )
    assert "sandbox" in sent.headers["Content-Security-Policy"]
    assert sent.headers["X-Content-Type-Options"] == "nosniff"


async def test_two_clients_may_wait_at_once(api: Api) -> None:
    async with aiohttp.ClientSession() as second:
        other = Api(api.url, api.store, api.webhooks, api.clock, second)
        waiting = [
            asyncio.create_task(one.get("/v1/events", params={"wait": 20}))
            for one in (api, other, api)
        ]
        assert (await api.get("/healthz")).status == 200
        await api.submit(examples.SWEDISH_COMPANY)
        for reply in await asyncio.gather(*waiting):
            assert len(reply.json["events"]) == 1
