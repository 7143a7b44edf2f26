"""Keys over HTTP: made, listed, rotated, revoked; and never more than who makes them has."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gateway.api import examples
from gateway.api.routes import COMPANY as HEADER
from gateway.trust.scopes import EVERY, Scope
from tests.api.conftest import AT, COMPANY, KEY, Api
from tests.api.world import FIRM, NORTH, SOUTH, UNIT, WEST, add_key, settle

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
REMEMBERED = 2 * SECOND
ALL = [str(scope) for scope in sorted(EVERY)]


async def made(api: Api, key: str, **asked: Any) -> Any:
    reply = await api.post("/v1/keys", key=key, json={"label": "x", "scopes": ["read"], **asked})
    assert reply.status == 201, reply.json
    return reply.json


def faults(reply: Any) -> dict[str, str]:
    return {fault["pointer"]: fault["detail"] for fault in reply.json["errors"]}


async def may(api: Api, key: str, company_id: str = "") -> int:
    headers = {HEADER.name: company_id} if company_id else {}
    return (await api.get("/v1/documents", key=key, headers=headers)).status


async def test_a_key_is_made_shown_once_and_works(api: Api) -> None:
    asked = {"label": "ledger", "scopes": ["send", "read"]}
    reply = await api.post("/v1/keys", json=asked)
    assert reply.status == 201
    body = reply.json
    assert reply.headers["Location"] == f"/v1/keys/{body['id']}"
    secret = body.pop("key")
    assert secret.startswith("bk_") and len(secret) == len("bk_") + 43
    assert body["scopes"] == ["read", "send"] and body["companies"] == [COMPANY.id]
    assert (await api.get(f"/v1/keys/{body['id']}")).json == body
    listed = (await api.get("/v1/keys")).json["keys"]
    assert body in listed and secret not in str(listed)
    assert await may(api, secret) == 200
    refused = await api.get("/v1/keys", key=secret)
    assert refused.status == 403 and "`manage`" in refused.json["detail"]
    assert 'scope="manage"' in refused.headers["WWW-Authenticate"]
    entries = await api.store.audit_entries(0, 100)
    (entry,) = [entry for entry in entries if entry.action == "key.added"]
    assert (entry.actor, entry.subject) == ("key:test", body["id"])
    assert secret not in entry.data


async def test_a_key_has_no_more_than_its_maker(api: Api) -> None:
    await settle(api)
    rights = frozenset({Scope.MANAGE, Scope.READ})
    maker = await add_key(api, "maker", NORTH.id, scopes=rights, expires_at=AT + DAY)
    asked = {
        "label": "x",
        "scopes": ["read", "send", "receive"],
        "companies": [NORTH.id, SOUTH.id, WEST.id, "com_none", UNIT.id],
        "expires_at": "2027-01-01T00:00:00Z",
    }
    reply = await api.post("/v1/keys", key=maker, json=asked)
    assert reply.status == 422
    found = faults(reply)
    assert found.keys() == {
        *("/scopes/1", "/scopes/2", "/companies/1", "/companies/2", "/companies/3", "/expires_at")
    }
    assert len({found[f"/companies/{n}"] for n in (1, 2, 3)}) == 1
    key = await made(api, maker)
    assert key["expires_at"] == "2026-11-22T09:30:00Z"
    assert key["companies"] == [NORTH.id]
    past = await api.post(
        "/v1/keys", key=maker, json={**asked, "expires_at": "2026-11-21T09:30:00Z"}
    )
    assert faults(past)["/expires_at"] == "must be later than now"


async def test_a_key_of_an_account_is_for_all_its_companies(api: Api) -> None:
    await settle(api)
    firm = await add_key(api, "firm", account=FIRM.id)
    whole = await made(api, firm)
    assert whole["account_id"] == FIRM.id and whole["companies"] == []
    for company in (NORTH, UNIT, SOUTH):
        assert await may(api, whole["key"], company.id) == 200
    for company_id in (WEST.id, COMPANY.id, "com_none", "no company", "å"):
        assert await may(api, whole["key"], company_id) == 400
    some = await made(api, firm, companies=[SOUTH.id, NORTH.id])
    assert some["account_id"] is None and some["companies"] == [NORTH.id, SOUTH.id]
    listed = [key["id"] for key in (await api.get("/v1/keys", key=firm)).json["keys"]]
    assert set(listed) == {"key_firm", whole["id"], some["id"]}


async def test_with_several_companies_one_must_be_named(api: Api) -> None:
    await settle(api)
    both = await add_key(api, "both", NORTH.id, SOUTH.id)
    unnamed = await api.get("/v1/documents", key=both)
    assert unnamed.status == 400
    (fault,) = unnamed.json["errors"]
    assert fault["parameter"] == "Budkavle-Company" and "/v1/companies" in fault["hint"]
    assert await may(api, both, NORTH.id) == await may(api, both, UNIT.id) == 200
    one = await add_key(api, "one", NORTH.id)
    assert await may(api, one) == await may(api, one, UNIT.id) == 200
    assert await may(api, one, SOUTH.id) == 400
    sub = await add_key(api, "sub", UNIT.id)
    assert await may(api, sub, NORTH.id) == 400


async def test_what_is_handed_in_is_the_named_companys(api: Api) -> None:
    await settle(api)
    firm = await add_key(api, "firm", account=FIRM.id)
    south = {HEADER.name: SOUTH.id}
    reply = await api.submit(examples.SWEDISH_COMPANY, key=firm, headers=south)
    assert reply.status == 202
    path = reply.headers["Location"]
    assert (await api.get(path, key=firm, headers=south)).status == 200
    assert (await api.get(path, key=firm, headers={HEADER.name: NORTH.id})).status == 404


async def test_a_revoked_key_lets_nobody_in(api: Api) -> None:
    key = await made(api, KEY)
    assert await may(api, key["key"]) == 200
    for _ in range(2):
        assert (await api.call("DELETE", f"/v1/keys/{key['id']}")).status == 204
    api.clock.move(REMEMBERED)
    assert await may(api, key["key"]) == 401
    assert (await api.get(f"/v1/keys/{key['id']}")).status == 404
    (listed,) = [row for row in (await api.get("/v1/keys")).json["keys"] if row["id"] == key["id"]]
    assert listed["revoked_at"] == "2026-11-21T09:30:00Z"
    refused = await api.post(f"/v1/keys/{key['id']}/rotate", json={})
    assert refused.status == 409
    revoked = [e for e in await api.store.audit_entries(0, 100) if e.action == "key.revoked"]
    assert len(revoked) == 1


async def test_a_rotated_key_has_two_secrets_for_a_while(api: Api) -> None:
    key = await made(api, KEY)
    rotated = await api.post(f"/v1/keys/{key['id']}/rotate", json={"grace_s": 60})
    assert rotated.status == 200 and rotated.json["id"] == key["id"]
    new = rotated.json["key"]
    assert new != key["key"]
    assert await may(api, new) == await may(api, key["key"]) == 200
    api.clock.move(60 * SECOND)
    assert (await may(api, new), await may(api, key["key"])) == (200, 401)
    at_once = await api.post(f"/v1/keys/{key['id']}/rotate", json={"grace_s": 0})
    api.clock.move(REMEMBERED)
    assert (await may(api, at_once.json["key"]), await may(api, new)) == (200, 401)


async def test_nobody_rotates_a_key_that_may_do_more(api: Api) -> None:
    await settle(api)
    strong = await add_key(api, "strong", NORTH.id)
    weak = await add_key(api, "weak", NORTH.id, scopes=frozenset({Scope.MANAGE}))
    brief = await add_key(api, "brief", NORTH.id, expires_at=AT + DAY)
    for key in (weak, brief):
        assert (await api.post("/v1/keys/key_strong/rotate", key=key, json={})).status == 403
    assert (await api.post("/v1/keys/key_weak/rotate", key=strong, json={})).status == 200


async def test_a_key_ends_when_it_was_said(api: Api) -> None:
    key = await made(api, KEY, expires_at="2026-11-22T09:30:00Z")
    api.clock.move(DAY - SECOND)
    assert await may(api, key["key"]) == 200
    api.clock.move(SECOND)
    assert await may(api, key["key"]) == 401


@pytest.mark.parametrize("verb", ["GET", "DELETE", "POST"])
async def test_anothers_key_is_answered_like_none(api: Api, verb: str) -> None:
    await settle(api)
    await add_key(api, "west", WEST.id)
    path = "/v1/keys/{}" + ("/rotate" if verb == "POST" else "")
    answers = []
    for key_id in ("key_west", "key_none"):
        reply = await api.call(verb, path.format(key_id), json={} if verb == "POST" else None)
        answers.append((reply.status, {**reply.json, "request_id": ""}))
    assert answers[0] == answers[1] and answers[0][0] == 404


async def test_keys_come_in_pages(api: Api) -> None:
    for _ in range(3):
        await made(api, KEY)
    first = (await api.get("/v1/keys?limit=3")).json
    second = (await api.get(f"/v1/keys?limit=3&after={first['next']}")).json
    ids = [key["id"] for page in (first, second) for key in page["keys"]]
    assert len(ids) == len(set(ids)) == 4 and second["next"] is None
    assert ALL in [key["scopes"] for key in (*first["keys"], *second["keys"])]
