"""By which channels documents go, settled over HTTP."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

import pytest

from gateway.api import examples
from tests.api.conftest import OTHER_KEY, Api

PLACE = "/v1/routing-rules"
NAMES = ("route_order", "forced_route", "disabled_routes", "recheck", "hold_several")
NOTHING: dict[str, Any] = {"customer": None, **dict.fromkeys(NAMES)}
CUSTOMER = "SE:5592034846"


async def rules(api: Api, **how: Any) -> list[dict[str, Any]]:
    return list((await api.get(PLACE, **how)).json["rules"])


async def settle(api: Api, **rule: Any) -> list[dict[str, Any]]:
    reply = await api.post(PLACE, json=rule)
    assert reply.status == 200, reply.content
    return list(reply.json["rules"])


async def test_a_rule_is_settled_replaced_and_taken_back(api: Api) -> None:
    assert await rules(api) == [NOTHING]
    own = {**NOTHING, "customer": CUSTOMER, "route_order": ["peppol", "letter"], "recheck": False}
    assert await settle(api, **{**own, "customer": "se:559203-4846"}) == [NOTHING, own]
    for_all = {**NOTHING, "disabled_routes": ["letter"], "hold_several": False}
    assert await settle(api, disabled_routes=["letter"], hold_several=False) == [for_all, own]
    forced = {**NOTHING, "customer": CUSTOMER, "forced_route": "email"}
    assert await settle(api, customer=CUSTOMER, forced_route="email") == [for_all, forced]
    assert await rules(api) == [for_all, forced]
    assert await settle(api, customer=CUSTOMER, route_order=[]) == [for_all]
    assert await settle(api) == [NOTHING]
    entries = await api.store.audit_entries(0, 100)
    assert [e.action for e in entries].count("customer.settled") == 5
    assert await rules(api, key=OTHER_KEY) == [NOTHING]


async def test_other_rules_of_a_customer_stay_as_they_are(api: Api) -> None:
    await api.post("/v1/image-rules", json={"customer": CUSTOMER, "omit_image": True})
    assert await rules(api) == [NOTHING], "it has no rule for its route"
    await settle(api, customer=CUSTOMER, forced_route="peppol")
    await settle(api, customer=CUSTOMER)
    images = (await api.get("/v1/image-rules")).json["rules"]
    assert [rule["omit_image"] for rule in images] == [None, True]
    await settle(api, customer="only@route.example", forced_route="peppol")
    assert len((await api.get("/v1/image-rules")).json["rules"]) == 2


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"forced_route": "email", "route_order": ["peppol"]}, "/forced_route"),
        ({"forced_route": "email", "disabled_routes": ["email"]}, "/forced_route"),
        ({"route_order": ["email"], "disabled_routes": ["email"]}, "/route_order"),
        ({"route_order": ["pigeon"]}, "/route_order/0"),
        ({"disabled_routes": "email"}, "/disabled_routes"),
        ({"customer": "nobody", "forced_route": "email"}, "/customer"),
        ({"recheck": "no"}, "/recheck"),
        ({"order": ["email"]}, "/order"),
    ],
)
async def test_what_can_not_be_settled_is_told_by_its_place(
    api: Api, given: dict[str, Any], pointer: str
) -> None:
    refused = await api.post(PLACE, json=given)
    assert refused.status == 422 and refused.json["errors"][0]["pointer"] == pointer
    assert await rules(api) == [NOTHING]


async def test_rules_that_come_together_are_all_settled(api: Api) -> None:
    customers = [f"kund{n}@customer.example" for n in range(8)]
    asked = (api.post(PLACE, json={"customer": c, "forced_route": "email"}) for c in customers)
    assert {reply.status for reply in await asyncio.gather(*asked)} == {200}
    assert {rule["customer"] for rule in await rules(api)} == {None, *customers}


async def test_a_preview_names_the_rule(api: Api) -> None:
    given = copy.deepcopy(examples.SWEDISH_COMPANY)
    given["delivery"] = {}

    async def seen() -> dict[str, Any]:
        return dict((await api.post("/v1/preview", json=given)).json["plan"])

    before = await seen()
    assert before["order"] == "SE"
    await settle(api, route_order=["letter", "email"])
    assert (await seen())["order"] == "SE, your order for all customers"
    await settle(api, customer="SE:5591234561", forced_route="email")
    forced = await seen()
    assert forced["order"] == "SE, your order for this customer"
    assert [(s["step"], s["code"]) for s in forced["steps"]][:2] == [
        ("email", forced["steps"][0]["code"]),
        ("internal", "route.not_forced"),
    ]
    assert forced["steps"][1]["reason"] == (
        "Not among the channels of your rule for this customer: this goes by email and nothing"
        " else."
    )
    given["delivery"] = {"channels": ["letter"]}
    assert (await seen())["order"] == "SE, your order"
