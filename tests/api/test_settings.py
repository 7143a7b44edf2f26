"""Settings over HTTP: what counts and where it comes from, at every level, and nobody else's."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from typing import Any

import pytest

from gateway.company_settings import TABLE
from gateway.store.access import AccessKey
from gateway.store.accounts import Account
from gateway.trust.scopes import EVERY
from tests.api.conftest import AT, COMPANY, OTHER, OTHER_KEY, Api, Reply

PLACE, CLASSES = "/v1/settings", "/v1/customer-classes"
ACCOUNT_KEY = "bk_byra"
CUSTOMER = "SE:5592034846"


async def row(api: Api, name: str, query: str = "", **how: Any) -> dict[str, Any]:
    reply = await api.get(f"{PLACE}{query}", **how)
    assert reply.status == 200, reply.content
    return next(dict(one) for one in reply.json["settings"] if one["name"] == name)


async def put(api: Api, name: str, value: Any, **how: Any) -> Reply:
    key = how.pop("key", None)
    more = {"key": key, "headers": {"Budkavle-Company": COMPANY.id}} if key else {}
    return await api.call("PUT", f"{PLACE}/{name}", json={"value": value, **how}, **more)


async def in_an_account(api: Api) -> None:
    await api.store.add_account(Account("acc_byra", "Byrån AB", AT))
    for company in (COMPANY, OTHER):
        await api.store.add_company(replace(company, account_id="acc_byra"), AT)
    key = AccessKey("key_byra", "acc_byra", (), "byrån", EVERY, AT)
    await api.store.put_key(key, hashlib.sha256(ACCOUNT_KEY.encode()).hexdigest(), AT)


async def test_every_setting_is_there_with_its_default(api: Api) -> None:
    rows = (await api.get(PLACE)).json["settings"]
    assert [one["name"] for one in rows] == list(TABLE)
    assert {one["level"] for one in rows} == {"default"}
    assert {one["name"]: one["value"] for one in rows}["duplicate_days"] == 365


async def test_a_value_counts_from_the_nearest_place(api: Api) -> None:
    await in_an_account(api)
    made = await api.call("PUT", f"{CLASSES}/swedes", json={"country": "SE"})
    assert made.status == 200 and made.json["settings"] == {}
    name = "disabled_routes"
    steps: list[tuple[str, str, dict[str, Any], Any]] = [
        ("account", "", {"account": True, "key": ACCOUNT_KEY}, ["letter"]),
        ("company", "", {}, ["email"]),
        ("class", "swedes", {"customer_class": "swedes"}, ["peppol"]),
        ("customer", CUSTOMER, {"customer": "se:559203-4846"}, ["vipps"]),
    ]
    behind: Any = {"value": None, "level": "default", "of": ""}
    for level, of, where, value in steps:
        assert (await put(api, name, value, **where)).status == 200
        shown = await row(api, name, f"?customer={CUSTOMER}")
        assert (shown["value"], shown["level"], shown["of"]) == (value, level, of)
        assert shown["next"] == behind
        behind = {"value": value, "level": level, "of": of}
    assert (await row(api, name))["value"] == ["email"]
    assert (await row(api, name, key=OTHER_KEY))["level"] == "account"
    gone = await api.call("DELETE", f"{PLACE}/{name}?customer={CUSTOMER}")
    assert (gone.json["value"], gone.json["level"]) == (["peppol"], "class")
    assert (await api.call("DELETE", f"{PLACE}/{name}?customer={CUSTOMER}")).json == gone.json
    entries = await api.store.audit_entries(0, 100)
    actions = [entry.action for entry in entries]
    assert actions.count("setting.settled") == 6 and actions.count("customer_class.set") == 1


async def test_a_sub_unit_has_what_its_parent_has_settled(api: Api) -> None:
    await api.store.add_company(replace(OTHER, parent_id=COMPANY.id), AT)
    assert (await put(api, "archives", False)).status == 200
    shown = await row(api, "archives", key=OTHER_KEY)
    assert (shown["value"], shown["level"], shown["of"]) == (False, "parent", COMPANY.id)
    unit = await api.store.company(OTHER.id)
    assert unit is not None and unit.in_effect["archives"] is False


@pytest.mark.parametrize(
    ("name", "body", "pointers"),
    [
        ("duplicate_days", {"value": -1}, ["/value"]),
        ("duplicate_days", {"value": "30"}, ["/value"]),
        ("duplicate_days", {"value": 30, "customer": CUSTOMER}, ["/customer"]),
        ("archives", {"value": "no", "customer_class": "x"}, ["/customer_class", "/value"]),
        ("reply_to", {"value": "nobody"}, ["/value"]),
        ("route_order", {"value": ["email", "pigeon"]}, ["/value/1"]),
        ("forced_route", {"value": None}, ["/value"]),
        ("recheck", {"value": True, "customer": "nobody"}, ["/customer"]),
        ("recheck", {"value": True, "customer": CUSTOMER, "account": True}, ["/customer"]),
        ("image_from_first_attachment", {"value": True}, ["/value"]),
        ("recheck", {"value": True, "level": "company"}, ["/level"]),
    ],
)
async def test_everything_that_is_wrong_is_told_by_its_place(
    api: Api, name: str, body: dict[str, Any], pointers: list[str]
) -> None:
    refused = await api.call("PUT", f"{PLACE}/{name}", json=body)
    assert refused.status == 422
    assert [one["pointer"] for one in refused.json["errors"]] == pointers
    company = await api.store.company(COMPANY.id)
    assert company is not None and company.settings == {}


async def test_what_is_not_there_is_told(api: Api) -> None:
    assert (await put(api, "colour", "red")).status == 404
    assert (await put(api, "recheck", True, customer_class="none")).status == 404
    assert (await api.call("DELETE", f"{PLACE}/recheck?customer_class=none")).status == 404
    assert (await api.call("DELETE", f"{CLASSES}/none")).status == 404
    assert (await api.call("PUT", f"{CLASSES}/BAD%20NAME", json={})).status == 404
    assert (await api.call("PUT", f"{CLASSES}/x", json={"country": "XX"})).status == 422
    assert (await api.call("PUT", f"{CLASSES}/x", json={"customers": ["no"]})).status == 422
    assert (await api.get(f"{PLACE}?customer=nobody")).status == 400


async def test_what_another_value_needs_is_not_taken_back(api: Api) -> None:
    await put(api, "omit_image", True)
    await put(api, "image_from_first_attachment", True)
    refused = await api.call("DELETE", f"{PLACE}/omit_image")
    assert refused.status == 409 and "goes only with" in refused.json["detail"]


async def test_only_who_speaks_for_the_account_settles_for_it(api: Api) -> None:
    await in_an_account(api)
    refused = await put(api, "archives", False, account=True)
    assert refused.status == 403
    account = await api.store.account("acc_byra")
    assert account is not None and account.settings == {}


async def test_values_that_come_together_are_all_settled(api: Api) -> None:
    customers = [f"kund{n}@customer.example" for n in range(8)]
    replies = await asyncio.gather(
        *(put(api, "forced_route", "email", customer=one) for one in customers),
        *(put(api, name, False) for name in ("archives", "recheck", "hold_several")),
    )
    assert {reply.status for reply in replies} == {200}
    company = await api.store.company(COMPANY.id)
    assert company is not None
    assert set(company.settings["customers"]) == set(customers)
    assert {"archives", "recheck", "hold_several"} < company.settings.keys()


async def test_the_older_ways_settle_the_same(api: Api) -> None:
    await api.post("/v1/routing-rules", json={"customer": CUSTOMER, "forced_route": "email"})
    shown = await row(api, "forced_route", f"?customer={CUSTOMER}")
    assert (shown["value"], shown["level"]) == ("email", "customer")
    await put(api, "forced_route", "letter", customer=CUSTOMER)
    rules = (await api.get("/v1/routing-rules")).json["rules"]
    assert [rule["forced_route"] for rule in rules] == [None, "letter"]


async def test_a_class_is_listed_and_removed_with_what_is_settled_for_it(api: Api) -> None:
    body = {"customers": ["se:559203-4846", "Kim@Customer.example"], "kind": "business"}
    made = (await api.call("PUT", f"{CLASSES}/gold", json=body)).json
    assert made["customers"] == [CUSTOMER, "kim@customer.example"]
    await put(api, "recheck", False, customer_class="gold")
    kept = (await api.call("PUT", f"{CLASSES}/gold", json={"country": "NO"})).json
    assert (kept["customers"], kept["settings"]) == ([], {"recheck": False})
    assert (await api.get(CLASSES)).json["customer_classes"] == [kept]
    assert (await api.get(CLASSES, key=OTHER_KEY)).json["customer_classes"] == []
    assert (await api.call("DELETE", f"{CLASSES}/gold")).status == 204
    assert (await api.get(CLASSES)).json["customer_classes"] == []
