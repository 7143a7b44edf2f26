"""What a person may do, over HTTP; what each verb means is tested with `gateway.delivery`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.api import examples
from gateway.delivery.choice import held
from gateway.delivery.outcome import Try
from gateway.store.ids import new_id
from gateway.store.port import Attempt
from gateway.store.sqlite import SqliteStore
from tests.api.conftest import COMPANY, OTHER_KEY, Api, serving
from transports.base import Candidate, Several, Verdict

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


async def held_document(api: Api) -> str:
    """One that is checked, has a plan, and is held."""
    here = (await api.submit(INVOICE)).headers["Location"]
    await api.prepare()
    reply = await api.post(f"{here}/hold", json=WHY)
    assert reply.json["state"] == "held"
    return here


async def fits_several(api: Api) -> str:
    """One that is held since its channel knows two recipients."""
    here = (await api.submit(INVOICE)).headers["Location"]
    await api.prepare()
    document_id, now = here.rpartition("/")[2], api.clock.now()
    (job,) = await api.store.claim("test", now, 60, 1)
    document = await api.store.document(COMPANY.id, document_id)
    assert document is not None
    leg, *_ = await api.store.legs(COMPANY.id, document_id)
    attempt = Attempt(new_id("att"), document_id, leg.n, leg.channel, now)
    candidates = (Candidate("1", "Snickeri AB, Visby"), Candidate("2", "Snickeri AB, Malmö"))
    several = Several(Verdict("x.several", "two", "It knows two."), candidates)
    await api.store.checkpoint(job, held(Try(document, leg, attempt), several, now), now)
    return here


@pytest.fixture
async def set_up(tmp_path: Path) -> AsyncIterator[Api]:
    """A gateway that has a channel."""
    store = await SqliteStore.open(tmp_path)
    async with serving(store, channels=["email"]) as api:
        yield api


async def test_a_document_gets_another_route(set_up: Api) -> None:
    api = set_up
    here = await held_document(api)
    route = {"channels": ["email"], "email": "ny@kund.example", "phone": "+46701234567"}
    reply = await api.post(f"{here}/reroute", json={**WHY, **route})
    assert (reply.status, reply.json["state"]) == (200, "routing"), reply.content
    plan = (await api.get(here)).json["plan"]
    assert plan["order"] == "SE, your order"
    assert [step["step"] for step in plan["steps"] if step["included"]] == ["email"]
    timeline = (await api.get(f"{here}/timeline")).json
    assert [event["type"] for event in timeline["events"]][-2:] == [
        "document.rerouted",
        "document.routed",
    ]
    entries = await api.store.audit_entries(0, 100)
    assert (entries[-1].actor, entries[-1].action) == ("key:test", "document.rerouted")


async def test_a_route_without_a_channel_names_them_all(api: Api) -> None:
    here = await held_document(api)
    reply = await api.post(f"{here}/reroute", json={**WHY, "channels": ["kivra"]})
    assert (reply.status, reply.json["detail"]) == (409, "No channel is possible by that.")
    told = [error["detail"] for error in reply.json["errors"]]
    assert told[0] == "kivra: Not configured on this gateway."
    assert (await api.get(here)).json["state"] == "held"


@pytest.mark.parametrize(
    ("verb", "body", "pointer"),
    [
        ("reroute", {"channels": ["pigeon"]}, "/channels/0"),
        ("reroute", {"email": "nobody"}, "/email"),
        ("reroute", {"postal_address": {"street": "Nygatan 7"}}, "/postal_address/post_code"),
        ("reroute", {"personal_number": 1}, "/personal_number"),
        ("choose", {}, "/address"),
        ("choose", {"address": ""}, "/address"),
    ],
)
async def test_a_wrong_wish_is_told_by_its_place(
    api: Api, verb: str, body: dict[str, Any], pointer: str
) -> None:
    here = await held_document(api)
    reply = await api.post(f"{here}/{verb}", json={**WHY, **body})
    assert (reply.status, reply.json["errors"][0]["pointer"]) == (422, pointer)


async def test_one_of_several_is_chosen(api: Api) -> None:
    here = await fits_several(api)
    wrong = await api.post(f"{here}/choose", json={**WHY, "address": "3"})
    assert (wrong.status, wrong.json["errors"][0]["pointer"]) == (422, "/address")
    hint = wrong.json["errors"][0]["hint"]
    assert hint == "There are 1 (Snickeri AB, Visby), 2 (Snickeri AB, Malmö)."
    for key in (OTHER_KEY,):
        stranger = await api.post(f"{here}/choose", json={**WHY, "address": "2"}, key=key)
        assert stranger.status == 404
    reply = await api.post(f"{here}/choose", json={**WHY, "address": "2"})
    assert (reply.status, reply.json["code"]) == (200, "route.chosen")
    again = await api.post(f"{here}/choose", json={**WHY, "address": "1"})
    assert (again.status, again.json["type"]) == (409, "/problems/not-allowed-now")


@pytest.mark.parametrize("verb", ["resend", "reroute", "choose"])
async def test_what_is_not_sent_yet_is_a_conflict(api: Api, verb: str) -> None:
    here = (await api.submit(INVOICE)).headers["Location"]
    body = {**WHY, "address": "1"} if verb == "choose" else WHY
    reply = await api.post(f"{here}/{verb}", json=body)
    assert (reply.status, reply.json["type"]) == (409, "/problems/not-allowed-now")
    stranger = await api.post(f"{here}/{verb}", json=body, key=OTHER_KEY)
    assert stranger.status == 404


async def test_a_key_of_a_resend_is_looked_at_before_anything_else(api: Api) -> None:
    here = (await api.submit(INVOICE)).headers["Location"]
    reply = await api.post(f"{here}/resend", json=WHY, headers={"Idempotency-Key": "no key"})
    assert (reply.status, reply.json["type"]) == (400, "/problems/invalid-parameter")
    reply = await api.post(f"{here}/resend", json=WHY, headers={"Idempotency-Key": "k-1"})
    assert (reply.status, reply.json["type"]) == (409, "/problems/not-allowed-now")
