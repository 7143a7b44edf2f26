"""Hold, release, retry and cancel over HTTP; what each means is tested with `gateway.delivery`."""

from __future__ import annotations

import pytest

from gateway.api import examples
from tests.api.conftest import Api

INVOICE = examples.SWEDISH_COMPANY
WHY = {"reason": "The buyer called."}


async def test_hold_release_cancel(api: Api) -> None:
    here = (await api.submit(INVOICE)).headers["Location"]
    for verb, state in (("hold", "held"), ("release", "received"), ("cancel", "cancelled")):
        reply = await api.post(f"{here}/{verb}", json=WHY)
        assert (reply.status, reply.json["state"]) == (200, state), reply.content
    events = (await api.get(f"{here}/timeline")).json["events"]
    assert [event["type"] for event in events][1:] == [
        "document.held",
        "document.released",
        "document.cancelled",
    ]
    assert {event["data"]["reason"] for event in events[1:]} == {WHY["reason"]}


async def test_a_verb_that_the_state_does_not_allow_is_a_conflict(api: Api) -> None:
    here = (await api.submit(INVOICE)).headers["Location"]
    for verb in ("release", "retry"):
        reply = await api.post(f"{here}/{verb}", json=WHY)
        assert (reply.status, reply.json["type"]) == (409, "/problems/not-allowed-now")
        assert "received" in reply.json["detail"]
    assert (await api.get(here)).json["state"] == "received"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/reason"),
        ({"reason": 5}, "/reason"),
        ({"reason": "x" * 501}, "/reason"),
        ({"reason": " "}, "/reason"),
        ({"reason": "x", "by": "me"}, "/by"),
        ([], ""),
    ],
)
async def test_a_reason_is_needed(api: Api, body: object, pointer: str) -> None:
    here = (await api.submit(INVOICE)).headers["Location"]
    reply = await api.post(f"{here}/hold", json=body)
    assert (reply.status, reply.json["type"]) == (422, "/problems/invalid-body")
    assert [error["pointer"] for error in reply.json["errors"]] == [pointer]
    assert (await api.get(here)).json["state"] == "received"


async def test_there_is_no_such_document(api: Api) -> None:
    reply = await api.post("/v1/documents/doc_none/hold", json=WHY)
    assert (reply.status, reply.json["type"]) == (404, "/problems/not-found")
