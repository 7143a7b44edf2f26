"""OAuth2 client credentials: RFC 6749 sections 2.3.1, 4.4, 5.1 and 5.2, and RFC 8414."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus, urlencode

import pytest

from gateway.trust.scopes import Scope
from tests.api.conftest import AT, COMPANY, Api, Reply
from tests.api.world import add_key

GRANT = {"grant_type": "client_credentials"}
SECOND = timedelta(seconds=1)
SOME = frozenset({Scope.READ, Scope.SEND, Scope.MANAGE})


def basic(name: str, secret: str) -> dict[str, str]:
    text = f"{quote_plus(name)}:{quote_plus(secret)}"
    return {"Authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


async def ask(api: Api, form: Any, headers: dict[str, str] | None = None) -> Reply:
    return await api.post("/oauth/token", key=None, data=form, headers=headers or {})


async def client(api: Api, name: str = "ledger", **how: Any) -> dict[str, str]:
    secret = await add_key(api, name, COMPANY.id, **{"scopes": SOME, **how})
    return {"client_id": f"key_{name}", "client_secret": secret}


async def may(api: Api, token: str, path: str = "/v1/documents") -> int:
    return (await api.get(path, key=token)).status


async def test_a_key_is_exchanged_for_a_token(api: Api) -> None:
    who = await client(api)
    in_header = await ask(api, GRANT, basic(*who.values()))
    in_body = await ask(api, {**GRANT, **who})
    for reply in (in_header, in_body):
        assert reply.status == 200, reply.json
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.headers["Pragma"] == "no-cache"
        token = reply.json["access_token"]
        assert token.startswith("bkt_")
        assert {**reply.json, "access_token": ""} == {
            "access_token": "",
            "token_type": "Bearer",
            "expires_in": 3600,
            "scope": "manage read send",
        }
        assert await may(api, token) == 200
        assert await may(api, token, "/v1/keys") == 200
    assert in_header.json["access_token"] != in_body.json["access_token"]


async def test_a_token_has_the_scopes_that_were_asked_for(api: Api) -> None:
    who = await client(api)
    reply = await ask(api, {**GRANT, **who, "scope": "send read"})
    assert reply.json["scope"] == "read send"
    assert await may(api, reply.json["access_token"]) == 200
    assert await may(api, reply.json["access_token"], "/v1/keys") == 403
    for scope in ("receive", "read receive", "everything", "read  send", "Read"):
        refused = await ask(api, {**GRANT, **who, "scope": scope})
        assert (refused.status, refused.json["error"]) == (400, "invalid_scope")


async def test_a_token_ends_by_its_time_and_with_its_key(api: Api) -> None:
    who = await client(api)
    token = (await ask(api, {**GRANT, **who})).json["access_token"]
    api.clock.move(3599 * SECOND)
    assert await may(api, token) == 200
    again = (await ask(api, {**GRANT, **who})).json["access_token"]
    api.clock.move(SECOND)
    assert (await may(api, token), await may(api, again)) == (401, 200)
    assert (await api.call("DELETE", f"/v1/keys/{who['client_id']}")).status == 204
    api.clock.move(2 * SECOND)
    assert await may(api, again) == 401
    assert (await ask(api, {**GRANT, **who})).status == 401


async def test_a_token_is_good_no_longer_than_its_key(api: Api) -> None:
    who = await client(api, expires_at=AT + 90 * SECOND)
    reply = await ask(api, {**GRANT, **who})
    assert reply.json["expires_in"] == 90
    made = await api.post(
        "/v1/keys", key=reply.json["access_token"], json={"label": "x", "scopes": ["read"]}
    )
    assert made.json["expires_at"] == "2026-11-21T09:31:30Z"


async def test_who_is_not_known_is_told_so_in_one_way(api: Api) -> None:
    who, other = await client(api), await client(api, "other")
    token = (await ask(api, {**GRANT, **who})).json["access_token"]
    revoked = await client(api, "revoked")
    await api.call("DELETE", f"/v1/keys/{revoked['client_id']}")
    ended = await client(api, "ended", expires_at=AT)
    answers = [
        await ask(api, {**GRANT, **wrong})
        for wrong in (
            {**who, "client_secret": "bk_wrong"},
            {**who, "client_secret": other["client_secret"]},
            {**who, "client_secret": token},
            {**who, "client_id": "key_none"},
            revoked,
            ended,
        )
    ]
    answers.append(await ask(api, GRANT, basic(who["client_id"], "å ä:%")))
    for reply in answers:
        assert reply.status == 401 and reply.json == answers[0].json
        assert reply.json["error"] == "invalid_client"
        assert reply.headers["WWW-Authenticate"].startswith("Basic ")
        assert reply.headers["Cache-Control"] == "no-store"


ID = {"client_id": "key_ledger", "client_secret": "bk_ledger"}


@pytest.mark.parametrize(
    ("form", "header", "error"),
    [
        (ID, None, "invalid_request"),
        ({**ID, "grant_type": ""}, None, "invalid_request"),
        ({**ID, "grant_type": "password"}, None, "unsupported_grant_type"),
        (GRANT, None, "invalid_client"),
        ({**GRANT, "client_id": "key_ledger"}, None, "invalid_client"),
        ({**GRANT, **ID}, basic(*ID.values()), "invalid_request"),
        ({**GRANT, "client_id": "key_other"}, basic(*ID.values()), "invalid_client"),
        (GRANT, {"Authorization": "Basic !!!"}, "invalid_client"),
        (GRANT, {"Authorization": "Basic " + base64.b64encode(b"\xff").decode()}, "invalid_client"),
        (GRANT, {"Authorization": "Bearer bk_ledger"}, "invalid_client"),
        (urlencode({**GRANT, **ID}) + "&scope=read&scope=send", None, "invalid_request"),
        ("grant_type=%ff&a=1", None, "invalid_request"),
        ("å", None, "invalid_request"),
        ("&".join(f"a{n}=1" for n in range(200)), None, "invalid_request"),
    ],
)
async def test_what_is_wrong_is_told_by_its_name(
    api: Api, form: Any, header: dict[str, str] | None, error: str
) -> None:
    await client(api)
    headers = {"Content-Type": "application/x-www-form-urlencoded", **(header or {})}
    reply = await ask(api, form, headers)
    assert reply.json["error"] == error
    assert reply.status == (401 if error == "invalid_client" else 400)
    assert reply.json["error_description"].isascii()


async def test_the_body_is_a_small_form(api: Api) -> None:
    who = await client(api)
    assert (await api.post("/oauth/token", key=None, json={**GRANT, **who})).status == 415
    assert (await ask(api, {**GRANT, **who, "state": "x" * 9000})).status == 413
    assert (await ask(api, {**GRANT, **who, "audience": "x"})).status == 200


async def test_where_tokens_are_asked_for_can_be_found(api: Api) -> None:
    reply = await api.get("/.well-known/oauth-authorization-server", key=None)
    assert reply.status == 200
    assert reply.json["issuer"] == api.url
    assert reply.json["token_endpoint"] == f"{api.url}/oauth/token"
    assert reply.json["grant_types_supported"] == ["client_credentials"]
