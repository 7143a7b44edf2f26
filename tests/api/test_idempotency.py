"""The same key twice: one document, and the same answer."""

from __future__ import annotations

import asyncio
import copy
import json

import aiohttp
import pytest

from gateway.api import examples
from tests.api.conftest import OTHER_KEY, Api

INVOICE = examples.SWEDISH_COMPANY
KEY_HEADER = {"Idempotency-Key": "order 4711".replace(" ", "-")}


async def test_the_same_key_and_body_is_one_document(api: Api) -> None:
    first = await api.submit(INVOICE, headers=KEY_HEADER)
    again = await api.submit(INVOICE, headers=KEY_HEADER)
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (again.status, again.json) == (first.status, first.json)
    assert again.headers["Location"] == first.headers["Location"]
    assert await api.count() == 1


async def test_a_repeat_is_answered_as_the_first_time_whatever_became_of_it(api: Api) -> None:
    first = await api.submit(INVOICE, headers=KEY_HEADER)
    await api.prepare()
    assert (await api.get(first.headers["Location"])).json["state"] != "received"
    again = await api.submit(INVOICE, headers=KEY_HEADER)
    assert (again.status, again.content) == (first.status, first.content)
    of_each_request = {"x-request-id", "date", "idempotency-replayed"}
    kept = [
        {
            name: value
            for name, value in reply.headers.items()
            if name.lower() not in of_each_request
        }
        for reply in (first, again)
    ]
    assert kept[0] == kept[1]
    assert again.headers["Idempotency-Replayed"] == "true"


async def test_the_same_key_with_another_body_is_refused(api: Api) -> None:
    first = await api.submit(INVOICE, headers=KEY_HEADER)
    other = copy.deepcopy(INVOICE)
    other["invoice"]["number"] = "2026-1002"
    for body in (other, INVOICE | {"delivery": {"hold": True}}):
        reply = await api.submit(body, headers=KEY_HEADER)
        assert (reply.status, reply.json["type"]) == (422, "/problems/idempotency-key-reused")
        assert first.json["id"] in reply.json["detail"]
    assert await api.count() == 1


async def test_a_repeated_form_is_the_same_whatever_its_boundary(api: Api) -> None:
    document = json.dumps(INVOICE).encode()
    replies = []
    for boundary in ("one", "two"):
        form = aiohttp.MultipartWriter("form-data", boundary=boundary)
        part = form.append(document, {"Content-Type": "application/json"})
        part.set_content_disposition("form-data", name="document")
        replies.append(await api.post("/v1/documents", data=form, headers=KEY_HEADER))
    assert replies[1].headers["Idempotency-Replayed"] == "true"
    assert replies[0].json == replies[1].json


async def test_a_hundred_at_once_are_one_document(api: Api) -> None:
    replies = await asyncio.gather(*(api.submit(INVOICE, headers=KEY_HEADER) for _ in range(100)))
    assert {reply.status for reply in replies} == {202}
    assert len({reply.json["id"] for reply in replies}) == 1
    assert sum("Idempotency-Replayed" not in reply.headers for reply in replies) == 1
    assert await api.count() == 1


async def test_a_key_is_its_companys_own(api: Api) -> None:
    mine = await api.submit(INVOICE, headers=KEY_HEADER)
    theirs = await api.submit(INVOICE, headers=KEY_HEADER, key=OTHER_KEY)
    assert theirs.status == 202
    assert theirs.json["id"] != mine.json["id"]


@pytest.mark.parametrize("key", ["", "x" * 256, "å", "a b"])
async def test_a_key_that_is_none_is_refused(api: Api, key: str) -> None:
    reply = await api.submit(INVOICE, headers={"Idempotency-Key": key})
    assert (reply.status, reply.json["type"]) == (400, "/problems/invalid-parameter")
    assert reply.json["errors"][0]["parameter"] == "Idempotency-Key"
    assert await api.count() == 0
