"""What a company has settled with a channel, over HTTP."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from gateway.channels import TERMS
from gateway.routing.orders import shipped
from gateway.routing.terms import MOST_BYTES
from tests.api.conftest import COMPANY, OTHER_KEY, Api

PLACE = "/v1/channels/email"
SETTLED = {"name": "Norrsken Papper", "hours": {"from": "08:00", "days": ["mon", "tue"]}}


async def settle(api: Api, terms: Any, place: str = PLACE) -> Any:
    return await api.call("PUT", place, json={"terms": terms})


async def test_terms_are_settled_replaced_and_taken_back(api: Api) -> None:
    before = (await api.get(PLACE)).json
    assert (before["terms"], before["takes_terms"], before["set_up"]) == ({}, True, False)
    done = await settle(api, SETTLED)
    assert (done.status, done.json["terms"], done.json["wrong"]) == (200, SETTLED, [])
    await settle(api, {"attach_xml": True})
    assert (await api.get(PLACE)).json["terms"] == {"attach_xml": True}
    company = await api.store.company(COMPANY.id)
    assert company is not None and company.settings["channels"] == {"email": {"attach_xml": True}}
    assert (await api.get(PLACE, key=OTHER_KEY)).json["terms"] == {}
    for _ in range(2):
        assert (await api.call("DELETE", PLACE)).json["terms"] == {}
    company = await api.store.company(COMPANY.id)
    assert company is not None and "channels" not in company.settings
    told = [e for e in await api.store.audit_entries(0, 100) if e.action == "channel.settled"]
    assert [(e.subject, e.company_id, json.loads(e.data)) for e in told[:2]] == [
        ("email", COMPANY.id, {"terms": ["hours", "name"]}),
        ("email", COMPANY.id, {"terms": ["attach_xml"]}),
    ]
    assert len(told) == 4


async def test_all_that_is_wrong_is_told_at_once_by_its_place(api: Api) -> None:
    await settle(api, SETTLED)
    wrong = {
        "attachments": "glued",
        "hours": {"from": "8", "days": ["mo"]},
        "contact": {"email": "nobody", "pager": "1"},
        "secret": "x",
    }
    refused = await settle(api, wrong)
    assert refused.status == 422
    assert {error["pointer"] for error in refused.json["errors"]} >= {
        "/terms/attachments",
        "/terms/hours/from",
        "/terms/hours/days",
        "/terms/contact/email",
        "/terms/contact/pager",
        "/terms/secret",
    }
    assert (await api.get(PLACE)).json["terms"] == SETTLED, "nothing of it was settled"


@pytest.mark.parametrize(
    ("terms", "pointer"),
    [
        (["name"], "/terms"),
        ("name", "/terms"),
        ({"note": "x" * MOST_BYTES}, "/terms"),
        ({"note": [[[[[[[[[["deep"]]]]]]]]]]}, "/terms"),
    ],
    ids=["list", "text", "much", "deep"],
)
async def test_what_are_no_terms_is_refused(api: Api, terms: Any, pointer: str) -> None:
    refused = await settle(api, terms)
    assert refused.status == 422 and refused.json["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    "body",
    [b'{"terms": {"note": 1e999999}}', b'{"terms": {"note": 1.5}}', b'{"terms": {"a\\u0000": 1}}'],
)
async def test_numbers_and_names_of_any_kind_are_told(api: Api, body: bytes) -> None:
    refused = await api.call("PUT", PLACE, data=body, headers={"Content-Type": "application/json"})
    assert refused.status == 422


@pytest.mark.parametrize("channel", ["internal", "peppol", "pigeon", "email%2Fx"])
async def test_there_is_nothing_to_settle_with_some(api: Api, channel: str) -> None:
    for refused in (
        await settle(api, {}, f"/v1/channels/{channel}"),
        await api.call("DELETE", f"/v1/channels/{channel}"),
    ):
        assert refused.status == 404


async def test_every_channel_is_listed(api: Api) -> None:
    listed = (await api.get("/v1/channels")).json["channels"]
    names = [one["channel"] for one in listed]
    assert set(names) == {*shipped().channels, *TERMS} and len(names) == len(set(names))
    assert {one["channel"] for one in listed if one["takes_terms"]} == set(TERMS)
    assert (await api.get("/v1/channels/pigeon")).status == 404
    assert (await api.get("/v1/channels/internal")).json["takes_terms"] is False


async def test_what_was_settled_before_and_is_wrong_now_is_told(api: Api) -> None:
    await api.store.add_company(
        COMPANY.__class__(
            *(COMPANY.id, COMPANY.name, COMPANY.country, COMPANY.participants),
            {"channels": {"email": {"pager": 1}}},
        ),
        api.clock.now(),
    )
    (wrong,) = (await api.get(PLACE)).json["wrong"]
    assert wrong.startswith("pager: ")


async def test_terms_that_come_together_are_all_settled(api: Api) -> None:
    """With several channels at once none takes another's away."""
    rules = {"customer": "kund@customer.example", "omit_image": True}
    both = await asyncio.gather(settle(api, SETTLED), api.post("/v1/image-rules", json=rules))
    assert {reply.status for reply in both} == {200}
    company = await api.store.company(COMPANY.id)
    assert company is not None and set(company.settings) >= {"channels", "customers"}


@pytest.mark.parametrize("channel", TERMS)
def test_every_channel_begins_a_fault_with_the_term_it_is_about(channel: str) -> None:
    """So that the answer can point at it."""
    from gateway.routing.terms import faults

    found = faults(TERMS[channel], {"no_such_term": 1})
    assert ("no_such_term",) in [place for place, _ in found], found
