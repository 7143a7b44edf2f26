"""/v1/people: who may let whom in."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pytest

from gateway.store.access import AccessKey
from gateway.store.accounts import Account
from gateway.store.port import Company
from gateway.trust.people.passwords import Passwords
from gateway.trust.people.signing_in import SigningIn
from gateway.trust.scopes import EVERY, Scope
from tests.api.conftest import AT, COMPANY, KEY, OTHER_KEY, Api
from tests.console.office import CHEAP, PASSWORD

ANNA = {"email": "Anna.Ek@norrsken.example", "name": "Anna Ek", "role": "administrator"}
ACCOUNT_KEY = "bk_account_test_key"
UNIT = Company("com_unit", "Enhet", "SE", (), {}, "acc_1")


async def invited(api: Api, key: str = KEY, **more: Any) -> dict[str, Any]:
    reply = await api.post("/v1/people", json={**ANNA, **more}, key=key)
    assert reply.status == 201, reply.content
    body: dict[str, Any] = reply.json
    return body


async def letters(api: Api) -> list[str]:
    rows = await api.store.register_entries("post", "", "mail", "", 100)
    return [row.data.decode() for row in rows]


async def accept(api: Api, person_id: str) -> None:
    """Chooses a password by the newest link."""
    person = await api.store.person(person_id)
    assert person is not None
    signing_in = SigningIn(api.store, api.clock, Passwords(CHEAP))
    mails = [mail for mail in await letters(api) if person.email in mail]
    links = [found[1] for mail in mails if (found := re.search(r"welcome/(bkl_[\w-]+)", mail))]
    done = [await signing_in.set_password(person, PASSWORD, link) for link in links]
    assert any(done)


async def account_key(api: Api, scopes: frozenset[Scope] = EVERY) -> str:
    await api.store.add_account(Account("acc_1", "Byrån", AT))
    await api.store.add_company(UNIT, AT)
    key = AccessKey("key_account", "acc_1", (), "account", scopes, AT)
    sha256 = hashlib.sha256(ACCOUNT_KEY.encode()).hexdigest()
    await api.store.put_key(key, sha256, AT)
    return ACCOUNT_KEY


async def test_who_is_invited_gets_a_letter_and_is_there(api: Api) -> None:
    made = await invited(api, language="sv")
    assert made["email"] == "anna.ek@norrsken.example" and made["state"] == "invited"
    assert made["companies"] == [COMPANY.id] and made["second_factor"] is False
    (letter,) = await letters(api)
    assert "Du \\u00e4r inbjuden" in letter and COMPANY.name in letter
    assert (await api.get(made["links"]["self"])).json == made
    assert (await api.get("/v1/people")).json == {"people": [made], "next": None}
    await accept(api, made["id"])
    assert (await api.get(made["links"]["self"])).json["state"] == "active"
    actions = [(one.actor, one.action) for one in await api.store.audit_entries(0, 10)]
    assert ("key:test", "person.invited") in actions


async def test_a_letter_s_link_is_in_no_answer_and_no_audit(api: Api) -> None:
    made = await invited(api)
    again = await api.post(made["links"]["invite"])
    assert again.status == 202
    entries = str(await api.store.audit_entries(0, 100))
    assert "bkl_" not in entries + again.content.decode() + str(made)
    assert len(await letters(api)) == 2


async def test_others_neither_see_nor_touch_them(api: Api) -> None:
    made = await invited(api)
    missing = await api.get("/v1/people/per_nobody", key=OTHER_KEY)
    for method, path, how in (
        ("GET", made["links"]["self"], {}),
        ("PATCH", made["links"]["self"], {"json": {"name": "X"}}),
        ("DELETE", made["links"]["self"], {}),
        ("POST", made["links"]["invite"], {}),
    ):
        reply = await api.call(method, path, key=OTHER_KEY, **how)
        assert reply.status == 404
        assert _told(reply.json) == _told(missing.json)
    assert (await api.get("/v1/people", key=OTHER_KEY)).json["people"] == []
    # The address is not told to be known either.
    assert (await invited(api, key=OTHER_KEY))["state"] == "invited"


async def test_the_same_address_twice_is_a_conflict_where_it_can_be_seen(api: Api) -> None:
    made = await invited(api)
    reply = await api.post("/v1/people", json=ANNA)
    assert reply.status == 409 and made["id"] in reply.json["detail"]


async def test_it_needs_the_right_to_manage(api: Api) -> None:
    key = await account_key(api, EVERY - {Scope.MANAGE})
    for method, path in (("GET", "/v1/people"), ("POST", "/v1/people")):
        assert (await api.call(method, path, json=ANNA, key=key)).status == 403


async def test_of_an_account(api: Api) -> None:
    key = await account_key(api)
    whole = await invited(api, key=key)
    part = await invited(api, key=key, email="bo@byran.example", role="reader", companies=[UNIT.id])
    assert whole["companies"] == [] and part["companies"] == [UNIT.id]
    listed = (await api.get("/v1/people?limit=1", key=key)).json
    assert listed["people"] == [whole]
    page = (await api.get(f"/v1/people?limit=1&after={listed['next']}", key=key)).json
    assert page == {"people": [part], "next": None}
    assert "Byr\\u00e5n" in "".join(await letters(api))
    widened = await api.call("PATCH", part["links"]["self"], json={"companies": []}, key=key)
    assert widened.json["companies"] == []


async def test_the_last_administrator_stays(api: Api) -> None:
    key = await account_key(api)
    last = await invited(api, key=key)
    await accept(api, last["id"])
    assert (await api.call("DELETE", last["links"]["self"], key=key)).status == 409
    change = {"role": "reader"}
    assert (await api.call("PATCH", last["links"]["self"], json=change, key=key)).status == 409
    second = await invited(api, key=key, email="bo@byran.example")
    await accept(api, second["id"])
    assert (await api.call("DELETE", last["links"]["self"], key=key)).status == 204
    assert (await api.get(last["links"]["self"], key=key)).status == 404


@pytest.mark.parametrize(
    ("wish", "pointer"),
    [
        ({"email": "nobody"}, "/email"),
        ({"email": "a@b.example\r\nBcc: c@d.example"}, "/email"),
        ({"role": "operator"}, "/role"),
        ({"role": "owner"}, "/role"),
        ({"name": ""}, "/name"),
        ({"name": "a\u0000b"}, "/name"),
        ({"language": "fi"}, "/language"),
        ({"companies": ["com_norrsken", "com_fjordstrom"]}, "/companies/1"),
        ({"companies": ["com_nobody"]}, "/companies/0"),
    ],
)
async def test_what_can_not_be_is_said(api: Api, wish: dict[str, Any], pointer: str) -> None:
    reply = await api.post("/v1/people", json={**ANNA, **wish})
    assert reply.status == 422
    assert [error["pointer"] for error in reply.json["errors"]] == [pointer]
    assert await letters(api) == []


def _told(problem: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in problem.items() if name not in ("request_id", "instance")
    }
