"""Companies over HTTP: those within reach, new ones, and what of them changes."""

from __future__ import annotations

from typing import Any

from tests.api.conftest import COMPANY, OTHER, Api
from tests.api.world import FIRM, NORTH, SOUTH, UNIT, VENDOR, WEST, add_key, settle

NEW = {"name": "East AB", "country": "se", "participants": ["0007:556000-1116"]}


def ids(reply: Any) -> list[str]:
    return [company["id"] for company in reply.json["companies"]]


async def test_a_caller_sees_the_companies_within_reach(api: Api) -> None:
    await settle(api)
    keys = {
        await add_key(api, "firm", account=FIRM.id): [NORTH.id, SOUTH.id, UNIT.id],
        await add_key(api, "north", NORTH.id): [NORTH.id, UNIT.id],
        await add_key(api, "unit", UNIT.id): [UNIT.id],
        await add_key(api, "mixed", SOUTH.id, UNIT.id): [SOUTH.id, UNIT.id],
    }
    for key, expected in keys.items():
        assert ids(await api.get("/v1/companies", key=key)) == expected
        for company in (NORTH, SOUTH, UNIT, WEST, COMPANY):
            reply = await api.get(f"/v1/companies/{company.id}", key=key)
            assert reply.status == (200 if company.id in expected else 404)
    assert ids(await api.get("/v1/companies")) == [COMPANY.id]
    first = (await api.get("/v1/companies?limit=2", key="bk_firm")).json
    assert first["next"] == SOUTH.id
    assert ids(await api.get(f"/v1/companies?after={first['next']}", key="bk_firm")) == [UNIT.id]


async def test_a_company_is_added_to_the_account(api: Api) -> None:
    await settle(api)
    firm = await add_key(api, "firm", account=FIRM.id)
    reply = await api.post("/v1/companies", key=firm, json=NEW)
    assert reply.status == 201, reply.json
    added = reply.json
    assert (added["country"], added["participants"]) == ("SE", ["0007:5560001116"])
    assert (added["account_id"], added["parent_id"]) == (FIRM.id, None)
    assert (await api.get(reply.headers["Location"], key=firm)).json == added
    used = await api.get("/v1/documents", key=firm, headers={"Budkavle-Company": added["id"]})
    assert used.status == 200
    entries = await api.store.audit_entries(0, 100)
    (entry,) = [e for e in entries if e.action == "company.added"]
    assert (entry.actor, entry.company_id) == ("key:firm", added["id"])


async def test_with_a_key_of_a_company_sub_units_are_added(api: Api) -> None:
    alone = await api.post("/v1/companies", json=NEW)
    assert alone.status == 403 and "parent_id" in alone.json["detail"]
    unit = await api.post("/v1/companies", json={**NEW, "parent_id": COMPANY.id})
    assert unit.status == 201
    assert (unit.json["account_id"], unit.json["parent_id"]) == (None, COMPANY.id)
    below = {**NEW, "participants": ["0088:7300010000001"], "parent_id": unit.json["id"]}
    refused = await api.post("/v1/companies", json=below)
    assert refused.status == 422 and refused.json["errors"][0]["pointer"] == "/parent_id"


async def test_all_that_is_wrong_with_a_company_is_told_at_once(api: Api) -> None:
    await settle(api)
    firm = await add_key(api, "firm", account=FIRM.id)
    wrong = {
        "name": "X",
        "country": "XX",
        "participants": ["0007:5560001117", "0007:5560001116", "9999:1"],
    }
    found = []
    for parent in (WEST.id, COMPANY.id, "com_none"):
        reply = await api.post("/v1/companies", key=firm, json={**wrong, "parent_id": parent})
        assert reply.status == 422
        found.append(reply.json["errors"])
    assert found[0] == found[1] == found[2]
    assert [fault["pointer"] for fault in found[0]] == [
        *("/country", "/participants/0", "/participants/2", "/parent_id")
    ]


async def test_an_address_has_one_company(api: Api) -> None:
    await settle(api)
    firm = await add_key(api, "firm", account=FIRM.id)
    taken = {**NEW, "participants": [*NEW["participants"], *OTHER.participants]}
    for reply in (
        await api.post("/v1/companies", key=firm, json=taken),
        await api.call(
            "PATCH",
            f"/v1/companies/{NORTH.id}",
            key=firm,
            json={"participants": taken["participants"]},
        ),
    ):
        assert reply.status == 409 and OTHER.participants[0] in reply.json["detail"]
        assert OTHER.id not in str(reply.json) and OTHER.name not in str(reply.json)
    assert await api.store.company(NORTH.id) == NORTH
    assert await api.store.company_of("0007:5560001116") is None


async def test_of_a_company_name_and_addresses_change(api: Api) -> None:
    await settle(api)
    firm = await add_key(api, "firm", account=FIRM.id)
    path = f"/v1/companies/{NORTH.id}"
    renamed = await api.call("PATCH", path, key=firm, json={"name": "Nord AB"})
    assert renamed.json["name"] == "Nord AB"
    assert renamed.json["participants"] == list(NORTH.participants)
    moved = await api.call("PATCH", path, key=firm, json={"participants": ["0007:5560001116"]})
    assert moved.json["participants"] == ["0007:5560001116"]
    assert (await api.call("PATCH", path, key=firm, json={})).json == moved.json
    for theirs in (WEST.id, COMPANY.id, "com_none"):
        reply = await api.call("PATCH", f"/v1/companies/{theirs}", key=firm, json={"name": "X"})
        assert reply.status == 404
    changes = [e for e in await api.store.audit_entries(0, 100) if e.action == "company.changed"]
    assert [entry.company_id for entry in changes] == [NORTH.id, NORTH.id]
    assert await api.store.company(WEST.id) == WEST and WEST.account_id == VENDOR.id
